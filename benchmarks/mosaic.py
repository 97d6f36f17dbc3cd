# SPDX-License-Identifier: Apache-2.0
r"""`waymark mosaic` on generated flights with exact truth, and on real photos beside their orthophoto; prints JSON.

    .venv/bin/python benchmarks/mosaic.py [--frames 60 300] [--seed 2000] \
        [--photos FOLDER --geotags CSV --orthophoto IMG]

A flight: lines over 120 m of generated ground at 30 m, every second one flown back, 640x480, tilt of 3 degrees (sigma),
light from 0.8 to 1.2, noise 3. `shuffled` is the first flight in another order, with a blank, a noisy and a broken
photo among them. `corner_px` is how far the frames' corners lie from the truth in the mosaic, after the best
similarity (a mosaic without geotags has no place of its own). The command runs in a process of its own:
`peak_mb` is its peak resident memory, `cpu_s` its time.

Real photos: SIFT matches between mosaic and orthophoto, RANSAC, and how far they stay apart after the best similarity
and the best affine map, in pixels of the orthophoto.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from turns import limit_libraries, limit_threads, machine, versions

limit_threads(1)  # before NumPy is imported

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from waymark.image.geometry import image_corners, transform_points  # noqa: E402
from waymark_sim.ground import generate_ground  # noqa: E402
from waymark_sim.ortho import Look, OrthoRenderer  # noqa: E402
from waymark_sim.route import rotation  # noqa: E402

SIZE_WH, SPAN_M, ALTITUDE_M = (640, 480), 120.0, 30.0
Corners = dict[str, NDArray[np.float64]]


def poses(count: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    lines = max(int(math.sqrt(count / 1.6)), 1)
    each = math.ceil(count / lines)
    found = []
    for k in range(count):
        line, step = divmod(k, each)
        x = (step / (each - 1) - 0.5) * SPAN_M * (1 if line % 2 == 0 else -1)
        y = (line / max(lines - 1, 1) - 0.5) * SPAN_M
        T = np.eye(4)
        roll, pitch, yaw = np.radians(3.0) * rng.normal(size=3)
        T[:3, :3] = rotation(roll, pitch, yaw + math.pi * (line % 2))
        T[:3, 3] = np.array([x, y, ALTITUDE_M]) + rng.normal(0, 1, 3)
        found.append(T)
    return found


def shoot(folder: Path, count: int, seed: int, shuffled: bool) -> Corners:
    rng = np.random.default_rng(seed)
    renderer = OrthoRenderer(generate_ground(seed, 4096, 260.0), SIZE_WH, math.radians(60), Look(noise=3.0), seed)
    flown = poses(count, rng)
    corners: Corners = {}
    for number, k in enumerate(rng.permutation(count) if shuffled else range(count)):
        renderer.look = Look(gain=float(rng.uniform(0.8, 1.2)), noise=3.0)
        name = f'photo{number:04d}.jpg'
        cv2.imwrite(str(folder / name), renderer.render(flown[k], k)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
        corners[name] = transform_points(np.linalg.inv(renderer.H_image_from_ground(flown[k])), image_corners(SIZE_WH))
    if shuffled:
        cv2.imwrite(str(folder / 'blank.png'), np.full((480, 640, 3), 80, np.uint8))
        cv2.imwrite(str(folder / 'noise.png'), rng.integers(0, 256, (480, 640, 3)).astype(np.uint8))
        (folder / 'broken.jpg').write_bytes(b'\xff\xd8')
    return corners


def run(folder: Path, out: Path, *options: str) -> dict[str, Any]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, '-m', 'waymark.cli', 'mosaic', str(folder), '--out', str(out), *options],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    report: dict[str, Any] = json.loads(out.with_suffix('.json').read_text())
    report['cpu_s'] = round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1)
    report['peak_mb'] = round(after.ru_maxrss / 1024)  # the largest child so far: run small flights first
    return report


def flight(count: int, seed: int, shuffled: bool = False) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / 'photos'
        folder.mkdir()
        corners = shoot(folder, count, seed, shuffled)
        report = run(folder, Path(name) / 'ground.png')
    placed = [f for f in report['placed'] if f['name'] in corners]
    found = np.concatenate([np.array(f['corners_px'], np.float64) for f in placed]) @ (1, 1j)
    true = np.concatenate([corners[f['name']] for f in placed]) @ (1, -1j)
    f, t = found - found.mean(), true - true.mean()
    error = np.abs(f - (f * t.conj()).sum() / (np.abs(t) ** 2).sum() * t)
    kept = ('size_wh', 'links', 'match_error_px', 'left_out', 'unread', 'contradictions', 'cpu_s', 'peak_mb')
    figures = {'mean': error.mean(), 'p95': np.percentile(error, 95), 'max': error.max()}
    return {
        'frames': count,
        'placed': len(placed),
        'foreign_placed': len(report['placed']) - len(placed),
        'corner_px': {key: round(float(value), 2) for key, value in figures.items()},
        **{key: report[key] for key in kept},
    }


def beside_orthophoto(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / 'ground.png'
        extra = ('--geotags', str(options.geotags)) if options.geotags else ()
        report = run(options.photos, out, *extra)
        mosaic = cv2.imread(str(out), cv2.IMREAD_UNCHANGED)
    ortho = cv2.imread(str(options.orthophoto))
    small = cv2.resize(mosaic, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    p, q = _matches(small[..., :3], small[..., 3] == 255, ortho, ortho.min(axis=2) < 255)
    kept = ('metres_per_pixel', 'scale_doubt', 'geotag_error_m', 'match_error_px', 'links', 'cpu_s', 'peak_mb')
    result = {'placed': len(report['placed']), **{key: report[key] for key in kept}, 'matches': len(p)}
    for kind, fit in (('similarity', cv2.estimateAffinePartial2D), ('affine', cv2.estimateAffine2D)):
        M, inliers = fit(p, q, method=cv2.RANSAC, ransacReprojThreshold=8, maxIters=20_000)
        kept_points = inliers.ravel() > 0
        off = np.linalg.norm(p[kept_points] @ M[:, :2].T + M[:, 2] - q[kept_points], axis=1)
        stretch = np.linalg.svd(M[:, :2])[1]
        result[kind] = {
            'inliers': int(kept_points.sum()),
            'median_px': round(float(np.median(off)), 2),
            'rms_px': round(float(np.sqrt((off**2).mean())), 2),
            'ratio_of_axes': round(float(stretch[0] / stretch[1]), 3),
            'metres_per_ortho_px': round(report['metres_per_pixel'] / 0.3 / math.sqrt(float(stretch.prod())), 3)
            if report['metres_per_pixel']
            else None,
        }
    return result


def _matches(
    a: NDArray[np.uint8], known_a: NDArray[np.bool_], b: NDArray[np.uint8], known_b: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    sift = cv2.SIFT_create(8000, contrastThreshold=0.01)
    found = []
    for image, known in ((a, known_a), (b, known_b)):
        inside = 255 * cv2.erode(known.astype(np.uint8), np.ones((11, 11)))
        gray = np.where(known, cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY), 0).astype(np.uint8)
        found.append(sift.detectAndCompute(gray, inside))
    (ka, da), (kb, db) = found
    good = [m for m, n in cv2.BFMatcher().knnMatch(da, db, 2) if m.distance < 0.75 * n.distance]
    return np.float32([ka[m.queryIdx].pt for m in good]), np.float32([kb[m.trainIdx].pt for m in good])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--frames', type=int, nargs='*', default=[60, 300])
    parser.add_argument('--seed', type=int, default=2000)
    parser.add_argument('--photos', type=Path)
    parser.add_argument('--geotags', type=Path)
    parser.add_argument('--orthophoto', type=Path)
    options = parser.parse_args()
    limit_libraries(1)
    result: dict[str, Any] = {'machine': machine(), 'versions': versions('numpy', 'opencv-python-headless')}
    if options.photos:
        result['photos'] = beside_orthophoto(options)
    for count in sorted(options.frames):
        result[f'flight_{count}'] = flight(count, options.seed)
    if options.frames:
        result['shuffled'] = flight(min(options.frames), options.seed, shuffled=True)
    print(json.dumps(result, indent=1))


if __name__ == '__main__':
    main()
