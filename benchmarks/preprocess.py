# SPDX-License-Identifier: Apache-2.0
"""From 720p to a model's tensor, beside transformers and ultralytics, on one thread; prints JSON.

    .venv-bench/bin/python benchmarks/preprocess.py [--seconds 20] [--data ../shared/data]

Speed and fidelity belong together, so both are of the same run: `psnr_db` is what the model sees against Pillow's
antialiased resize (for letterbox: against ultralytics' own), per picture, worst first. Peers are warmed up and get the
layout they like best (a NumPy image; transformers' torchvision and Pillow processors both).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from turns import limit_libraries, limit_threads, machine, take_turns, versions

limit_threads(1)

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from peers import import_torchvision  # noqa: E402
from PIL import Image  # noqa: E402

from waymark.image.compiled import compiled_halving  # noqa: E402
from waymark.image.preprocess import InputTensor, to_tensor  # noqa: E402
from waymark.types import ModelManifest  # noqa: E402

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIZE_WH = (1280, 720)
GOALS = {'vit_224': 0.2, 'letterbox_640': 0.4}
PHOTOGRAPHS = (
    'sahi_aerial/obb_test_image.png',
    'uav_odm_caliterra/images_1200px/IMG_9400.jpg',
    'sacre_coeur/mapping/17295357_9106075285.jpg',
    'kitti_mini/KITTI_sequence_1/image_l/000025.png',
)


def main() -> None:
    """Measure both rows and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seconds', type=float, default=20.0, help='per row')
    parser.add_argument('--data', type=Path, default=Path(__file__).resolve().parents[2] / 'shared' / 'data')
    args = parser.parse_args()
    images = pictures(args.data)
    image = images['astronaut']
    import_torchvision()
    rows = {'vit_224': vit_224(image), 'clip_224': clip_224(image), 'letterbox_640': letterbox_640(image)}
    limit_libraries(1)
    found: dict[str, Any] = {name: take_turns(functions, args.seconds) for name, functions in rows.items()}
    found['vit_224']['psnr_db'] = fidelity(images, manifest(), (224, 224), Image.Resampling.BILINEAR)
    found['clip_224']['psnr_db'] = fidelity(images, clip_manifest(), (455, 256), Image.Resampling.BICUBIC)
    found['letterbox_640']['psnr_db'] = {n: letterbox_fidelity(i) for n, i in images.items()}
    names = ('numpy', 'opencv-python-headless', 'pillow', 'torch', 'torchvision', 'transformers', 'ultralytics')
    about = {'threads': 1, 'goals': GOALS, 'machine': machine(), 'versions': versions(*names)}
    print(json.dumps({'rows': found, **about}, indent=1))


def pictures(data: Path) -> dict[str, NDArray[np.uint8]]:
    """Pictures at 720p: one that scikit-image brings, and what real photographs are there."""
    from skimage.data import astronaut

    found = {'astronaut': np.asarray(cv2.resize(astronaut(), SIZE_WH), np.uint8)}
    for name in PHOTOGRAPHS:
        image = cv2.imread(str(data / name), cv2.IMREAD_COLOR)
        if image is not None:
            found[name.split('/')[0]] = at_720p(np.ascontiguousarray(image[..., ::-1]))
    return found


def at_720p(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of a picture, resized by Pillow's sharpest kernel."""
    height, width = rgb.shape[:2]
    scale = min(width / SIZE_WH[0], height / SIZE_WH[1])
    w, h = int(SIZE_WH[0] * scale), int(SIZE_WH[1] * scale)
    x, y = (width - w) // 2, (height - h) // 2
    part = Image.fromarray(rgb[y : y + h, x : x + w])
    return np.asarray(part.resize(SIZE_WH, Image.Resampling.LANCZOS))


def manifest(**changes: Any) -> ModelManifest:
    """ViT's preprocessing."""
    fields = {'input_wh': (224, 224), 'mean': MEAN, 'std': STD, 'interpolation': 'bilinear', **changes}
    return ModelManifest('benchmark', '0' * 64, 'here', 'Apache-2.0', **fields)


def clip_manifest() -> ModelManifest:
    """CLIP's and DINOv2's: shorter side to 256, bicubic, the centre."""
    return manifest(interpolation='bicubic', resize='shortest_crop', resize_to=256)


def vit_224(image: NDArray[np.uint8]) -> dict[str, Callable[[], Any]]:
    """Stretch to 224x224, bilinear: ours, both processors of transformers, and two that do not antialias."""
    from transformers import ViTImageProcessor, ViTImageProcessorPil

    settings = {'size': {'height': 224, 'width': 224}, 'image_mean': list(MEAN), 'image_std': list(STD)}
    fast, pillow, ours = ViTImageProcessor(**settings), ViTImageProcessorPil(**settings), manifest()

    def blob() -> Any:
        mean = tuple(255 * m for m in MEAN)
        return cv2.dnn.blobFromImage(image, 1 / 255, (224, 224), mean) / np.float32(STD)[:, None, None]

    return {
        'ours': lambda: to_tensor(image, ours),
        'transformers, torchvision': lambda: fast(images=image, return_tensors='pt'),
        'transformers, Pillow': lambda: pillow(images=image, return_tensors='np'),
        'blobFromImage, aliased': blob,
    }


def clip_224(image: NDArray[np.uint8]) -> dict[str, Callable[[], Any]]:
    """Shorter side to 256, bicubic, centre crop: ours and transformers'."""
    from transformers import CLIPImageProcessor

    settings = {'size': {'shortest_edge': 256}, 'crop_size': {'height': 224, 'width': 224}}
    theirs = CLIPImageProcessor(**settings, image_mean=list(MEAN), image_std=list(STD))
    ours = clip_manifest()
    return {
        'ours': lambda: to_tensor(image, ours),
        'transformers, torchvision': lambda: theirs(images=image, return_tensors='pt'),
    }


def letterbox_640(image: NDArray[np.uint8]) -> dict[str, Callable[[], Any]]:
    """Letterbox to 640x640 on the 0..1 scale: ours and ultralytics' with its own conversion to a tensor."""
    bgr = np.ascontiguousarray(image[..., ::-1])
    theirs = ultralytics_letterbox()
    ours = letterbox_manifest()
    kept, fast = InputTensor(ours), InputTensor(ours, compiled_halving())
    return {
        'ours': lambda: to_tensor(image, ours),
        'ultralytics': lambda: theirs(bgr),
        'ours, into a tensor that is kept': lambda: kept.write(image),
        'ours, likewise, halved by numba': lambda: fast.write(image),
    }


def letterbox_manifest() -> ModelManifest:
    """YOLO's preprocessing."""
    return manifest(input_wh=(640, 640), resize='letterbox', interpolation='area', mean=(0.0,), std=(1.0,))


def ultralytics_letterbox() -> Callable[[NDArray[np.uint8]], Any]:
    """What its predictor does with one BGR image."""
    import torch
    from ultralytics.data.augment import LetterBox

    letterbox = LetterBox((640, 640), auto=False)

    def prepare(bgr: NDArray[np.uint8]) -> Any:
        planes = np.ascontiguousarray(letterbox(image=bgr)[..., ::-1].transpose(2, 0, 1)[None])
        return torch.from_numpy(planes).float().div_(255)

    return prepare


def fidelity(
    images: dict[str, NDArray[np.uint8]], ours: ModelManifest, size_wh: tuple[int, int], method: Image.Resampling
) -> dict[str, float]:
    """PSNR of the tensor, back on the scale of pixels, against Pillow's resize and centre crop."""
    found = {}
    for name, image in images.items():
        left, top = (size_wh[0] - 224) // 2, (size_wh[1] - 224) // 2
        expected = np.asarray(Image.fromarray(image).resize(size_wh, method))[top : top + 224, left : left + 224]
        pixels = to_tensor(image, ours)[0] * np.float32(STD)[:, None, None] + np.float32(MEAN)[:, None, None]
        found[name] = psnr_db(255 * pixels.transpose(1, 2, 0), expected)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def letterbox_fidelity(image: NDArray[np.uint8]) -> float:
    """PSNR of our tensor against ultralytics'."""
    theirs = ultralytics_letterbox()(np.ascontiguousarray(image[..., ::-1]))
    return psnr_db(255 * to_tensor(image, letterbox_manifest()), 255 * np.asarray(theirs))


def psnr_db(got: NDArray[Any], expected: NDArray[Any]) -> float:
    error = float(np.mean((np.asarray(got, np.float64) - expected) ** 2))
    return round(10 * float(np.log10(255**2 / max(error, 1e-10))), 1)


if __name__ == '__main__':
    main()
