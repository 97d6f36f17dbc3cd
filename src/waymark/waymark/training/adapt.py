# SPDX-License-Identifier: Apache-2.0
"""Adapt a place encoder to a user's own recording, and say what it gained."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.encoding.manifest import find_manifest, read_manifest
from waymark.exporting.folder import require_free, whole_folder
from waymark.training.checkpoint import load_checkpoint, save_checkpoint
from waymark.training.package import write_model_folder
from waymark.training.recall import RecallTest, build_test, recall_at_1
from waymark.training.recordings import read_recording
from waymark.training.request import TrainRequest
from waymark.training.samples import RecordingSampler
from waymark.training.trainer import Plan, Trainer, to_tensor
from waymark.training.weights import read_network

Progress = Callable[[str, float], None]  # stage and how far the whole is, 0..1
_SAVE_EVERY_S = 30.0
_CHUNK = 64


@dataclass(frozen=True)
class TrainReport:
    """What an adaptation did.

    Attributes:
        folder: Model folder, None while the training is not done.
        steps: Done, of how many.
        how: What the recall was measured on; '' where it could not be.
        before: Recall@1 before, None where it could not be measured.
        after: Recall@1 of the folder's weights.
        frames: Frames trained on.
        seconds: This run took.
    """

    folder: Path | None
    steps: tuple[int, int]
    how: str
    before: float | None
    after: float | None
    frames: int
    seconds: float


def adapt_encoder(request: TrainRequest, progress: Progress = lambda *_: None) -> TrainReport:
    """Train on a recording without labels and write a model folder.

    Raises:
        SourceError: The recording can't be read.
        ModelError: The encoder to begin from, or the teacher, is not what it should be.
        ConfigError: The request can't be met.
        BackendUnavailable: torch or lightly are missing.
    """
    began = time.monotonic()
    require_free(request.out_path)
    _prepare_torch(request)
    progress('reading the recording', 0.0)
    recording = read_recording(request.images, request.most, request.truth)
    network, layout = read_network(read_manifest(find_manifest(request.start)).model_path)
    held_out = max(1, round(request.held_out * len(recording.frames)))
    train = recording.frames[:-held_out]
    test = build_test(recording, held_out, request.neighbours, request.strength, request.radius_m)
    progress('measuring before', 0.02)
    before = None if test is None else recall_at_1(test, lambda images: vectors(network, images, layout.input_wh))
    sampler = RecordingSampler(
        train,
        vectors(network, train, layout.input_wh),
        layout.input_wh,
        request.batch,
        request.neighbours,
        request.strength,
        _teacher_vectors(request, train),
    )
    steps = max(request.epochs * len(train) // (2 * request.batch), 1)
    trainer = Trainer(network, layout, Plan(request.objectives, steps, request.learning_rate, request.seed))
    is_done = _train(trainer, sampler, request, steps, progress)
    after = None
    if is_done:
        progress('measuring after', 0.97)
        after = None if test is None else recall_at_1(test, lambda i: vectors(trainer.result, i, layout.input_wh))
        with whole_folder(request.out_path) as folder:
            source = f'{request.start}, waymark train encoder --objective {request.objective} --seed {request.seed}'
            write_model_folder(trainer.result, layout, folder, request.out_path.name, source)
    return _report(request, trainer, steps, test, (before, after), len(train), began)


def _report(
    request: TrainRequest,
    trainer: Trainer,
    steps: int,
    test: RecallTest | None,
    recall: tuple[float | None, float | None],
    frames: int,
    began: float,
) -> TrainReport:
    folder = request.out_path if trainer.step >= steps else None
    how = '' if test is None else test.how
    return TrainReport(folder, (trainer.step, steps), how, *recall, frames, time.monotonic() - began)


def checkpoint_folder(out: Path) -> Path:
    """Where the checkpoint of a model folder lies: beside it, so that the folder appears whole or not at all."""
    return out.parent / f'{out.name}.training'


def _train(trainer: Trainer, sampler: Any, request: TrainRequest, steps: int, progress: Progress) -> bool:
    folder, kept = checkpoint_folder(request.out_path), replace(request, resume=False, minutes=0.0).to_json()
    if request.resume:
        load_checkpoint(trainer, folder, kept)
    began = saved = time.monotonic()

    def after_step(state: Trainer) -> bool:
        nonlocal saved
        progress(f'step {state.step} of {steps}, loss {state.loss:.3f}', 0.05 + 0.9 * state.step / steps)
        now = time.monotonic()
        if now - saved > _SAVE_EVERY_S:
            save_checkpoint(state, folder, kept)
            saved = now
        return not request.minutes or now - began < 60 * request.minutes

    try:
        return trainer.run(sampler, after_step)
    finally:
        save_checkpoint(trainer, folder, kept)


def _prepare_torch(request: TrainRequest) -> None:
    from waymark.errors import BackendUnavailable

    try:
        import torch
    except ModuleNotFoundError:
        raise BackendUnavailable('training needs torch: run make models in the repository.') from None
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(request.threads)


def vectors(network: Any, images: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.float32]:
    """Unit vectors (N, D) of images (N, H, W, 3) uint8, resized as the manifest says."""
    import torch
    from torch.nn import functional

    network.eval()
    small = np.stack([cv2.resize(i, size_wh, interpolation=cv2.INTER_AREA) for i in images])
    with torch.no_grad():
        found = [network(to_tensor(small[i : i + _CHUNK]))[0] for i in range(0, len(small), _CHUNK)]
        return np.asarray(functional.normalize(torch.cat(found), dim=1).numpy(), np.float32)


def _teacher_vectors(request: TrainRequest, frames: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    if not request.teacher:
        return None
    from waymark.encoding.model import ModelEncoder

    teacher = ModelEncoder.from_manifest(find_manifest(request.teacher), 'onnx')
    return np.stack([e.vector for e in teacher.encode_batch(list(frames))])
