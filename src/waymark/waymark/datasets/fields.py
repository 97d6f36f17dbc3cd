# SPDX-License-Identifier: Apache-2.0
"""Numbers inside a message, named by a path: `twist.linear.x`, `position[shoulder]`, `data[3]`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from waymark.errors import ConfigError, MessageError

_PART = re.compile(r'([A-Za-z_]\w*)((?:\[[^\[\]]+\])?)')


@dataclass(frozen=True)
class FieldPath:
    """A way through a message: names, and at most one index after each."""

    text: str
    parts: tuple[tuple[str, str], ...]  # name, and what stands in the brackets ('' for none)

    @classmethod
    def parse(cls, text: str) -> FieldPath:
        """Read a path.

        Raises:
            ConfigError: It is none.
        """
        parts = []
        for part in str(text).split('.') if '[' not in str(text) else re.split(r'\.(?![^\[]*\])', str(text)):
            match = _PART.fullmatch(part)
            if match is None:
                raise ConfigError(f'{text!r} is no path to a number. Write it like twist.linear.x or position[name].')
            parts.append((match[1], match[2][1:-1]))
        return cls(str(text), tuple(parts))

    def read(self, message: Any) -> float:
        """The number there.

        A text in brackets is looked up in the message's `name` (JointState) or `joint_names` (JointTrajectory).

        Args:
            message: A message of rclpy or of rosbags.

        Raises:
            MessageError: The path leads nowhere, or to no finite number.
        """
        value = message
        for name, index in self.parts:
            if not hasattr(value, name):
                raise MessageError(f'{self.text}: a {type(value).__name__} has no {name!r}.')
            value = getattr(value, name)
            if index:
                value = self._element(value, index, message)
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise MessageError(f'{self.text} is no number but a {type(value).__name__}.') from None
        if not math.isfinite(number):
            raise MessageError(f'{self.text} is {number:g}.')
        return number

    def _element(self, values: Sequence[Any], index: str, message: Any) -> Any:
        if re.fullmatch(r'\d+', index):
            position = int(index)
        else:
            names = list(getattr(message, 'name', None) or getattr(message, 'joint_names', None) or ())
            if index not in names:
                raise MessageError(f'{self.text}: no {index!r} among {", ".join(map(str, names)) or "no names"}.')
            position = names.index(index)
        if position >= len(values):
            raise MessageError(f'{self.text}: only {len(values)} elements.')
        return values[position]
