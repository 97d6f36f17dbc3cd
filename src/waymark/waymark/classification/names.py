# SPDX-License-Identifier: Apache-2.0
"""Names of classes: what a list of them must keep."""

from __future__ import annotations

from collections.abc import Sequence

from waymark.errors import ConfigError


def require_names(what: str, names: Sequence[str]) -> None:
    """Refuse no names at all, an empty one, and one that stands twice.

    Args:
        what: Whose names they are, for the error.
        names: As the user gave them.

    Raises:
        ConfigError: Which name is wrong.
    """
    if not names:
        raise ConfigError(f'{what}: there is none. Name at least one.')
    if any(not name.strip() for name in names):
        raise ConfigError(
            f'{what}: name {[n.strip() for n in names].index("")} is empty. Remove it, or say what it is.'
        )
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise ConfigError(f'{what}: {doubled[0]!r} stands twice. Remove one.')
