# SPDX-License-Identifier: Apache-2.0
"""What can be asked of an export, and what is refused before any library is loaded."""

from __future__ import annotations

import pytest

from waymark.errors import ConfigError
from waymark.exporting.folder import whole_folder
from waymark.exporting.references import SIZE_WH, calibration_files, reference_images, write_references
from waymark.exporting.request import ExportRequest


def test_a_request_travels_as_one_argument():
    request = ExportRequest(model='a/b', out='x', precision='int8', image_size='320x240')

    assert ExportRequest.from_json(request.to_json()) == request


@pytest.mark.parametrize(('text', 'size'), [('', None), ('224', (224, 224)), ('320x240', (320, 240))])
def test_a_size_is_one_number_or_width_and_height(text, size):
    assert ExportRequest(image_size=text).size_wh() == size


@pytest.mark.parametrize('text', ['224 px', '0', '320x', 'x240', '-224', '8', '224x5000'])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ConfigError, match='is not a size'):
        ExportRequest(image_size=text)


@pytest.mark.parametrize(
    ('settings', 'sentence'),
    [
        ({'to': 'tflite'}, 'to: must be one of onnx, openvino, tensorrt, rknn'),
        ({'precision': 'int4'}, 'precision: must be one of'),
        ({'precision': 'bf16'}, 'ONNX Runtime has no bf16 kernels'),
        ({'to': 'rknn'}, 'a Rockchip NPU computes in fp16 or int8'),
        ({'calibration': 'no-such-folder'}, "calibration: 'no-such-folder' is not a folder"),
        ({'opset': 12}, 'opset: must be at least 18'),
    ],
)
def test_what_can_not_be_is_refused_by_name(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        ExportRequest(**settings)


@pytest.mark.parametrize(('to', 'batch'), [('onnx', 0), ('openvino', 0), ('tensorrt', 1), ('rknn', 1)])
def test_accelerators_get_one_image_at_a_time_unless_asked(to, batch):
    assert ExportRequest(to=to, precision='fp16').fixed_batch == batch
    assert ExportRequest(to=to, precision='fp16', batch=4).fixed_batch == 4


def test_a_folder_appears_whole(tmp_path):
    out = tmp_path / 'deep' / 'out'
    with whole_folder(out) as folder:
        (folder / 'a').write_text('1')
        assert not out.exists()

    assert [p.name for p in out.iterdir()] == ['a']
    assert [p.name for p in out.parent.iterdir()] == ['out']


def test_a_folder_whose_block_fails_never_appears(tmp_path):
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / 'out') as folder:
        (folder / 'a').write_text('1')
        raise KeyboardInterrupt

    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_taken_and_a_full_one_refused(tmp_path):
    with whole_folder(tmp_path) as folder:
        (folder / 'a').write_text('1')

    with pytest.raises(ConfigError, match='is there already'), whole_folder(tmp_path):
        pass
    assert (tmp_path / 'a').read_text() == '1'


def test_reference_images_are_textured_differ_and_never_change():
    first, again = reference_images(), reference_images()

    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert {image.shape for image in first} == {(SIZE_WH[1], SIZE_WH[0], 3)}
    assert all(image.std(axis=(0, 1)).min() > 30 for image in first)
    assert abs(first[0].astype(int) - first[1]).mean() > 30


def test_calibration_images_are_spread_over_all_there_are(tmp_path):
    write_references(tmp_path)
    (tmp_path / 'notes.txt').write_text('no image')

    assert [p.name for p in calibration_files(tmp_path, most=2)] == ['reference_0.png', 'reference_2.png']
