# SPDX-License-Identifier: Apache-2.0
"""From a manifest's JSON to a ModelManifest: every field of the right kind, none unknown, none missing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from waymark.errors import ModelError
from waymark.types import PRECISIONS, ModelManifest, ReferencePair, TextReference, TextTower

POOLINGS = ('none', 'cls', 'mean', 'gem')
RESIZES = ('stretch', 'crop', 'letterbox', 'shortest_crop')


def parse_manifest(fields: Mapping[str, Any], where: str) -> ModelManifest:
    """Make a manifest from its JSON fields.

    Args:
        fields: As JSON gives them, without the model file's path.
        where: What they belong to, for the error ("manifest 'x.json'").

    Raises:
        ModelError: A field is unknown, missing, of the wrong kind or at odds with another.
    """
    values = _checked(fields, ModelManifest, _IMAGE_CHECKS, where)
    values['references'] = _references(fields.get('references', ()), ReferencePair, 'image', where)
    values['text'] = _tower(fields.get('text'), where)
    manifest = ModelManifest(**values)
    _require_sense(manifest, where)
    return manifest


def _tower(fields: Any, where: str) -> TextTower | None:
    if fields is None:
        return None
    if not isinstance(fields, dict):
        raise ModelError(f'{where}: text can not be {fields!r}. Give an object with the fields of the text tower.')
    values = _checked(fields, TextTower, _TEXT_CHECKS, f'{where}, text')
    values['references'] = _references(fields.get('references', ()), TextReference, 'text', f'{where}, text')
    return TextTower(**values)


def _checked(fields: Mapping[str, Any], kind: type, checks: Mapping[str, Check], where: str) -> dict[str, Any]:
    """The fields with lists made tuples, each of them known and sound."""
    known = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(fields) - set(known))
    missing = [n for n, f in known.items() if f.default is dataclasses.MISSING and n not in fields]
    if unknown or missing:
        raise ModelError(f'{where}: unknown fields {unknown}, missing fields {missing}.')
    for name, check in checks.items():
        if name in fields and (wrong := check(fields[name])):
            raise ModelError(f'{where}: {name} can not be {fields[name]!r}: {wrong}.')
    return {n: tuple(v) if isinstance(v, list) else v for n, v in fields.items()}


def _references(items: Any, kind: type, key: str, where: str) -> Any:
    try:
        return tuple(kind(str(r[key]), _finite(r['output'])) for r in items)
    except (TypeError, KeyError, ValueError) as error:
        raise ModelError(f'{where}: a reference is its {key} and its output, numbers, not {error!r}.') from None


def _finite(values: Any) -> tuple[float, ...]:
    numbers = tuple(float(v) for v in values)
    if not all(map(math.isfinite, numbers)):
        raise ValueError('a value that is not finite')
    return numbers


def _require_sense(manifest: ModelManifest, where: str) -> None:
    """Refuse fields that contradict each other."""
    texts = manifest.text.references if manifest.text else ()
    outputs = [r.output for r in manifest.references] + [r.output for r in texts]
    lengths = {len(o) for o in outputs} - {manifest.output_dim}
    if manifest.output_dim and lengths:
        raise ModelError(f'{where}: output_dim is {manifest.output_dim}, but references have {sorted(lengths)} values.')
    if manifest.resize == 'shortest_crop' and manifest.resize_to < max(manifest.input_wh):
        raise ModelError(
            f'{where}: resize_to {manifest.resize_to} is less than the input {manifest.input_wh} that is cut from it.'
        )
    if bool(manifest.tokens_output) != all(s > 0 for s in manifest.tokens_grid_hw):
        raise ModelError(f'{where}: tokens_output and tokens_grid_hw (rows, columns > 0) are given together.')


Check = Callable[[Any], str]  # says what is wrong, or nothing


def _one_of(*choices: str) -> Check:
    return lambda v: '' if v in choices else f'choose {", ".join(choices)}'


def _numbers(counts: tuple[int, ...], above: float = -math.inf, whole: bool = False) -> Check:
    kinds = int if whole else (int, float)
    words = f'expected {" or ".join(map(str, counts))} {"whole " if whole else ""}numbers'
    words += '' if above == -math.inf else f' above {above:g}'

    def check(value: Any) -> str:
        numbers = value if isinstance(value, list | tuple) and len(value) in counts else [None]
        fits = all(isinstance(v, kinds) and not isinstance(v, bool) and math.isfinite(v) and v > above for v in numbers)
        return '' if fits else words

    return check


def _number(at_least: float = -math.inf) -> Check:
    words = 'expected a number' + (f', at least {at_least:g}' if math.isfinite(at_least) else '')

    def check(value: Any) -> str:
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return '' if is_number and value >= at_least else words

    return check


def _whole(at_least: int) -> Check:
    words = f'expected a whole number, at least {at_least}'
    return lambda v: '' if isinstance(v, int) and not isinstance(v, bool) and v >= at_least else words


def _text(empty: bool = True) -> Check:
    return lambda v: '' if isinstance(v, str) and (empty or v) else 'expected a text'


def _texts(value: Any) -> str:
    fits = isinstance(value, list | tuple) and all(isinstance(v, str) and v for v in value)
    return '' if fits else 'expected a list of texts'


def _sha256(value: Any) -> str:
    fits = isinstance(value, str) and len(value) == 64 and set(value) <= set('0123456789abcdef')
    return '' if fits else 'expected 64 hexadecimal digits'


_IMAGE_CHECKS: dict[str, Check] = {
    'name': _text(empty=False),
    'sha256': _sha256,
    'source': _text(),
    'licence': _text(),
    'input_wh': _numbers((2,), 0, whole=True),
    'mean': _numbers((1, 3)),
    'std': _numbers((1, 3), 0),
    'resize': _one_of(*RESIZES),
    'channels': _one_of('rgb', 'bgr', 'gray'),
    'pooling': _one_of(*POOLINGS),
    'output_dim': _whole(0),
    'decoder': _text(),
    'class_names': _texts,
    'weights_sha256': lambda v: '' if v == '' else _sha256(v),
    'precision': _one_of(*PRECISIONS),
    'interpolation': _one_of('area', 'bilinear', 'bicubic', 'lanczos'),
    'resize_to': _whole(0),
    'output': _text(),
    'tokens_output': _text(),
    'tokens_grid_hw': _numbers((2,), -1, whole=True),
}

_TEXT_CHECKS: dict[str, Check] = {
    'model': _text(empty=False),
    'sha256': _sha256,
    'tokenizer': _text(empty=False),
    'max_length': _whole(1),
    'pad_id': _whole(0),
    'inputs': lambda v: _texts(v) or ('' if v else 'expected at least one name'),
    'output': _text(),
    'pooling': _one_of(*POOLINGS),
    'precision': _one_of(*PRECISIONS),
    'score': lambda v: '' if v in ('', 'softmax', 'sigmoid') else 'choose softmax, sigmoid or nothing',
    'logit_scale': _number(0.0),
    'logit_bias': _number(),
}
