# SPDX-License-Identifier: Apache-2.0
"""kill -9 and a full disk, in processes of their own."""

import itertools
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from forked import kill_after, run_forked

from waymark.errors import MapError
from waymark.maps import MapInfo, PlaceMap, create_map, open_map, save_map

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='forks and limits processes')
MOMENTS = 50
FEW_AND_MANY = pytest.mark.parametrize('count', [12, pytest.param(MOMENTS, marks=pytest.mark.slow)])


def load(path, contents_of):
    with open_map(path) as file:
        return contents_of(file.load())


def moments(act: Callable[[], object], seed: int, count: int) -> list[float]:
    """Times in s, from the beginning to well after the end of what takes as long as `act` in a forked process."""
    start = time.perf_counter()
    for _ in range(3):
        run_forked(lambda: str(act()))
    return [float(s) for s in np.random.default_rng(seed).uniform(0, 2 * (time.perf_counter() - start) / 3, count)]


@FEW_AND_MANY
def test_killed_while_a_new_map_is_saved_there_is_all_of_it_or_nothing(tmp_path, make_map, contents_of, count):
    place_map, path = make_map(60), tmp_path / 'a.map'
    whole = contents_of(place_map)
    first, complete = tmp_path / 'first.map', 0
    for wait_s in moments(lambda: (first.unlink(missing_ok=True), save_map(first, place_map)), 1, count):
        kill_after(wait_s, lambda: str(save_map(path, place_map)))
        if path.exists():
            assert load(path, contents_of) == whole
            path.unlink()
            complete += 1
    assert 0 < complete < count, 'some were killed before the end, some after'
    save_map(path, place_map)
    names = {p.name for p in tmp_path.iterdir()}
    assert names == {'a.map', 'first.map'}, 'what killed ones left is gone'


@FEW_AND_MANY
def test_killed_while_a_map_is_saved_again_it_is_the_old_or_the_new_one(
    tmp_path, make_map, keyframe, contents_of, count
):
    path, first = tmp_path / 'a.map', make_map(60)
    save_map(path, first)
    second = make_map(60)
    second.info = first.info
    for i in range(20, 59):
        second.remove(i)
    for i in range(60, 100):
        second.add(keyframe(i))
    maps = {True: second, False: first}
    states = {is_new: contents_of(m) for is_new, m in maps.items()}
    is_new, changes = False, 0
    for wait_s in moments(lambda: (save_map(path, second), save_map(path, first)), 2, count):
        wanted = not is_new
        kill_after(wait_s, lambda wanted=wanted: str(save_map(path, maps[wanted])))
        found = load(path, contents_of)
        assert found in states.values()
        changes += found == states[wanted]
        is_new = found == states[True]
    assert 0 < changes < count


def appending(path, keyframes):
    """Append a keyframe every few ms until killed; `path.log` has the time at which each was given."""

    def act() -> str:
        pace = threading.Event()
        with open_map(path, writing=True) as file, path.with_suffix('.log').open('a', buffering=1) as log:
            for number in itertools.count(file.load().next_id):
                file.append(keyframes(number))
                log.write(f'{number} {time.monotonic()}\n')
                pace.wait(0.004)
        return ''

    return act


@pytest.mark.parametrize('count', [2, pytest.param(MOMENTS, marks=[pytest.mark.slow, pytest.mark.timeout(400)])])
def test_killed_while_appending_all_but_the_last_second_is_there(tmp_path, keyframe, contents_of, count):
    path = tmp_path / 'a.map'
    create_map(path, MapInfo('f', 'm')).close()
    for wait_s in np.random.default_rng(3).uniform(0.2, 1.9, count)[::-1]:
        assert kill_after(wait_s, appending(path, keyframe)) is None
        killed_s = time.monotonic()
        lines = [line.split() for line in path.with_suffix('.log').read_text().splitlines()]
        due = {int(number) for number, given_s in lines if float(given_s) < killed_s - 1.0}
        ids = [view[0] for view in load(path, contents_of)['views']]
        assert ids == list(range(len(ids))), 'none between is missing'
        assert due <= set(ids), 'what was given more than a second ago is there'
        path.with_suffix('.log').write_text('')
    open_map(path, writing=True).close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ['a.log', 'a.map']


def limited(size, act):
    def limit() -> str:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        try:
            act()
        except MapError as error:
            return str(error)
        return 'saved'

    return limit


SHARES = [0.0, 0.01, 0.1, 0.3, 0.5, 0.8, 0.99]


@pytest.mark.parametrize('share', SHARES)
def test_a_disk_that_fills_up_leaves_no_part_of_a_new_map(tmp_path, make_map, share):
    place_map, path = make_map(60), tmp_path / 'a.map'
    save_map(tmp_path / 'b.map', place_map)
    size = (tmp_path / 'b.map').stat().st_size
    said = run_forked(limited(int(size * share), lambda: save_map(path, place_map)))
    assert 'can not be written' in said and 'Free some space or give another path' in said
    assert {p.name for p in tmp_path.iterdir()} <= {'b.map', 'a.map.lock'}
    assert run_forked(limited(size, lambda: save_map(path, place_map))) == 'saved'


@pytest.mark.parametrize('share', SHARES)
def test_a_disk_that_fills_up_leaves_the_map_as_it_was(tmp_path, make_map, keyframe, contents_of, share):
    place_map, path = make_map(30), tmp_path / 'a.map'
    save_map(path, place_map)
    before = contents_of(place_map)
    for i in range(30, 90):
        place_map.add(keyframe(i))
    limit = int(path.stat().st_size * share)
    assert 'the disk is full or refuses more' in run_forked(limited(limit, lambda: save_map(path, place_map)))
    assert load(path, contents_of) == before
    save_map(path, place_map)
    assert load(path, contents_of) == contents_of(place_map)


def test_what_a_full_disk_refused_waits_and_is_written_when_there_is_room(tmp_path, keyframe, contents_of):
    path, place_map = tmp_path / 'a.map', PlaceMap(MapInfo('f', 'm'))

    def act() -> str:
        with create_map(path, place_map.info) as file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
            for i in range(40):
                file.append(keyframe(i))
            with pytest.raises(MapError, match='the disk is full or refuses more'):
                file.flush()
            assert file.error is not None
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            file.flush()
            assert file.error is None
        return 'ok'

    assert run_forked(act) == 'ok'
    for i in range(40):
        place_map.add(keyframe(i))
    assert load(path, contents_of) == contents_of(place_map)


ENDS_WITHOUT_CLOSING = """
import sys
from pathlib import Path
import numpy as np
from waymark.image.features import Features
from waymark.maps import Keyframe, MapInfo, create_map
from waymark.types import Header

file = create_map(Path(sys.argv[1]), MapInfo('f', 'm'))
nothing = Features(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), (640, 480))
for i in range(7):
    file.append(Keyframe(i, Header(i + 1), np.ones(4, np.float32), nothing, i))
"""


def test_a_program_that_ends_without_closing_loses_nothing(tmp_path):
    path = tmp_path / 'a.map'
    subprocess.run([sys.executable, '-c', ENDS_WITHOUT_CLOSING, str(path)], check=True, timeout=60)
    with open_map(path) as file:
        assert list(file.load().keyframes) == list(range(7))


def test_closing_while_the_disk_is_full_says_what_is_lost_and_ends(tmp_path, keyframe):
    path = tmp_path / 'a.map'

    def act() -> str:
        file = create_map(path, MapInfo('f', 'm'))
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
        for i in range(40):
            file.append(keyframe(i))
        for _ in range(2):
            with pytest.raises(MapError, match='the disk is full or refuses more'):
                file.close()
        return 'ok'

    assert run_forked(act) == 'ok'
    open_map(path, writing=True).close()
