# SPDX-License-Identifier: Apache-2.0
"""`--set PARAMETER=VALUE`: parameters of a node on the command line of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import yaml

from waymark.config import Config
from waymark.errors import ConfigError

ConfigT = TypeVar('ConfigT', bound=Config)


def config_of(config_class: type[ConfigT], settings: Sequence[str]) -> ConfigT:
    """Parse `--set` options.

    Args:
        config_class: Of the node.
        settings: Each PARAMETER=VALUE, the value as YAML.

    Raises:
        ConfigError: No such pair, no such parameter, or a value out of range.
    """
    values = {}
    for text in settings:
        name, equals, value = text.partition('=')
        if not equals:
            raise ConfigError(f'--set {text!r}: expected PARAMETER=VALUE, for example min_inliers=30.')
        try:
            values[name.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f'--set {text!r}: {value!r} is not a YAML value.') from None
    return config_class.from_mapping(values, where='--set')
