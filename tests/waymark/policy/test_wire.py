# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import numpy as np
import pytest

from waymark.policy.wire import GREETING, HEAD, Limits, Message, Sealer, WireError, decode, encode, read_head

ARRAYS = {
    'image': np.arange(24, dtype=np.uint8).reshape(2, 4, 3),
    'state': np.array([1.5, -2.0], np.float32),
    'empty': np.zeros((0, 3), np.float64),
    'one': np.array(7, np.int64),
}


def taken_apart(data: bytes) -> Message:
    text, arrays = read_head(data[: HEAD.size], Limits())
    return decode(data[HEAD.size : HEAD.size + text], data[HEAD.size + text : HEAD.size + text + arrays])


def test_a_message_arrives_as_it_was():
    got = taken_apart(encode(Message('infer', {'task': 'höre', 'seed': None}, ARRAYS)))

    assert (got.kind, got.values) == ('infer', {'task': 'höre', 'seed': None})
    for name, array in ARRAYS.items():
        assert got.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(got.arrays[name], array)
        assert not got.arrays[name].flags.writeable


def test_arrays_that_could_hold_code_are_not_sent():
    with pytest.raises(ValueError, match='state .object.'):
        encode(Message('infer', {}, {'state': np.array([{}])}))


@pytest.mark.parametrize(
    ('head', 'text'),
    [
        (HEAD.pack(b'GET ', 1, 0, 9, 0), 'not the protocol'),
        (HEAD.pack(b'WAYP', 2, 0, 9, 0), 'version 2 of the protocol came, version 1'),
        (HEAD.pack(b'WAYP', 1, 0, 2**32 - 1, 0), '4294967295'),
        (HEAD.pack(b'WAYP', 1, 0, 9, 1), '4096 \\+ 0 are allowed'),
    ],
)
def test_heads_that_are_none_or_ask_for_too_much_are_refused(head, text):
    with pytest.raises(WireError, match=text):
        read_head(head, GREETING)


@pytest.mark.parametrize(
    'arrays',
    [
        [['a', 'object', [1]]],
        [['a', 'uint8', [-1]]],
        [['a', 'uint8', [5]]],
        [['a', 'uint8', [2**62, 2**62]]],
        [['a', 'uint8', [1]], ['a', 'uint8', [1]]],
        [['a', 'uint8', [1]]],
        [['a', 'uint8', [True, 2]]],
        [['a', 'uint8', [1] * 9]],
        [['a', 'uint8']],
        'ab',
        7,
        None,
    ],
)
def test_arrays_that_do_not_add_up_to_the_bytes_are_refused(arrays):
    text = json.dumps({'kind': 'infer', 'values': {}, 'arrays': arrays}).encode()
    with pytest.raises(WireError, match='can not be read'):
        decode(text, b'xy')


def test_whatever_bytes_come_the_only_answer_is_a_refusal():
    rng = np.random.default_rng(0)
    good = encode(Message('infer', {'task': 'go'}, ARRAYS))[HEAD.size :]
    for _ in range(300):
        broken = bytearray(good)
        for place in rng.integers(0, 150, 3):  # within the JSON
            broken[place] = rng.integers(256)
        for text in (rng.bytes(60), bytes(broken[: rng.integers(150)])):
            with pytest.raises(WireError):
                decode(text, rng.bytes(9))


def test_deep_nesting_is_refused():
    with pytest.raises(WireError):
        decode(b'[' * 60_000, b'')


def test_a_seal_fits_its_message_its_place_and_its_key_alone():
    key = b'k' * 32
    maker, other, checker = Sealer(key), Sealer(b'o' * 32), Sealer(key)
    first, second = maker.seal(b'head', b'go'), maker.seal(b'head', b'stop')

    with pytest.raises(WireError, match='not sealed'):
        Sealer(key).check(first, b'head', b'come')
    with pytest.raises(WireError, match='not sealed'):
        Sealer(key).check(other.seal(b'head', b'go'), b'head', b'go')
    checker.check(first, b'head', b'go')
    with pytest.raises(WireError, match='not sealed'):  # said again
        checker.check(first, b'head', b'go')
    third = Sealer(key)
    with pytest.raises(WireError, match='not sealed'):  # the first was kept back
        third.check(second, b'head', b'stop')
