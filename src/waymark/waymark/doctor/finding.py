# SPDX-License-Identifier: Apache-2.0
"""What a check found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal['OK', 'WARN', 'FAIL']
_ORDER: tuple[Level, ...] = ('OK', 'WARN', 'FAIL')


@dataclass(frozen=True)
class Finding:
    """One line of the doctor.

    Attributes:
        name: What was looked at.
        level: 'OK'; 'WARN': works, with a drawback or a doubt; 'FAIL': does not work.
        text: What was found, in one sentence or a few facts.
        remedy: What to do about it; for OK a hint or ''.
    """

    name: str
    level: Level
    text: str
    remedy: str = ''


def worst(levels: Iterable[Level]) -> Level:
    """The most serious of these levels; OK for none."""
    return max(levels, key=_ORDER.index, default='OK')
