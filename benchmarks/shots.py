# SPDX-License-Identifier: Apache-2.0
"""Scene boundaries: ours and every detector of PySceneDetect on the same frames, in the same run; prints JSON.

    .venv-bench/bin/python benchmarks/shots.py [--films 40] [--first-seed 1000] [--clips CLIPS.json [--footage 40]]
        [--json OUT]

Films are generated with known cuts, dissolves, fades, and things that are no boundary: flashes, lights that go on and
off, a scene that goes black and comes back, something large that passes close by, exposure that swings, dropped frames,
whip pans, a shaken camera; two thirds of them dark, noisy, grainy, barred or compressed. Seeds below 1000 were used for
development. PySceneDetect runs with its defaults, reduced to 256 px as it does by itself, from memory.

`f1_tolerance_N` counts cuts and gradual changes (a boundary anywhere on a dissolve or fade finds it); `f1_cuts_...`
hard cuts alone, where what lies on a gradual change counts neither way. `false_by_event` says in which shots the false
ones lie. `ms` is CPU time per frame in memory at 640x480 and 1280x720, all taking turns.

CLIPS.json: {"video": {"cuts": [...]}, ...}, paths relative to it; for each clip the frames that each detector gives.
`footage`: films made of pieces of these clips, joined as those above, 60 % with flashes, lights or black-outs. A clip
with "pieces": [[first, last], ...] gives those, others what lies between their cuts.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from turns import limit_libraries, limit_threads, machine, take_turns, versions

limit_threads(1)  # before NumPy is imported

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from waymark.evaluation.shots import ShotScore, ShotTruth, score_boundaries, score_of  # noqa: E402
from waymark.shots import Boundary, BoundaryDetector  # noqa: E402
from waymark.types import Frame, Header  # noqa: E402
from waymark_sim.films import EVENTS, Film, Shot, join_shots, make_film  # noqa: E402

Frames = Sequence[NDArray[np.uint8]]  # BGR
Detector = Callable[[Frames, Sequence[int]], list[Boundary]]
PERIOD_NS = 40_000_000
OURS = 'waymark'


def ours(frames: Frames, stamps_ns: Sequence[int]) -> list[Boundary]:
    return observed([Frame(Header(s), f, 'bgr') for f, s in zip(frames, stamps_ns, strict=True)])


def observed(frames: Sequence[Frame]) -> list[Boundary]:
    detector = BoundaryDetector()
    found = [detector.observe(frame) for frame in frames]
    return [b for b in found if b is not None] + list(detector.finish())


def peers() -> dict[str, Detector]:
    import scenedetect
    from scenedetect.scene_manager import compute_downscale_factor

    def run(kind: Any, frames: Frames) -> list[Boundary]:
        detector = kind()
        factor = compute_downscale_factor(max(frames[0].shape[:2]))
        size_wh = tuple(max(1, round(v / factor)) for v in frames[0].shape[1::-1])
        cuts: list[Any] = []
        for index, frame in enumerate(frames):
            small = cv2.resize(frame, size_wh, interpolation=cv2.INTER_LINEAR) if factor > 1 else frame
            cuts += detector.process_frame(scenedetect.FrameTimecode(index, 25.0), small)
        cuts += detector.post_process(scenedetect.FrameTimecode(len(frames) - 1, 25.0))
        return [cut_at(c.frame_num) for c in cuts]

    names = 'Content', 'Adaptive', 'Threshold', 'Histogram', 'Hash'
    kinds = {f'PySceneDetect {n}': getattr(scenedetect, f'{n}Detector') for n in names}
    return {name: lambda frames, _, kind=kind: run(kind, frames) for name, kind in kinds.items()}


def cut_at(index: int) -> Boundary:
    return Boundary('cut', index, Header(PERIOD_NS * (index + 1)), index, PERIOD_NS * (index + 1), 1.0)


class Tally:
    """Sums of one detector over films."""

    def __init__(self) -> None:
        self.sums = {(what, t): np.zeros(3, int) for what in ('all', 'cuts') for t in (0, 1)}
        self.false: Counter[str] = Counter()

    def add(self, found: list[Boundary], film: Film) -> None:
        """Count what was found in a film."""
        truth = ShotTruth(film.cuts, film.gradual)
        for tolerance in (0, 1):
            self._sum(('all', tolerance), score_boundaries(found, truth, tolerance), len(film.cuts) + len(film.gradual))
            cuts = [b for b in found if b.kind == 'cut' and not lies_on(b, film.gradual)]
            score = score_boundaries(cuts, ShotTruth(film.cuts), tolerance)
            self._sum(('cuts', tolerance), score, len(film.cuts))
        self.false.update(event_of(b, film) for b in found if is_false(b, film))

    def _sum(self, key: tuple[str, int], score: ShotScore, total: int) -> None:
        self.sums[key] += score.detected - score.false_positives, score.detected, total

    def summary(self) -> dict[str, Any]:
        """Scores over all films, and what is false by the events of its shot."""
        values: dict[str, Any] = {}
        for (what, tolerance), sums in self.sums.items():
            score = score_of(*(int(v) for v in sums))
            middle = '' if what == 'all' else 'cuts_'
            values[f'f1_{middle}tolerance_{tolerance}'] = round(score.f1, 4)
            if tolerance == 1:
                values[f'precision_{middle}tolerance_1'] = round(score.precision, 4)
                values[f'recall_{middle}tolerance_1'] = round(score.recall, 4)
        return values | {'false': sum(self.false.values()), 'false_by_event': dict(self.false.most_common())}


def lies_on(boundary: Boundary, gradual: Sequence[tuple[int, int]], margin: int = 2) -> bool:
    return any(boundary.start_index <= e + margin and boundary.frame_index >= s - margin for s, e in gradual)


def is_false(boundary: Boundary, film: Film) -> bool:
    return not lies_on(boundary, film.gradual) and all(abs(boundary.frame_index - c) > 1 for c in film.cuts)


def event_of(boundary: Boundary, film: Film) -> str:
    return next((name for first, last, name in film.events if first <= boundary.frame_index <= last), 'join')


def films_run(detectors: dict[str, Detector], films: Iterable[Film]) -> dict[str, Any]:
    tallies = {name: Tally() for name in detectors}
    totals: Counter[str] = Counter()
    for film in films:
        frames = [np.ascontiguousarray(f[..., ::-1]) for f in film.frames]
        for name, detector in detectors.items():
            tallies[name].add(detector(frames, film.stamps_ns), film)
        totals.update(frames=len(frames), cuts=len(film.cuts), gradual=len(film.gradual))
        totals.update(name for _, _, names in film.events for name in names.split())
    return {'counts': dict(totals), 'detectors': {name: tally.summary() for name, tally in tallies.items()}}


def footage(path: Path, first: int, count: int, size_wh: tuple[int, int] = (480, 360)) -> Iterator[Film]:
    """Films made of real pieces: neighbours are of different clips."""
    clips = json.loads(path.read_text(encoding='utf-8'))
    pieces: list[tuple[str, NDArray[np.uint8]]] = []
    for name, said in clips.items():
        frames = [cv2.resize(f, size_wh, interpolation=cv2.INTER_AREA) for f in read_video(path.parent / name)]
        edges = [0, *said['cuts'], len(frames)]
        spans = said.get('pieces') or [(a + 2, b - 3) for a, b in itertools.pairwise(edges)]
        pieces += [(name, np.stack(frames[a : b + 1])[..., ::-1]) for a, b in spans if b - a >= 60]
    for seed in range(first, first + count):
        rng = np.random.default_rng((seed, 73))
        yield join_shots(rng, shots_of(rng, pieces, 8))


def shots_of(rng: np.random.Generator, pieces: Sequence[tuple[str, NDArray[np.uint8]]], count: int) -> Iterator[Shot]:
    last = ''
    for _ in range(count):
        name, frames = [p for p in pieces if p[0] != last][int(rng.integers(sum(p[0] != last for p in pieces)))]
        length = int(rng.integers(60, min(len(frames), 100) + 1))
        begin = int(rng.integers(len(frames) - length + 1))
        shot, event = frames[begin : begin + length].copy(), str(rng.choice(['', '', 'flash', 'light', 'black_out']))
        if event:
            EVENTS[event](rng, shot)
        last = name
        yield Shot(f'{Path(name).stem} {event}'.strip(), shot, np.ones(length))


def clips_run(detectors: dict[str, Detector], path: Path) -> dict[str, Any]:
    clips = json.loads(path.read_text(encoding='utf-8'))
    result: dict[str, Any] = {}
    for name, truth in clips.items():
        frames = read_video(path.parent / name)
        stamps = [PERIOD_NS * (i + 1) for i in range(len(frames))]
        found = {d: detector(frames, stamps) for d, detector in detectors.items()}
        told = {d: [f'{b.kind} {b.frame_index}' if d == OURS else b.frame_index for b in f] for d, f in found.items()}
        scores = {d: round(score_boundaries(f, ShotTruth(tuple(truth['cuts'])), 0).f1, 4) for d, f in found.items()}
        result[name] = {'frames': len(frames), 'truth': truth['cuts'], 'found': told, 'f1_tolerance_0': scores}
    return result


def read_video(path: Path) -> list[NDArray[np.uint8]]:
    capture, frames = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        frames.append(read[1])
    return frames


def timed(detectors: dict[str, Detector], seconds: float) -> dict[str, Any]:
    result: dict[str, Any] = {}
    film = make_film(1, shots=3, eventful=0.0)
    for size_wh in ((640, 480), (1280, 720)):
        frames = [cv2.resize(f[..., ::-1], size_wh, interpolation=cv2.INTER_CUBIC) for f in film.frames]
        functions = {name: lambda d=d, f=frames: d(f, film.stamps_ns) for name, d in detectors.items()}
        wrapped = [Frame(Header(s), f, 'bgr') for f, s in zip(frames, film.stamps_ns, strict=True)]
        functions[OURS] = lambda f=wrapped: observed(f)  # whoever reads frames made these already
        turns = take_turns(functions, seconds)
        result['x'.join(map(str, size_wh))] = {
            name: {'cpu_ms_per_frame': round(t['cpu_ms'] / len(frames), 4), 'ours_over_this': t['cpu_ratio']}
            for name, t in turns.items()
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--films', type=int, default=40)
    parser.add_argument('--first-seed', type=int, default=1000)
    parser.add_argument('--clips', type=Path)
    parser.add_argument('--footage', type=int, default=0, help='films made of the clips')
    parser.add_argument('--seconds', type=float, default=30.0, help='for the timing of each size')
    parser.add_argument('--json', type=Path)
    args = parser.parse_args()
    limit_libraries(1)
    detectors: dict[str, Detector] = {OURS: ours, **peers()}
    result: dict[str, Any] = {'ms': timed(detectors, args.seconds)} if args.seconds else {}
    result |= clips_run(detectors, args.clips) if args.clips else {}
    seeds = range(args.first_seed, args.first_seed + args.films)
    result |= films_run(detectors, (make_film(seed) for seed in seeds)) if seeds else {}
    if args.footage:
        result['footage'] = films_run(detectors, footage(args.clips, args.first_seed, args.footage))
    result |= {'machine': machine(), 'versions': versions('numpy', 'opencv-python-headless', 'scenedetect')}
    text = json.dumps(result, indent=2)
    if args.json:
        args.json.write_text(text + '\n', encoding='utf-8')
    print(text)


if __name__ == '__main__':
    main()
