# SPDX-License-Identifier: Apache-2.0
"""From a model folder in ONNX to one for the NPU of a Rockchip board, proven in the vendor's simulator."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.backends.files import file_sha256, model_parts
from waymark.backends.rknn import RknnBackend
from waymark.backends.rknn_board import CORES
from waymark.backends.rknn_simulated import FOLDER, SimulatedModel, write_recipe
from waymark.backends.rknn_simulator import Progress, RknnRecipe, RknnSimulator
from waymark.encoding.manifest import MANIFEST_NAME, StoredModel, read_manifest, write_manifest
from waymark.encoding.model import ModelEncoder
from waymark.encoding.parity import Parity
from waymark.errors import ConfigError, ModelError
from waymark.exporting.folder import whole_folder
from waymark.image.preprocess import to_pixels
from waymark.types import ModelManifest

MODEL_NAME = 'model.rknn'
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RknnSettings:
    """What to build.

    Attributes:
        target: SoC of the board; see `waymark.backends.rknn_board.CORES`.
        precision: 'fp16', or 'int8' with calibration images.
        optimization_level: The toolkit's, 0 to 3; lower ones only help to find a fault of it.
    """

    target: str = 'rk3588'
    precision: str = 'fp16'
    optimization_level: int = 3

    def __post_init__(self) -> None:
        if self.target not in CORES:
            raise ConfigError(f'target: unknown SoC {self.target!r}. Known: {", ".join(CORES)}.')
        if self.precision not in ('fp16', 'int8'):
            raise ConfigError(f'precision: a Rockchip NPU computes in fp16 or int8, not {self.precision!r}.')
        if self.optimization_level not in range(4):
            raise ConfigError(f'optimization_level: {self.optimization_level} is not 0, 1, 2 or 3.')


@dataclass(frozen=True)
class RknnReport:
    """What was written.

    Attributes:
        manifest: The new model folder's manifest file.
        target: SoC.
        parity: In the simulator, against the reference model; None where there are no references.
        size_bytes: Of the .rknn file.
        build_seconds: Reading, building and loading into the simulator.
    """

    manifest: Path
    target: str
    parity: Parity | None
    size_bytes: int
    build_seconds: float

    def as_json(self) -> dict[str, Any]:
        """Plain values, for other programs."""
        parity = vars(self.parity) if self.parity else None
        return {
            'manifest': str(self.manifest),
            'target': self.target,
            'parity': parity,
            'size_bytes': self.size_bytes,
            'build_seconds': self.build_seconds,
        }

    def __str__(self) -> str:
        proof = 'parity not checked, for want of references'
        if self.parity is not None:
            count, limit, precision = self.parity.count, self.parity.limit, self.parity.precision
            proof = (
                f'worst cosine of {count} {self.parity.cosine:.7f} (>= {limit:g}, {precision}), '
                f'max abs difference {self.parity.max_abs_difference:.3g}'
            )
        return (
            f"{proof} in the {self.target}'s simulator; {self.size_bytes / 1e6:.2f} MB, "
            f'built in {self.build_seconds:.1f} s'
        )


def write_rknn(
    model: Path,
    manifest: ModelManifest,
    path: Path,
    settings: RknnSettings,
    calibration: Sequence[Path] = (),
    progress: Progress | None = None,
) -> RknnSimulator:
    """Build an .rknn file, and the folder `simulator` beside it that lets it be simulated again.

    Mean and std move into the model, so that a board feeds it bytes.

    Args:
        model: ONNX model in fp32 with one image input.
        manifest: How images are prepared for it.
        path: The .rknn file to write.
        settings: SoC and precision.
        calibration: Image files like those that the robot will see; for int8 alone. Some hundred are plenty.
        progress: Told the stage and how far it is, 0..1.

    Returns:
        The model, running in the simulator; close it.

    Raises:
        ConfigError: int8 without calibration images, or one of them can't be read.
        BackendUnavailable: rknn-toolkit2 is missing: make rknn.
        ModelError: The toolkit does not take the model.
    """
    recipe = _prepare(model, manifest, path.resolve().parent / FOLDER, settings, calibration)
    simulator = RknnSimulator(recipe, progress)
    try:
        simulator.export(path)
        write_recipe(recipe, path)
    except BaseException:
        simulator.close()
        raise
    return simulator


def convert_folder(
    source: Path,
    out: Path,
    settings: RknnSettings,
    calibration: Sequence[Path] = (),
    progress: Progress | None = None,
) -> RknnReport:
    """Turn a model folder in ONNX into one for an NPU, and hold it against its references in the simulator.

    Nothing is left behind when it fails.

    Args:
        source: Model folder (or its manifest) with an ONNX model in fp32.
        out: Folder to write; must not exist, or be empty.
        settings: As `write_rknn`'s.
        calibration: As `write_rknn`'s.
        progress: As `write_rknn`'s.

    Raises:
        ConfigError: As `write_rknn`, or `out` is in use.
        BackendUnavailable: rknn-toolkit2 is missing: make rknn.
        ModelError: The source is broken or not ONNX in fp32, or the toolkit does not take it.
        ParityError: What was built does not compute what the reference did; the sentence has the numbers.
    """
    stored = read_manifest(source)
    if stored.model_path.suffix != '.onnx' or stored.manifest.precision != 'fp32':
        raise ModelError(
            f'model {str(stored.model_path)!r} ({stored.manifest.precision}) can not be converted: '
            'RKNN models are made from ONNX in fp32. Export it so first.'
        )
    with whole_folder(out) as folder:
        path = folder / MODEL_NAME
        simulator = write_rknn(stored.model_path, stored.manifest, path, settings, calibration, progress)
        try:
            parity = _proven(stored, simulator, settings, path)
        finally:
            simulator.close()
        size = path.stat().st_size
    return RknnReport(out / MANIFEST_NAME, settings.target, parity, size, simulator.build_seconds)


def _proven(stored: StoredModel, simulator: RknnSimulator, settings: RknnSettings, path: Path) -> Parity | None:
    """Write manifest and references beside the model, and measure parity in the simulator."""
    folder = path.parent
    for reference in stored.manifest.references:
        (folder / reference.image).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stored.folder / reference.image, folder / reference.image)
    manifest = _manifest(stored.manifest, path, settings.precision)
    write_manifest(manifest, path, folder / MANIFEST_NAME)
    encoder = ModelEncoder(manifest, RknnBackend.around(SimulatedModel(simulator, takes_pixels=True)))
    encoder.check(folder, f"rknn ({settings.target}'s simulator)")
    return encoder.parity


def _manifest(source: ModelManifest, path: Path, precision: str) -> ModelManifest:
    """The source's, for another file: the weights' checksum stays, and with it the fingerprint."""
    if source.text is not None:
        log.warning('the text tower is left out: an NPU runs images; keep the ONNX export for texts.')
    return replace(
        source,
        sha256=file_sha256(path),
        weights_sha256=source.weights_sha256 or source.sha256,
        precision=precision,
        text=None,
    )


def _prepare(
    model: Path, manifest: ModelManifest, folder: Path, settings: RknnSettings, calibration: Sequence[Path]
) -> RknnRecipe:
    """Put into `folder` what the toolkit needs: the model and, for int8, arrays of the calibration images."""
    if settings.precision == 'int8' and not calibration:
        raise ConfigError('precision int8: no calibration images. Give a folder of images from your camera.')
    folder.mkdir(parents=True)
    for part in model_parts(model):
        shutil.copyfile(part, folder / part.name)
    arrays = []
    for index, path in enumerate(calibration if settings.precision == 'int8' else ()):
        arrays.append(folder / f'calibration_{index:04}.npy')
        np.save(arrays[-1], to_pixels(_read(path), manifest).transpose(0, 3, 1, 2), allow_pickle=False)
    channels = 1 if manifest.channels == 'gray' else 3
    return RknnRecipe(
        model=str(folder / model.name),
        target=settings.target,
        precision=settings.precision,
        mean=_bytes_scale(manifest.mean, channels),
        std=_bytes_scale(manifest.std, channels),
        optimization_level=settings.optimization_level,
        calibration=tuple(map(str, arrays)),
    )


def _bytes_scale(values: Sequence[float], channels: int) -> tuple[float, ...]:
    """From the 0..1 scale, one value for each channel."""
    return tuple(255.0 * v for v in (list(values) * channels)[:channels])


def _read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ConfigError(f'calibration: {str(path)!r} is not an image that can be read.')
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
