# SPDX-License-Identifier: Apache-2.0
"""A route taught once per seed and repeated in every case: how often its end is reached, and how exactly; prints JSON.

    python benchmarks/routes.py --ground ../shared/data/uav_odm_caliterra/caliterra.png --metres-per-pixel 0.2646
    python benchmarks/routes.py --ground ground
    python benchmarks/routes.py --simulator forward

The figures are those of `waymark eval route --case ...`, which teaches anew for each case.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2

from waymark.evaluation.route import FlightLog, figures
from waymark.evaluation.route_cases import BETWEEN_WALLS, CASES
from waymark.evaluation.route_plot import write_route_plot
from waymark.evaluation.route_report import RouteOptions, request_of
from waymark.evaluation.route_run import config_for, flights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--ground', default='ground')
    parser.add_argument('--metres-per-pixel', type=float, help='of a picture')
    parser.add_argument('--simulator', choices=('orthophoto', 'forward'), default='orthophoto')
    parser.add_argument('--cases', nargs='+', choices=CASES, help='all by default')
    parser.add_argument('--seeds', type=int, default=20)
    parser.add_argument('--first-seed', type=int, default=0)
    parser.add_argument('--no-attitude', action='store_true')
    parser.add_argument('--plots', type=Path, help='folder for a picture per case')
    parser.add_argument('--partial', type=Path, help='file that gets the figures after each seed')
    args = parser.parse_args()
    cv2.setNumThreads(1)
    cases = args.cases or (BETWEEN_WALLS if args.simulator == 'forward' else CASES)
    request = request_of(
        RouteOptions(
            args.ground, args.metres_per_pixel, 20.0, None, cases[0], args.seeds, args.first_seed,
            not args.no_attitude, None, None, args.simulator,
        )
    )  # fmt: skip
    logs: dict[str, list[FlightLog]] = {case: [] for case in cases}
    for flown in flights(request, cases, config_for(args.simulator), lambda *_: None):
        for case, log in zip(cases, flown, strict=True):
            logs[case].append(log)
        if args.partial:
            args.partial.write_text(json.dumps({case: figures(some) for case, some in logs.items()}, indent=2))
    for case in cases if args.plots else ():
        failed = [log for log in logs[case] if not log.is_success]
        write_route_plot(failed or logs[case], args.plots / f'{case}.png')
    print(json.dumps({case: figures(some) for case, some in logs.items()}, indent=2))


if __name__ == '__main__':
    main()
