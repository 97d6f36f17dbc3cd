# SPDX-License-Identifier: Apache-2.0
"""From a model's own image processor to the preprocessing of a manifest; what can't be said there is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waymark.errors import ModelError
from waymark.exporting.checkpoint import Checkpoint, said_plainly

_RESAMPLING = {1: 'lanczos', 2: 'bilinear', 3: 'bicubic', 4: 'area'}  # PIL's numbers; its BOX is our area
_PROCESSOR_FILES = ('preprocessor_config.json', 'processor_config.json')


@dataclass(frozen=True)
class Preprocessing:
    """The fields of a manifest that say how an image becomes a tensor (see ModelManifest)."""

    input_wh: tuple[int, int]
    resize: str
    resize_to: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    channels: str
    notes: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """Keyword arguments for ModelManifest."""
        return {k: v for k, v in vars(self).items() if k != 'notes'}


def load_processor(checkpoint: Checkpoint) -> Any:
    """Load the image processor that was published with a model.

    Raises:
        ModelError: There is none.
    """
    if not any(checkpoint.file(name) for name in _PROCESSOR_FILES):
        raise ModelError(
            f'model {checkpoint.source!r} does not say how its images are prepared: preprocessor_config.json is '
            'missing. Add the one it was trained with.'
        )
    from transformers import AutoImageProcessor

    with said_plainly(f'image processor of {checkpoint.source!r}'):
        return AutoImageProcessor.from_pretrained(checkpoint.source, trust_remote_code=False)


def read_preprocessing(processor: Any, size_wh: tuple[int, int] | None, channels: int = 3) -> Preprocessing:
    """Say a processor in a manifest's words.

    Args:
        processor: transformers' image processor.
        size_wh: Another input size than the processor's, px.
        channels: Of the model's input: 3, or 1 for gray.

    Raises:
        ModelError: It does something that a manifest can't say.
    """
    values = {k: v for k, v in processor.to_dict().items() if v is not None}
    name = type(processor).__name__
    _refuse_unknown_steps(values, name)
    input_wh, resize, resize_to, notes = _geometry(values, name)
    if size_wh is not None:
        resize_to = round(resize_to * max(size_wh) / max(input_wh)) if resize_to else 0
        input_wh = size_wh
    mean, std = _scale(values, channels)
    interpolation = _RESAMPLING.get(int(values.get('resample', 2)))
    if interpolation is None:
        raise ModelError(f'{name} resamples by method {values["resample"]}, which has no antialiased counterpart here.')
    order = 'gray' if channels == 1 else 'bgr' if values.get('do_flip_channel_order') else 'rgb'
    return Preprocessing(input_wh, resize, resize_to, interpolation, mean, std, order, notes)


def _refuse_unknown_steps(values: Mapping[str, Any], name: str) -> None:
    unknown = [step for step in ('do_pad', 'do_thumbnail', 'do_align_long_axis', 'do_split_image') if values.get(step)]
    if unknown or not values.get('do_resize', True):
        step = unknown[0] if unknown else 'do_resize: false'
        raise ModelError(f"{name} uses {step}, which a manifest can't say. Export the model with another processor.")


def _geometry(values: Mapping[str, Any], name: str) -> tuple[tuple[int, int], str, int, tuple[str, ...]]:
    """Input size, resize rule, shorter side before the crop, notes."""
    size, crop = dict(values.get('size') or {}), dict(values.get('crop_size') or {})
    if 'max_num_patches' in values:
        side = int(math.sqrt(values['max_num_patches'])) * int(values['patch_size'])
        return (side, side), 'stretch', 0, ()
    if 'crop_pct' in values:
        return _convnext(int(size['shortest_edge']), float(values['crop_pct']))
    if name.startswith('Perceiver'):
        # It crops size / crop_size of the shorter side first; resizing first and then cropping is the same picture.
        return _wh(size), 'shortest_crop', round(max(_wh(crop)) / max(_wh(size)) * max(_wh(size))), ()
    if not values.get('do_center_crop') and _wh(size):
        return _wh(size), 'stretch', 0, ()
    if values.get('do_center_crop') and 'shortest_edge' in size and _wh(crop):
        resize_to = int(size['shortest_edge'])
        if resize_to >= max(_wh(crop)):
            return _wh(crop), 'shortest_crop', resize_to, ()
    raise ModelError(
        f"{name} with size {size} and crop {crop if values.get('do_center_crop') else 'none'} can't be said in a "
        'manifest (stretch, or shorter side and centre crop). Export the model with another processor.'
    )


def _convnext(edge: int, crop_pct: float) -> tuple[tuple[int, int], str, int, tuple[str, ...]]:
    """ConvNeXt's rule: from 384 px on stretch; below, shorter side to edge / crop_pct, then centre crop."""
    if edge >= 384:
        return (edge, edge), 'stretch', 0, ()
    return (edge, edge), 'shortest_crop', int(edge / crop_pct), ()


def _wh(size: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height, () when it has none."""
    return (int(size['width']), int(size['height'])) if size.get('width') and size.get('height') else ()  # type: ignore[return-value]


def _scale(values: Mapping[str, Any], channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and std on the 0..1 scale: (x * f - o - mean) / std = (x / 255 - (mean + o) / 255 f) / (std / 255 f)."""
    factor = float(values.get('rescale_factor', 1 / 255)) if values.get('do_rescale', True) else 1.0
    offset = 1.0 if values.get('rescale_offset') or values.get('offset') else 0.0
    normalises = values.get('do_normalize', True)
    mean, std = (values['image_mean'], values['image_std']) if normalises else (0.0, 1.0)
    means, stds = _each(mean, channels), _each(std, channels)
    return tuple((m + offset) / (255 * factor) for m in means), tuple(s / (255 * factor) for s in stds)


def _each(value: Any, channels: int) -> tuple[float, ...]:
    values = tuple(float(v) for v in value) if isinstance(value, list | tuple) else (float(value),) * channels
    return values[:channels]
