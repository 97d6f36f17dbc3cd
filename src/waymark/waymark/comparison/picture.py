# SPDX-License-Identifier: Apache-2.0
"""A comparison for the eye: both images, where they differ, and which patch of one matches which of the other."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.comparison.images import ImagePair
from waymark.comparison.patches import PatchMatch
from waymark.similarity import SsimOptions, Window, ssim_map

Picture = NDArray[np.uint8]
_PANEL_PX, _TALLEST_PX, _CAPTION_PX, _GAP_PX = 640, 960, 26, 6
_INK, _PAPER = (30, 30, 30), 255


def draw_comparison(pair: ImagePair, mask: NDArray[np.float32] | None, match: PatchMatch) -> Picture:
    """Lay out panels in two columns, each with a caption.

    Args:
        pair: The images.
        mask: (H, W) 0 to 1, shown when there is one.
        match: Of the patches of A and B.

    Returns:
        RGB uint8.
    """
    a, b = (_rgb(pixels) for pixels in pair.pixels)
    panels = [
        (f'A: {pair.names[0]}', a),
        (f'B: {pair.names[1]}', b),
        difference_panel(pair),
        ssim_panel(pair),
        ('A: each patch in the colour of its match in B', painted_matches(a, match)),
        ('B: the colours; A is darker where the match is worse', painted_key(b, match)),
    ]
    if mask is not None:
        panels += [('mask: white counts', _rgb(_bytes(mask))), ('B under the mask', _bytes(b / 255 * mask[..., None]))]
    tiles = [_captioned(caption, _scaled(panel)) for caption, panel in panels]
    rows = [np.hstack([left, _gap(left), right]) for left, right in zip(tiles[::2], tiles[1::2], strict=True)]
    return np.vstack(rows)


def difference_panel(pair: ImagePair) -> tuple[str, Picture]:
    """|A - B|, the largest over channels, from black over red to white at its 99.9th percentile."""
    difference = cv2.absdiff(*pair.pixels)
    largest = np.asarray(difference if difference.ndim == 2 else difference.max(axis=2), np.float32)
    top = max(float(np.percentile(largest, 99.9)), 1.0)
    coloured = cv2.applyColorMap(_bytes(np.minimum(largest / top, 1)), cv2.COLORMAP_HOT)
    return f'|A - B|: black 0, white {top:.0f} or more grey levels', np.asarray(coloured[..., ::-1], np.uint8)


def ssim_panel(pair: ImagePair) -> tuple[str, Picture]:
    """SSIM of the window around each pixel, from violet (0 and below) to yellow (1); images of 3 px have one too."""
    shape_hw = pair.pixels[0].shape[:2]
    side = min(11, min(shape_hw) - 1 + min(shape_hw) % 2)
    if side < 3:
        return 'SSIM: the images are too small', np.full((*shape_hw, 3), 127, np.uint8)
    found = ssim_map(*pair.pixels, options=SsimOptions(window=Window(size_px=side)))
    values = found if found.ndim == 2 else found.mean(axis=2)
    coloured = cv2.applyColorMap(_bytes(np.clip(values, 0, 1)), cv2.COLORMAP_VIRIDIS)
    return 'SSIM: dark violet 0 or below, yellow 1', np.asarray(coloured[..., ::-1], np.uint8)


def painted_matches(image: Picture, match: PatchMatch) -> Picture:
    """Each patch of A in the colour of where its match lies in B, darker where the cosine is lower."""
    colours = position_colours(match.grid_b_hw).reshape(-1, 3)[match.index]
    strength = np.clip(match.cosine, 0, 1)[..., None]
    return _painted(image, colours * strength)


def painted_key(image: Picture, match: PatchMatch) -> Picture:
    """B in the colours of its places."""
    return _painted(image, position_colours(match.grid_b_hw))


def position_colours(grid_hw: tuple[int, int]) -> NDArray[np.float64]:
    """A colour for each cell of a grid: hue from left to right, pale on top to deep at the bottom.

    Returns:
        RGB (h, w, 3), 0 to 255.
    """
    rows, columns = grid_hw
    hue = np.broadcast_to(np.linspace(0, 150, columns), grid_hw)  # of 180: the ends stay apart
    saturation = np.broadcast_to(np.linspace(70, 255, rows)[:, None], grid_hw)
    hsv = np.stack([hue, saturation, np.full(grid_hw, 255.0)], axis=-1)
    return np.asarray(cv2.cvtColor(np.rint(hsv).astype(np.uint8), cv2.COLOR_HSV2RGB), np.float64)


def _painted(image: Picture, colours: NDArray[np.float64]) -> Picture:
    """Colours (h, w, 3) over the image's brightness."""
    size_wh = (image.shape[1], image.shape[0])
    large = cv2.resize(colours.astype(np.float32), size_wh, interpolation=cv2.INTER_NEAREST)
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32)[..., None] / 255
    return np.asarray(np.rint(np.asarray(large) * (0.25 + 0.75 * gray)), np.uint8)


def _captioned(caption: str, panel: Picture) -> Picture:
    bar = np.full((_CAPTION_PX, panel.shape[1], 3), _PAPER, np.uint8)
    text = caption.encode('ascii', 'replace').decode()  # OpenCV's font has no more
    scale = 0.5
    while scale > 0.2 and cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0] > panel.shape[1] - 8:
        scale -= 0.02
    cv2.putText(bar, text, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, scale, _INK, 1, cv2.LINE_AA)
    return np.vstack([bar, panel])


def _scaled(panel: Picture) -> Picture:
    """Fit into a panel, on paper at its right; small images keep hard pixels, so that nothing is made up."""
    height, width = panel.shape[:2]
    scale = min(_PANEL_PX / width, _TALLEST_PX / height)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    fitted = np.asarray(cv2.resize(panel, size, interpolation=interpolation), np.uint8)
    return np.pad(fitted, ((0, 0), (0, _PANEL_PX - size[0]), (0, 0)), constant_values=_PAPER)


def _gap(tile: Picture) -> Picture:
    return np.full((tile.shape[0], _GAP_PX, 3), _PAPER, np.uint8)


def _rgb(pixels: Picture) -> Picture:
    return pixels if pixels.ndim == 3 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)


def _bytes(values: NDArray[np.floating]) -> Picture:
    """0..1 as 0..255."""
    return np.asarray(np.rint(values * 255), np.uint8)
