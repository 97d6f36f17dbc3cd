# SPDX-License-Identifier: Apache-2.0
"""A first plan of the ground: each frame turned, enlarged and shifted so that overlapping frames agree.

Similarities are complex numbers: a pixel x of frame i lies at A_i x + t_i. A link says x_b = alpha x_a + beta, so that
A_a = A_b alpha and t_a - t_b = A_b beta. Angle and logarithm of size are solved for first, then the shifts, both as
linear least squares over all links at once: loops close by themselves, and nothing shrinks, as it would if both were
solved together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.mosaic.linking import Link

_ROUNDS = 12
_TURN_RAD, _GROWTH, _SHIFT = 0.25, 0.3, 0.3  # a link further off than this from what the others say is wrong
Complex = NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class Layout:
    """Where frames lie, as similarities.

    Attributes:
        views: (N,) indices of the views that are placed, ascending.
        scale_turn: (N,) A of each: pixels from a frame's middle times this are ground units, x right, y down.
        position: (N,) t of each: the middle of the frame.
        links: Those that agree.
        refused: Those that contradict the others.
    """

    views: NDArray[np.intp]
    scale_turn: Complex
    position: Complex
    links: list[Link]
    refused: list[Link]


def parts_of(links: list[Link], count: int) -> list[list[int]]:
    """Split views into parts that hang together, largest first; views without a link are parts of their own."""
    part = list(range(count))

    def root(i: int) -> int:
        while part[i] != i:
            part[i] = part[part[i]]
            i = part[i]
        return i

    for link in links:
        part[root(link.a)] = root(link.b)
    groups: dict[int, list[int]] = {}
    for i in range(count):
        groups.setdefault(root(i), []).append(i)
    return sorted(groups.values(), key=lambda g: (-len(g), g[0]))


def lay_out(links: list[Link], sizes_wh: list[tuple[int, int]]) -> Layout:
    """Place the largest part of the views.

    Args:
        links: Between views, by index.
        sizes_wh: Of all views, px.

    Returns:
        The layout: its first frame upright at the origin, one ground unit for each of its pixels.
    """
    refused: list[Link] = []
    while True:
        views = np.array(parts_of(links, len(sizes_wh))[0], np.intp)
        inside = [k for k in links if k.a in set(views.tolist())]
        if len(views) == 1:
            return Layout(views, np.ones(1, complex), np.zeros(1, complex), [], refused)
        pairs = np.searchsorted(views, [(k.a, k.b) for k in inside])
        alpha, beta = _similarities(inside, sizes_wh)
        best_first = np.argsort([-k.inliers for k in inside], kind='stable')
        scale_turn, turn_off = _scale_turns(alpha, pairs, best_first, len(views))
        position, shift_off = _positions(scale_turn, beta, pairs, len(views))
        side = np.array([max(sizes_wh[k.b]) for k in inside])
        badness = np.maximum.reduce(
            [np.abs(turn_off.imag) / _TURN_RAD, np.abs(turn_off.real) / _GROWTH, np.abs(shift_off) / (_SHIFT * side)]
        )
        bad = badness > max(1.0, 0.5 * float(badness.max()))  # the worst first: they pull at the others
        if not bad.any():
            return Layout(views, scale_turn, position, inside, refused)
        refused += [k for k, is_bad in zip(inside, bad, strict=True) if is_bad]
        links = [k for k, is_bad in zip(inside, bad, strict=True) if not is_bad]


def _similarities(links: list[Link], sizes_wh: list[tuple[int, int]]) -> tuple[Complex, Complex]:
    """Fit x_b = alpha x_a + beta, pixels from the frames' middles, by least squares (Umeyama, TPAMI 1991, eq. 40)."""
    fits = []
    for link in links:
        a, b = (
            (p - (np.array(sizes_wh[i]) - 1) / 2) @ (1, 1j)
            for p, i in ((link.points_a, link.a), (link.points_b, link.b))
        )
        mean_a, mean_b = a.mean(), b.mean()
        alpha = ((b - mean_b) * (a - mean_a).conj()).sum() / (np.abs(a - mean_a) ** 2).sum()
        fits.append((alpha, mean_b - alpha * mean_a))
    values = np.array(fits, np.complex128)
    return values[:, 0], values[:, 1]


def _scale_turns(
    alpha: Complex, pairs: NDArray[np.intp], order: NDArray[np.intp], count: int
) -> tuple[Complex, Complex]:
    """Scale and turn A of each view, and log(A_a / (A_b alpha)) of each link: what it is off by."""
    logs = _along_tree(np.log(alpha), pairs, order, count)

    def off(values: Complex) -> Complex:
        error = values[pairs[:, 0]] - values[pairs[:, 1]] - np.log(alpha)
        return error.real + 1j * ((error.imag + np.pi) % (2 * np.pi) - np.pi)

    weight = np.ones(len(pairs))
    for _ in range(_ROUNDS):
        logs = logs - _solve(off(logs), pairs, weight, count)
        weight = 1 / np.maximum(np.abs(off(logs)), 0.02)  # least absolute deviation, by weights
    return np.exp(logs), off(logs)


def _positions(scale_turn: Complex, beta: Complex, pairs: NDArray[np.intp], count: int) -> tuple[Complex, Complex]:
    """Position t of each view, and what each link is off by, in pixels of its second frame."""
    wanted = scale_turn[pairs[:, 1]] * beta
    size = np.abs(scale_turn[pairs[:, 1]])
    weight = 1 / size**2
    position = np.zeros(count, complex)
    for _ in range(_ROUNDS):
        position = _solve(wanted, pairs, weight, count)
        off = (position[pairs[:, 0]] - position[pairs[:, 1]] - wanted) / size
        weight = 1 / (size**2 * np.maximum(np.abs(off), 2.0))
    return position, np.asarray(off, np.complex128)


def _solve(difference: Complex, pairs: NDArray[np.intp], weight: NDArray[np.float64], count: int) -> Complex:
    """Values whose differences a - b are as wanted, weighted least squares; that of view 0 is 0."""
    laplacian, right = np.zeros((count, count)), np.zeros(count, complex)
    for k, sign in ((0, 1.0), (1, -1.0)):
        np.add.at(laplacian, (pairs[:, k], pairs[:, k]), weight)
        np.add.at(laplacian, (pairs[:, k], pairs[:, 1 - k]), -weight)
        np.add.at(right, pairs[:, k], sign * weight * difference)
    values = np.zeros(count, complex)
    values[1:] = np.linalg.solve(laplacian[1:, 1:], right[1:])
    return values


def _along_tree(difference: Complex, pairs: NDArray[np.intp], order: NDArray[np.intp], count: int) -> Complex:
    """Values from the first view outwards, along the tree of the best links: angles must start on the right turn."""
    beside: list[list[tuple[int, complex]]] = [[] for _ in range(count)]
    group = list(range(count))
    for k in order:
        a, b = (int(i) for i in pairs[k])
        if group[a] != group[b]:
            old, new = group[a], group[b]
            group = [new if g == old else g for g in group]
            beside[a].append((b, -complex(difference[k])))
            beside[b].append((a, complex(difference[k])))
    values, waiting = {0: 0j}, [0]
    for i in waiting:
        for j, step in beside[i]:
            if j not in values:
                values[j] = values[i] + step
                waiting.append(j)
    return np.array([values[i] for i in range(count)], np.complex128)
