# SPDX-License-Identifier: Apache-2.0
import pytest

from waymark.tracking import TrackerConfig, learn_target
from waymark.tracking.pyramid import FramePyramid
from waymark.tracking.search import Searcher
from waymark.tracking.track import Track, TrackState

CONFIG = TrackerConfig(search_every=4, searched_at_once=2, redetect_every=5)


@pytest.fixture
def tracks(texture):
    return [Track(learn_target(f't{k}', texture(20 + k, (240, 180)), CONFIG), CONFIG) for k in range(5)]


def searched(searcher, tracks, image, count):
    """Which targets were looked for in each of some images."""
    found = []
    for _ in range(count):
        for track in tracks:
            track.foresee(image)
            track.follow(image, None)
        searcher.search(image, tracks)
        found.append([t.target.target_id for t in tracks if t.unchecked == 0])
    return found


def test_absent_targets_share_every_fourth_image_once_each_was_looked_for_twice(tracks, texture):
    searcher, image = Searcher(CONFIG), FramePyramid(texture(9, (640, 480)))
    first = searched(searcher, tracks, image, 12)
    assert max(len(names) for names in first) == 2 and all(first[:5])
    later = searched(searcher, tracks, image, 20)
    assert [len(names) for names in later] == [2, 0, 0, 0] * 5
    assert {n for names in later for n in names} == {f't{k}' for k in range(5)}


def test_a_followed_target_is_looked_for_as_a_check_alone_and_seldom(tracks, texture):
    image = texture(9, (640, 480))
    image[100:280, 200:440] = texture(20, (240, 180))
    searcher, seen = Searcher(CONFIG), tracks[:1]
    checks = searched(searcher, seen, FramePyramid(image), 21)
    assert seen[0].state is TrackState.TRACKING
    assert sum(map(len, checks)) == 5  # the first search, then one in five images


def test_what_comes_into_view_together_is_found_in_successive_images(tracks, texture):
    searcher, image = Searcher(CONFIG), texture(9, (960, 640))
    searched(searcher, tracks, FramePyramid(image.copy()), 12)
    for k, (left, top) in enumerate([(40, 60), (360, 60), (680, 60), (40, 360), (360, 360)]):
        image[top : top + 180, left : left + 240] = texture(20 + k, (240, 180))
    seen = []
    for _ in range(12):
        searched(searcher, tracks, FramePyramid(image), 1)
        seen.append(sum(t.state is TrackState.TRACKING for t in tracks))
    first = next(k for k, count in enumerate(seen) if count)
    assert (seen[first], seen[first + 1], seen[-1]) == (2, 4, 5)  # two, and not four images later the next two
