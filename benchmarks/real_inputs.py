# SPDX-License-Identifier: Apache-2.0
"""`waymark run config/input.yaml` on real inputs, each to a recording and a report; prints JSON, one row per input.

    python benchmarks/real_inputs.py ../shared/data --out out/real_inputs

`seconds` is the whole command, report included; `fps` the pace of the image source over its last five seconds.
The recall of rtabmap counts what is published: matches with at least min_inliers, LOCALIZED after one image.
`wrong_matches` counts verified matches of two places: by the truth matrix (rtabmap), by geotags more than 50 m apart
(photos), by exact poses more than one view apart (flight); null where nothing is known. `corner_error_px` compares
the matches' homographies with the simulator's exact ones.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from image_bags import write_bag

from waymark.evaluation.online import OnlineAnswer, score_online
from waymark.image.geometry import corner_error
from waymark.report.collection import collect
from waymark.report.reader import open_recording
from waymark.report.run import Run
from waymark_sim.world import build_world

REPO = Path(__file__).resolve().parents[1]
PIPELINE = REPO / 'config' / 'input.yaml'
PAD = f'homography_tracker.target_images=[{REPO / "config" / "targets" / "landing_pad.png"}]'
EVERY_IMAGE = tuple(
    f'place_recognition.{text}'
    for text in ('keyframe_similarity=1.0', 'exclude_recent=10', 'localize_after=1', 'search_every=1')
)
LOCALIZED, TRACKING = 2, 1
SECOND_NS = 10**9


@dataclass(frozen=True)
class RealInput:
    """One input: its folder below the data, what `--input` gets, how many frames it has, and settings."""

    name: str
    needs: str
    uri: str
    frames: int
    settings: tuple[str, ...] = ()

    def at(self, data: Path) -> str:
        """What `--input` gets."""
        return self.uri.format(data=data.resolve())


ROOMS = '{data}/rtabmap_samples/samples'
GROUND = 'sim:{data}/uav_odm_caliterra/caliterra.png?metres_per_pixel=0.2&altitude=15'
INPUTS = (
    RealInput('kitti', 'kitti_mini', '{data}/kitti_mini/KITTI_sequence_1/image_l', 51),
    RealInput('tree', 'opencv_samples', '{data}/opencv_samples/tree.avi', 69),
    RealInput('bunny', 'opencv_samples', '{data}/opencv_samples/big_buck_bunny.mp4', 125),
    RealInput('rtabmap', 'rtabmap_samples', ROOMS, 84, ('recorder.image_format=raw',)),
    RealInput('rtabmap, every image a keyframe', 'rtabmap_samples', ROOMS, 84, EVERY_IMAGE),
    RealInput('photos', 'uav_odm_caliterra', '{data}/uav_odm_caliterra/images_1200px', 30),
    RealInput('flight', 'uav_odm_caliterra', GROUND, 1200, (PAD,)),
)


def waymark_run(uri: str, out: Path, settings: Sequence[str] = (), timeout_s: float = 600) -> str:
    """Run the pipeline as a user does; what it printed. A failure raises with its words."""
    command = [sys.executable, '-m', 'waymark.cli', 'run', str(PIPELINE), '--input', uri, '--out', str(out)]
    command += [word for text in settings for word in ('--set', text)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    if done.returncode != 0:
        raise SystemExit(f'{uri}: exit code {done.returncode}\n{done.stderr}')
    return done.stdout


def number_of(stamp_ns: int, rate_hz: float = 10.0) -> int:
    """Number, from 0, of the frame with this stamp, of inputs that begin at 1 s."""
    return round((stamp_ns - SECOND_NS) * rate_hz / SECOND_NS)


def rtabmap_truth(data: Path) -> np.ndarray:
    """(84, 84) bool: whether images i and j < i show one place."""
    picture = cv2.imread(str(data / 'rtabmap_samples' / 'samples_GT.bmp'), cv2.IMREAD_GRAYSCALE)
    return np.tril(picture > 127, -1)


def wrong_of_rtabmap(run: Run, data: Path) -> dict[str, Any]:
    same = rtabmap_truth(data)
    return {'wrong_matches': sum(not same[number_of(m.stamp_ns), number_of(m.keyframe_stamp_ns)] for m in run.matches)}


def wrong_of_photos(run: Run, data: Path, far_m: float = 50.0) -> dict[str, Any]:
    with (data / 'uav_odm_caliterra' / 'geotags.csv').open() as file:
        degrees = np.array([(float(row['lon']), float(row['lat'])) for row in csv.DictReader(file)])
    metres = np.radians(degrees - degrees[0]) * 6_371_000 * (np.cos(np.radians(degrees[0, 1])), 1.0)
    pairs = [metres[[number_of(m.stamp_ns), number_of(m.keyframe_stamp_ns)]] for m in run.matches]
    return {'wrong_matches': sum(float(np.linalg.norm(a - b)) > far_m for a, b in pairs)}


def wrong_of_flight(run: Run, data: Path, uri: str = INPUTS[-1].uri) -> dict[str, Any]:
    """Matches against exact poses: how far apart on the ground, and how exact the homography."""
    world = build_world(uri.format(data=data.resolve()))
    rate_hz, renderer = world.config.rate, world.renderer
    poses = [
        [world.route.pose(number_of(s, rate_hz) / rate_hz) for s in (m.stamp_ns, m.keyframe_stamp_ns)]
        for m in run.matches
    ]
    view_m = world.config.width * world.config.altitude / renderer.camera.K[0, 0]
    apart_m = np.array([np.linalg.norm(cur[:2, 3] - ref[:2, 3]) for cur, ref in poses])
    errors = [
        corner_error(m.H_cur_ref, renderer.H_cur_ref(*pose), renderer.camera.size_wh)
        for m, pose in zip(run.matches, poses, strict=True)
    ]
    lap_ns = SECOND_NS + round(world.config.lap_s * SECOND_NS)
    second = [s.state == LOCALIZED for s in run.localizations if s.stamp_ns >= lap_ns]
    return {
        'wrong_matches': int((apart_m > view_m).sum()),
        'corner_error_px': {'p50': round(float(np.median(errors)), 2), 'max': round(max(errors), 2)},
        'lap_2_localized': round(sum(second) / len(second), 4),
    }


def recall_of_rtabmap(run: Run, data: Path) -> dict[str, Any]:
    """Share of loop frames recognized; only verified matches are published, so all of them are accepted."""
    scores = asdict(score_online(answers_of(run), rtabmap_truth(data), exclude_recent=10))
    shown = ('loop_frames', 'accepted', 'wrong_accepted', 'accepted_recall', 'recall_at_100_precision')
    return {'wrong_matches': scores['wrong_accepted'], **{k: scores[k] for k in shown}}


def answers_of(run: Run) -> list[OnlineAnswer]:
    """What was published about each image, where every image became a keyframe."""
    found = {m.stamp_ns: m for m in run.matches}
    said = [found.get(s.stamp_ns) for s in run.localizations]
    nothing = OnlineAnswer(candidate=None, score=0, nearest=None, accepted=False)
    return [nothing if m is None else OnlineAnswer(m.keyframe_id, m.inliers, None, True) for m in said]


TRUTHS: dict[str, Callable[[Run, Path], dict[str, Any]]] = {
    'rtabmap': wrong_of_rtabmap,
    'rtabmap, every image a keyframe': recall_of_rtabmap,
    'photos': wrong_of_photos,
    'flight': wrong_of_flight,
}


def measured(name: str, out: Path, seconds: float, data: Path) -> dict[str, Any]:
    """One row, from what was recorded."""
    run = collect(open_recording(out))
    source = [s.values for s in run.statuses if s.name == 'image_source']
    truth = TRUTHS.get(name, TRUTHS.get(name.partition(' ')[0], lambda run, data: {'wrong_matches': None}))
    return {
        'input': name,
        'frames': len(run.localizations),
        'seconds': round(seconds, 1),
        'fps': float(source[-1]['rate_hz']),
        'keyframes': len(run.keyframes),
        'localized_frames': sum(s.state == LOCALIZED for s in run.localizations),
        **truth(run, data),
        'tracking_frames': len({t.stamp_ns for t in run.targets if t.state == TRACKING}),
        'report': str(out / 'report.html'),
    }


def recorded_again(data: Path, out: Path) -> Iterator[tuple[str, str]]:
    """The images of rtabmap as bags of every kind: name and what `--input` gets; needs the runs before."""
    yield 'rtabmap (mcap of the recorder, raw)', str(out / 'rtabmap')
    yield 'kitti (mcap of the recorder, jpeg)', str(out / 'kitti')
    files = sorted((data / 'rtabmap_samples' / 'samples').iterdir(), key=lambda p: int(p.stem))
    for kind in ('raw', 'compressed'):
        yield f'rtabmap (sqlite3, {kind})', str(write_bag(out / f'bag_{kind}', files, kind == 'compressed'))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, help='folder with kitti_mini, opencv_samples, ...')
    parser.add_argument('--out', type=Path, default=Path('out') / f'{time.strftime("%Y%m%d-%H%M%S")}-real-inputs')
    args = parser.parse_args()

    rows = []

    def add(name: str, uri: str, settings: Sequence[str], out: Path) -> None:
        began = time.perf_counter()
        waymark_run(uri, out, settings)
        rows.append(measured(name, out, time.perf_counter() - began, args.data))
        print(json.dumps(rows[-1]), file=sys.stderr)

    for item in INPUTS:
        add(item.name, item.at(args.data), item.settings, args.out / item.name.replace(', ', '-').replace(' ', '_'))
    for i, (name, uri) in enumerate(recorded_again(args.data, args.out)):
        add(name, uri, (), args.out / f'again_{i}')
    print(json.dumps(rows, indent=2))


if __name__ == '__main__':
    main()
