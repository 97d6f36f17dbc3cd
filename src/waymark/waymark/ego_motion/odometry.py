# SPDX-License-Identifier: Apache-2.0
"""Where the camera is: measured against an anchor while it overlaps, from anchor to anchor, against old ones again."""

from __future__ import annotations

import numpy as np

from waymark.ego_motion.anchors import Anchor, AnchorMap, Fix, Located
from waymark.ego_motion.config import EgoMotionConfig
from waymark.ego_motion.fixing import Fixer, Sensors
from waymark.ego_motion.ground import Floats, Pose, altitude_row
from waymark.ego_motion.view import Match, View, match_features, match_views, overlap
from waymark.image.flow import good_points
from waymark.image.plane import ground_homography
from waymark.image.rotation import rotation_of, rotation_vector

_DOUBTFUL = 30.0  # squared Mahalanobis distance (6 numbers) beyond which two anchors contradict each other
_TRIED_WHEN_LOST = 3
_IN_TOUCH = 0.8  # overlap above which the anchor shows the ground where it was lost well enough
_ALTITUDE_EVERY_S = 0.09  # the noise of altitudes that follow more quickly is not independent


class GroundOdometry:
    """Pose of one calibrated camera over flat ground."""

    def __init__(self, config: EgoMotionConfig) -> None:
        self._config = config
        self.fixer = Fixer(config)
        sigmas = np.radians([0.0, config.attitude_bias_deg, config.attitude_bias_deg])
        sigmas[0] = config.range_bias
        self.map = AnchorMap(sigmas, self.fixer.R_base_camera[0])
        self.anchor: Anchor | None = None
        self.reused = 0
        self.jump: Floats = np.zeros(3)
        self._H_last: Floats | None = None  # anchor to the last image
        self._last: tuple[Fix, View, Located, float] | None = None
        self._velocity: tuple[Floats, Floats] = np.zeros(3), np.zeros(3)
        self._learned: set[tuple[int, int]] = set()
        self._altitude_s = -np.inf
        self._last_overlap = 1.0

    def update(self, view: View, H_cur_prev: Floats | None, stamp_s: float, sensors: Sensors) -> Located | str:
        """Locate the camera of the next image; it must be calibrated.

        Args:
            view: The image; it may get new points.
            H_cur_prev: From the image before; None: unknown.
            stamp_s: When.
            sensors: What came with it.

        Returns:
            The pose, or the reason why there is none.
        """
        self.jump = np.zeros(3)
        if self.anchor is None:
            return self._begin(view, stamp_s, sensors)
        match = self._present(view, H_cur_prev)
        if isinstance(match, str):
            match = self._found_again(view, match)
        if isinstance(match, str):
            return self._lost(view, H_cur_prev, stamp_s, sensors, match)
        located = self._fixed(match, view, stamp_s, sensors)
        if not isinstance(located, str) and self._is_leaving(match):
            located = self._moved_on(match, view, stamp_s, sensors, located)
        return located

    def miss(self) -> None:
        """An image came that could not be used: the next one's motion is not since the last that was."""
        self._H_last = None

    def _begin(self, view: View, stamp_s: float, sensors: Sensors) -> Located | str:
        fix = self.fixer.begin(sensors, self.map.biases)
        if fix is None:
            return 'no altitude yet'
        if len(view.points) < self._config.min_inliers:
            return f'only {len(view.points)} points to follow'
        return self._kept(fix, view, stamp_s)

    def _kept(self, fix: Fix, view: View, stamp_s: float) -> Located | str:
        """Make the current view the anchor."""
        if sum(a.view is not None for a in self.map.anchors) >= self._config.max_anchors:
            self._forget_one()
        view.points = good_points(view.gray, self._config)
        anchor = self.map.learn(fix, view, becomes_anchor=True)
        if anchor is None:
            return 'the points do not fix a pose'
        self.anchor, self._H_last, self._last_overlap = anchor, np.eye(3), 1.0
        located = Located(anchor.pose, self.map.covariance_of(anchor))
        self._last = (fix, view, located, stamp_s)
        return located

    def _present(self, view: View, H_cur_prev: Floats | None) -> Match | str:
        """Match with the present anchor, or with the last image, made an anchor, where that is lost."""
        if H_cur_prev is None or self._H_last is None or self.anchor is None or self.anchor.view is None:
            return 'the image before shows nothing that this one does'
        match = match_views(self.anchor.view, view, H_cur_prev @ self._H_last, self._config)
        if not isinstance(match, str) or self._last is None or self._last[1] is self.anchor.view:
            return match
        fix, last_view, _, last_s = self._last
        if isinstance(self._kept(fix, last_view, last_s), str):
            return match
        return match_views(last_view, view, H_cur_prev, self._config)

    def _found_again(self, view: View, reason: str) -> Match | str:
        """Look for the present anchor and those around it without a guess."""
        if len(view.points) < self._config.min_inliers:
            return reason
        where = self._last[2].pose.p if self._last is not None else np.zeros(3)
        shape = view.gray.shape
        able = (a for a in self.map.anchors if a.view is not None and a.view.gray.shape == shape)
        near = sorted(able, key=lambda a: float(np.linalg.norm(a.pose.p - where)))
        for anchor in near[:_TRIED_WHEN_LOST]:
            assert anchor.view is not None
            match = match_features(anchor.view, view, self._config)
            if not isinstance(match, str):
                self.anchor = anchor
                return match
        return reason

    def _lost(
        self, view: View, H_cur_prev: Floats | None, stamp_s: float, sensors: Sensors, reason: str
    ) -> Located | str:
        """Keep where it was lost; begin again from there once the ground is seen in two images running."""
        self._H_last = None
        if self._last is None:
            return reason
        fix, last_view, located, last_s = self._last
        if self._last_overlap < _IN_TOUCH and self.anchor is not None and self.anchor.view is not last_view:
            kept = self._kept(fix, last_view, last_s)
            self._H_last = None
            if isinstance(kept, str):
                return reason
        if H_cur_prev is None or len(view.points) < self._config.min_inliers or self.anchor is None:
            return reason
        gap_s = stamp_s - last_s
        guess = self._flown_on(located.pose, gap_s)
        return self._kept(self.fixer.coasted(self.anchor, guess, gap_s, sensors, self.map.biases), view, stamp_s)

    def _flown_on(self, pose: Pose, gap_s: float) -> Pose:
        """Where the last velocity leads from a pose."""
        speed, turn = self._velocity
        p = pose.p + speed * gap_s
        p[2] = max(p[2], 0.05)
        return Pose(rotation_of(turn * gap_s) @ pose.R, p)

    def _fixed(self, match: Match, view: View, stamp_s: float, sensors: Sensors) -> Located | str:
        assert self.anchor is not None
        assert view.camera is not None
        start = self.anchor.pose if self._last is None else self._flown_on(self._last[2].pose, stamp_s - self._last[3])
        fix = self.fixer.fix([(self.anchor, match)], start, view.camera.K, sensors, self.map.biases)
        fix = None if fix is None else self._weighed(fix, stamp_s, sensors)
        located = None if fix is None else self.map.locate(fix)
        if fix is None or located is None or located.pose.p[2] <= 0:
            return 'the points do not fix a pose'
        if self._last is not None and stamp_s > self._last[3] and self._H_last is not None:
            gap_s, before = stamp_s - self._last[3], self._last[2].pose
            turn = rotation_vector(located.pose.R @ before.R.T) / gap_s
            self._velocity = (located.pose.p - before.p) / gap_s, turn
        self._H_last, self._last_overlap = match.H_cur_ref, match.overlap
        self._last = (fix, view, located, stamp_s)
        return located

    def _weighed(self, fix: Fix, stamp_s: float, sensors: Sensors) -> Fix:
        """Let the anchors learn from the altitude: it says their scale, and its noise is not to be the pose's."""
        if sensors.altitude is None or stamp_s - self._altitude_s < _ALTITUDE_EVERY_S:
            return fix
        self._altitude_s = stamp_s
        row, residual = altitude_row(
            fix.pose, fix.pose.R @ self.fixer.R_base_camera.T, self.map.biases, sensors.altitude
        )
        sigma_m = self._config.range_noise * sensors.altitude.value_m
        return self.map.weigh(fix, row, residual, sigma_m**2)

    def _is_leaving(self, match: Match) -> bool:
        return match.overlap < self._config.anchor_overlap or len(match.points_ref) < 2 * self._config.min_inliers

    def _moved_on(self, match: Match, view: View, stamp_s: float, sensors: Sensors, located: Located) -> Located | str:
        """Go on from an earlier anchor, or from this view."""
        assert self._last is not None
        moved: Located | str | None = None
        if self._config.reuse_anchors:
            moved = self._taken_again(match, view, stamp_s, sensors, located)
        if moved is None:
            fix = self._last[0]
            moved = self._kept(fix if sensors.up_base is not None else self.fixer.with_level(fix), view, stamp_s)
        if isinstance(moved, Located):
            self.jump = moved.pose.p - located.pose.p
        return moved

    def _taken_again(
        self, match: Match, view: View, stamp_s: float, sensors: Sensors, located: Located
    ) -> Located | None:
        """Go on from an earlier anchor that shows this ground too."""
        assert self.anchor is not None
        assert view.camera is not None
        for earlier in self._candidates(view, located):
            assert earlier.view is not None
            H = self._expected(earlier, located.pose, view)
            found = match_views(earlier.view, view, H, self._config)
            if isinstance(found, str):
                found = match_features(earlier.view, view, self._config)
            if isinstance(found, str) or found.overlap < match.overlap + 0.05:
                continue
            biases, K = self.map.biases, view.camera.K
            alone = self.fixer.fix([(earlier, found)], located.pose, K, sensors, biases)
            there = None if alone is None else self.map.locate(alone)
            if there is None or _disagreement(there, located) > _DOUBTFUL:
                continue
            pair = min(self.anchor.number, earlier.number), max(self.anchor.number, earlier.number)
            if pair not in self._learned:  # the same two views tell the same only once
                self._learned.add(pair)
                both = self.fixer.fix([(self.anchor, match), (earlier, found)], located.pose, K, sensors, biases)
                if both is not None:
                    self.map.learn(both)
            self.anchor = earlier
            self.reused += 1
            settled = self._fixed(found, view, stamp_s, sensors)
            if not isinstance(settled, str):
                return settled
        return None

    def _candidates(self, view: View, located: Located) -> list[Anchor]:
        """Earlier anchors that should be seen, the surest first; two at most."""
        assert view.camera is not None
        shown = [
            a
            for a in self.map.anchors
            if a is not self.anchor
            and a.view is not None
            and a.view.gray.shape == view.gray.shape
            and overlap(self._expected(a, located.pose, view), view.size_wh) >= self._config.reuse_overlap
        ]
        return sorted(shown, key=lambda a: float(np.trace(self.map.covariance_of(a)[:2, :2])))[:2]

    def _expected(self, anchor: Anchor, pose: Pose, view: View) -> Floats:
        """H_cur_ref (3, 3) of an anchor's view, if this is where the camera is."""
        assert anchor.view is not None and anchor.view.camera is not None and view.camera is not None
        from_, K = anchor.pose, anchor.view.camera.K
        return ground_homography(from_.R, from_.p, pose.R, pose.p, K, view.camera.K)

    def _forget_one(self) -> None:
        """Leave out the anchor that stands nearest to another one; never the present one nor the first."""
        others = [a for a in self.map.anchors[1:] if a is not self.anchor]
        places = np.array([a.pose.p for a in self.map.anchors])
        gaps = [float(np.sort(np.linalg.norm(places - a.pose.p, axis=1))[1]) for a in others]
        self.map.forget(others[int(np.argmin(gaps))])


def _disagreement(a: Located, b: Located) -> float:
    """Squared Mahalanobis distance of two poses, held to be independent."""
    d = np.r_[a.pose.p - b.pose.p, rotation_vector(a.pose.R @ b.pose.R.T)]
    return float(d @ np.linalg.solve(a.covariance + b.covariance + 1e-12 * np.eye(6), d))
