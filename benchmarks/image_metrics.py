# SPDX-License-Identifier: Apache-2.0
"""SSIM and MS-SSIM of gray VGA images beside their peers, side by side on one thread; prints JSON.

    python benchmarks/image_metrics.py [A B] [--json OUT]

Without files, a generated picture against a blurred, darkened, noisy copy. CPU milliseconds, median; peers take turns,
so that other load hits all alike, and get what suits them best: scikit-image and ours uint8, torch's libraries float32
tensors made beforehand. A peer that can't be imported is named under `missing`; one thread each. `ratio` is ours over
that peer, `difference` the peer's value less that of our float64. Peers differ by what they compute: piq would halve
large images first (switched off), scikit-image's default is a uniform window of 7 px with sample covariance, OpenCV's
mean includes the border.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ[name] = '1'  # before NumPy is loaded: CPU time of one thread means the same on every machine

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from peers import import_torchvision  # noqa: E402

from waymark.similarity import mean_ssim, ms_ssim  # noqa: E402

Image = NDArray[np.uint8]
Score = Callable[[], float]
GOALS = {'ssim': ('scikit-image', 0.15), 'ms_ssim': ('pytorch-msssim', 0.1)}
SIZE_WH = (640, 480)


def generated() -> tuple[Image, Image]:
    """Noise at many scales, as natural images have it, and a worse copy."""
    rng = np.random.default_rng(0)
    picture = np.zeros((SIZE_WH[1], SIZE_WH[0]))
    for octave in range(8):
        size = (max(SIZE_WH[0] >> octave, 2), max(SIZE_WH[1] >> octave, 2))
        layer = cv2.resize(rng.normal(size=size[::-1]), SIZE_WH, interpolation=cv2.INTER_CUBIC)
        picture += layer * 2**octave
    picture = (picture - picture.min()) / np.ptp(picture) * 255
    worse = cv2.GaussianBlur(picture, (0, 0), 1.2) * 0.95 + rng.normal(0, 8, picture.shape)
    return tuple(np.clip(np.rint(x), 0, 255).astype(np.uint8) for x in (picture, worse))


def read(path: Path) -> Image:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        sys.exit(f'{path}: no image')
    return np.asarray(cv2.resize(image, SIZE_WH, interpolation=cv2.INTER_AREA), np.uint8)


def scikit_image(a: Image, b: Image) -> dict[str, dict[str, Score]]:
    from skimage.metrics import structural_similarity

    wang = {'gaussian_weights': True, 'sigma': 1.5, 'use_sample_covariance': False}
    return {
        'ssim': {
            'scikit-image': lambda: structural_similarity(a, b, **wang),
            'scikit-image, default': lambda: structural_similarity(a, b),
        }
    }


def opencv_contrib(a: Image, b: Image) -> dict[str, dict[str, Score]]:
    if not hasattr(cv2, 'quality'):
        raise ImportError('cv2.quality')
    return {'ssim': {'cv2.quality': lambda: cv2.quality.QualitySSIM_compute(a, b)[0][0]}}


def pytorch_msssim(a: Image, b: Image) -> dict[str, dict[str, Score]]:
    peer = importlib.import_module('pytorch_msssim')
    x, y = tensors(a, b)
    return {
        'ssim': {'pytorch-msssim': lambda: peer.ssim(x, y, data_range=255).item()},
        'ms_ssim': {'pytorch-msssim': lambda: peer.ms_ssim(x, y, data_range=255).item()},
    }


def piq(a: Image, b: Image) -> dict[str, dict[str, Score]]:
    peer = importlib.import_module('piq')
    x, y = tensors(a, b)
    return {
        'ssim': {'piq': lambda: peer.ssim(x, y, data_range=255.0, downsample=False).item()},
        'ms_ssim': {'piq': lambda: peer.multi_scale_ssim(x, y, data_range=255.0).item()},
    }


def torchmetrics(a: Image, b: Image) -> dict[str, dict[str, Score]]:
    peer = importlib.import_module('torchmetrics.functional.image')
    x, y = tensors(a, b)
    many = peer.multiscale_structural_similarity_index_measure
    return {
        'ssim': {'torchmetrics': lambda: peer.structural_similarity_index_measure(x, y, data_range=255.0).item()},
        'ms_ssim': {'torchmetrics': lambda: many(x, y, data_range=255.0).item()},
    }


def tensors(a: Image, b: Image) -> list[Any]:
    import torch

    torch.set_num_threads(1)
    return [torch.from_numpy(x.astype(np.float32))[None, None] for x in (a, b)]


PEERS = {
    'scikit-image': scikit_image,
    'cv2.quality': opencv_contrib,
    'pytorch-msssim': pytorch_msssim,
    'piq': piq,
    'torchmetrics': torchmetrics,
}


def ours(a: Image, b: Image) -> dict[str, dict[str, Score]]:
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    return {
        'ssim': {
            'ours': lambda: float(mean_ssim(a, b)),
            'ours, float64': lambda: float(mean_ssim(a64, b64, data_range=255)),
        },
        'ms_ssim': {
            'ours': lambda: float(ms_ssim(a, b)),
            'ours, float64': lambda: float(ms_ssim(a64, b64, data_range=255)),
        },
    }


def measure(functions: dict[str, Score], repeats: int) -> dict[str, Any]:
    values = {name: float(function()) for name, function in functions.items()}  # warms up, too
    samples: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            began = time.process_time()
            function()
            samples[name].append(1000 * (time.process_time() - began))
    medians = {name: float(np.median(s)) for name, s in samples.items()}
    return {
        'cpu_ms': {name: round(ms, 3) for name, ms in medians.items()},
        'ratio': {name: round(medians['ours'] / ms, 4) for name, ms in medians.items() if name != 'ours'},
        'value': {name: round(v, 9) for name, v in values.items()},
        'difference': {name: float(f'{v - values["ours, float64"]:.2g}') for name, v in values.items()},
    }


def versions() -> dict[str, str]:
    found = {'python': sys.version.split()[0], 'numpy': np.__version__, 'opencv': cv2.__version__}
    for package in ('scikit-image', 'pytorch-msssim', 'piq', 'torchmetrics', 'torch'):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('images', nargs='*', type=Path, help='two image files, brought to gray 640x480')
    parser.add_argument('--repeats', type=int, default=51)
    parser.add_argument('--json', type=Path, help='write the result there too')
    args = parser.parse_args()
    if len(args.images) not in (0, 2):
        parser.error('give two images, or none')
    cv2.setNumThreads(1)
    a, b = (read(path) for path in args.images) if args.images else generated()
    rows, missing = ours(a, b), {}
    with contextlib.suppress(ImportError):  # torch's libraries say themselves what is missing
        import_torchvision()
    for name, peer in PEERS.items():
        try:
            found = peer(a, b)
        except (ImportError, RuntimeError) as error:  # torchvision beside another torch raises RuntimeError
            missing[name] = str(error)
            continue
        for row, functions in found.items():
            rows[row] |= functions
    result: dict[str, Any] = {}
    for row, functions in rows.items():
        measured = measure(functions, args.repeats)
        peer, goal = GOALS[row]
        met = measured['ratio'][peer] <= goal if peer in measured['ratio'] else None
        result[row] = {**measured, 'goal': f'<= {goal} of {peer}', 'met': met}
    result |= {'missing': missing, 'versions': versions(), 'load': os.getloadavg()}
    text = json.dumps(result, indent=2)
    print(text)
    if args.json:
        args.json.write_text(text + '\n')


if __name__ == '__main__':
    main()
