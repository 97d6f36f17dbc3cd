# SPDX-License-Identifier: Apache-2.0
"""A trained network as a model folder: manifest, model, references of the parity gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from waymark.encoding.manifest import MANIFEST_NAME, file_sha256, write_manifest
from waymark.exporting.references import reference_images, write_references
from waymark.image.preprocess import to_tensor
from waymark.training.layout import PlaceNetLayout
from waymark.training.weights import TOKENS, VECTOR, write_network
from waymark.types import ModelManifest, ReferencePair

if TYPE_CHECKING:
    from torch import nn

MODEL_NAME = 'model.onnx'


def write_model_folder(network: nn.Module, layout: PlaceNetLayout, folder: Path, name: str, source: str) -> None:
    """Write a network without batch normalisation, with the vectors that torch gives for the reference images.

    Args:
        network: In evaluation mode.
        layout: Its sizes.
        folder: There already, and empty.
        name: Short name in the manifest.
        source: What it was made from.
    """
    path = folder / MODEL_NAME
    write_network(network, layout, path)
    manifest = manifest_for(layout, name, source, file_sha256(path))
    names = write_references(folder)
    vectors = [raw_vector(network, rgb, manifest) for rgb in reference_images()]
    references = tuple(ReferencePair(n, tuple(float(x) for x in v)) for n, v in zip(names, vectors, strict=True))
    write_manifest(manifest_for(layout, name, source, manifest.sha256, references), path, folder / MANIFEST_NAME)


def manifest_for(
    layout: PlaceNetLayout, name: str, source: str, sha256: str, references: tuple[ReferencePair, ...] = ()
) -> ModelManifest:
    """Describe a place encoder: the whole picture is stretched to its input, RGB 0..1."""
    return ModelManifest(
        name=name,
        sha256=sha256,
        source=source,
        licence='Apache-2.0',
        input_wh=layout.input_wh,
        output_dim=layout.dim,
        references=references,
        output=VECTOR,
        tokens_output=TOKENS,
        tokens_grid_hw=layout.grid_hw,
    )


def raw_vector(network: Any, rgb: NDArray[np.uint8], manifest: ModelManifest) -> NDArray[np.float32]:
    """The vector (D,) of torch after the manifest's preprocessing."""
    import torch

    with torch.no_grad():
        return np.asarray(network(torch.from_numpy(to_tensor(rgb, manifest)))[0][0].numpy(), np.float32)
