# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from spoken import RATE_HZ, write_wav

from waymark.errors import BackendUnavailable, SourceError
from waymark.voice.audio import open_audio, read_wav

TONE_HZ = 440


def tone(rate_hz: int, seconds: float = 0.5) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * TONE_HZ * np.arange(round(seconds * rate_hz)) / rate_hz)


@pytest.mark.parametrize('width', [1, 2, 4])
@pytest.mark.parametrize('channels', [1, 2])
@pytest.mark.parametrize('rate_hz', [16000, 8000, 44100, 48000])
def test_every_usual_wav_becomes_the_same_sound(tmp_path, rate_hz, channels, width):
    found = read_wav(write_wav(tmp_path / 'tone.wav', tone(rate_hz), rate_hz, channels, width))

    assert (found.dtype, found.shape) == (np.float32, (RATE_HZ // 2,))
    np.testing.assert_allclose(found, tone(RATE_HZ), atol=0.01)


def test_what_is_above_half_of_16_khz_does_not_come_down_as_another_tone(tmp_path):
    high = 0.5 * np.sin(2 * np.pi * 15000 * np.arange(24000) / 48000)
    assert np.abs(read_wav(write_wav(tmp_path / 'high.wav', high, 48000))).max() < 0.01


def test_an_empty_wav_is_no_sound(tmp_path):
    assert read_wav(write_wav(tmp_path / 'empty.wav', np.zeros(0), 44100)).shape == (0,)


@pytest.mark.parametrize('content', [None, b'', b'RIFF\x04\0\0\0WAVE', b'no wav at all' * 10])
def test_what_is_no_wav_is_refused_with_the_command_that_makes_one(tmp_path, content):
    path = tmp_path / 'words.wav'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=r'words\.wav: not a WAV file.*ffmpeg -i IN -ar 16000'):
        open_audio(str(path))


def test_without_sounddevice_or_portaudio_a_microphone_is_refused_with_the_remedy(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, 'sounddevice', None)
    with pytest.raises(BackendUnavailable, match=r'pip install "waymark\[voice\]"'):
        open_audio('')
    monkeypatch.delitem(sys.modules, 'sounddevice')
    (tmp_path / 'sounddevice.py').write_text("raise OSError('PortAudio library not found')\n")  # as it does
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BackendUnavailable, match='PortAudio library not found.*apt install libportaudio2'):
        open_audio('')


class PortAudioError(Exception):
    """As sounddevice's."""


class Stream:
    """Gives three blocks and then nothing more."""

    def __init__(self, callback, blocksize: int, **_: object) -> None:
        self.callback, self.blocksize = callback, blocksize

    def __enter__(self) -> None:
        for level in (0.1, 0.2, 0.3):
            self.callback(np.full((self.blocksize, 1), level, np.float32), self.blocksize, None, None)

    def __exit__(self, *_: object) -> None:
        pass


def library(**changes: object) -> SimpleNamespace:
    devices = [{'name': 'Loudspeaker', 'max_input_channels': 0}, {'name': 'Headset', 'max_input_channels': 1}]
    known = {'PortAudioError': PortAudioError, 'InputStream': Stream, 'query_devices': lambda: devices}
    return SimpleNamespace(**known, **({'check_input_settings': lambda **how: None} | changes))


def test_a_microphone_that_is_not_there_is_refused_with_those_that_are(monkeypatch):
    def check(device, **_: object) -> None:
        raise ValueError(f'No input device matching {device!r}')

    monkeypatch.setitem(sys.modules, 'sounddevice', library(check_input_settings=check))
    with pytest.raises(
        SourceError, match="microphone 'Hedset'.*No input device matching 'Hedset'.*there are: Headset."
    ):
        open_audio('Hedset')


def test_blocks_of_a_microphone_come_in_order_and_one_that_is_pulled_out_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, 'sounddevice', library())
    monkeypatch.setattr('waymark.voice.audio.SILENT_S', 0.01)
    heard = []
    with pytest.raises(SourceError, match='is it still connected'):
        for block in open_audio('3')(lambda: False):
            heard.append((block.shape, round(float(block[0]), 3)))
    assert heard == [((1600,), 0.1), ((1600,), 0.2), ((1600,), 0.3)]
    assert list(open_audio('3')(lambda: True)) == []
