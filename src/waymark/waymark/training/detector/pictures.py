# SPDX-License-Identifier: Apache-2.0
"""Labelled pictures: a folder of the user's, or generated ones written as such a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.boxes import rescaled
from waymark.detection.labels import read_labels, read_names, write_labels
from waymark.detection.result import Detections
from waymark.errors import BackendUnavailable, ConfigError, SourceError
from waymark.sources.folder import image_files, read_image
from waymark.training.detector.samples import Labelled
from waymark.types import Frame, Header

NAMES_FILE = 'classes.txt'
# How often a generated scene is of a kind: how it is seen, or an odd layout.
SCENE_KINDS = {'above': 0.35, 'oblique': 0.17, 'ahead': 0.15, 'leaves': 0.08, 'lines': 0.05, 'eye level': 0.07}
SCENE_KINDS |= {'roadside': 0.13}
_KEPT = 256  # pictures in memory: 0.3 GB of 640 x 640


class LabelledFolder:
    """Pictures with YOLO-OBB labels, read when asked for."""

    def __init__(
        self, files: Sequence[tuple[Path, Path]], class_names: tuple[str, ...], fit_wh: tuple[int, int] | None = None
    ) -> None:
        """Take pairs of a picture and its labels.

        Args:
            files: Their paths.
            class_names: By number.
            fit_wh: Pictures are scaled to just fit into this, as a detector's letterbox does it; None: as they are.
        """
        self.files, self._names, self._fit_wh = tuple(files), class_names, fit_wh
        self._kept: dict[int, Labelled] = {}

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Labelled:
        """Read one; the last ones stay in memory.

        Raises:
            SourceError: A file can't be read.
        """
        if index not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[index] = self._read(index)
        return self._kept[index]

    def _read(self, index: int) -> Labelled:
        image, label = self.files[index]
        rgb = Frame(Header(0), *read_image(image)).rgb
        found = read_labels(label, (rgb.shape[1], rgb.shape[0]), self._names)
        return self._scaled(rgb, found)

    def _scaled(self, rgb: NDArray[np.uint8], found: Detections) -> Labelled:
        height, width = rgb.shape[:2]
        scale = 1.0 if self._fit_wh is None else min(self._fit_wh[0] / width, self._fit_wh[1] / height)
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        if size == (width, height):
            return Labelled(rgb, found.boxes, found.classes)
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        stretch = size[0] / width, size[1] / height
        boxes = rescaled(found.boxes, stretch, (0.5 * stretch[0] - 0.5, 0.5 * stretch[1] - 0.5))
        return Labelled(np.asarray(small, np.uint8), boxes, found.classes)


def open_folder(images: Path, labels: Path) -> tuple[list[tuple[Path, Path]], tuple[str, ...]]:
    """Find pictures, their labels and the class names (classes.txt or a data set's YAML beside the labels).

    Raises:
        SourceError: A folder is missing, or no picture has labels, or there are no names.
    """
    files = image_files(images)
    pairs = [(f, p) for f in files if (p := labels / f'{f.stem}.txt').is_file()]
    if not pairs:
        raise SourceError(f'labels: none of the {len(files)} images has a label file in {str(labels)!r}.')
    places = [p for folder in (labels, labels.parent, images) for p in (folder / NAMES_FILE, *folder.glob('*.yaml'))]
    for place in places:
        if place.is_file():
            return pairs, read_names(place)
    raise SourceError(
        f'labels: no class names in {str(labels)!r}. Put {NAMES_FILE} there, one name per line in the order of numbers.'
    )


def split(
    pairs: Sequence[tuple[Path, Path]], share: float, seed: int
) -> tuple[list[tuple[Path, Path]], list[tuple[Path, Path]]]:
    """Part pictures into those to learn from and those to measure on, at least one of each.

    Raises:
        ConfigError: There is only one.
    """
    if len(pairs) < 2:
        raise ConfigError('images: one labelled picture is not enough: at least one to learn from and one to measure.')
    order = np.random.default_rng((seed, 37)).permutation(len(pairs))
    count = min(max(1, round(share * len(pairs))), len(pairs) - 1)
    chosen = set(order[:count].tolist())
    return [p for k, p in enumerate(pairs) if k not in chosen], [p for k, p in enumerate(pairs) if k in chosen]


def write_scenes(folder: Path, count: int, seed: int, progress: Callable[[float], None]) -> None:
    """Paint generated scenes into a folder, on all cores; those already there stay.

    Args:
        folder: Gets images/, labels/ and labels/classes.txt.
        count: How many.
        seed: Of the first; the next ones follow.
        progress: Told how far it is, 0 to 1.

    Raises:
        BackendUnavailable: waymark_sim is not installed.
    """
    try:
        from waymark_sim.aerial import CLASS_NAMES
    except ModuleNotFoundError:
        raise BackendUnavailable('generated scenes need waymark_sim: install it, or give --images.') from None
    for name in ('images', 'labels'):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / 'labels' / NAMES_FILE).write_text(''.join(f'{name}\n' for name in CLASS_NAMES))
    missing = [s for s in range(seed, seed + count) if not (folder / 'labels' / f'{s:07}.txt').is_file()]
    with ProcessPoolExecutor(os.cpu_count(), get_context('spawn')) as pool:
        work = pool.map(_write_scene, [folder] * len(missing), missing, chunksize=4)
        for done, _ in enumerate(work, count - len(missing) + 1):
            progress(done / count)


def scene_kind(seed: int) -> str:
    """One of SCENE_KINDS."""
    rng = np.random.default_rng((seed, 41))
    return str(rng.choice(list(SCENE_KINDS), p=list(SCENE_KINDS.values())))


def _write_scene(folder: Path, seed: int) -> None:
    """The label last: a picture without one counts as missing."""
    from waymark_sim.aerial import CLASS_NAMES, make_scene

    cv2.setNumThreads(1)
    kind = scene_kind(seed)
    layout = None if kind in ('above', 'oblique', 'ahead') else kind
    scene = make_scene(seed, layout=layout, oblique=kind == 'oblique', ahead=kind == 'ahead')
    cv2.imwrite(str(folder / 'images' / f'{seed:07}.png'), scene.rgb[..., ::-1])
    found = Detections(scene.boxes, np.ones(len(scene.boxes)), scene.classes, CLASS_NAMES)
    label = folder / 'labels' / f'{seed:07}.txt'
    size = scene.rgb.shape[1], scene.rgb.shape[0]
    write_labels(found, size, label.with_suffix('.part'))
    label.with_suffix('.part').replace(label)
