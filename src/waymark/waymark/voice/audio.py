# SPDX-License-Identifier: Apache-2.0
"""Sound from a WAV file or a microphone, as Whisper wants it: one channel, 16 kHz, float32 in [-1, 1]."""

from __future__ import annotations

import contextlib
import queue
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import BackendUnavailable, SourceError
from waymark.voice.utterances import RATE_HZ

BLOCK_S = 0.1
WAITING = 600  # blocks that wait while an utterance is looked at: a minute
SILENT_S = 3.0  # a microphone that gives nothing for this long is gone
FULL_SCALE = {1: 1 << 7, 2: 1 << 15, 4: 1 << 31}


def read_wav(path: Path) -> NDArray[np.float32]:
    """Read a WAV file of whole numbers (8, 16 or 32 bits), its channels averaged, brought to RATE_HZ.

    Raises:
        SourceError: It is none.
    """
    try:
        with wave.open(str(path)) as file:
            rate_hz, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            content = file.readframes(file.getnframes())
        kind = np.dtype({1: 'u1', 2: '<i2', 4: '<i4'}[width])
        values = np.frombuffer(content, kind)[: len(content) // (width * channels) * channels].astype(np.float64)
    except (OSError, EOFError, wave.Error, KeyError, ValueError) as error:
        raise SourceError(
            f'{path}: not a WAV file of 8, 16 or 32 bits ({error}). ffmpeg -i IN -ar {RATE_HZ} -ac 1 OUT.wav makes one.'
        ) from None
    values = (values - FULL_SCALE[1] * (width == 1)) / FULL_SCALE[width]
    return resampled(values.reshape(-1, channels).mean(1), rate_hz)


def resampled(values: NDArray[np.float64], rate_hz: int) -> NDArray[np.float32]:
    """(N,) at a rate to RATE_HZ, by its Fourier series: what is above both rates' halves is left out."""
    count = round(len(values) * RATE_HZ / rate_hz)
    if rate_hz != RATE_HZ and count:
        series = np.fft.rfft(values)[: count // 2 + 1]
        values = np.fft.irfft(series, count) * (count / len(values))
    return values.astype(np.float32)


def open_audio(audio: str) -> Callable[[Callable[[], bool]], Iterator[NDArray[np.float32]]]:
    """Open a WAV file or a microphone.

    Args:
        audio: As of VoiceConfig.

    Returns:
        `sounds(is_over)`: blocks of samples as they come, until the file ends or `is_over()`.

    Raises:
        SourceError: There is no such file or microphone.
        BackendUnavailable: Microphones need sounddevice, which is not here.
    """
    if audio.lower().endswith('.wav'):
        samples = read_wav(Path(audio).expanduser())
        step = round(BLOCK_S * RATE_HZ)
        return lambda is_over: (samples[i : i + step] for i in range(0, len(samples), step) if not is_over())
    return Microphone(audio).sounds


class Microphone:
    """A microphone of this machine, by PortAudio."""

    def __init__(self, name: str) -> None:
        """Find it; '' is the system's own, a number or a part of a name another one."""
        try:
            import sounddevice
        except ImportError:
            raise BackendUnavailable(
                'a microphone needs sounddevice: pip install "waymark[voice]", or name a WAV file in audio.'
            ) from None
        except OSError as error:
            raise BackendUnavailable(
                f'sounddevice finds no PortAudio ({error}): apt install libportaudio2, or name a WAV file in audio.'
            ) from None
        self._device: Any = int(name) if name.isdigit() else name or None
        self._blocks: queue.Queue[NDArray[np.float32]] = queue.Queue(WAITING)
        self._library = sounddevice
        how = {'device': self._device, 'samplerate': RATE_HZ, 'channels': 1, 'dtype': 'float32'}
        try:
            sounddevice.check_input_settings(**how)
        except (sounddevice.PortAudioError, ValueError) as error:
            raise SourceError(self._refusal(name, error)) from None
        self._how = how | {'blocksize': round(BLOCK_S * RATE_HZ), 'callback': self._take}

    def sounds(self, is_over: Callable[[], bool]) -> Iterator[NDArray[np.float32]]:
        """Blocks as they come; where nobody takes them for a minute the oldest are lost.

        Raises:
            SourceError: None comes any more.
        """
        with self._library.InputStream(**self._how):
            while not is_over():
                try:
                    yield self._blocks.get(timeout=SILENT_S)
                except queue.Empty:
                    raise SourceError(
                        f'the microphone has given nothing for {SILENT_S:g} s: is it still connected?'
                    ) from None

    def _take(self, block: NDArray[np.float32], *_: Any) -> None:
        if self._blocks.full():
            with contextlib.suppress(queue.Empty):
                self._blocks.get_nowait()
        self._blocks.put_nowait(block[:, 0].copy())

    def _refusal(self, name: str, error: Exception) -> str:
        known = [d['name'] for d in self._library.query_devices() if d['max_input_channels'] > 0]
        there = f'there are: {"; ".join(known)}' if known else 'this machine has none'
        return (
            f'microphone {name or "of the system"!r} can not be opened ({error}); {there}. Or name a WAV file in audio.'
        )
