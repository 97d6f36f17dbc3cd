# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from tests.support.tiny_detectors import constant_model

from waymark.backends.onnx_files import external_files, metadata


def test_what_an_exporter_wrote_is_read(tmp_path):
    stated = {'task': 'obb', 'names': "{0: 'Flugzeug', 1: 'ねこ'}", 'empty': ''}
    path = constant_model(tmp_path / 'm.onnx', {'out': np.zeros(3, np.float32)}, metadata=stated)
    assert metadata(path.read_bytes()) == stated
    assert external_files(path.read_bytes()) == ()


def test_a_model_that_says_nothing_has_none(tmp_path):
    assert metadata(constant_model(tmp_path / 'm.onnx', {'out': np.zeros(3, np.float32)}).read_bytes()) == {}


def test_what_is_no_model_is_refused(tmp_path):
    whole = constant_model(tmp_path / 'm.onnx', {'out': np.zeros(3, np.float32)}, metadata={'a': 'b'}).read_bytes()
    with pytest.raises(ValueError, match='cut off'):
        metadata(whole[:-2])
