# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.boxes import canonical
from waymark.detection import Detections, read_labels, read_names, write_labels
from waymark.errors import SourceError


@pytest.fixture
def write(tmp_path):
    def written(text, name='labels.txt'):
        path = tmp_path / name
        path.write_text(text, encoding='utf-8')
        return path

    return written


def test_shares_become_pixels_counted_at_their_centres(write):
    path = write('1 0 0 1 0 1 1 0 1\n')
    found = read_labels(path, (20, 10))
    np.testing.assert_allclose(found.boxes, [(9.5, 4.5, 20, 10, 0)])
    assert found.classes.tolist() == [1] and found.class_names == ('class 0', 'class 1') and found.names == ('class 1',)


def test_corners_in_any_order_and_upright_labels_are_read(write):
    path = write('0 0.6 0.2 0.3 0.4 0.6 0.4 0.3 0.2\n0.0 0.45 0.3 0.3 0.2\n\n')
    found = read_labels(path, (100, 100), ('car',))
    np.testing.assert_allclose(found.boxes, [(44.5, 29.5, 30, 20, 0)] * 2, atol=1e-9)


def test_written_labels_are_read_back(tmp_path):
    rng = np.random.default_rng(0)
    sides = rng.uniform(5, 80, (30, 2))
    boxes = canonical(np.column_stack([rng.uniform(0, 600, (30, 2)), sides, rng.uniform(-3, 3, 30)]))
    found = Detections(boxes, np.ones(30), rng.integers(0, 3, 30), ('a', 'b', 'c'))
    write_labels(found, (640, 480), tmp_path / 'x.txt')
    again = read_labels(tmp_path / 'x.txt', (640, 480), ('a', 'b', 'c'))
    np.testing.assert_allclose(again.boxes, boxes, atol=1e-2)
    assert again.classes.tolist() == found.classes.tolist()


def test_an_empty_file_is_an_image_without_objects(write):
    assert len(read_labels(write(''), (10, 10), ('car',))) == 0


def test_the_mark_that_editors_begin_a_file_with_is_no_part_of_it(write):
    assert read_labels(write('\ufeff0 0 0 1 0 1 1 0 1\r\n'), (20, 10), ('car',)).names == ('car',)
    assert read_names(write('\ufeffcar\r\nship\r\n', 'names.txt')) == ('car', 'ship')


def test_real_labels_are_read(shared_data):
    folder = shared_data('dota8') / 'labels' / 'train'
    found = [read_labels(path, (1024, 1024)) for path in sorted(folder.glob('*.txt'))]
    assert len(found) == 4
    lines = sum(len(path.read_text().splitlines()) for path in folder.glob('*.txt'))
    assert sum(map(len, found)) == lines > 20
    assert all((f.boxes[:, 2:4] > 1).all() for f in found)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('0 0 0 1 1\n0 0 0 1\n', r'line 2: .* is not a label'),
        ('car 0 0 1 0 1 1 0 1\n', 'line 1: .* is not a label'),
        ('0 0 0 1 0 1 nan 0 1\n', 'is not a label'),
        ('-1 0 0 1 0 1 1 0 1\n', 'is not a label'),
        ('\n3 0 0 1 0 1 1 0 1\n', 'line 2: class 3, but there are 1 class names'),
        ('0 0.5 0.5 -0.1 0.2\n', 'width and height must be at least 0'),
        ('0 0 0 1 0 1 1 0 1\n0 120 80 140 80 140 90 120 90\n', r'line 2: .* is not in shares of the image \(0 to 1\)'),
        ('0 0.5 0.5 1e300 0.2\n', 'is not in shares of the image'),
    ],
)
def test_what_is_no_label_is_refused_with_its_line(write, text, message):
    with pytest.raises(SourceError, match=message):
        read_labels(write(text), (10, 10), ('car',))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SourceError, match='can not be read'):
        read_labels(tmp_path / 'none.txt', (10, 10))


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('names.txt', 'car\nsmall ship\n'),
        ('data.yaml', 'path: x\nnames:\n  0: car\n  1: small ship\n'),
        ('data.yml', 'names: [car, small ship]\n'),
    ],
)
def test_names_come_from_lines_or_a_data_set(write, name, text):
    assert read_names(write(text, name)) == ('car', 'small ship')


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('names.txt', '\n', 'holds no names'),
        ('names.txt', 'ship\ncar\nship\n', 'holds ship twice'),
        ('data.yaml', 'path: x\n', 'can not be read'),
        ('data.yaml', 'names: {0: a, 2: b}\n', r'numbered \[0, 2\], expected 0 to 1'),
        ('data.yaml', '[1, 2]', 'can not be read'),
    ],
)
def test_names_that_are_none_are_refused(write, name, text, message):
    with pytest.raises(SourceError, match=message):
        read_names(write(text, name))
