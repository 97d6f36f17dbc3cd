# SPDX-License-Identifier: Apache-2.0
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from waymark.backends import BackendOptions
from waymark.backends.engine_cache import EngineKey, cache_folder, cached_engine, write_atomically
from waymark.errors import ModelError

KEY = EngineKey('toy', 'a' * 64, 'Toy GPU (1.0)', '10.3', 'fp16')


@pytest.fixture
def toy(tmp_path):
    """A runtime whose engines are its model in capitals; it counts what it builds."""

    class Toy:
        options = BackendOptions(cache_dir=tmp_path / 'engines')
        built = 0

        def build(self):
            self.built += 1
            return b'ENGINE'

        def load(self, data):
            if data != b'ENGINE':
                raise ModelError('another engine')
            return data.decode().lower()

        def get(self, key=KEY):
            return cached_engine(key, self.options, self.build, self.load)

        @property
        def entry(self):
            return next(self.options.cache_dir.iterdir())

    return Toy()


def test_an_engine_is_built_once(toy):
    assert [toy.get(), toy.get()] == ['engine', 'engine']
    assert toy.built == 1
    assert toy.entry.name.startswith('toy-')


@pytest.mark.parametrize('field', ['backend', 'model_sha256', 'device', 'runtime', 'precision'])
def test_another_model_device_version_or_precision_is_another_engine(toy, field):
    toy.get()
    toy.get(replace(KEY, **{field: 'other'}))
    assert toy.built == 2
    assert len(list(toy.options.cache_dir.iterdir())) == 2


@pytest.mark.parametrize('damage', [lambda b: b[:-1], lambda b: b'', lambda b: b[:40] + b'?' + b[41:]])
def test_a_damaged_entry_is_built_again_and_that_is_said(toy, caplog, damage):
    toy.get()
    toy.entry.write_bytes(damage(toy.entry.read_bytes() + b'....'))
    with caplog.at_level(logging.WARNING):
        assert toy.get() == 'engine'
    assert toy.built == 2
    assert 'can not be used (it is damaged): it is built again' in caplog.text
    assert toy.get() == 'engine' and toy.built == 2


def test_an_entry_that_the_runtime_refuses_is_built_again(toy, caplog, monkeypatch):
    monkeypatch.setattr(toy, 'build', lambda: b'OLD')
    with pytest.raises(ModelError, match='another engine'):
        toy.get()
    monkeypatch.undo()
    with caplog.at_level(logging.WARNING):
        assert toy.get() == 'engine'
    assert 'can not be used (another engine)' in caplog.text


def test_a_cache_that_can_not_be_written_is_said(toy, tmp_path, caplog):
    (tmp_path / 'file').write_text('')
    toy.options = BackendOptions(cache_dir=tmp_path / 'file' / 'engines')
    with caplog.at_level(logging.WARNING):
        assert toy.get() == 'engine'
    assert 'it will be built again at the next start' in caplog.text


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / 'entry'
    write_atomically(path, b'old')
    with pytest.raises(TypeError):
        write_atomically(path, 'not bytes')
    assert path.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [path]


def test_engines_lie_in_the_users_cache_unless_told_otherwise(monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', '/var/cache/someone')
    assert cache_folder(BackendOptions()) == Path('/var/cache/someone/waymark/engines')
    monkeypatch.delenv('XDG_CACHE_HOME')
    assert cache_folder(BackendOptions()) == Path.home() / '.cache' / 'waymark' / 'engines'
    assert cache_folder(BackendOptions(cache_dir=Path('here'))) == Path('here')
