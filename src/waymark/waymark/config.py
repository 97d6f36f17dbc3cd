# SPDX-License-Identifier: Apache-2.0
"""Configuration declared once: one `param()` field is default, limits, unit, meaning and row of docs/parameters.md.

@dataclass(frozen=True)
class TrackerConfig(Config):
min_inliers: int = param(12, 'Fewest inliers to report a target.', ge=4)
"""

from __future__ import annotations

import dataclasses
import math
import operator
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass
from typing import Any, TypeVar

from waymark.errors import ConfigError

T = TypeVar('T')
ConfigT = TypeVar('ConfigT', bound='Config')

_SCALARS: dict[type, str] = {bool: 'true or false', int: 'a whole number', float: 'a number', str: 'a text'}


@dataclass(frozen=True)
class Limits:
    """What a value must keep: bounds (inclusive ge/le, exclusive gt/lt) or one of `choices`."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    choices: tuple[str, ...] = ()

    def violation(self, value: Any) -> str | None:
        """Say what is wrong with one scalar, or None."""
        if self.choices and value not in self.choices:
            return f'must be one of {", ".join(self.choices)}'
        if isinstance(value, float) and not math.isfinite(value):
            return 'must be a finite number'
        bounds: tuple[tuple[float | None, Callable[[Any, float], bool], str], ...] = (
            (self.ge, operator.ge, 'at least'),
            (self.gt, operator.gt, 'above'),
            (self.le, operator.le, 'at most'),
            (self.lt, operator.lt, 'below'),
        )
        wrong = [f'{word} {bound:g}' for bound, ok, word in bounds if bound is not None and not ok(value, bound)]
        return f'must be {" and ".join(wrong)}' if wrong else None


@dataclass(frozen=True)
class ParamSpec:
    """One declared parameter, as the ROS layer, the documentation and the YAML reader see it."""

    name: str
    type: type  # bool, int, float or str: the element type where `is_sequence`
    is_sequence: bool
    default: Any
    doc: str
    unit: str
    limits: Limits
    is_path: bool

    @property
    def type_name(self) -> str:
        """The type as documentation shows it: `int`, `float[]`, `path`."""
        base = 'path' if self.is_path else self.type.__name__
        return f'{base}[]' if self.is_sequence else base

    def coerce(self, value: Any) -> Any:
        """Return `value` in the declared type.

        Raises:
            ConfigError: Wrong type or out of range; the text starts with the parameter's name.
        """
        if not self.is_sequence:
            return self._coerce_scalar(value)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ConfigError(f'{self.name}: expected a list of {self.type.__name__}, got {value!r}')
        return tuple(self._coerce_scalar(v) for v in value)

    def _coerce_scalar(self, value: Any) -> Any:
        fits = isinstance(value, self.type) and not (self.type is int and isinstance(value, bool))
        if self.type is float and isinstance(value, int) and not isinstance(value, bool):
            value, fits = float(value), True
        if not fits:
            raise ConfigError(f'{self.name}: expected {_SCALARS[self.type]}, got {value!r}')
        wrong = self.limits.violation(value)
        if wrong:
            raise ConfigError(f'{self.name}: {wrong}, got {value!r}')
        return value


def param(
    default: T,
    doc: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    choices: tuple[str, ...] = (),
    unit: str = '',
    path: bool = False,
) -> T:
    """Declare one field of a Config.

    Args:
        default: Value when nothing is said; its annotation is bool, int, float, str or a tuple of one of these.
        doc: One sentence that ends with a full stop.
        ge: At least. gt: above. le: at most. lt: below; for tuples they hold for each element.
        gt: See ge.
        le: See ge.
        lt: See ge.
        choices: Allowed texts.
        unit: SI unit or px, where there is one.
        path: A file or folder; a relative one in a pipeline YAML is relative to that YAML.

    Returns:
        A dataclass field, typed as the default so that annotations check.
    """
    metadata = {'doc': doc, 'unit': unit, 'limits': Limits(ge, gt, le, lt, choices), 'path': path}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Config:
    """Base of every configuration: a frozen dataclass whose fields all come from `param()`."""

    def __post_init__(self) -> None:
        for spec in specs(type(self)):
            object.__setattr__(self, spec.name, spec.coerce(getattr(self, spec.name)))

    @classmethod
    def from_mapping(cls: type[ConfigT], values: Mapping[str, Any], where: str = '') -> ConfigT:
        """Build from plain values, as a YAML or ROS parameters give them.

        Args:
            values: Name to value; missing names take their default.
            where: What the values belong to, for the error ('node image_encoder in demo.yaml').

        Raises:
            ConfigError: A key that is not declared, a wrong type, or a value out of range.
        """
        prefix = f'{where}: ' if where else ''
        known = {s.name for s in specs(cls)}
        for key in values:
            if key not in known:
                raise ConfigError(f'{prefix}unknown parameter {key!r}. {_suggest(str(key), known)}')
        try:
            return cls(**values)
        except ConfigError as error:
            raise ConfigError(f'{prefix}{error}') from None


def specs(config_class: type[Config]) -> list[ParamSpec]:
    """List the declared parameters of a configuration class, in order of declaration."""
    hints = typing.get_type_hints(config_class)
    return [_spec(f, hints[f.name]) for f in dataclasses.fields(config_class)]


def _spec(field: dataclasses.Field[Any], hint: Any) -> ParamSpec:
    if 'doc' not in field.metadata or field.default is MISSING:
        raise TypeError(f'{field.name}: declare every field of a Config with param(default, doc)')
    is_sequence = typing.get_origin(hint) is tuple
    element = typing.get_args(hint)[0] if is_sequence else hint
    if element not in _SCALARS:
        raise TypeError(f'{field.name}: a parameter is bool, int, float, str or a tuple of one, not {hint}')
    meta = field.metadata
    return ParamSpec(
        field.name,
        element,
        is_sequence,
        field.default,
        meta['doc'],
        meta['unit'],
        meta['limits'],
        meta['path'],
    )


def _suggest(key: str, known: set[str]) -> str:
    import difflib

    close = difflib.get_close_matches(key, sorted(known), n=1)
    return f'Did you mean {close[0]!r}?' if close else f'Known: {", ".join(sorted(known)) or "none"}.'
