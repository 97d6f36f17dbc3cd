# SPDX-License-Identifier: Apache-2.0
"""Which files an ONNX model keeps its weights in and what it says of itself, read from its protobuf without a library.

Runtimes follow these paths when they load the model; some follow them anywhere (OpenVINO, given bytes; ONNX Runtime
before 1.24). The field numbers are those of onnx.proto, the wire format is
https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Message -> field number -> message, for every way that leads to a TensorProto.
_FIELDS: dict[str, dict[int, str]] = {
    'Model': {7: 'Graph', 20: 'Training', 25: 'Function'},
    'Training': {1: 'Graph', 2: 'Graph'},
    'Function': {7: 'Node', 11: 'Attribute'},
    'Graph': {1: 'Node', 5: 'Tensor', 15: 'SparseTensor'},
    'Node': {5: 'Attribute'},
    'Attribute': {5: 'Tensor', 6: 'Graph', 10: 'Tensor', 11: 'Graph', 22: 'SparseTensor', 23: 'SparseTensor'},
    'SparseTensor': {1: 'Tensor', 2: 'Tensor'},
}
_EXTERNAL_DATA = 13  # of TensorProto: StringStringEntryProto(key = 1, value = 2)
_METADATA = 14  # of ModelProto: likewise


def external_files(model: bytes) -> tuple[str, ...]:
    """List the files that hold weights of an ONNX model, as the model names them.

    Args:
        model: The .onnx file.

    Raises:
        ValueError: The bytes are not a protobuf message.
    """
    found: dict[str, None] = {}
    waiting: list[tuple[str, memoryview]] = [('Model', memoryview(model))]
    while waiting:
        kind, message = waiting.pop()
        for number, value in _fields(message):
            if kind == 'Tensor' and number == _EXTERNAL_DATA:
                entry = {n: bytes(v) for n, v in _fields(value)}
                if entry.get(1) == b'location':
                    found[entry.get(2, b'').decode('utf-8')] = None
            elif number in _FIELDS.get(kind, {}):
                waiting.append((_FIELDS[kind][number], value))
    return tuple(found)


def metadata(model: bytes) -> dict[str, str]:
    """Texts that whoever exported an ONNX model left in it (metadata_props, field 14 of ModelProto), by name.

    Args:
        model: The .onnx file.

    Raises:
        ValueError: The bytes are not a protobuf message, or a text is not UTF-8.
    """
    found = {}
    for number, value in _fields(memoryview(model)):
        if number == _METADATA:
            entry = {n: bytes(v).decode('utf-8') for n, v in _fields(value)}
            found[entry.get(1, '')] = entry.get(2, '')
    return found


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of each length-delimited field of a message."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        wire = tag & 7
        if wire == _VARINT:
            _, at = _varint(message, at)
        elif wire == _BYTES:
            size, at = _varint(message, at)
            yield tag >> 3, message[at : at + size]
            at += size
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f'wire type {wire} is not of protobuf 3')
    if at != len(message):
        raise ValueError('the message is cut off')


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError('the message is cut off')
        value |= (message[at] & 0x7F) << shift
        at += 1
        if message[at - 1] < 0x80:
            return value, at
    raise ValueError('a number is longer than ten bytes')
