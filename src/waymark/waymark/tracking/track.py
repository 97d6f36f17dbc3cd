# SPDX-License-Identifier: Apache-2.0
"""One target through time: followed while it is believed, looked for when it is not."""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.features import Features
from waymark.image.geometry import corner_error, image_corners, transform_points
from waymark.tracking.alignment import Alignment, align, choose_template
from waymark.tracking.config import TrackerConfig
from waymark.tracking.gates import Standing, doubt
from waymark.tracking.guesses import guesses
from waymark.tracking.pyramid import FramePyramid
from waymark.tracking.target import Target

_BETTER = 0.1  # agreement by which a target found anew must surpass the one that is followed elsewhere
_FALLS = 0.1  # agreement by which a target that was foreseen may fall behind the last image unquestioned
_AT_ONCE, _SOMETIMES = 4, 3  # images after a loss in which it is looked for where it was: first all, then each third
_ELSEWHERE = 0.03  # of the target's size


class TrackState(Enum):
    """Numbers as in waymark_msgs/PlanarTarget."""

    SEARCHING = 0  # not seen yet
    TRACKING = 1  # seen in this image
    LOST = 2  # was seen before, not in this image


class Track:
    """What is known of one target from image to image."""

    def __init__(self, target: Target, config: TrackerConfig) -> None:
        self.target = target
        self.state = TrackState.SEARCHING
        self.found: Alignment | None = None  # in this image, where believed
        self.reason = 'not searched yet'  # why not
        self.unseen = 0  # images since it was seen
        self.unchecked = 0  # images since it was last looked for
        self.searches = 0  # in a row without success
        self._config = config
        self._view = 0
        self._was_seen = False  # in the last image
        self._agreement = 0.0  # when it was seen last
        self._hoped: Alignment | None = None  # where it was foreseen in this image
        self._last: NDArray[np.float64] | None = None  # where it was seen last
        self._before: NDArray[np.float64] | None = None  # and in the image before that
        self._guess: NDArray[np.float64] | None = None  # where it was, or would be by the flow alone
        self._held: NDArray[np.float64] = np.zeros((0, 2))  # picture px by which it was held

    @property
    def points_px(self) -> NDArray[np.float64]:
        """(N, 2) px of the last image that belong to the target; none where it is long gone, or in this one already."""
        if self._guess is None or self.found is not None:
            return np.zeros((0, 2))
        return transform_points(self._guess, self._held[: self._config.flow_points])

    @property
    def is_doubtful(self) -> bool:
        """It was lost a moment ago: looked for more often than what is long gone."""
        return self.state is TrackState.LOST and self.unseen <= self._config.doubt_frames

    @property
    def size_px(self) -> float | None:
        """Longer side in the image where it was last seen; None before."""
        if self._guess is None:
            return None
        quad = transform_points(self._guess, image_corners(self.target.size_wh))
        return float(np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1).max())

    def forget(self) -> None:
        """Forget where it is: the next image is not a continuation."""
        self._guess, self._before, self.found = None, None, None
        if self.state is TrackState.TRACKING:
            self.state = TrackState.LOST

    def foresee(self, image: FramePyramid) -> None:
        """Look for a target that was seen in the last image where its motion would have taken it by now."""
        self.unseen += 1
        self.unchecked += 1
        self._was_seen, self.found, self._hoped = self.state is TrackState.TRACKING, None, None
        if not self._was_seen or self._guess is None:
            return
        self._hoped = self._laid(image, self._foreseen(self._guess), is_near=True)
        # Lines of text and rows of bricks fit nearly as well one further: then the flow is asked.
        if self._hoped is not None and self._hoped.agreement >= self._agreement - _FALLS:
            self._accept(image, self._hoped, was_seen=True)

    def follow(self, image: FramePyramid, H_cur_last: NDArray[np.float64] | None) -> None:
        """Carry a target that was not where it was foreseen over from the last image.

        Args:
            image: The current one.
            H_cur_last: How its points moved; None where that is unknown.
        """
        if self._guess is None or self.found is not None:
            return
        guess = self._guess if H_cur_last is None else H_cur_last @ self._guess
        if self._was_seen or self.unseen <= _AT_ONCE or self.unseen % _SOMETIMES == 0:
            # Something that passed in front may have taken the flow along: by turns, look where the target was.
            at = guess if self._was_seen or self.unseen % 2 or self._last is None else self._last
            laid = [a for a in (self._laid(image, at), self._hoped) if a is not None]
            self._accept(image, max(laid, key=lambda a: a.agreement, default=None), self._was_seen)
        if self.found is None:
            self.state, self._before = TrackState.LOST, None
            is_of_use = self.unseen <= self._config.doubt_frames and bool(np.isfinite(guess).all())
            self._guess = guess if is_of_use else None

    def _foreseen(self, last: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where it would be now if its corners went on as from the image before the last one to that."""
        if self._before is None:
            return last
        corners = image_corners(self.target.size_wh)
        now, then = transform_points(last, corners), transform_points(self._before, corners)
        ahead = 2 * now - then
        return np.asarray(cv2.getPerspectiveTransform(corners.astype(np.float32), ahead.astype(np.float32)), np.float64)

    def look_for(self, image: FramePyramid, features: Features) -> None:
        """Search the whole image, unless what is found there is no better than what is followed."""
        self.unchecked = 0
        if self.found is None:
            self.searches += 1
            self.reason = 'matches'
        for guess in guesses(self.target.features, features, self._config.ratio, self._config.ransac_threshold_px):
            if self.found is not None and self._apart_px(guess) <= _ELSEWHERE * (self.size_px or 0.0):
                return  # there it is
            laid = self._best_view(image, guess)
            if self.found is None or self._is_better_elsewhere(laid):
                self._accept(image, laid, was_seen=False)
            if self.found is not None:
                return

    def _best_view(self, image: FramePyramid, guess: NDArray[np.float64]) -> Alignment | None:
        laid = (self._laid(image, guess, number) for number in range(len(self.target.views)))
        return max((a for a in laid if a is not None), key=lambda a: a.agreement, default=None)

    def _laid(
        self, image: FramePyramid, guess: NDArray[np.float64], view: int | None = None, is_near: bool = False
    ) -> Alignment | None:
        if not np.isfinite(guess).all() or abs(np.linalg.det(guess)) < 1e-12:
            return None
        templates = self.target.views[self._view if view is None else view].followed
        return align(templates, image, guess, self._config.template_points, is_near)

    def _accept(self, image: FramePyramid, laid: Alignment | None, was_seen: bool) -> None:
        """Believe an alignment that passes every gate; remember why another one does not."""
        self.reason, view = 'flow', self._view
        if laid is None:
            return
        if not was_seen:
            view, laid = self._looked_at_closely(image, laid)
            if laid is None:
                return
        standing = Standing.FOLLOWED if was_seen else Standing.LATELY if self._is_about_last(laid) else Standing.NEW
        self.reason = doubt(laid, self.target.size_wh, standing, self._config) or ''
        if self.reason:
            return
        self.found, self.state, self._view = laid, TrackState.TRACKING, view
        self.unseen = self.searches = 0
        self._before = self._last if was_seen else None
        self._guess = self._last = laid.H_cur_ref
        self._agreement = laid.agreement
        self._held = laid.points_ref[laid.inliers]

    def _looked_at_closely(self, image: FramePyramid, laid: Alignment) -> tuple[int, Alignment | None]:
        """What is new must look right as finely as the image shows it: small, one page of text is like another."""
        number, view = next((k, v) for k, v in enumerate(self.target.views) if laid.template in v.templates)
        chosen = choose_template(view.templates, laid.H_cur_ref)
        if chosen is None or chosen[0] is laid.template:
            return number, laid
        return number, align(view.templates, image, laid.H_cur_ref, self._config.template_points)

    def _is_about_last(self, laid: Alignment) -> bool:
        """Whether it was lost a moment ago, less than its size away and about as large."""
        if not self.is_doubtful or self._last is None or self.size_px is None:
            return False
        corners = image_corners(self.target.size_wh)
        now, then = (transform_points(H, corners) for H in (laid.H_cur_ref, self._last))
        is_near = float(np.linalg.norm(now.mean(axis=0) - then.mean(axis=0))) < float(np.ptp(then, axis=0).max())
        return is_near and 0.5 < float(np.ptp(now, axis=0).max()) / max(float(np.ptp(then, axis=0).max()), 1.0) < 2.0

    def _is_better_elsewhere(self, laid: Alignment | None) -> bool:
        if laid is None or self.found is None or laid.agreement <= self.found.agreement + _BETTER:
            return False
        return self._apart_px(laid.H_cur_ref) > _ELSEWHERE * (self.size_px or 0.0)

    def _apart_px(self, H_cur_ref: NDArray[np.float64]) -> float:
        """Mean distance of the corners from where the target is followed."""
        return np.inf if self.found is None else corner_error(H_cur_ref, self.found.H_cur_ref, self.target.size_wh)
