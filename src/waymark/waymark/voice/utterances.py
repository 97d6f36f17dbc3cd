# SPDX-License-Identifier: Apache-2.0
"""Cut sound into utterances by its loudness: what stands out of the quiet, until the next pause."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.voice.config import VoiceConfig

RATE_HZ = 16000  # of Whisper
FRAME = RATE_HZ // 50  # 20 ms
BEFORE = 15  # frames kept from before speech stood out: soft consonants
BEGINS, SHORTEST = 3, 8  # loud frames in a row that begin an utterance; loud frames that make one, no click
QUIET_FRAMES, KNOWN_FRAMES = 250, 50  # what the quietest is looked for in; so long `level_db` counts alone
FLOOR_DB = -90.0


@dataclass(frozen=True, eq=False)
class Utterance:
    """Something that was said.

    Attributes:
        samples: (N,) float32 in [-1, 1], RATE_HZ.
        begin_s: When it began, s from the first sample that was fed.
    """

    samples: NDArray[np.float32]
    begin_s: float

    @property
    def end_s(self) -> float:
        """When it had ended, the pause behind it included, s."""
        return self.begin_s + len(self.samples) / RATE_HZ


class Utterances:
    """Takes sound in pieces of any length, gives utterances when they have ended."""

    def __init__(self, config: VoiceConfig) -> None:
        """Begin with silence."""
        self._config = config
        self._pause, self._longest = round(config.pause_s * RATE_HZ / FRAME), round(config.longest_s * RATE_HZ / FRAME)
        self._levels: deque[float] = deque(maxlen=QUIET_FRAMES)
        self._rest = np.zeros(0, np.float32)
        self._frames = 0
        self._kept: list[NDArray[np.float32]] = []
        self._has_begun = False
        self._in_row = self._loud = self._quiet = 0

    def feed(self, samples: NDArray[np.float32]) -> list[Utterance]:
        """Take (N,) samples; returns the utterances that ended in them."""
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) // FRAME * FRAME
        self._rest = samples[whole:]
        found = [self._add(frame) for frame in samples[:whole].reshape(-1, FRAME)]
        return [utterance for utterance in found if utterance is not None]

    def end(self) -> list[Utterance]:
        """No more sound comes: what is being said has ended."""
        last = self._take() if self._has_begun else None
        return [] if last is None else [last]

    def _add(self, frame: NDArray[np.float32]) -> Utterance | None:
        is_loud = self._is_loud(frame)
        self._frames += 1
        self._kept.append(frame)
        self._in_row = self._in_row + 1 if is_loud else 0
        self._loud += is_loud
        self._quiet = 0 if is_loud else self._quiet + 1
        if not self._has_begun:
            self._has_begun = self._in_row >= BEGINS
            if not self._has_begun:
                self._kept, self._loud = self._kept[-BEFORE:], self._in_row
            return None
        return self._take() if self._quiet >= self._pause or len(self._kept) >= self._longest else None

    def _is_loud(self, frame: NDArray[np.float32]) -> bool:
        power = float(np.square(frame, dtype=np.float64).mean())
        level_db = max(FLOOR_DB, 10 * math.log10(power)) if power > 0 else FLOOR_DB
        self._levels.append(level_db)
        is_known = len(self._levels) >= KNOWN_FRAMES
        quiet_db = min(self._levels) + self._config.margin_db if is_known else FLOOR_DB
        return level_db > max(self._config.level_db, quiet_db)

    def _take(self) -> Utterance | None:
        begin_s = (self._frames - len(self._kept)) * FRAME / RATE_HZ
        found = Utterance(np.concatenate(self._kept), begin_s) if self._loud >= SHORTEST else None
        self._forget()
        return found

    def _forget(self) -> None:
        self._kept, self._has_begun = [], False
        self._in_row = self._loud = self._quiet = 0


def utterances_in(blocks: Iterable[NDArray[np.float32]], config: VoiceConfig) -> Iterator[Utterance]:
    """Utterances of sound that comes in blocks of (N,) samples, as soon as each has ended."""
    cutter = Utterances(config)
    for block in blocks:
        yield from cutter.feed(block)
    yield from cutter.end()
