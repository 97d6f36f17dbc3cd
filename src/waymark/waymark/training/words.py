# SPDX-License-Identifier: Apache-2.0
"""A request that travels: from the words of a command line to JSON for the environment that has torch."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from waymark.config import Config, specs
from waymark.errors import ConfigError

_SWITCH = {'true': True, 'false': False}

T = TypeVar('T', bound='WordConfig')


@dataclass(frozen=True)
class WordConfig(Config):
    """A configuration that is read from NAME=VALUE words and written as JSON."""

    def to_json(self) -> str:
        """As one command-line argument for the other environment."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_words(cls: type[T], values: Mapping[str, Any], words: Sequence[str]) -> T:
        """Take values and NAME=VALUE words of a command line.

        Raises:
            ConfigError: A word that is none, an unknown name or a value that can't be.
        """
        types = {spec.name: spec.type for spec in specs(cls)}
        given = dict(values)
        for word in words:
            name, sign, text = word.partition('=')
            if not sign or name not in types:
                raise ConfigError(f'set: {word!r} is not NAME=VALUE with one of {", ".join(types)}.')
            try:
                given[name] = _SWITCH[text] if types[name] is bool else types[name](text)
            except (ValueError, KeyError):
                raise ConfigError(f'set: {name} can not be {text!r}.') from None
        return cls.from_mapping(given)

    @classmethod
    def from_json(cls: type[T], text: str) -> T:
        """Read what `to_json` wrote."""
        return cls.from_mapping(json.loads(text))
