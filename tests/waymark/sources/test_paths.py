# SPDX-License-Identifier: Apache-2.0
"""Paths that can't be read are refused in one sentence; names sort as people count."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from waymark.errors import SourceError
from waymark.sources import ImageSourceConfig, open_source
from waymark.sources.paths import existing_path, natural_key


def test_ten_comes_after_two():
    names = ['img10.png', 'img2.png', 'IMG1.png', 'a.png', '7.png', '08.png', '²x.png']

    ordered = [p.name for p in sorted(map(Path, names), key=natural_key)]

    assert ordered[:2] == ['7.png', '08.png']
    assert [n for n in ordered if n.lower().startswith('img')] == ['IMG1.png', 'img2.png', 'img10.png']


def test_a_missing_file_suggests_the_close_name(tmp_path):
    (tmp_path / 'flight.mp4').write_bytes(b'x')

    with pytest.raises(SourceError, match=r'fligth.mp4: no such file or folder. Did you mean .*flight.mp4\?'):
        existing_path(str(tmp_path / 'fligth.mp4'))


def test_a_missing_folder_suggests_nothing(tmp_path):
    with pytest.raises(SourceError, match='no such file or folder. Check the path.'):
        existing_path(str(tmp_path / 'nowhere' / 'x.mp4'))


def test_an_empty_file_is_named(tmp_path):
    (tmp_path / 'empty.mp4').touch()

    with pytest.raises(SourceError, match='empty.mp4: the file has 0 bytes'):
        existing_path(str(tmp_path / 'empty.mp4'))


@pytest.mark.parametrize('text', ['a\0b', 'x' * 5000])
def test_texts_that_no_file_can_be_called_are_refused(text):
    with pytest.raises(SourceError):
        existing_path(text)


@pytest.fixture
def as_nobody():
    """Give up root for a while: root may read everything."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    yield
    if is_root:
        os.seteuid(0)


@pytest.fixture
def forbidden():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / 'video.mp4').write_bytes(b'x')
        (Path(folder) / 'images').mkdir()
        for name in ('video.mp4', 'images'):
            (Path(folder) / name).chmod(0)
        yield Path(folder)
        (Path(folder) / 'images').chmod(0o755)


@pytest.mark.parametrize(
    ('name', 'sentence'),
    [
        ('video.mp4', 'no permission to read it. Allow it with chmod'),
        ('images', 'no permission to read this folder. Allow it with chmod'),
    ],
)
def test_without_permission_the_remedy_is_named(forbidden, as_nobody, name, sentence):
    with pytest.raises(SourceError, match=sentence):
        open_source(ImageSourceConfig(input=str(forbidden / name)))
