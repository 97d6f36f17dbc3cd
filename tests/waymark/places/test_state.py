# SPDX-License-Identifier: Apache-2.0
import pytest

from waymark.places import PlacesConfig
from waymark.places.state import Belief

CONFIG = PlacesConfig(localize_after=2, lose_after=3, neighbourhood=5)


@pytest.mark.parametrize(
    ('places', 'states'),
    [
        ([None], '-'),
        ([7], 'c'),
        ([7, 8], 'cL'),  # agreeing twice
        ([7, 30], 'cc'),  # the second says something else
        ([7, 30, 31], 'ccL'),
        ([7, None, 7, 7], 'c-cL'),  # not in a row
        ([7, 8, None, None, 9], 'cLccL'),  # a gap that is short enough
        ([7, 8, None, None, None, 9, 9], 'cLcc-cL'),  # and one that is not
        ([7, 8, 40, 41, 42], 'cLcLL'),  # a jump must be confirmed
        ([7, 8, None, 40, 41], 'cLccL'),
    ],
)
def test_the_states_follow_the_verified_places(places, states):
    belief = Belief(CONFIG)
    letters = {'LOST': '-', 'CANDIDATE': 'c', 'LOCALIZED': 'L'}
    assert ''.join(letters[belief.update(p).name] for p in places) == states


def test_one_verified_image_is_enough_when_so_configured():
    assert Belief(PlacesConfig(localize_after=1)).update(3).name == 'LOCALIZED'
