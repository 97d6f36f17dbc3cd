# SPDX-License-Identifier: Apache-2.0
"""Which topics a policy's features come from, and where its actions go: a YAML, checked against the policy's contract.

docs/policy.md has one with every key.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from waymark.errors import ConfigError, PolicyError
from waymark.policy.contract import Contract, VectorFeature

FITS = ('exact', 'resize', 'pad')
TWIST = tuple(f'{kind}.{axis}' for kind in ('linear', 'angular') for axis in 'xyz')
POSE = ('x', 'y', 'z', 'roll', 'pitch', 'yaw')
OUTPUTS = {'twist': TWIST, 'drone': (*TWIST[:3], 'angular.z'), 'joint_trajectory': ()}
NOWHERE = 'nowhere'  # an action that is given and not used
JOINT_FIELDS = ('position', 'velocity', 'effort')
# Factor to ROS's unit, and what it measures.
UNITS = {
    'm': (1.0, 'length'),
    'cm': (0.01, 'length'),
    'mm': (0.001, 'length'),
    'rad': (1.0, 'angle'),
    'deg': (math.pi / 180, 'angle'),
    'm/s': (1.0, 'speed'),
    'cm/s': (0.01, 'speed'),
    'rad/s': (1.0, 'turning'),
    'deg/s': (math.pi / 180, 'turning'),
    'Nm': (1.0, 'effort'),
    'N': (1.0, 'effort'),
}


@dataclass(frozen=True)
class Quantity:
    """One number of a feature and what it is in ROS: ros = factor of `unit` * (scale * number + offset).

    Attributes:
        name: As the policy's data has it ('shoulder_pan.pos').
        source: 'joint', 'odometry', 'constant'; for actions 'to'.
        field: Joint, axis, or what of the odometry; for actions axis, joint, or NOWHERE.
        of: Of a joint: 'position', 'velocity' or 'effort'.
        unit: Of the policy's number, after scale and offset; '': ROS's own.
        scale: See above.
        offset: See above.
    """

    name: str
    source: str
    field: str
    of: str = 'position'
    unit: str = ''
    scale: float = 1.0
    offset: float = 0.0

    @property
    def factor(self) -> float:
        """From `unit` to ROS's."""
        return UNITS[self.unit][0] if self.unit else 1.0

    def to_ros(self, number: float) -> float:
        """The policy's number as ROS has it."""
        return self.factor * (self.scale * number + self.offset)

    def from_ros(self, value: float) -> float:
        """ROS's value as the policy has it."""
        return (value / self.factor - self.offset) / self.scale


@dataclass(frozen=True)
class ImageInput:
    """Topic of an image feature, and how another size is dealt with ('exact': refused)."""

    key: str
    topic: str
    fit: str = 'exact'


@dataclass(frozen=True)
class PolicyMapping:
    """Topics to features, actions to commands.

    Attributes:
        path: Where it was read, for errors.
        fps: Steps in a second of a chunk.
        images: One for each camera of the policy.
        states: Numbers of each vector, in the policy's order.
        output: Key of OUTPUTS.
        actions: Where each number of an action goes.
    """

    path: str
    fps: float
    images: tuple[ImageInput, ...]
    states: Mapping[str, tuple[Quantity, ...]]
    output: str
    actions: tuple[Quantity, ...]


def load_mapping(path: Path) -> PolicyMapping:
    """Read a mapping.

    Raises:
        ConfigError: Not YAML, a key that is unknown, missing or of another type; by name.
    """
    try:
        document = yaml.safe_load(path.expanduser().read_text(encoding='utf-8'))
    except OSError as error:
        raise ConfigError(f'mapping {str(path)!r} can not be read ({error.strerror}).') from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f'mapping {str(path)!r} is no YAML: {" ".join(str(error).split())[:300]}') from None
    return mapping_of(document, str(path))


def mapping_of(document: Any, where: str = 'mapping') -> PolicyMapping:
    """Check plain values and build a mapping of them.

    Raises:
        ConfigError: As `load_mapping`.
    """
    values = _keys(document, where, required=('fps', 'action'), optional=('images', 'state'))
    fps = _number(values['fps'], f'{where}: fps')
    if not 0 < fps <= 1000:
        raise ConfigError(f'{where}: fps must be above 0 and at most 1000, got {fps:g}.')
    action = _keys(values['action'], f'{where}: action', required=('output', 'values'))
    output = action['output']
    if output not in OUTPUTS:
        raise ConfigError(f'{where}: action: output must be one of {", ".join(OUTPUTS)}, got {output!r}.')
    images = tuple(_image(k, v, f'{where}: images: {k}') for k, v in _table(values.get('images'), f'{where}: images'))
    states = {
        str(key): tuple(_state(v, f'{where}: state: {key}: {i + 1}.') for i, v in enumerate(_rows(rows, where, key)))
        for key, rows in _table(values.get('state'), f'{where}: state')
    }
    rows = _rows(action['values'], where, 'action: values')
    actions = tuple(_action(v, output, f'{where}: action: {i + 1}.') for i, v in enumerate(rows))
    used = [a.field for a in actions if a.field != NOWHERE]
    if len(set(used)) < len(used) or not used:
        raise ConfigError(f'{where}: action: each axis or joint is commanded once, got {", ".join(used) or "none"}.')
    return PolicyMapping(where, fps, images, states, str(output), actions)


def mismatches(contract: Contract, mapping: PolicyMapping) -> list[str]:
    """Whatever of a mapping does not go with a policy, a sentence each."""
    return [f'{mapping.path}: {text}' for text in _mismatches(contract, mapping)]


def require_match(contract: Contract, mapping: PolicyMapping) -> None:
    """Refuse a mapping that does not go with the policy.

    Raises:
        PolicyError: All that does not.
    """
    if wrong := mismatches(contract, mapping):
        raise PolicyError(' '.join(wrong))


def _mismatches(contract: Contract, mapping: PolicyMapping) -> Iterator[str]:
    given = {i.key for i in mapping.images} | set(mapping.states)
    yield from (f'nothing is given for {key}, which the policy takes.' for key in contract.keys if key not in given)
    known = f'it takes {", ".join(contract.keys)}.'
    yield from (f'the policy takes no {key}; {known}' for key in sorted(given - set(contract.keys)))
    kinds = {c.key: 'an image' for c in contract.cameras} | {s.key: 'a vector' for s in contract.states}
    for key in sorted(given & set(kinds)):
        here = 'a vector' if key in mapping.states else 'an image'
        if kinds[key] != here:
            yield f'{key} is {kinds[key]} for the policy, {here} here.'
    for feature in (*contract.states, contract.action):
        rows = mapping.actions if feature.key == contract.action.key else mapping.states.get(feature.key)
        if rows is not None:
            yield from _row_mismatches(feature, rows)
    if contract.fps is not None and contract.fps != mapping.fps:
        yield f'fps is {mapping.fps:g}, the policy was trained at {contract.fps:g}.'


def _row_mismatches(feature: VectorFeature, rows: tuple[Quantity, ...]) -> Iterator[str]:
    if len(rows) != feature.dim:
        yield f'{feature.key} has {feature.dim} values for the policy, {len(rows)} here.'
    for number, (name, row) in enumerate(zip(feature.names or (), rows, strict=False), 1):
        if name != row.name:
            yield f'{feature.key}: value {number} is {name} for the policy, {row.name} here.'


def _image(key: str, values: Any, where: str) -> ImageInput:
    found = _keys(values, where, required=('topic',), optional=('fit',))
    fit = found.get('fit', 'exact')
    if fit not in FITS:
        raise ConfigError(f'{where}: fit must be one of {", ".join(FITS)}, got {fit!r}.')
    return ImageInput(key, _text(found['topic'], f'{where}: topic'), fit)


def _state(values: Any, where: str) -> Quantity:
    found = _keys(values, where, required=('name',), optional=('joint', 'odometry', 'of', *_NUMBERS))
    sources = [s for s in ('joint', 'odometry') if s in found]
    if len(sources) != 1:
        raise ConfigError(f'{where}: expected `joint: NAME` or `odometry: FIELD`, got {", ".join(sources) or "none"}.')
    field, of = _text(found[sources[0]], where), found.get('of', 'position')
    if sources == ['odometry'] and field not in (*POSE, *TWIST):
        raise ConfigError(f'{where}: odometry has {", ".join((*POSE, *TWIST))}, no {field!r}.')
    if of not in JOINT_FIELDS or ('of' in found and sources == ['odometry']):
        raise ConfigError(f'{where}: of must be one of {", ".join(JOINT_FIELDS)}, and is for joints; got {of!r}.')
    return _quantity(found, sources[0], field, of, _measures(sources[0], field, of), where)


def _action(values: Any, output: Any, where: str) -> Quantity:
    found = _keys(values, where, required=('name', 'to'), optional=_NUMBERS)
    field, axes = _text(found['to'], f'{where}: to'), OUTPUTS[output]
    if axes and field not in (*axes, NOWHERE):
        raise ConfigError(f'{where}: a {output} has {", ".join(axes)}, and {NOWHERE}; got {field!r}.')
    return _quantity(found, 'to', field, 'position', _measures('odometry' if axes else 'joint', field, ''), where)


_NUMBERS = ('unit', 'scale', 'offset')


def _measures(source: str, field: str, of: str) -> tuple[str, ...]:
    """What a quantity of ROS can measure; a joint may turn or slide."""
    if field == NOWHERE:
        return tuple({kind for _, kind in UNITS.values()})
    if source == 'joint':
        return {'velocity': ('speed', 'turning'), 'effort': ('effort',)}.get(of, ('angle', 'length'))
    if field in POSE:
        return ('length',) if field in 'xyz' else ('angle',)
    return ('speed',) if field.startswith('linear') else ('turning',)


def _quantity(
    found: Mapping[str, Any], source: str, field: str, of: str, measures: tuple[str, ...], where: str
) -> Quantity:
    unit = found.get('unit', '')
    fitting = [u for u, (_, kind) in UNITS.items() if kind in measures]
    if unit and unit not in fitting:
        raise ConfigError(f'{where}: unit must be one of {", ".join(fitting)} for {field}, got {unit!r}.')
    scale, offset = (_number(found.get(n, d), f'{where}: {n}') for n, d in (('scale', 1.0), ('offset', 0.0)))
    if scale == 0:
        raise ConfigError(f'{where}: scale must not be 0.')
    return Quantity(_text(found['name'], f'{where}: name'), source, field, of, unit, scale, offset)


def _keys(values: Any, where: str, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ConfigError(f'{where}: expected {", ".join((*required, *optional))}, got {values!r}.')
    missing, unknown = [k for k in required if k not in values], [k for k in values if k not in (*required, *optional)]
    if missing or unknown:
        known = ', '.join((*required, *optional))
        what = f'{missing[0]} is missing' if missing else f'unknown key {unknown[0]!r}'
        raise ConfigError(f'{where}: {what}. Known: {known}.')
    return values


def _table(values: Any, where: str) -> Iterator[tuple[str, Any]]:
    if values is not None and not isinstance(values, dict):
        raise ConfigError(f"{where}: expected the policy's keys, got {values!r}.")
    yield from ((str(k), v) for k, v in (values or {}).items())


def _rows(values: Any, where: str, key: str) -> list[Any]:
    if not isinstance(values, list) or not values:
        raise ConfigError(f'{where}: {key}: expected a list, got {values!r}.')
    return values


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f'{where}: expected a text, got {value!r}.')
    return value


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f'{where}: expected a number, got {value!r}.')
    return float(value)
