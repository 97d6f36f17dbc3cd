# SPDX-License-Identifier: Apache-2.0
"""Teach the embedded detector: pictures in, a model folder and what it can do out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from waymark.detection import Detections, Detector, DetectorConfig, average_precision
from waymark.detection.average_precision import AveragePrecision
from waymark.detection.stored import read_detector
from waymark.errors import BackendUnavailable
from waymark.exporting.folder import require_free, whole_folder
from waymark.training.adapt import checkpoint_folder
from waymark.training.checkpoint import load_checkpoint, save_checkpoint
from waymark.training.detector.curves import LossPoint, read_curves, write_curves
from waymark.training.detector.layout import BoxNetLayout
from waymark.training.detector.network import build_network
from waymark.training.detector.package import write_model_folder
from waymark.training.detector.pictures import LabelledFolder, open_folder, split, write_scenes
from waymark.training.detector.request import DetectorRequest
from waymark.training.detector.trainer import DetectorTrainer, Plan
from waymark.training.detector.weights import read_network

if TYPE_CHECKING:
    from torch import nn

Progress = Callable[[str, float], None]  # stage and how far the whole is, 0..1
_SAVE_EVERY_S = 60.0
_POINT_EVERY = 10  # steps
_REFERENCES = 3
_MEASURED = 100  # pictures at most


@dataclass(frozen=True)
class DetectorReport:
    """What a training did.

    Attributes:
        folder: Model folder, None while the training is not done.
        steps: Done, of how many.
        pictures: Learned from, measured on.
        before: Figures of the model begun from, None where there was none or the training is not done.
        after: Figures of the folder's.
        curves: Folder of losses.csv and losses.png.
        seconds: This run took.
    """

    folder: Path | None
    steps: tuple[int, int]
    pictures: tuple[int, int]
    before: AveragePrecision | None
    after: AveragePrecision | None
    curves: Path
    seconds: float


def teach_detector(request: DetectorRequest, progress: Progress = lambda *_: None) -> DetectorReport:
    """Train, measure, write a model folder.

    Raises:
        SourceError: Pictures or labels can't be read.
        ModelError: The model to begin from is not a Waymark detector.
        ConfigError: The request can't be met.
        BackendUnavailable: torch is missing, or waymark_sim for generated scenes.
    """
    began = time.monotonic()
    require_free(request.out_path)
    _prepare_torch(request)
    work = checkpoint_folder(request.out_path)
    pairs, names = _pictures(request, work, progress)
    network, layout = _begin(request, names)
    parts = split(pairs, request.held_out, request.seed)
    learn = LabelledFolder(parts[0], names, None if request.own_scale else layout.input_wh)
    measure = LabelledFolder(parts[1], names)
    plan = Plan(
        request.steps,
        request.batch,
        request.crop_px,
        request.step_width,
        request.box_loss,
        request.strength,
        request.seed,
        request.mixed,
    )
    trainer = DetectorTrainer(network, layout, plan)
    is_done = _train(trainer, learn, request, work, progress)
    before = after = folder = None
    if is_done:
        folder = request.out_path
        progress('measuring', 0.96)
        before = _measured(request.start, measure, names) if request.start else None
        with whole_folder(folder) as scratch:
            source = f'waymark train detector, {request.start or "from nothing"}, {len(learn)} pictures'
            shown = [measure[k].rgb for k in range(min(_REFERENCES, len(measure)))]
            write_model_folder(trainer.result, layout, scratch, folder.name, f'{source}, {request.steps} steps', shown)
            after = _measured(str(scratch), measure, names)
    steps = trainer.step, request.steps
    return DetectorReport(folder, steps, (len(learn), len(measure)), before, after, work, time.monotonic() - began)


def _pictures(
    request: DetectorRequest, work: Path, progress: Progress
) -> tuple[list[tuple[Path, Path]], tuple[str, ...]]:
    if request.images:
        return open_folder(Path(request.images), Path(request.labels))
    scenes = work / 'scenes'
    write_scenes(scenes, request.scenes, 0, lambda part: progress('painting scenes', 0.05 * part))
    return open_folder(scenes / 'images', scenes / 'labels')


def _begin(request: DetectorRequest, names: tuple[str, ...]) -> tuple[nn.Module, BoxNetLayout]:
    """The network to teach: fresh, or another's with its output for these classes."""
    import torch

    torch.manual_seed(request.seed)
    layout = BoxNetLayout(names, input_wh=(request.input_px, request.input_px))
    if not request.start:
        return build_network(layout), layout
    found, known = read_network(read_detector(request.start)[0].model_path)
    layout = replace(known, class_names=names, input_wh=layout.input_wh)
    if known.class_names == names:
        return found, layout
    fresh = build_network(layout, normalised=False)
    wanted = fresh.state_dict()
    kept = {k: v for k, v in found.state_dict().items() if v.shape == wanted[k].shape}
    fresh.load_state_dict({**wanted, **kept})
    _take_box_rows(fresh, found, known, names)
    return fresh, layout


def _take_box_rows(fresh: nn.Module, found: nn.Module, known: BoxNetLayout, names: tuple[str, ...]) -> None:
    """Keep what the outputs know: all of boxes, and of classes those of the same name."""
    import torch

    old = len(known.class_names)
    rows = [(new, known.class_names.index(name)) for new, name in enumerate(names) if name in known.class_names]
    rows += [(len(names) + k, old + k) for k in range(6)]
    with torch.no_grad():
        for to, source in zip(fresh.heads, found.heads, strict=True):
            for new, from_ in rows:
                to[-1].weight[new], to[-1].bias[new] = source[-1].weight[from_], source[-1].bias[from_]


def _train(
    trainer: DetectorTrainer, pictures: LabelledFolder, request: DetectorRequest, work: Path, progress: Progress
) -> bool:
    kept = replace(request, resume=False, minutes=0.0).to_json()
    if request.resume:
        load_checkpoint(trainer, work, kept)
    points = read_curves(work, trainer.step) if request.resume else []
    began = saved = time.monotonic()

    def save() -> None:
        save_checkpoint(trainer, work, kept)
        write_curves(points, work)

    def after_step(state: DetectorTrainer) -> bool:
        nonlocal saved
        if state.step % _POINT_EVERY == 0:
            points.append(LossPoint(state.step, *state.losses))
        progress(
            f'step {state.step} of {request.steps}, loss {state.loss:.3f}', 0.05 + 0.9 * state.step / request.steps
        )
        if time.monotonic() - saved > _SAVE_EVERY_S:
            save()
            saved = time.monotonic()
        return not request.minutes or time.monotonic() - began < 60 * request.minutes

    try:
        return trainer.run(pictures, after_step)
    finally:
        save()


def _measured(model: str, pictures: LabelledFolder, names: tuple[str, ...]) -> AveragePrecision | None:
    """Figures of a model on pictures; None where its classes are others."""
    detector = Detector.from_config(DetectorConfig(model=model, confidence=0.01, max_detections=0))
    if detector.manifest.class_names != names:
        return None
    seen = [pictures[k] for k in range(min(len(pictures), _MEASURED))]
    ones = [Detections(p.boxes, np.ones(len(p.boxes)), p.classes, names) for p in seen]
    return average_precision([detector.detect(p.rgb) for p in seen], ones)


def _prepare_torch(request: DetectorRequest) -> None:
    try:
        import torch
    except ModuleNotFoundError:
        raise BackendUnavailable('training needs torch: run make models in the repository.') from None
    torch.set_num_threads(request.threads)
