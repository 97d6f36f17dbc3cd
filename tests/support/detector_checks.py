# SPDX-License-Identifier: Apache-2.0
"""Checks of the detector's training that need torch: `python detector_checks.py NAME FOLDER` where it is."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import cv2
import numpy as np
import torch

from waymark.boxes import canonical, corners, probiou, wasserstein_distance
from waymark.detection import Detector, DetectorConfig
from waymark.detection.decoders import DECODERS, Wanted
from waymark.errors import ConfigError
from waymark.training.checkpoint import load_checkpoint, save_checkpoint
from waymark.training.detector.layout import BoxNetLayout
from waymark.training.detector.losses import decoded, flattened, hellinger, wasserstein_loss
from waymark.training.detector.network import build_network
from waymark.training.detector.package import write_model_folder
from waymark.training.detector.pictures import LabelledFolder, open_folder
from waymark.training.detector.request import DetectorRequest
from waymark.training.detector.targets import cell_centres
from waymark.training.detector.teach import teach_detector
from waymark.training.detector.trainer import DetectorTrainer, Plan
from waymark.training.detector.weights import folded, read_network, write_network

SMALL = BoxNetLayout(('bar', 'tile'), (8, 8, 12, 16, 16), (1, 1, 1, 1), 8, (96, 64))
PLAN = Plan(4, batch=2, size=64, learning_rate=5e-3)


def network(layout: BoxNetLayout = SMALL) -> torch.nn.Module:
    """One whose batch statistics are not those it was born with."""
    torch.manual_seed(1)
    made = build_network(layout)
    made.train()
    made(torch.rand(8, 3, 64, 96))
    for part in made.modules():  # answers of some size, no two equal
        if isinstance(part, torch.nn.BatchNorm2d) or part in [head[-1] for head in made.heads]:
            torch.nn.init.normal_(part.weight)
            torch.nn.init.normal_(part.bias)
    return made.eval()


def bars(folder: Path, count: int = 12) -> tuple[Path, Path]:
    """Pictures of white bars and tiles on grey, with labels."""
    rng = np.random.default_rng(0)
    images, labels = folder / 'images', folder / 'labels'
    images.mkdir(parents=True)
    labels.mkdir()
    (labels / 'classes.txt').write_text('bar\ntile\n')
    for k in range(count):
        rgb, rows = rng.integers(60, 110, (128, 128, 3), np.uint8), []
        for quarter in ((32, 32), (96, 32), (32, 96), (96, 96)):
            kind = int(rng.integers(2))
            sides = (40, 10) if kind == 0 else (26, 26)
            points = corners([*quarter, *sides, rng.uniform(-1.5, 1.5)])
            cv2.fillPoly(rgb, [np.rint(points * 16).astype(np.int32)], (240, 240, 240), cv2.LINE_AA, 4)
            rows.append(f'{kind} {" ".join(map(str, ((points + 0.5) / 128).ravel()))}\n')
        cv2.imwrite(str(images / f'{k}.png'), rgb)
        (labels / f'{k}.txt').write_text(''.join(rows))
    return images, labels


def random_boxes(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    sides = np.sort(rng.uniform(4, 80, (count, 2)))[:, ::-1]
    return canonical(np.column_stack([rng.uniform(0, 40, (count, 2)), sides, rng.uniform(-1.5, 1.5, count)]))


def folding_changes_nothing(folder: Path) -> None:
    source, images = network(), torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        for expected, got in zip(source(images), folded(source, SMALL)(images), strict=True):
            torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)


def onnx_gives_the_network_back(folder: Path) -> None:
    plain = folded(network(), SMALL)
    write_network(plain, SMALL, folder / 'model.onnx')
    again, layout = read_network(folder / 'model.onnx')
    assert layout == SMALL
    for a, b in zip(plain.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def losses_are_the_distances_of_boxes(folder: Path) -> None:
    a, b = random_boxes(200, 1), random_boxes(200, 2)
    first, second = torch.from_numpy(a.copy()), torch.from_numpy(b.copy())
    np.testing.assert_allclose(hellinger(first, second).numpy(), 1 - probiou(a, b), atol=5e-4)
    scale = (a[:, 2] * a[:, 3] * b[:, 2] * b[:, 3]) ** 0.25
    expected = 0.5 - 1 / (2 + np.log1p(wasserstein_distance(a, b) / scale))
    np.testing.assert_allclose(wasserstein_loss(first, second).numpy(), expected, atol=1e-3)
    assert float(wasserstein_loss(first, first).max()) < 1e-3


def what_is_taught_is_what_is_decoded(folder: Path) -> None:
    with torch.no_grad():
        outputs = network()(torch.rand(1, 3, 64, 64))
    rows, (centres, strides) = flattened(outputs), cell_centres(64)
    expected = canonical(decoded(rows[:, 2:], torch.from_numpy(centres), torch.from_numpy(strides)).numpy())
    raw = DECODERS['box_net'].decode([o.numpy() for o in outputs], Wanted('m', (64, 64), 2, 0.0))
    got = canonical(raw.boxes - [0.5, 0.5, 0, 0, 0])
    np.testing.assert_allclose(got, expected, atol=1e-3, rtol=1e-4)


def a_training_that_stopped_goes_on_as_if_it_had_not(folder: Path) -> None:
    pictures = LabelledFolder(*open_folder(*bars(folder)))
    straight, first = (DetectorTrainer(network(), SMALL, PLAN) for _ in range(2))
    assert straight.run(pictures, lambda t: True)
    assert not first.run(pictures, lambda t: t.step < 2)
    save_checkpoint(first, folder / 'kept', 'request')
    second = DetectorTrainer(network(), SMALL, PLAN)
    load_checkpoint(second, folder / 'kept', 'request')
    assert second.run(pictures, lambda t: True)
    for name, part in straight.parts().items():
        for a, b in zip(part.state_dict().values(), second.parts()[name].state_dict().values(), strict=True):
            assert torch.equal(a, b), name


def both_losses_learn_bars(folder: Path) -> None:
    images, labels = bars(folder)
    for loss in ('probiou', 'gwd'):
        out = folder / loss
        request = DetectorRequest(
            images=str(images), labels=str(labels), out=str(out), steps=120, batch=8, crop_px=96, input_px=128,
            box_loss=loss, learning_rate=4e-3, strength=0.3, held_out=0.25,
        )  # fmt: skip
        report = teach_detector(request)
        assert report.folder == out
        assert (out.parent / f'{loss}.training' / 'losses.png').is_file()
        assert report.after is not None
        assert report.after.class_agnostic_map50 > 0.5, (loss, report.after)
    found = Detector.from_config(DetectorConfig(model=str(folder / 'gwd')))
    assert found.parity is not None
    assert found.parity.share == 1


def scenes_are_painted_and_learned_from(folder: Path) -> None:
    request = DetectorRequest(out=str(folder / 'model'), scenes=2, steps=1, batch=1, crop_px=64, held_out=0.5)
    report = teach_detector(request)
    assert report.pictures == (1, 1)
    assert Detector.from_config(DetectorConfig(model=str(folder / 'model'))).manifest.class_names[1] == 'ship'
    try:
        teach_detector(dataclasses.replace(request, steps=2))
    except ConfigError as error:
        assert 'is there already' in str(error)
    else:
        raise AssertionError('written over')


def other_classes_keep_what_they_share(folder: Path) -> None:
    (folder / 'known').mkdir()
    write_model_folder(network(), SMALL, folder / 'known', 'known', 'test', [np.zeros((64, 96, 3), np.uint8)])
    images, labels = bars(folder / 'data', 4)
    (labels / 'classes.txt').write_text('tile\nbar\npole\n')
    request = DetectorRequest(
        images=str(images), labels=str(labels), out=str(folder / 'new'), start=str(folder / 'known'), steps=1, batch=1,
        crop_px=64, learning_rate=1e-9,
    )  # fmt: skip
    teach_detector(request)
    new, layout = read_network(folder / 'new' / 'model.onnx')
    old, _ = read_network(folder / 'known' / 'model.onnx')
    assert layout.class_names == ('tile', 'bar', 'pole')
    rows = [1, 0, *range(2, 8)], [0, 1, *range(3, 9)]
    torch.testing.assert_close(new.heads[0][-1].weight[rows[1]], old.heads[0][-1].weight[rows[0]], atol=1e-5, rtol=1e-4)


if __name__ == '__main__':
    torch.set_num_threads(1)
    globals()[sys.argv[1]](Path(sys.argv[2]))
    print('kept:', sys.argv[1])
