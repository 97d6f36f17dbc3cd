# SPDX-License-Identifier: Apache-2.0
"""Registration judged on pairs of pictures with known homographies, and on pairs that have none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from waymark.evaluation.pairs import Pair
from waymark.image.geometry import corner_error
from waymark.image.registration import Registration, RegistrationConfig, register_images

WRONG_PX = 20.0  # a homography further off than this is no inaccuracy
LIMITS_PX = (1, 3, 5)


@dataclass(frozen=True, eq=False)
class PairResult:
    """What was said about one pair.

    Attributes:
        pair: The pair.
        found: The registration; None: lost.
        error_px: Mean distance of the four corners from where they belong; None where lost, or where no homography
            is right.
        ms: Wall-clock time of the registration, reading aside.
    """

    pair: Pair
    found: Registration | None
    error_px: float | None
    ms: float

    @property
    def wrong(self) -> bool:
        """A homography was given that is none, or one that is far off."""
        if self.found is None:
            return False
        return self.error_px is None or self.error_px > WRONG_PX

    @property
    def verdict(self) -> str:
        """One word: found, lost, wrong, or refused (lost, and rightly)."""
        if self.wrong:
            return 'wrong'
        if self.found is None:
            return 'refused' if self.pair.H_cur_ref is None else 'lost'
        return 'found'


def judge_pair(pair: Pair, config: RegistrationConfig) -> PairResult:
    """Register one pair and compare with the truth.

    Raises:
        SourceError: An image can't be read.
    """
    reference, current = pair.read()
    start = time.perf_counter()
    found = register_images(reference, current, config)
    ms = 1000 * (time.perf_counter() - start)
    error = None
    if found is not None and pair.H_cur_ref is not None:
        error = corner_error(found.H_cur_ref, pair.H_cur_ref, (reference.shape[1], reference.shape[0]))
    return PairResult(pair, found, error, ms)


def evaluate_homography(
    pairs: Sequence[Pair], config: RegistrationConfig, done: Callable[[int], None] = lambda count: None
) -> list[PairResult]:
    """Register every pair.

    Args:
        pairs: What to register.
        config: How.
        done: Told the number of pairs done, after each.

    Raises:
        SourceError: An image can't be read.
    """
    results = []
    for pair in pairs:
        results.append(judge_pair(pair, config))
        done(len(results))
    return results


def figures_of(results: Sequence[PairResult]) -> dict[str, Any]:
    """Count.

    Args:
        results: One per pair, at least one.

    Returns:
        `pairs` and `pairs_with_H`; `under_1px`, `under_3px`, `under_5px`: of the pairs with H, the share with a smaller
        corner error (null without such pairs); `median_corner_error_px` of those found (null where none is); `lost`:
        pairs with H without an answer; `refused`: pairs without H rightly without one; `wrong`: answers where H is null
        or more than 20 px off; `ms_per_pair`, the mean.
    """
    known = [r for r in results if r.pair.H_cur_ref is not None]
    errors = [r.error_px for r in known if r.error_px is not None]
    shares = {f'under_{limit}px': sum(e < limit for e in errors) / len(known) if known else None for limit in LIMITS_PX}
    verdicts = [r.verdict for r in results]
    median = float(np.median(errors)) if errors else None
    return {
        'pairs': len(results),
        'pairs_with_H': len(known),
        **shares,
        # Found, but with a corner at infinity: JSON has no such number.
        'median_corner_error_px': median if median is not None and np.isfinite(median) else None,
        'lost': verdicts.count('lost'),
        'refused': verdicts.count('refused'),
        'wrong': verdicts.count('wrong'),
        'ms_per_pair': sum(r.ms for r in results) / len(results),
    }
