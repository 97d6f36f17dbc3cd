# SPDX-License-Identifier: Apache-2.0
"""The values that Waymark's parts hand to each other. Frozen; arrays inside are read-only."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_dtype, require_shape

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Header:
    """When and where an image was taken: every output carries the header of its image."""

    stamp_ns: int
    frame_id: str = 'camera_optical_frame'

    @property
    def stamp_s(self) -> float:
        """The stamp in seconds (for people; compare stamps in nanoseconds)."""
        return self.stamp_ns / NANOSECONDS


@dataclass(frozen=True, eq=False)
class Frame:
    """One camera image, shared by reference between all who look at it.

    Attributes:
        header: Stamp and optical frame.
        pixels: Read-only (H, W) or (H, W, 3), uint8, uint16 or float32, in the channel order of `layout`.
        layout: 'rgb', 'bgr' or 'mono'.

    `rgb` and `gray` are computed at most once, whoever asks first, and shared. Conversions to 8 bit scale uint16 by
    1/257 and clip float32 from [0, 1] to [0, 255].
    """

    header: Header
    pixels: NDArray[Any]
    layout: str = 'rgb'
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _cache: dict[str, NDArray[np.uint8]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.layout not in ('rgb', 'bgr', 'mono'):
            raise ValueError(f'layout: expected rgb, bgr or mono, got {self.layout!r}')
        require_shape('pixels', self.pixels, ('H', 'W') if self.layout == 'mono' else ('H', 'W', 3))
        require_dtype('pixels', self.pixels, np.uint8, np.uint16, np.float32)
        if self.pixels.size == 0:
            raise ValueError(f'pixels: the image is empty {self.pixels.shape}')
        if self.pixels.flags.writeable:
            view = self.pixels.view()
            view.setflags(write=False)
            object.__setattr__(self, 'pixels', view)

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """RGB uint8 (H, W, 3), read-only."""
        code = {'rgb': None, 'bgr': cv2.COLOR_BGR2RGB, 'mono': cv2.COLOR_GRAY2RGB}[self.layout]
        return self._converted('rgb', code)

    @property
    def gray(self) -> NDArray[np.uint8]:
        """Gray uint8 (H, W), read-only."""
        code = {'rgb': cv2.COLOR_RGB2GRAY, 'bgr': cv2.COLOR_BGR2GRAY, 'mono': None}[self.layout]
        return self._converted('gray', code)

    def _converted(self, name: str, code: int | None) -> NDArray[np.uint8]:
        with self._lock:
            if name not in self._cache:
                eight_bit = _to_uint8(self.pixels)
                image = eight_bit if code is None else cv2.cvtColor(eight_bit, code)
                image = np.asarray(image, np.uint8).view()
                image.setflags(write=False)
                self._cache[name] = image
            return self._cache[name]


def _to_uint8(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.uint16:
        return np.asarray(np.rint(pixels / 257.0), np.uint8)
    return np.asarray(np.rint(np.clip(np.nan_to_num(pixels), 0.0, 1.0) * 255.0), np.uint8)


PRECISIONS = ('fp32', 'fp16', 'bf16', 'int8')


@dataclass(frozen=True)
class ReferencePair:
    """One reference of the parity gate.

    Attributes:
        image: PNG file, relative to the manifest's folder.
        output: (D,) what the reference model (fp32, torch) gave for it, before it was made unit length.
    """

    image: str
    output: tuple[float, ...]


@dataclass(frozen=True)
class TextReference:
    """One reference of a text tower's parity gate: a text and its vector, before it was made unit length."""

    text: str
    output: tuple[float, ...]


@dataclass(frozen=True)
class TextTower:
    """The part of a model that puts texts where its images are; files are relative to the manifest's folder.

    Attributes:
        model: Model file.
        sha256: Of that file's bytes, hexadecimal.
        tokenizer: File of the tokenizer, in the format of the `tokenizers` library.
        max_length: Tokens that the tower takes; longer texts are cut, shorter ones padded to it.
        pad_id: Token that pads.
        inputs: The tower's inputs: the tokens, and where it takes one the attention mask.
        output: Name of the output that holds the vector ('': the first).
        pooling: As ModelManifest's.
        precision: As ModelManifest's.
        references: Texts and outputs for the parity gate.
        score: How the model's cosines between images and texts become scores: 'softmax' over the texts (CLIP), a
            'sigmoid' of each (SigLIP), or '' where that is unknown.
        logit_scale: Factor of the cosines, as the model learned it (CLIP's is 100); 0 where unknown.
        logit_bias: Added to them before a sigmoid.
    """

    model: str
    sha256: str
    tokenizer: str = 'tokenizer.json'
    max_length: int = 64
    pad_id: int = 0
    inputs: tuple[str, ...] = ('input_ids',)
    output: str = ''
    pooling: str = 'none'
    precision: str = 'fp32'
    references: tuple[TextReference, ...] = ()
    score: str = ''
    logit_scale: float = 0.0
    logit_bias: float = 0.0


@dataclass(frozen=True)
class ModelManifest:
    """Everything needed to run a model file as its author meant it, stored beside it as JSON.

    Attributes:
        name: Short name ('waymark-hog-1').
        sha256: Of the model file's bytes, hexadecimal.
        source: Where the model came from.
        licence: SPDX identifier.
        input_wh: Input width and height, px.
        mean: Per channel, on the 0..1 scale.
        std: Per channel, on the 0..1 scale.
        resize: 'stretch', 'crop' (the largest centred part of the input's aspect), 'letterbox', or 'shortest_crop'
            (the shorter side to `resize_to`, then the centre).
        channels: 'rgb', 'bgr' or 'gray'.
        pooling: How the output becomes one vector: 'none', 'cls', 'mean', 'gem'.
        output_dim: Length of the embedding (0 for a detector).
        decoder: Name of the detector's decoder ('' for an encoder).
        class_names: Of a detector.
        references: Images and outputs for the parity gate.
        weights_sha256: Of the reference model's weights; equal for all its exports ('': the same as `sha256`).
        precision: What the weights were made for: 'fp32', 'fp16', 'bf16' or 'int8'.
        interpolation: Of the resize: 'area', 'bilinear', 'bicubic' or 'lanczos', all antialiased.
        resize_to: Shorter side before the crop of 'shortest_crop', px.
        output: Name of the output that holds the embedding ('': the first).
        tokens_output: Name of the output that holds patch tokens, without class token and registers ('': none).
        tokens_grid_hw: Rows and columns of those tokens.
        text: The text tower, where there is one.
    """

    name: str
    sha256: str
    source: str
    licence: str
    input_wh: tuple[int, int]
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    resize: str = 'stretch'
    channels: str = 'rgb'
    pooling: str = 'none'
    output_dim: int = 0
    decoder: str = ''
    class_names: tuple[str, ...] = ()
    references: tuple[ReferencePair, ...] = ()
    weights_sha256: str = ''
    precision: str = 'fp32'
    interpolation: str = 'area'
    resize_to: int = 0
    output: str = ''
    tokens_output: str = ''
    tokens_grid_hw: tuple[int, int] = (0, 0)
    text: TextTower | None = None

    @property
    def fingerprint(self) -> str:
        """sha256 over weights, preprocessing and pooling: equal for all exports and precisions of one model.

        Two embeddings may be compared only when their fingerprints are equal.
        """
        weights = self.weights_sha256 or self.sha256
        prepared = (self.input_wh, self.mean, self.std, self.resize, self.resize_to, self.interpolation, self.channels)
        return hashlib.sha256(json.dumps((weights, prepared, self.output, self.pooling)).encode()).hexdigest()
