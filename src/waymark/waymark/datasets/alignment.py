# SPDX-License-Identifier: Apache-2.0
"""Put topics of different rates in step: at each tick what was known by then, and what was commanded until the next."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tick:
    """One step: the moment, the newest sample of each observed topic by then, and of each other topic by the next.

    `is_first` where a gap, or nothing, was before it.
    """

    stamp_s: float
    samples: dict[str, Any]
    is_first: bool


class Aligner:
    """Takes samples as they come, gives ticks as soon as they can't change any more."""

    def __init__(
        self, fps: float, observed: Sequence[str], commanded: Sequence[str], max_age_s: float, late_s: float = 0.3
    ) -> None:
        """Prepare.

        Args:
            fps: Ticks per second.
            observed: Topics of which the newest sample up to the tick counts; none may be older than max_age_s.
            commanded: Topics of which the newest sample before the next tick counts: what follows from the
                observation. The last command holds until there is another.
            max_age_s: Older observations are a gap.
            late_s: How much later than others a topic's samples may come.
        """
        self._period_s, self._max_age_s, self._late_s = 1.0 / fps, max_age_s, late_s
        self._observed, self._commanded = tuple(observed), tuple(t for t in commanded if t not in observed)
        self._samples: dict[str, list[tuple[float, Any]]] = {t: [] for t in (*self._observed, *self._commanded)}
        self._newest_s = float('-inf')
        self._begin_s: float | None = None
        self._count = 0
        self._is_first = True
        self.gaps = 0

    def add(self, topic: str, stamp_s: float, sample: Any) -> None:
        """Take a sample; of equal stamps the last counts."""
        samples = self._samples[topic]
        place = bisect.bisect_right(samples, stamp_s, key=lambda s: s[0])
        samples.insert(place, (stamp_s, sample))
        self._newest_s = max(self._newest_s, stamp_s)

    def ticks(self, is_end: bool = False) -> Iterator[Tick]:
        """Yield what is ready.

        Args:
            is_end: No further sample comes: yield the rest.
        """
        if self._begin_s is None and not self._begin(is_end):
            return
        assert self._begin_s is not None
        until_s = self._newest_s - (0.0 if is_end else self._late_s + self._period_s)
        while (stamp_s := self._begin_s + self._count * self._period_s) <= until_s + 1e-9:
            self._count += 1
            samples = self._at(stamp_s)
            if samples is None:
                self.gaps += not self._is_first
                self._is_first = True
            else:
                yield Tick(stamp_s, samples, self._is_first)
                self._is_first = False
            self._forget(stamp_s)

    def _begin(self, is_end: bool) -> bool:
        """The first tick is when every topic has spoken."""
        firsts = [s[0][0] for s in self._samples.values() if s]
        if len(firsts) < len(self._samples) or (not is_end and max(firsts) > self._newest_s - self._late_s):
            return False
        self._begin_s = max(firsts)
        return True

    def _at(self, stamp_s: float) -> dict[str, Any] | None:
        found = {}
        for topic in self._observed:
            sample = self._newest(topic, stamp_s + 1e-9)
            if sample is None or stamp_s - sample[0] > self._max_age_s:
                return None
            found[topic] = sample[1]
        for topic in self._commanded:
            sample = self._newest(topic, stamp_s + self._period_s - 1e-9)
            if sample is None:
                return None
            found[topic] = sample[1]
        return found

    def _newest(self, topic: str, until_s: float) -> tuple[float, Any] | None:
        samples = self._samples[topic]
        place = bisect.bisect_right(samples, until_s, key=lambda s: s[0])
        return samples[place - 1] if place else None

    def _forget(self, stamp_s: float) -> None:
        """Keep one sample at or before the tick, and all after it."""
        for samples in self._samples.values():
            place = bisect.bisect_right(samples, stamp_s, key=lambda s: s[0])
            del samples[: max(place - 1, 0)]
