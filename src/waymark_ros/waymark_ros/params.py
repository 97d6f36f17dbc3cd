# SPDX-License-Identifier: Apache-2.0
"""Configuration classes as ROS parameters: declared with description, range and unit, read back checked."""

from __future__ import annotations

import difflib
from typing import TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter

from waymark.config import Config, ParamSpec, specs
from waymark.errors import ConfigError

ConfigT = TypeVar('ConfigT', bound=Config)

_SCALAR_TYPES = {
    bool: Parameter.Type.BOOL,
    int: Parameter.Type.INTEGER,
    float: Parameter.Type.DOUBLE,
    str: Parameter.Type.STRING,
}
_ARRAY_TYPES = {
    bool: Parameter.Type.BOOL_ARRAY,
    int: Parameter.Type.INTEGER_ARRAY,
    float: Parameter.Type.DOUBLE_ARRAY,
    str: Parameter.Type.STRING_ARRAY,
}


def declare(node: Node, *config_classes: type[Config]) -> None:
    """Declare every field of the configuration classes on the node and refuse wrong values from then on.

    Raises:
        ConfigError: A start value (from -p or --params-file) is of the wrong type, out of range, or not declared.
    """
    declared = {spec.name: spec for c in config_classes for spec in specs(c)}
    for spec in declared.values():
        try:
            _declare(node, spec)
        except ParameterException as error:
            raise ConfigError(f'node {node.get_name()}: {" ".join(str(error).split())}') from None
    _refuse_unknown(node, declared)

    def refuse_wrong(changes: list[Parameter]) -> SetParametersResult:
        for change in changes:
            try:
                if change.name in declared:
                    declared[change.name].coerce(_plain(change))
            except ConfigError as error:
                return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(refuse_wrong)


def _refuse_unknown(node: Node, declared: dict[str, ParamSpec]) -> None:
    """Refuse start values that nothing declares: rclpy would ignore a mistyped key in silence."""
    for name in node._parameter_overrides:  # rclpy has no public name for them
        if not node.has_parameter(name) and not name.startswith('qos_overrides.'):
            close = difflib.get_close_matches(name, sorted(declared), n=1)
            hint = f'Did you mean {close[0]!r}?' if close else f'Known: {", ".join(sorted(declared))}.'
            raise ConfigError(f'node {node.get_name()}: unknown parameter {name!r}. {hint}')


def _declare(node: Node, spec: ParamSpec) -> None:
    if not spec.is_sequence:
        node.declare_parameter(spec.name, spec.default, descriptor=_descriptor(spec, _SCALAR_TYPES[spec.type]))
        return
    # rclpy takes the type from the default, and an empty list for bytes: declare the type, then set the default.
    kind = _ARRAY_TYPES[spec.type]
    declared = node.declare_parameter(spec.name, kind, descriptor=_descriptor(spec, kind))
    if declared.type_ == Parameter.Type.NOT_SET:
        node.set_parameters([Parameter(spec.name, kind, list(spec.default))])


def read(node: Node, config_class: type[ConfigT]) -> ConfigT:
    """Build the configuration from the node's parameters.

    Raises:
        ConfigError: A value is out of range; the text names the node.
    """
    values = {s.name: _plain(node.get_parameter(s.name)) for s in specs(config_class)}
    return config_class.from_mapping(values, f'node {node.get_name()}')


def _plain(parameter: Parameter) -> object:
    value = parameter.value
    is_sequence = not isinstance(value, bool | int | float | str | None)
    return tuple(value) if is_sequence else value


def _descriptor(spec: ParamSpec, kind: Parameter.Type) -> ParameterDescriptor:
    limits = spec.limits
    unit = f' [{spec.unit}]' if spec.unit else ''
    choices = f' One of: {", ".join(limits.choices)}.' if limits.choices else ''
    descriptor = ParameterDescriptor(
        name=spec.name,
        type=kind.value,
        description=f'{spec.doc}{unit}{choices}',
        additional_constraints=_bounds_text(spec),
    )
    # ROS ranges are inclusive and two-sided: exclusive or open bounds are checked by our callback alone.
    if limits.ge is not None and limits.le is not None and not spec.is_sequence:
        if spec.type is int:
            descriptor.integer_range = [IntegerRange(from_value=int(limits.ge), to_value=int(limits.le))]
        elif spec.type is float:
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(limits.ge), to_value=float(limits.le))
            ]
    return descriptor


def _bounds_text(spec: ParamSpec) -> str:
    limits = spec.limits
    pairs = (('>=', limits.ge), ('>', limits.gt), ('<=', limits.le), ('<', limits.lt))
    return ' and '.join(f'{sign} {bound:g}' for sign, bound in pairs if bound is not None)
