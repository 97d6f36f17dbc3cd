# SPDX-License-Identifier: Apache-2.0
"""Messages between two processes over pipes: a JSON header, then the raw bytes of the arrays that it lists.

A frame is the header's length (4 bytes, little endian), the header, and the arrays one after another. The header's
`arrays` holds [name, dtype, shape] of each. No pickle: what is not numbers does not pass.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DTYPES = ('uint8', 'int8', 'int32', 'int64', 'float16', 'float32', 'float64')
_MAX_HEADER = 1 << 20
_MAX_ARRAYS = 1 << 30


def pack_frame(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None) -> bytes:
    """Make the bytes of one message.

    Args:
        header: What JSON can hold; `arrays` is added.
        arrays: By name, of numbers.

    Raises:
        ValueError: An array's dtype is not one that passes.
    """
    listed, bodies = [], []
    for name, array in (arrays or {}).items():
        if array.dtype.name not in _DTYPES:
            raise ValueError(f'{name}: arrays of {array.dtype} do not pass, only {", ".join(_DTYPES)}')
        listed.append([name, array.dtype.name, list(array.shape)])
        bodies.append(np.ascontiguousarray(array).tobytes())
    text = json.dumps({**header, 'arrays': listed}).encode()
    return b''.join([len(text).to_bytes(4, 'little'), text, *bodies])


def read_frame(read: Callable[[int], bytes]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read one message.

    Args:
        read: Gives exactly as many bytes as asked for, or fewer at the end of the stream.

    Returns:
        Header and arrays.

    Raises:
        EOFError: The stream has ended.
        ValueError: This is not a frame.
    """
    size = int.from_bytes(_exactly(read, 4), 'little')
    if not 0 < size <= _MAX_HEADER:
        raise ValueError(f'a frame with a header of {size} bytes')
    header = json.loads(_exactly(read, size))
    arrays = {}
    for name, dtype, shape in header.pop('arrays'):
        count = math.prod(shape)
        if dtype not in _DTYPES or any(s < 0 for s in shape) or count * np.dtype(dtype).itemsize > _MAX_ARRAYS:
            raise ValueError(f'a frame with {name!r} of {dtype} {shape}')
        body = _exactly(read, count * np.dtype(dtype).itemsize)
        arrays[str(name)] = np.frombuffer(body, dtype).reshape(shape)
    return header, arrays


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    data = read(size)
    if len(data) < size:
        raise EOFError('the stream ended inside a frame' if data else 'the stream ended')
    return data
