# SPDX-License-Identifier: Apache-2.0
"""A detector that is a model file: prepare the image, run, decode, suppress doubles, move into the image."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends import Backend, BackendOptions, backend_for, load_backend, require_backend, takes_pixels
from waymark.boxes.nms import suppressed
from waymark.checks import require_rgb
from waymark.detection.bare import UNDESCRIBED
from waymark.detection.config import DetectorConfig
from waymark.detection.decoders import DECODERS, Raw, Wanted
from waymark.detection.labels import numbered_names
from waymark.detection.parity import BoxParity, require_parity
from waymark.detection.placement import Placement
from waymark.detection.recognition import recognise
from waymark.detection.result import Detections
from waymark.detection.stored import read_detector
from waymark.detection.tiles import Tile, merged, tiles_of, too_long_for_tiles
from waymark.errors import ConfigError, ModelError
from waymark.image.compiled import compiled_halving
from waymark.image.preprocess import InputTensor, to_pixels
from waymark.types import ModelManifest

# All of them take RGB from 0 to 1 in a letterbox; others differ in mean and std, which no shape tells.
_UNNORMALISED = ('yolo', 'yolo_obb', 'yolo_end2end', 'yolo_obb_end2end', 'rockchip_obb')

log = logging.getLogger(__name__)


class Detector:
    """Finds oriented boxes. One thread at a time: the network's input is written anew for each image.

    Attributes:
        manifest: Of the model, with the decoder and the class names that are in use.
        backend_name: What runs it.
        description: One line that says all that was chosen, for logs.
        parity: How far it is from its reference on this backend; None where it has no references.
    """

    def __init__(self, manifest: ModelManifest, backend: Backend, config: DetectorConfig, chosen: str = '') -> None:
        """Check that the model takes what the manifest prepares, and choose the decoder.

        Args:
            manifest: With `input_wh`; an empty decoder is recognised by a run on a gray image.
            backend: The loaded model.
            config: Thresholds; its decoder and names take precedence.
            chosen: Where the manifest came from, for the description.

        Raises:
            ModelError: The model's input, outputs or number of classes are not what they should be.
        """
        self._backend, self._config, self.backend_name = backend, config, backend.name
        self.parity: BoxParity | None = None
        manifest = replace(manifest, class_names=config.names or manifest.class_names)
        manifest = replace(manifest, input_wh=_input_size(manifest, backend))
        if manifest.resize not in ('letterbox', 'stretch'):
            raise ModelError(
                f'model {manifest.name!r}: resize {manifest.resize!r} loses a part of the image. '
                'Set letterbox or stretch in its manifest.'
            )
        self._input = next(iter(backend.input_shapes))
        self._tensor = None if takes_pixels(backend) else InputTensor(manifest, compiled_halving())
        self.manifest = manifest
        gray = np.full((*manifest.input_wh[::-1], 3), 127, np.uint8)
        shapes = {name: np.shape(output) for name, output in self._run(gray).items()}
        self.manifest = _decided(manifest, config.decoder or manifest.decoder, shapes)
        self._decoder, names = DECODERS[self.manifest.decoder], self.manifest.class_names
        self._wanted = Wanted(manifest.name, manifest.input_wh, len(names), config.confidence)
        self._nothing = Detections(np.empty((0, 5)), np.empty(0), np.empty(0, int), names)
        self.description = self._describe(chosen, config.decoder or manifest.decoder)
        self.detect(gray)  # a wrong number of classes shows here, not at the first image

    @classmethod
    def from_config(cls, config: DetectorConfig, progress: Callable[[str, float], None] | None = None) -> Detector:
        """Load the model that a configuration names.

        Raises:
            ConfigError: No model is named, or no such backend or decoder exists.
            BackendUnavailable: The backend's library or device is missing.
            ModelError: Manifest or model are not what they should be.
            ParityError: The model does not find what its reference did.
        """
        if not config.model:
            raise ConfigError('model: none is named. Give an ONNX file, a model folder or a manifest.')
        if config.decoder and config.decoder not in DECODERS:
            raise ConfigError(f'decoder: unknown decoder {config.decoder!r}. Known: {", ".join(DECODERS)}.')
        options = BackendOptions(config.device, config.threads, progress)
        if config.backend != 'auto':
            require_backend(config.backend, options)
        stored, chosen = read_detector(config.model)
        manifest = stored.manifest
        backend = backend_for(stored.model_path, config.device) if config.backend == 'auto' else config.backend
        options.tell(f'loading {manifest.name} on {backend} ({config.device})', 0.0)
        running = load_backend(backend, stored.model_path, replace(options, precision=manifest.precision))
        detector = cls(manifest, running, config, chosen)
        options.tell(f'comparing {manifest.name} with its references', 0.0)
        # The references were found with the default thresholds, whatever is asked for now.
        usual = cls(manifest, running, DetectorConfig(), chosen) if manifest.references else detector
        detector.parity = require_parity(usual.detect, usual.manifest, stored.folder)
        log.info('%s; parity: %s', detector.description, detector.parity or 'no references')
        return detector

    @property
    def config(self) -> DetectorConfig:
        """As given."""
        return self._config

    @property
    def input_name(self) -> str:
        """Of the model's one input."""
        return self._input

    def detect(self, rgb: NDArray[np.uint8]) -> Detections:
        """Find objects in one image, in tiles where the configuration asks for them and the image is larger than one.

        What is longer than tiles overlap is also looked for in the whole image, as tiles may see only parts of it.

        Args:
            rgb: (H, W, 3) uint8, of any size.

        Returns:
            Best score first; empty when there is nothing.

        Raises:
            ValueError: `rgb` is not a non-empty RGB uint8 image.
            ModelError: The model answered something that is not boxes.
        """
        require_rgb('rgb', rgb)
        size, overlap = (rgb.shape[1], rgb.shape[0]), self._config.tile_overlap
        if not overlap or all(s <= t for s, t in zip(size, self.manifest.input_wh, strict=True)):
            return self._limited(self._detect(rgb))
        parts = []
        for tile in tiles_of(size, self.manifest.input_wh, overlap):
            part = rgb[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
            parts.append((tile, self._detect(np.ascontiguousarray(part))))
        parts.append((Tile(0, 0, *size), too_long_for_tiles(self._detect(rgb), self.manifest.input_wh, overlap)))
        return self._limited(merged(parts, size, self._config.nms_threshold, self._is_agnostic))

    @property
    def _is_agnostic(self) -> bool:
        return self._config.class_agnostic or self._decoder.is_exclusive

    def candidates(self, rgb: NDArray[np.uint8]) -> Raw:
        """What the network finds in the whole image before suppression, in its input: px from the upper left corner.

        Raises:
            ModelError: As detect.
        """
        outputs = self._run(rgb)
        raw = self._decoder.decode([outputs[n] for n in self._backend.output_names], self._wanted)
        finite = np.isfinite(raw.boxes)
        if not finite.all():
            bad = len(raw.boxes) - int(np.count_nonzero(finite.all(axis=1)))
            raise ModelError(
                f'model {self.manifest.name!r} gave {bad} of {len(raw.boxes)} boxes that are not finite. '
                'Export it again, or use another precision.'
            )
        return raw

    def _detect(self, rgb: NDArray[np.uint8]) -> Detections:
        """Objects of one image or tile, seen at once."""
        raw, config = self.candidates(rgb), self._config
        if not len(raw.boxes):
            return self._nothing
        boxes = np.asarray(raw.boxes, np.float64)
        boxes[:, :2] -= 0.5  # from pixel edges to pixel centres
        boxes[:, 2:4] = np.maximum(boxes[:, 2:4], 0)  # networks may give sides a hair below 0
        scores, classes = np.minimum(np.maximum(raw.scores, 0), 1), raw.classes
        if self._decoder.is_unique:
            kept = np.argsort(-scores, kind='stable')
        else:
            ranks = np.asarray(scores, np.float64)
            kept = suppressed(boxes, ranks, config.nms_threshold, None if self._is_agnostic else classes)
        place = Placement.of((rgb.shape[1], rgb.shape[0]), self.manifest.input_wh, self.manifest.resize)
        return Detections(place.to_source(boxes[kept]), scores[kept], classes[kept], self.manifest.class_names)

    def _limited(self, found: Detections) -> Detections:
        most = self._config.max_detections
        return found.chosen(np.arange(most)) if most and len(found) > most else found

    def _run(self, rgb: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        prepared = to_pixels(rgb, self.manifest) if self._tensor is None else self._tensor.write(rgb)
        return self._backend.run({self._input: prepared})

    def _describe(self, chosen: str, given: str) -> str:
        m, how = self.manifest, 'as stated' if given else 'recognised from its outputs'
        loop = ', halved by numba' if self._tensor is not None and self._tensor.halve else ''
        return (
            f'detector {m.name!r} on {self.backend_name} ({self._config.device}){chosen and f", {chosen}"}: decoder '
            f'{m.decoder} ({self._decoder.about}; {how}), {len(m.class_names)} classes, input {m.input_wh[0]} x '
            f'{m.input_wh[1]} {m.channels}, {m.resize}, mean {m.mean}, std {m.std}{loop}'
        )


def _input_size(manifest: ModelManifest, backend: Backend) -> tuple[int, int]:
    """Width and height of the one image input, by the model or, where it takes any, by the manifest."""
    shapes = list(backend.input_shapes.values())
    channels = 1 if manifest.channels == 'gray' else 3
    wanted = f'one image input of {channels} channels'
    if len(shapes) != 1 or len(shapes[0]) != 4:
        raise ModelError(f'model {manifest.name!r} takes {dict(backend.input_shapes)}, expected {wanted}.')
    last = takes_pixels(backend)
    found_channels, height, width = (shapes[0][k] for k in ((3, 1, 2) if last else (1, 2, 3)))
    if found_channels not in (None, channels) or shapes[0][0] not in (None, 1):
        raise ModelError(f'model {manifest.name!r} takes {dict(backend.input_shapes)}, expected {wanted}.')
    stated_wh = manifest.input_wh
    size = (width or stated_wh[0], height or stated_wh[1])
    if min(size) < 1:
        raise ModelError(f'model {manifest.name!r} takes images of any size: state input_wh in a manifest.')
    if min(stated_wh) > 0 and size != stated_wh:
        raise ModelError(f'model {manifest.name!r} takes images of {size}, its manifest prepares {stated_wh}.')
    return size


def _decided(manifest: ModelManifest, decoder: str, shapes: dict[str, tuple[int, ...]]) -> ModelManifest:
    """The manifest with a decoder, and names for classes that have none."""
    if decoder and decoder not in DECODERS:
        raise ModelError(f'model {manifest.name!r}: unknown decoder {decoder!r}. Known: {", ".join(DECODERS)}.')
    names = manifest.class_names
    decoder = decoder or recognise(manifest.name, shapes, len(names) if names else None)
    if manifest.source == UNDESCRIBED and decoder not in _UNNORMALISED:
        raise ModelError(
            f'model {manifest.name!r} ({decoder}) does not say how it wants its images: write a manifest with '
            'mean, std, channels and resize.'
        )
    if not names:
        count = _class_count(decoder, list(shapes.values()))
        if count is None:
            raise ModelError(f'model {manifest.name!r} does not say how many classes it has: give class names.')
        names = numbered_names(count)
    return replace(manifest, decoder=decoder, class_names=names)


def _class_count(decoder: str, shapes: list[tuple[int, ...]]) -> int | None:
    """Classes by the outputs' shapes; None for end-to-end models, whose rows hold a class number."""
    if decoder in ('yolo', 'yolo_obb'):
        return shapes[0][1] - (4 if decoder == 'yolo' else 5)
    if decoder in ('detr', 'detr_sigmoid', 'deformable_detr'):
        return shapes[0][2] - (1 if decoder == 'detr' else 0)
    heads = [s[1] - 64 for s in shapes if len(s) == 4 and s[1] > 64]
    return heads[0] if decoder == 'rockchip_obb' and heads else None
