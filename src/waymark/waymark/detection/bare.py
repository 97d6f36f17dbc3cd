# SPDX-License-Identifier: Apache-2.0
"""ONNX files without a manifest: what they, or the JSON files beside them, say of themselves."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from waymark.backends.files import file_sha256, read_model
from waymark.backends.onnx_files import metadata
from waymark.errors import ModelError
from waymark.types import ModelManifest

# transformers' model types by decoder (their post-processing: softmax with no object, or sigmoid).
_FAMILIES = {'detr': 'detr', 'table-transformer': 'detr', 'yolos': 'detr', 'conditional_detr': 'deformable_detr'}
_FAMILIES |= {'deformable_detr': 'deformable_detr'} | dict.fromkeys(('rt_detr', 'rt_detr_v2', 'd_fine'), 'detr_sigmoid')
UNDESCRIBED = 'an ONNX file without a description'  # a manifest's source: nothing says how it wants its images
_TASKS = {('obb', False): 'yolo_obb', ('obb', True): 'yolo_obb_end2end'}
_TASKS |= {('detect', False): 'yolo', ('detect', True): 'yolo_end2end'}


def bare_manifest(path: Path) -> ModelManifest:
    """Make the manifest that an ONNX file of ultralytics or transformers implies.

    Args:
        path: The .onnx file. Beside it, transformers' exports keep config.json and preprocessor_config.json.

    Returns:
        `input_wh` is (0, 0), `decoder` '' and `class_names` empty where nothing says them.

    Raises:
        ModelError: It can't be read, or states something that makes no sense.
    """
    try:
        stated = metadata(read_model(path))
        if 'task' in stated and 'names' in stated:
            return _of_ultralytics(path, stated)
        if (path.parent / 'config.json').is_file():
            return _of_transformers(path)
    except (ValueError, SyntaxError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ModelError(
            f'model {str(path)!r}: what it says of itself can not be understood ({error!r}). Give it a manifest.'
        ) from None
    return _manifest(path, source=UNDESCRIBED, resize='letterbox')


def _of_ultralytics(path: Path, stated: dict[str, str]) -> ModelManifest:
    names = _in_order(ast.literal_eval(stated['names']))
    height, width = _size(ast.literal_eval(stated.get('imgsz', '(0, 0)')))
    arguments = ast.literal_eval(stated.get('args', '{}'))
    is_unique = stated.get('end2end', 'False') == 'True' or bool(arguments.get('nms', False))
    if (stated['task'], is_unique) not in _TASKS:
        raise ModelError(f'model {str(path)!r} is made for {stated["task"]!r}. Give one for obb or detect.')
    return _manifest(
        path,
        source=f'ultralytics {stated.get("version", "")}'.strip(),
        resize='letterbox',
        input_wh=(width, height),
        decoder=_TASKS[stated['task'], is_unique],
        class_names=names,
        licence=stated.get('license', '').split(' ')[0],
    )


def _of_transformers(path: Path) -> ModelManifest:
    config = json.loads((path.parent / 'config.json').read_text(encoding='utf-8'))
    kind = config.get('model_type', '')
    if kind not in _FAMILIES:
        raise ModelError(f'model {str(path)!r} is of type {kind!r}. Known: {", ".join(_FAMILIES)}.')
    prepared = json.loads((path.parent / 'preprocessor_config.json').read_text(encoding='utf-8'))
    is_normalised = prepared.get('do_normalize', False)
    size = prepared.get('size', {})
    return _manifest(
        path,
        source=f'transformers, {kind}',
        resize='stretch',
        input_wh=(int(size.get('width', 0)), int(size.get('height', 0))),
        decoder=_FAMILIES[kind],
        class_names=_in_order({int(k): v for k, v in config['id2label'].items()}),
        mean=tuple(prepared['image_mean']) if is_normalised else (0.0, 0.0, 0.0),
        std=tuple(prepared['image_std']) if is_normalised else (1.0, 1.0, 1.0),
    )


def _manifest(path: Path, **fields: Any) -> ModelManifest:
    values = {'input_wh': (0, 0), 'licence': '', **fields}
    return ModelManifest(path.stem, file_sha256(path), **values)


def _in_order(names: dict[int, str]) -> tuple[str, ...]:
    if sorted(names) != list(range(len(names))):
        raise ValueError(f'classes numbered {sorted(names)}')
    return tuple(str(names[k]) for k in range(len(names)))


def _size(size: int | list[int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
