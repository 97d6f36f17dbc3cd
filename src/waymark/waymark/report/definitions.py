# SPDX-License-Identifier: Apache-2.0
"""Message definitions as MCAP wants them: one text per type, with the definitions of all types inside it.

What an action publishes as feedback is a message too: `pkg/action/Name_FeedbackMessage`, of which the .action file
tells the part behind its second line of dashes.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from waymark.errors import RecordingError

SEPARATOR = '=' * 80
FEEDBACK, FEEDBACK_PART = '_FeedbackMessage', '_Feedback'
FindMsgFile = Callable[[str], 'Path | None']

_PRIMITIVES = frozenset(
    ('bool', 'byte', 'char', 'float32', 'float64', 'string', 'wstring')
    + ('int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64')
)
# `type name`, `type[<=4] name default`; a constant has '=' right after its name.
_FIELD = re.compile(r'^\s*([A-Za-z][\w/]*)(?:<=\d+)?(?:\[[^\]]*\])?\s+[A-Za-z]\w*\s*(=)?')


def installed_msg_file(type_name: str) -> Path | None:
    """Find the .msg file of a type, or the .action file of an action, among the installed packages.

    Args:
        type_name: `pkg/msg/Name` or `pkg/action/Name`.

    Returns:
        The file in `share/<pkg>/msg` (or `action`) of the first prefix (AMENT_PREFIX_PATH, then Python's) that
        has it, None where none has.
    """
    package, kind, name = type_name.split('/')
    prefixes = [p for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    candidates = (Path(p) / 'share' / package / kind / f'{name}.{kind}' for p in (*prefixes, sys.prefix))
    return next((c for c in candidates if c.is_file()), None)


def message_definition(type_name: str, find_msg_file: FindMsgFile = installed_msg_file) -> str:
    """Build the concatenated `ros2msg` text of a type: its own definition, then each type it needs, once.

    Args:
        type_name: `pkg/msg/Name`, or `pkg/action/Name_FeedbackMessage`.
        find_msg_file: Gives the .msg (or .action) file of a type, or None.

    Raises:
        RecordingError: A needed type has no .msg file (types made from .idl alone, or a package that is not
            installed), or `type_name` is not of the form `pkg/msg/Name`.
    """
    texts: dict[str, str] = {}
    waiting = [type_name]
    while waiting:
        name = waiting.pop(0)
        if name not in texts:
            texts[name] = _read(name, type_name, find_msg_file)
            waiting.extend(needed_types(name, texts[name]))
    first, *others = texts.items()
    parts = [first[1], *(f'{SEPARATOR}\nMSG: {name.replace("/msg/", "/")}\n{text}' for name, text in others)]
    return '\n'.join(part.rstrip('\n') + '\n' for part in parts)


def needed_types(type_name: str, text: str) -> list[str]:
    """List the message types that the fields of one .msg text use, as `pkg/msg/Name`, each once, in order."""
    package = type_name.partition('/')[0]
    found: list[str] = []
    for line in text.splitlines():
        match = _FIELD.match(line.partition('#')[0])
        if not match or match[2] or match[1] in _PRIMITIVES:
            continue
        owner, _, name = match[1].replace('/msg/', '/').rpartition('/')
        found.append(match[1] if '/action/' in match[1] else f'{owner or package}/msg/{name}')
    return list(dict.fromkeys(found))


def _read(name: str, wanted_by: str, find_msg_file: FindMsgFile) -> str:
    if name.count('/action/') == 1 and name.endswith(FEEDBACK):
        return f'unique_identifier_msgs/UUID goal_id\n{name.removesuffix(FEEDBACK)}{FEEDBACK_PART} feedback\n'
    if name != wanted_by and name.count('/action/') == 1 and name.endswith(FEEDBACK_PART):
        parts = re.split(r'(?m)^---\s*$', _text_of(name.removesuffix(FEEDBACK_PART), wanted_by, find_msg_file))
        if len(parts) == 3:
            return parts[2].lstrip('\n')
    if name.count('/msg/') != 1:
        raise RecordingError(f"message type {name!r}: expected the form 'pkg/msg/Name'; it can't be recorded.")
    return _text_of(name, wanted_by, find_msg_file)


def _text_of(name: str, wanted_by: str, find_msg_file: FindMsgFile) -> str:
    file = find_msg_file(name)
    if file is None:
        why = '' if name == wanted_by else f' (needed by {wanted_by})'
        raise RecordingError(
            f'message type {name!r}{why} has no .msg file among the installed packages: it is made from .idl '
            'alone or its package is not installed. Install the package, or leave the topic out (exclude).'
        )
    return file.read_text(encoding='utf-8')
