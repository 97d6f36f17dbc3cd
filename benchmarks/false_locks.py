# SPDX-License-Identifier: Apache-2.0
"""How often the tracker claims a target that is not there: none is the goal, in 10,000 images.

A camera moves over real pictures, and over look-alikes of six targets, for ten images each. In each of them all six
are looked for, which is more often than by default. Every fourth scene begins with five images of a target itself, so
that what was just lost is doubted too. Prints JSON.

    python benchmarks/false_locks.py ../shared/data [--images 10000] [--detector orb]
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from look_alikes import Gray, is_same_place, look_alikes, real_pictures, targets
from tracking_pictures import read_gray

SIZE_WH = (640, 480)
IMAGES = 10  # of one scene
SHOWN_FIRST = 5


def main() -> None:
    """Print what was claimed, by kind of scene."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path)
    parser.add_argument('--images', type=int, default=10_000)
    parser.add_argument('--detector', default='orb')
    parser.add_argument('--dump', type=Path, help='Folder for pictures of false locks.')
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print(json.dumps(run(options), indent=1))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Show scene after scene until there are enough images."""
    known = targets(options.data)
    tracker = _tracker(known, options.detector)
    shown: Counter[str] = Counter()
    false: Counter[str] = Counter()
    pictures: set[str] = set()
    found_when_shown = asked_when_shown = 0
    for number, (kind, name, picture, absent) in enumerate(scenes(options.data, known)):
        if sum(shown.values()) >= options.images:
            break
        tracker.forget()
        rng = np.random.default_rng(number)
        pictures.add(name)
        if number % 4 == 0:
            real = sorted(known)[number // 4 % len(known)]
            for gray in camera_over(_on_wall(known[real], picture), SHOWN_FIRST, rng, calm=True):
                states = {s.target_id: s for s in _track(tracker, gray)}
                asked_when_shown += 1
                found_when_shown += states[real].state.name == 'TRACKING'
        for gray in camera_over(picture, IMAGES, rng):
            shown[kind] += 1
            claimed = [s for s in _track(tracker, gray) if s.state.name == 'TRACKING' and s.target_id in absent]
            if claimed:
                false[kind] += 1
                _report(options.dump, gray, claimed, f'{number}-{name.replace("/", "_")}')
    return {
        'images': sum(shown.values()),
        'pictures': len(pictures),
        'targets': len(known),
        'false_locks': sum(false.values()),
        'false_by_kind': dict(false),
        'images_by_kind': dict(shown),
        'found_where_shown': round(found_when_shown / max(asked_when_shown, 1), 3),
    }


def _tracker(known: dict[str, Gray], detector: str) -> Any:
    from waymark.tracking import PlanarTracker, TrackerConfig, learn_target

    config = TrackerConfig(detector=detector, search_every=1, searched_at_once=len(known))
    return PlanarTracker(config, tuple(learn_target(n, p, config) for n, p in known.items()))


def _track(tracker: Any, gray: Gray) -> Any:
    from waymark.types import Frame, Header

    return tracker.track(Frame(Header(1), gray, 'mono'))


def scenes(data: Path, known: dict[str, Gray]) -> Iterator[tuple[str, str, Gray, set[str]]]:
    """Kind, name, picture, and the targets that are not in it; real pictures and look-alikes take turns."""
    real = real_pictures(data)
    order = list(np.random.default_rng(0).permutation(sorted(real)))
    for turn in range(1000):
        for position, name in enumerate(order):
            picture = read_gray(real[name], 1400)
            absent = {t for t in known if not is_same_place(name, t)}
            yield 'real', name, picture, absent
            if position % 2:
                target = sorted(known)[(position // 2 + turn) % len(known)]
                if target in absent:
                    seed = turn * len(order) + position
                    alike = list(look_alikes(target, known[target], picture, seed))
                    kind, nearly = alike[(position // 2 // len(known) + turn) % len(alike)]
                    yield f'{target}: {kind}', name, _on_wall(nearly, picture), _not_shown(target, kind, absent)


def _not_shown(target: str, kind: str, absent: set[str]) -> set[str]:
    """The plate on the bricks is a sign itself; part of the brick picture may be a wall alone."""
    return {target} if (target, kind) == ('bricks', 'another number') else absent


def _on_wall(picture: Gray, wall: Gray) -> Gray:
    """A picture in the middle of another one."""
    scene = cv2.resize(wall, (1200, 900), interpolation=cv2.INTER_AREA)
    scale = min(640 / picture.shape[1], 520 / picture.shape[0])
    small = cv2.resize(
        picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    y, x = 450 - small.shape[0] // 2, 600 - small.shape[1] // 2
    scene[y : y + small.shape[0], x : x + small.shape[1]] = small
    return np.asarray(scene, np.uint8)


def camera_over(picture: Gray, count: int, rng: np.random.Generator, calm: bool = False) -> Iterator[Gray]:
    """Images of a camera that moves over a picture: position, zoom, roll and tilt change steadily, light and noise."""
    height, width = picture.shape
    hold = 0.5 if calm else 1.0
    begin, speed = rng.uniform(-1, 1, 7) * hold, rng.uniform(-0.04, 0.04, 7)
    noise, dim = rng.uniform(0, 5), rng.uniform(0.6, 1.1)
    for k in range(count):
        at = np.clip(begin + speed * k, -1, 1)
        zoom = np.exp(0.35 * at[2]) * max(SIZE_WH[0] / width, SIZE_WH[1] / height) * (1.3 if not calm else 1.0)
        roll = 0.5 * at[3]
        turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        tilt = np.array([[1, 0, 0], [0, 1, 0], [0.5 * at[4] / width, 0.5 * at[5] / height, 1]])
        to_middle = np.array(
            [[1, 0, -width / 2 - 0.15 * at[0] * width], [0, 1, -height / 2 - 0.15 * at[1] * height], [0, 0, 1]]
        )
        H = np.diag([zoom, zoom, 1.0]) @ turn @ tilt @ to_middle
        H = np.array([[1, 0, SIZE_WH[0] / 2], [0, 1, SIZE_WH[1] / 2], [0, 0, 1.0]]) @ H
        method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
        gray = cv2.warpPerspective(picture, H, SIZE_WH, flags=method, borderMode=cv2.BORDER_REPLICATE)
        gray = gray * dim + rng.standard_normal(gray.shape, np.float32) * noise
        yield np.asarray(np.clip(np.rint(gray), 0, 255), np.uint8)


def _report(folder: Path | None, gray: Gray, claimed: list[Any], name: str) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    shown = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    for state in claimed:
        cv2.polylines(shown, [np.rint(state.corners_px).astype(np.int32)], True, (0, 0, 255), 2)
        text = f'{state.target_id} {state.agreement:.2f} {state.inliers}'
        cv2.putText(shown, text, (10, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 255), 2)
    cv2.imwrite(str(folder / f'{name}.png'), shown)


if __name__ == '__main__':
    main()
