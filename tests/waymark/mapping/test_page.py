# SPDX-License-Identifier: Apache-2.0
import re
from dataclasses import replace

import pytest

from waymark.errors import MapError
from waymark.mapping.page import clock, render, shown_ids, write_page
from waymark.mapping.plan import draw_plan
from waymark.maps import MapInfo, MapPose, PlaceMap


def posed(place_map, metres=10.0):
    for keyframe in list(place_map.keyframes.values()):
        pose = MapPose((metres * keyframe.keyframe_id, 0.0, 3.0))
        place_map.replace(replace(keyframe, pose=pose))
    return place_map


def test_the_page_shows_keyframes_links_and_routes(mapped, tmp_path):
    write_page(mapped, '<a>.map', tmp_path / 'new' / 'a.html')
    page = (tmp_path / 'new' / 'a.html').read_text()
    assert '<h1>6 keyframes of 6 places, 1 link, 1 route.</h1>' in page
    assert '&lt;a&gt;.map' in page and '<a>.map' not in page
    assert re.findall('<h2>(.*?)</h2>', page) == [
        'In order of time',
        'Places seen more than once',
        'Routes',
        'Keyframes',
    ]
    assert page.count('<img src="data:image/jpeg;base64,') == 6 + 2 + 2
    assert 'keyframes <a href="#k5">5</a> (0:01.0) and <a href="#k0">0</a> (0:00.0), 30 inliers' in page
    assert re.findall(r'id="k(\d+)"', page) == ['0', '1', '2', '3', '4', '5']
    assert 'src="http' not in page and 'href="http' not in page, 'it needs no network'


def test_an_empty_map_has_a_page():
    page = render(PlaceMap(MapInfo('f', 'm')), 'a.map')
    assert '<h1>An empty map.</h1>' in page and 'The map has no routes.' in page


def test_of_a_large_map_links_routes_and_an_even_spread_are_shown(mapped):
    assert shown_ids(mapped, 6) == [0, 1, 2, 3, 4, 5]
    assert shown_ids(mapped, 4) == [0, 1, 4, 5], 'half are those of links, then of routes; the rest is spread'
    page = render(mapped, 'a', most=4)
    assert '4 of 6, evenly spread' in page and re.findall(r'id="k(\d+)"', page) == ['0', '1', '4', '5']
    assert '2 keyframes, 1 shown' in page


def test_keyframes_without_a_thumbnail_say_so(mapped):
    mapped.replace(replace(mapped.keyframes[3], thumbnail_jpeg=None, labels=('red door',), place_id=0))
    page = render(mapped, 'a')
    assert page.count('no thumbnail') == 1
    assert '<b>3</b> at 0:00.6, place <a href="#k0">0</a>, red door' in page


def test_positions_are_drawn_to_scale_with_the_north_up(mapped):
    plan = draw_plan(posed(mapped))
    assert plan.is_map and plan.size == (1000, 120) and plan.without_pose == 0
    # 50 m fill the width but for the margins: 18.8 units a metre.
    assert plan.scale == (5, pytest.approx(5 * 18.8))
    assert plan.dots == 'M218.0 90.0h0M406.0 90.0h0M594.0 90.0h0M782.0 90.0h0'
    assert plan.linked == 'M30.0 90.0h0M970.0 90.0h0'
    assert plan.links[0][1] == 'keyframes 5 and 0, 30 inliers'


def test_without_poses_and_links_there_is_nothing_to_draw(mapped):
    assert draw_plan(mapped).is_map is False
    mapped.remove(5)
    assert draw_plan(mapped) is None
    assert draw_plan(PlaceMap(MapInfo('f', 'm'))) is None


def test_cameras_all_in_one_point_are_drawn(mapped):
    plan = draw_plan(posed(mapped, metres=0.0))
    assert plan.is_map and 'nan' not in plan.dots


@pytest.mark.parametrize(
    ('seconds', 'text'),
    [(0, '0:00.0'), (59.96, '1:00.0'), (75.24, '1:15.2'), (3600, '1:00:00.0'), (36_065, '10:01:05.0')],
)
def test_times_are_short(seconds, text):
    assert clock(round(seconds * 1e9)) == text


def test_a_page_that_can_not_be_written_is_told(mapped, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(MapError, match='can not be written'):
        write_page(mapped, 'a', tmp_path / 'file' / 'a.html')
