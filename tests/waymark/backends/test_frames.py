# SPDX-License-Identifier: Apache-2.0
import io

import numpy as np
import pytest

from waymark.backends.frames import pack_frame, read_frame


def sent(header, arrays=None):
    return read_frame(io.BytesIO(pack_frame(header, arrays)).read)


@pytest.mark.parametrize('dtype', ['uint8', 'int8', 'int32', 'int64', 'float16', 'float32', 'float64'])
def test_header_and_arrays_arrive_as_they_were(dtype):
    arrays = {'a': np.arange(24).reshape(2, 3, 4).astype(dtype), 'b': np.array(7).astype(dtype)}
    header, found = sent({'do': 'run', 'text': 'é\n'}, arrays)
    assert header == {'do': 'run', 'text': 'é\n'}
    assert list(found) == ['a', 'b']
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_a_frame_without_arrays_and_one_with_an_empty_array_arrive():
    assert sent({'x': 1}) == ({'x': 1}, {})
    assert sent({}, {'none': np.zeros((0, 3), np.float32)})[1]['none'].shape == (0, 3)


def test_views_arrive_in_order():
    turned = np.arange(6, dtype=np.uint8).reshape(2, 3).T
    np.testing.assert_array_equal(sent({}, {'a': turned})[1]['a'], turned)


def test_frames_follow_each_other():
    stream = io.BytesIO(pack_frame({'n': 1}, {'a': np.ones(3, np.uint8)}) + pack_frame({'n': 2}))
    assert [read_frame(stream.read)[0]['n'] for _ in range(2)] == [1, 2]
    with pytest.raises(EOFError, match='the stream ended'):
        read_frame(stream.read)


@pytest.mark.parametrize('kept', [2, 4, 9, -1])
def test_a_frame_that_is_cut_off_is_an_end(kept):
    whole = pack_frame({'n': 1}, {'a': np.ones(3, np.uint8)})
    with pytest.raises(EOFError, match='the stream ended'):
        read_frame(io.BytesIO(whole[:kept]).read)


def test_objects_do_not_pass():
    with pytest.raises(ValueError, match='a: arrays of object do not pass'):
        pack_frame({}, {'a': np.array([{}], object)})


@pytest.mark.parametrize(
    'text',
    [
        b'{"arrays": [["a", "object", [1]]]}',
        b'{"arrays": [["a", "uint8", [-1]]]}',
        b'{"arrays": [["a", "uint8", [99999999999]]]}',
    ],
)
def test_a_header_that_asks_for_too_much_is_refused(text):
    with pytest.raises(ValueError, match="a frame with 'a'"):
        read_frame(io.BytesIO(len(text).to_bytes(4, 'little') + text).read)


def test_what_is_no_frame_is_refused():
    with pytest.raises(ValueError, match='header of .* bytes'):
        read_frame(io.BytesIO(b'I rknn-toolkit2 version').read)
