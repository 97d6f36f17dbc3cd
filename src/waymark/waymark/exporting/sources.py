# SPDX-License-Identifier: Apache-2.0
"""A model to export, wherever it comes from: its image tower, preprocessing, weights and licence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.exporting.checkpoint import Checkpoint, file_tensors, open_checkpoint, prepare_libraries, weights_sha256
from waymark.exporting.processors import Preprocessing, load_processor, read_preprocessing
from waymark.exporting.timm_tower import PREFIX, is_timm, load_timm
from waymark.exporting.towers import ImageTower, image_config, load_tower
from waymark.types import ModelManifest

OwnPixels = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True)
class Source:
    """What is exported.

    Attributes:
        tower: Image tower in torch, fp32.
        preprocessing: As a manifest says it.
        manifest: What is known before the export: name, origin, licence, weights, preprocessing, outputs.
        own_pixels: The model's own preprocessing, RGB image to (1, C, h, w), to compare with; None where it differs in
            kind.
        checkpoint: Where a text tower would come from; None for timm.
    """

    tower: ImageTower
    preprocessing: Preprocessing
    manifest: ModelManifest
    own_pixels: OwnPixels | None
    checkpoint: Checkpoint | None

    def vector(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the reference: (1, C, h, w) to the raw vector (D,)."""
        import torch

        with torch.no_grad():
            return np.asarray(self.tower.module(torch.from_numpy(pixels))[0][0].numpy(), np.float32)

    @property
    def size_bytes(self) -> int:
        """Size of the image tower's weights in fp32."""
        model = self.tower.model
        parts = [getattr(model, 'vision_model', model), getattr(model, 'visual_projection', None)]
        return sum(4 * p.numel() for part in parts if part is not None for p in part.parameters())


def load_source(model: str, size_wh: tuple[int, int] | None, pooling: str, name: str = '') -> Source:
    """Load a model by Hugging Face id, local folder or 'timm:NAME'.

    Args:
        model: Which.
        size_wh: Another input size than its own, px.
        pooling: 'default' (the family's own), 'cls', 'mean' or 'gem'.
        name: Short name for the manifest; default: the model's.

    Raises:
        ModelError: It can't be had, is pickled only, has no image tower or a preprocessing that can't be said.
        ConfigError: It has no such pooling or size.
        BackendUnavailable: timm is asked for and missing.
    """
    prepare_libraries()
    if is_timm(model):
        return _from_timm(model, size_wh, pooling, name)
    checkpoint = open_checkpoint(model)
    processor = load_processor(checkpoint)
    channels = image_config(checkpoint.config).get('num_channels', 3)
    preprocessing = read_preprocessing(processor, size_wh, channels)
    tower = load_tower(checkpoint, preprocessing.input_wh, pooling)
    digest = weights_sha256(file_tensors(checkpoint.weight_files()))
    manifest = _manifest(name or checkpoint.short_name, checkpoint.origin, checkpoint.licence(), digest, preprocessing)
    comparable = size_wh is None and checkpoint.family != 'siglip2'  # SigLIP 2 keeps each image at its own aspect
    own = _processor_pixels(processor) if comparable else None
    return Source(tower, preprocessing, _with_outputs(manifest, tower), own, checkpoint)


def _from_timm(model: str, size_wh: tuple[int, int] | None, pooling: str, name: str) -> Source:
    tower, preprocessing, licence, own = load_timm(model, size_wh, pooling)
    short = name or Path(model.removeprefix(PREFIX)).name
    origin = model if model.startswith(PREFIX) else short
    digest = weights_sha256(tower.model.state_dict().items())
    manifest = _with_outputs(_manifest(short, origin, licence, digest, preprocessing), tower)
    return Source(tower, preprocessing, manifest, own if size_wh is None else None, None)


def _manifest(name: str, origin: str, licence: str, digest: str, preprocessing: Preprocessing) -> ModelManifest:
    return ModelManifest(
        name=name, sha256='', source=origin, licence=licence, weights_sha256=digest, **preprocessing.fields()
    )


def _with_outputs(manifest: ModelManifest, tower: ImageTower) -> ModelManifest:
    from dataclasses import replace

    return replace(
        manifest,
        output=tower.output,
        output_dim=tower.dim,
        tokens_output='tokens' if tower.grid_hw[0] else '',
        tokens_grid_hw=tower.grid_hw,
    )


def _processor_pixels(processor: Any) -> OwnPixels:
    def pixels(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        from PIL import Image

        return np.asarray(processor(Image.fromarray(rgb), return_tensors='pt')['pixel_values'], np.float32)

    return pixels
