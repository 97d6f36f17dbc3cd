# SPDX-License-Identifier: Apache-2.0
"""The process that turns speech into text, in the interpreter that has transformers; and what its text means.

It is a child that is spoken to through its own pipes: nobody else reaches it, and it ends with this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import struct
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.environments import find_interpreter, source_path
from waymark.errors import BackendUnavailable, ModelError
from waymark.voice.config import VoiceConfig

LOAD_S = 600.0  # a model of a hub is fetched in it


@dataclass(frozen=True)
class Heard:
    """What an utterance says, and the geometric mean of the probabilities of its words."""

    text: str
    confidence: float


def instruction_of(heard: Heard, config: VoiceConfig) -> str | None:
    """What is to be done: '' to end what is done, None where nothing is to change."""
    words = _words(heard.text)
    if any(_words(stop) in words for stop in config.stop_words):
        return ''
    if not words.strip() or heard.confidence < config.min_confidence:
        return None
    text = heard.text.strip().rstrip('.!?').rstrip()
    return text.lower() if config.lower_case else text


def _words(text: str) -> str:
    """Its words in small letters, a space before and behind each."""
    words = re.findall(r'[^\W_]+', text.casefold())
    return f' {" ".join(words)} '


class SpeechProcess:
    """A Whisper in a process of its own. One thread at a time may use it."""

    def __init__(self, config: VoiceConfig) -> None:
        """Prepare.

        Raises:
            BackendUnavailable: There is no interpreter with transformers.
        """
        python = Path(config.python).expanduser() if config.python else find_interpreter('models')
        if not os.access(python, os.X_OK):
            raise BackendUnavailable(f'python: {str(python)!r} is no program. Name one that has transformers.')
        asked = {'model': config.model, 'language': config.language, 'threads': config.threads}
        self._command = [str(python), '-m', 'waymark.voice', json.dumps(asked)]
        self._config, self._kept = config, contextlib.ExitStack()
        self._path = self._kept.enter_context(source_path())
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return None if self._child is None or self._child.poll() is not None else self._child.pid

    def start(self) -> None:
        """Load the model, where that is not done.

        Raises:
            ModelError: It can't be loaded.
        """
        if self.pid is not None:
            return
        environment = os.environ | {'PYTHONPATH': self._path, 'PYTHONNOUSERSITE': '1'}
        pipe = subprocess.PIPE
        # A session of its own: Ctrl-C reaches this process, which ends that one.
        self._child = subprocess.Popen(self._command, env=environment, start_new_session=True, stdin=pipe, stdout=pipe)
        with self._deadline(LOAD_S):
            self._answer()

    def hear(self, samples: NDArray[np.float32]) -> Heard:
        """What (N,) samples say, 16 kHz, 30 s at most.

        Raises:
            ModelError: The process ended or took longer than `answer_s`; the next call starts another.
        """
        self.start()
        assert self._child is not None and self._child.stdin is not None
        with self._deadline(self._config.answer_s):
            with contextlib.suppress(BrokenPipeError):  # what it said before its end is read below
                self._child.stdin.write(struct.pack('<I', len(samples)) + samples.astype('<f4').tobytes())
                self._child.stdin.flush()
            said = self._answer()
        return Heard(str(said['text']), float(said['confidence']))

    def close(self) -> None:
        """End it."""
        self._end()
        self._kept.close()

    def _answer(self) -> dict[str, Any]:
        assert self._child is not None and self._child.stdout is not None
        line = self._child.stdout.readline()
        said: dict[str, Any] = json.loads(line) if line.endswith(b'\n') else {}  # {}: it ended
        if 'error' in said or not said:
            self._end()
            raise ModelError(
                said.get('error', 'the speech process ended or took too long; the next words start it anew.')
            )
        return said

    @contextlib.contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        """Kill the process where it takes longer: reading from it then ends."""
        assert self._child is not None
        timer = threading.Timer(seconds, self._child.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                with contextlib.suppress(OSError):  # what it no longer took
                    if pipe is not None:
                        pipe.close()
            self._child = None
