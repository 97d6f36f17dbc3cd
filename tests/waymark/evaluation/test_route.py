# SPDX-License-Identifier: Apache-2.0
"""Figures of repeated routes, from flights whose errors are known."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from waymark.errors import ConfigError
from waymark.evaluation.route import FlightLog, distances, figures
from waymark.evaluation.route_cases import CASES, route_case
from waymark.evaluation.route_plot import write_route_plot
from waymark.evaluation.route_report import RouteOptions, show_route
from waymark.evaluation.route_scene import RouteFlights, case_of, event_of
from waymark.evaluation.show import write_figures

WAY = np.array([[0.0, 0.0], [50.0, 0.0], [100.0, 0.0]])


def flown(side_m, is_done=True, count=101, **event) -> FlightLog:
    """Along the way, a metre a second, `side_m(t)` beside it."""
    log = FlightLog(WAY, WAY[-1], is_done=is_done, vision_ms=[10.0], **event)
    for t in range(count):
        log.stamps_s.append(float(t))
        log.places_m.append((float(t), side_m(t)))
        log.follows.append(True)
        log.sees.append(True)
    return log


def test_distances_are_to_the_nearest_part_of_the_way():
    points = np.array([[25.0, 3.0], [-4.0, 3.0], [100.0, -2.0]])

    assert distances(points, WAY) == pytest.approx([3.0, 5.0, 2.0])
    assert distances(np.zeros((0, 2)), WAY).shape == (0,)


def test_only_what_comes_after_the_first_third_counts():
    values = figures([flown(lambda t: 6.0 if t < 33 else 0.2)])

    assert values['success_rate'] == 1.0
    assert values['lateral_error_mean_m'] == values['lateral_error_max_m'] == 0.2


@pytest.mark.parametrize(
    'log',
    [
        flown(lambda t: 0.0, is_done=False),
        flown(lambda t: 5.1 if t == 70 else 0.0),
        flown(lambda t: 0.0, count=60),  # says that it is done, 41 m before the end
        flown(lambda t: 6.0 if 45 <= t < 60 else 0.0, event_s=40.0, sight_s=65.0),  # does not hold
    ],
)
def test_a_flight_that_is_off_anywhere_fails(log):
    assert figures([log, flown(lambda t: 0.0)])['success_rate'] == 0.5


def test_time_to_relocalize_runs_to_the_first_sighting_after_the_event():
    log = flown(lambda t: 3.0 if 40 < t < 48 else 0.1, event_s=40.0, sight_s=40.0)
    log.sees[41:44] = [False] * 3

    values = figures([log])

    assert values['relocalize_s'] == 4.0
    assert values['lateral_error_max_m'] == 0.1  # from the event until 5 s after the sighting nothing counts


def test_what_is_never_found_again_is_counted_and_fails():
    log = flown(lambda t: 0.1, event_s=40.0, sight_s=40.0)
    log.sees[41:] = [False] * len(log.sees[41:])

    values = figures([log])

    assert (values['never_relocalized'], values['success_rate']) == (1, 0.0)
    assert math.isnan(values['relocalize_s'])


def test_holding_is_measured_from_where_it_was_blinded():
    log = flown(lambda t: 0.0, event_s=40.0, sight_s=44.0)

    assert log.held_m == 3.0
    assert flown(lambda t: 0.0).held_m is None


def test_no_flights_have_no_figures():
    with pytest.raises(ValueError, match='no flights'):
        figures([])


def test_every_case_is_known():
    assert {name: route_case(name).backwards for name in CASES}['reverse']
    assert route_case('wind').wind_m_s == 1.0
    with pytest.raises(KeyError):
        route_case('night')


def test_a_plot_is_drawn_and_a_bad_name_is_refused(tmp_path):
    log = flown(lambda t: 0.5)

    write_route_plot([log], tmp_path / 'way.png')

    assert (tmp_path / 'way.png').stat().st_size > 1000
    with pytest.raises(ConfigError, match='can not be written'):
        write_route_plot([log], tmp_path / 'way.nothing')


@pytest.mark.parametrize(
    'changes, text',
    [
        ({'altitude': -1.0}, '--altitude -1: can not be flown. Give 0.1 to 10000 m'),
        ({'altitude': math.nan}, '--altitude nan'),
        ({'altitude': 1e6}, '--altitude 1e'),
        ({'speed': 1e-9}, '--speed 1e-09: can not be flown. Give 0.05 to 50 m/s'),  # it would take years
        ({'speed': math.inf}, '--speed inf'),
        ({'length': 1e9}, '--length 1e'),  # 0.1 m between its points would need 80 GB
        ({'plot': Path('way.jpeg')}, '--plot way.jpeg: is drawn as PNG only'),
        ({'plot': Path('nowhere/way.png')}, '--plot nowhere/way.png: not a file'),
        ({'ground': 'x.png', 'metres_per_pixel': 0.0}, '--metres-per-p'),
        ({'metres_per_pixel': 0.2}, 'give it as --ground'),
    ],
)
def test_options_out_of_range_are_refused_before_anything_flies(tmp_path, changes, text):
    values = {'ground': 'ground', 'metres_per_pixel': None, 'altitude': 20.0, 'speed': 3.0, 'case': 'nominal'}
    values |= {'seeds': 1, 'first_seed': 0, 'attitude': True, 'length': 95.0, 'plot': None}
    options = RouteOptions(**(values | changes))

    with pytest.raises(ConfigError, match=text):
        show_route(options, tmp_path / 'out.json')


@pytest.mark.parametrize('case, speed, expected', [('kidnap', 3.0, 8.0), ('kidnap', 20.0, 2.1375), ('blank', 9.5, 4.5)])
def test_what_happens_on_the_way_happens_before_its_middle(case, speed, expected):
    flown_fast = case_of(RouteFlights('ground', 0.0, speed_m_s=speed, case=case))

    start, end = event_of(flown_fast)

    assert start == pytest.approx(expected)
    assert end - start == pytest.approx(20.0 if case == 'blank' else 0.0)


def test_figures_that_are_no_numbers_are_null_in_json(tmp_path):
    log = flown(lambda t: 0.1, event_s=40.0, sight_s=40.0)
    log.sees[41:] = [False] * 60

    write_figures(tmp_path / 'out.json', figures([log]))

    read = json.loads((tmp_path / 'out.json').read_text(), parse_constant=pytest.fail)
    assert read['relocalize_s'] is None
    assert read['never_relocalized'] == 1
