# SPDX-License-Identifier: Apache-2.0
import pytest

from waymark.evaluation.places import evaluate_places
from waymark.evaluation.places_run import PlacesRequest


@pytest.mark.slow
@pytest.mark.parametrize(('sequence', 'recall'), [(1, 0.90), (10, 0.97)])
def test_a_corridor_of_small_pictures_is_recognized(shared_data, sequence, recall):
    folder = shared_data('vpr_corridor')
    request = PlacesRequest(folder / 'ref', folder / 'query', folder / 'truth.json', sequence=sequence)
    assert evaluate_places(request)['recall_at_1'] >= recall
