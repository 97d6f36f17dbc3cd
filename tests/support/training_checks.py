# SPDX-License-Identifier: Apache-2.0
"""Checks of training that need torch: `python training_checks.py NAME FOLDER` where it is."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import torch

from waymark.encoding.manifest import read_manifest
from waymark.encoding.model import ModelEncoder
from waymark.errors import ConfigError, ModelError
from waymark.exporting.references import reference_images
from waymark.training.adapt import adapt_encoder, vectors
from waymark.training.checkpoint import load_checkpoint, save_checkpoint
from waymark.training.layout import PlaceNetLayout
from waymark.training.network import build_network
from waymark.training.objectives import Outputs, build_heads, total_loss
from waymark.training.package import write_model_folder
from waymark.training.request import OBJECTIVES, TrainRequest
from waymark.training.samples import WorldSampler
from waymark.training.trainer import Plan, Trainer, to_tensor
from waymark.training.weights import folded, read_network, write_network

SMALL = PlaceNetLayout(widths=(8, 12, 16), depths=(1, 1, 1), grid_channels=2, plain_dim=8)


def network(layout: PlaceNetLayout = SMALL) -> torch.nn.Module:
    """One whose batch statistics are not those it was born with."""
    torch.manual_seed(1)
    made = build_network(layout)
    made.train()
    made(torch.rand(16, 3, layout.input_wh[1], layout.input_wh[0]))
    return made.eval()


def worlds() -> WorldSampler:
    visits = np.random.default_rng(0).integers(0, 256, (4, 3, 2, 27, 36, 3), np.uint8)
    return WorldSampler(visits, SMALL.input_wh, 2)


def same(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


def folding_changes_nothing(folder: Path) -> None:
    source, images = network(), torch.rand(3, 3, 96, 128)
    with torch.no_grad():
        for expected, got in zip(source(images), folded(source, SMALL)(images), strict=True):
            torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)


def onnx_gives_the_network_back(folder: Path) -> None:
    plain = folded(network(), SMALL)
    write_network(plain, SMALL, folder / 'model.onnx')
    again, layout = read_network(folder / 'model.onnx')
    assert layout == SMALL
    assert same(plain, again)


def a_model_folder_passes_parity_and_gives_tokens(folder: Path) -> None:
    write_model_folder(folded(network(), SMALL), SMALL, folder, 'small', 'a test')
    encoder = ModelEncoder.from_manifest(folder / 'manifest.json', 'onnx')
    assert encoder.parity is not None and encoder.parity.passed
    dense = encoder.encode_dense(reference_images()[0])
    assert dense.tokens.shape == (*SMALL.grid_hw, SMALL.widths[2])
    assert dense.embedding.vector.shape == (SMALL.dim,)


def another_model_is_refused(folder: Path) -> None:
    from onnx import TensorProto, helper, save

    value = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in 'xy']
    save(helper.make_model(helper.make_graph([helper.make_node('Relu', ['x'], ['y'])], 'g', value[:1], value[1:])),
         str(folder / 'other.onnx'))  # fmt: skip
    try:
        read_network(folder / 'other.onnx')
    except ModelError as error:
        assert 'not a Waymark place encoder' in str(error)
    else:
        raise AssertionError('it was taken')


def the_front_end_measures_directions(folder: Path) -> None:
    """Stripes across x have their gradient along x: the first of 8 directions, whatever their contrast."""
    stripes = torch.zeros(1, 3, 96, 128)
    stripes[..., ::8] = stripes[..., 1::8] = stripes[..., 2::8] = stripes[..., 3::8] = 1.0
    front = network().front
    bright, dim = (front(k * stripes + 0.1)[0][0, :8].mean((1, 2)) for k in (0.8, 0.2))
    assert int(bright.argmax()) == 0
    assert float((bright / dim)[0]) < 1.1  # at a quarter of the contrast
    across = torch.zeros(1, 3, 96, 128)
    across[:, :, ::8] = across[:, :, 1::8] = across[:, :, 2::8] = across[:, :, 3::8] = 1.0
    assert int(front(across)[0][0, :8].mean((1, 2)).argmax()) == 4


def every_objective_teaches(folder: Path) -> None:
    for name in OBJECTIVES:
        heads = build_heads((name,), SMALL)
        learned = torch.randn(2, 6, SMALL.learned_dim, requires_grad=True)
        whole = torch.cat([learned, torch.randn(2, 6, SMALL.plain_dim)], 2)
        fast, slow = Outputs(learned, whole), Outputs(learned.detach() + 0.1, whole.detach() + 0.1)
        loss = total_loss((name,), heads, heads, fast, slow, torch.nn.functional.normalize(torch.randn(2, 6, 5), dim=2))
        loss.backward()
        assert loss.ndim == 0 and torch.isfinite(loss), name
        assert learned.grad is not None and learned.grad.abs().sum() > 0, name


def infonce_and_distill_are_what_their_formulas_say(folder: Path) -> None:
    normalize, log_softmax = torch.nn.functional.normalize, torch.nn.functional.log_softmax
    learned = torch.randn(2, 4, SMALL.learned_dim)
    rows = normalize(learned.flatten(0, 1), dim=1)
    logits = (rows @ rows.T / 0.07).fill_diagonal_(-torch.inf)
    expected = -log_softmax(logits, 1)[torch.arange(8), (torch.arange(8) + 4) % 8].mean()
    got = total_loss(('infonce',), build_heads(('infonce',), SMALL), None, Outputs(learned, learned), None, None)
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
    # A pupil that has its teacher's similarities has less to learn than one that has another's.
    teacher, outputs = normalize(learned, dim=2), Outputs(learned, learned)
    none = build_heads(('distill',), SMALL)
    loss, other = (total_loss(('distill',), none, None, outputs, None, t) for t in (teacher, teacher.flip(1)))
    assert 0 <= float(loss) < float(other)


def a_resumed_training_ends_where_an_uninterrupted_one_does(folder: Path) -> None:
    torch.use_deterministic_algorithms(True)
    for names in (('infonce',), ('moco', 'byol', 'dino')):
        plan = Plan(names, 6, 1e-3, seed=3)
        whole = Trainer(network(), SMALL, plan)
        assert whole.run(worlds(), lambda _: True)
        first = Trainer(network(), SMALL, plan)
        assert not first.run(worlds(), lambda t: t.step < 3)
        save_checkpoint(first, folder, 'request')
        second = Trainer(network(), SMALL, plan)
        load_checkpoint(second, folder, 'request')
        assert second.run(worlds(), lambda _: True)
        assert same(whole.result, second.result), names
        assert whole.loss == second.loss
        try:
            load_checkpoint(second, folder, 'another')
        except ConfigError as error:
            assert 'other settings' in str(error)
        else:
            raise AssertionError('the checkpoint of another request was taken')


def the_command_s_core_adapts_resumes_and_reports(folder: Path) -> None:
    start, flight = folder / 'start', 'sim:ground?ground_px=1024&laps=2&lap_s=20&rate=2&width=96&height=72&pad=0'
    start.mkdir()
    write_model_folder(folded(network(), SMALL), SMALL, start, 'start', 'a test')
    request = TrainRequest(
        images=flight, out=str(folder / 'out'), start=str(start), teacher=str(start), objective='infonce+distill',
        epochs=4, batch=8, held_out=0.5, radius_m=8.0,
    )  # fmt: skip
    stopped = adapt_encoder(dataclasses.replace(request, minutes=1e-6))
    assert stopped.folder is None and stopped.steps[0] == 1
    stages: list[str] = []
    report = adapt_encoder(dataclasses.replace(request, resume=True), lambda stage, _: stages.append(stage))
    straight = adapt_encoder(dataclasses.replace(request, out=str(folder / 'straight')))
    assert report.folder == folder / 'out' and report.steps[0] == report.steps[1]
    assert report.after == straight.after and report.before == straight.before
    assert stages[0] == 'reading the recording' and stages[-1] == 'measuring after'
    hashes = [read_manifest(folder / name / 'manifest.json').manifest.sha256 for name in ('out', 'straight')]
    assert hashes[0] == hashes[1]
    encoder = ModelEncoder.from_manifest(folder / 'out' / 'manifest.json', 'onnx')
    assert encoder.fingerprint != ModelEncoder.from_manifest(start / 'manifest.json', 'onnx').fingerprint


def vectors_are_those_of_the_shipped_model(folder: Path) -> None:
    from waymark.encoding.manifest import find_manifest

    stored = read_manifest(find_manifest('waymark-place-1'))
    shipped, layout = read_network(stored.model_path)
    for rgb, reference in zip(reference_images(), stored.manifest.references, strict=True):
        raw = np.asarray(reference.output, np.float64)
        got = vectors(shipped, rgb[None], layout.input_wh)[0]
        assert got @ (raw / np.linalg.norm(raw)) > 0.999  # cv2's area resize against the product's: not bit for bit
    assert to_tensor(np.zeros((1, 96, 128, 3), np.uint8)).shape == (1, 3, 96, 128)


if __name__ == '__main__':
    torch.set_num_threads(1)
    globals()[sys.argv[1]](Path(sys.argv[2]))
    print(f'kept: {sys.argv[1]}')
