# SPDX-License-Identifier: Apache-2.0
"""Messages between a node and its policy process: a fixed head, a JSON object, arrays as plain bytes. Nothing is run.

The transport is the standard library's sockets (asyncio in the server): any interpreter has them, there is nothing to
install beside lerobot, and a message holds numbers and texts only.

    'WAYP' | version u16 | zero u16 | bytes of JSON u32 | bytes of arrays u32 | JSON | arrays | seal (with a key)

The JSON is {"kind": text, "values": {...}, "arrays": [[name, dtype, shape], ...]}; integers are little-endian.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import PolicyError

VERSION = 1
HEAD = struct.Struct('<4sHHII')
MAGIC = b'WAYP'
SEAL_BYTES = 32
MAX_TEXT_BYTES = 64 << 10
MAX_ARRAY_BYTES = 256 << 20
DTYPES = ('uint8', 'int64', 'float32', 'float64')
MAX_ARRAYS, MAX_DIMENSIONS = 64, 6


class WireError(PolicyError):
    """What came is no message of this protocol, or one that is too large."""


@dataclass(frozen=True)
class Limits:
    """The largest message that is read: bytes of its JSON and of its arrays."""

    text: int = MAX_TEXT_BYTES
    arrays: int = MAX_ARRAY_BYTES


GREETING = Limits(text=4096, arrays=0)  # for whom is not known yet


@dataclass(frozen=True, eq=False)
class Message:
    """One message.

    Attributes:
        kind: What it is: 'hello', 'infer', ...
        values: What JSON can hold.
        arrays: By name; read-only where they were received.
    """

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class Sealer:
    """Seals and checks the messages of one direction, in their order: HMAC-SHA256 over a counter and the bytes.

    Without a key nothing is sealed. A message that was changed, left out, doubled or put in by another is refused.
    """

    def __init__(self, key: bytes | None) -> None:
        """Begin with the key of a session; None: without."""
        self._key, self._count = key, 0

    @property
    def size(self) -> int:
        """Bytes of a seal."""
        return 0 if self._key is None else SEAL_BYTES

    def seal(self, *parts: bytes | memoryview) -> bytes:
        """The seal of the next message."""
        if self._key is None:
            return b''
        maker = hmac.new(self._key, struct.pack('<Q', self._count), hashlib.sha256)
        for part in parts:
            maker.update(part)
        self._count += 1
        return maker.digest()

    def check(self, seal: bytes, *parts: bytes | memoryview) -> None:
        """Check the seal of the next message.

        Raises:
            WireError: It is not what it should be.
        """
        if not hmac.compare_digest(self.seal(*parts), seal):
            raise WireError('a message was not sealed with our key: it is refused.')


def encode(message: Message, sealer: Sealer | None = None) -> bytes:
    """The bytes of a message.

    Raises:
        ValueError: An array of another dtype than DTYPES.
    """
    arrays = {name: np.ascontiguousarray(a) for name, a in message.arrays.items()}
    wrong = [f'{name} ({a.dtype.name})' for name, a in arrays.items() if a.dtype.name not in DTYPES]
    if wrong:
        raise ValueError(f'{", ".join(wrong)}: arrays are sent as {", ".join(DTYPES)}')
    described = [[name, a.dtype.name, list(a.shape)] for name, a in arrays.items()]
    text = json.dumps({'kind': message.kind, 'values': message.values, 'arrays': described}).encode()
    body = b''.join(a.astype(a.dtype.newbyteorder('<'), copy=False).tobytes() for a in arrays.values())
    head = HEAD.pack(MAGIC, VERSION, 0, len(text), len(body))
    return b''.join((head, text, body, b'' if sealer is None else sealer.seal(head, text, body)))


def read_head(head: bytes, limits: Limits) -> tuple[int, int]:
    """Bytes of JSON and of arrays that follow a head.

    Raises:
        WireError: Another protocol, another version, or more than the limits.
    """
    magic, version, zero, text, arrays = HEAD.unpack(head)
    if magic != MAGIC or zero:
        raise WireError('what came is not the protocol of Waymark policies: another program uses this address.')
    if version != VERSION:
        raise WireError(f'version {version} of the protocol came, version {VERSION} is spoken here: update the older.')
    if text > limits.text or arrays > limits.arrays:
        raise WireError(f'a message of {text} + {arrays} bytes came; {limits.text} + {limits.arrays} are allowed.')
    return int(text), int(arrays)


def decode(text: bytes, body: bytes) -> Message:
    """The message that these bytes are.

    Raises:
        WireError: They are none.
    """
    try:
        content = json.loads(text)
        kind, values, described = content['kind'], content['values'], content['arrays']
        if not (isinstance(kind, str) and isinstance(values, dict) and len(described) <= MAX_ARRAYS):
            raise TypeError('kind, values or arrays of another type')
        return Message(kind, values, _arrays(described, body))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise WireError(f'a message can not be read ({str(error)[:200]}).') from None


def _arrays(described: list[Any], body: bytes) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    start = 0
    for name, dtype, shape in described:
        if dtype not in DTYPES or not isinstance(name, str) or name in found:
            raise ValueError(f'array {name!r} of dtype {dtype!r}')
        if not (isinstance(shape, list) and len(shape) <= MAX_DIMENSIONS and all(type(n) is int for n in shape)):
            raise ValueError(f'shape {shape!r}')
        kind, count = np.dtype(dtype).newbyteorder('<'), math.prod(shape)
        if min(shape, default=0) < 0 or start + count * kind.itemsize > len(body):
            raise ValueError(f'shape {shape} needs more bytes than came')
        found[name] = np.frombuffer(body, kind, count, start).reshape(shape)
        start += count * kind.itemsize
    if start != len(body):
        raise ValueError(f'{len(body) - start} bytes belong to no array')
    return found
