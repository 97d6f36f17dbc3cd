# SPDX-License-Identifier: Apache-2.0
r"""The picture of docs/geo.md: photos of a generated countryside in another season, and where they were found.

    .venv/bin/python benchmarks/geo_picture.py docs/geo.jpg [--seed 7]

Left the map with what each photo shows (outline), where its camera was found (dot, two standard deviations around it)
and where it was (cross); right the photos, grey with the reason where none was believed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from geo import localizer
from geo_photos import Case, take_photos

from waymark.geo import Photo, Unsure
from waymark.geo.ortho_picture import ortho_of
from waymark.image.geometry import image_corners, transform_points
from waymark_sim.ground import generate_ground

MAP_PX, SCALE_M, THUMB_WH = 1000, 0.2, (240, 180)
COLOURS = ((255, 80, 60), (255, 200, 40), (90, 240, 90), (70, 210, 255), (200, 130, 255), (255, 140, 200))


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', type=Path)
    parser.add_argument('--seed', type=int, default=7)
    options = parser.parse_args()
    ground = generate_ground(options.seed, 4000)
    small = np.asarray(cv2.resize(ground.rgb, (MAP_PX, MAP_PX), interpolation=cv2.INTER_AREA), np.uint8)
    finder = localizer(ortho_of(np.ascontiguousarray(small[..., ::-1])), SCALE_M)
    canvas = (0.75 * small).astype(np.uint8)
    thumbs = []
    case = Case(altitude_m=(35, 70), tilt_deg=8, seasons=True)
    for colour, taken in zip(COLOURS, take_photos(ground, case, len(COLOURS), options.seed), strict=True):
        found = finder.locate(Photo(taken.rgb, taken.K))
        thumb = np.asarray(cv2.resize(taken.rgb, THUMB_WH, interpolation=cv2.INTER_AREA), np.uint8)
        true = (taken.place_px + 0.5) * MAP_PX / 4000 - 0.5
        text = found.gate if isinstance(found, Unsure) else f'within {found.sigma_m:.1f} m'
        if isinstance(found, Unsure):
            thumb, colour = (0.4 * thumb).astype(np.uint8), (150, 150, 150)
        else:
            corners = transform_points(found.H_map_photo, image_corners((640, 480)))
            cv2.polylines(canvas, [np.rint(corners).astype(np.int32)], True, colour, 3, cv2.LINE_AA)
            at = round(found.x_px), round(found.y_px)
            cv2.circle(canvas, at, max(round(2 * found.sigma_m / SCALE_M), 4), colour, 2, cv2.LINE_AA)
            cv2.circle(canvas, at, 3, colour, -1, cv2.LINE_AA)
        cv2.drawMarker(canvas, tuple(int(v) for v in np.rint(true)), (255, 255, 255), cv2.MARKER_CROSS, 16, 2)
        cv2.rectangle(thumb, (0, 0), (THUMB_WH[0] - 1, THUMB_WH[1] - 1), colour, 5)
        cv2.putText(thumb, text, (10, THUMB_WH[1] - 14), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2, cv2.LINE_AA)
        thumbs.append(thumb)
    side = np.vstack([np.hstack(thumbs[k : k + 2]) for k in range(0, len(thumbs), 2)])
    canvas = cv2.resize(canvas, (len(side), len(side)), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(options.out), np.hstack([canvas, side])[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])


if __name__ == '__main__':
    main()
