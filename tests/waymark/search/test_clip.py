# SPDX-License-Identifier: Apache-2.0
"""Texts against images with a real CLIP, tiny and random: the answers are those of its own two towers."""

import json

import cv2
import numpy as np
import pytest
from tiny_clip import export_tiny_clip
from typer.testing import CliRunner

from waymark.cli import app
from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import BackendUnavailable
from waymark.image.features import detect
from waymark.maps import Keyframe
from waymark.places import PlacesConfig
from waymark.places.queries import query_by_text, query_by_vector
from waymark.places.retrieval import make_index
from waymark.places.standing import StandingQuery, StandingQueryConfig
from waymark.search import text_query
from waymark.types import Header

pytestmark = [pytest.mark.models, pytest.mark.timeout(900)]
TEXTS = ['a photo of a red roof', 'green field', 'car, road']


@pytest.fixture(scope='module')
def clip_folder(tmp_path_factory):
    pytest.importorskip('tokenizers')
    try:
        return export_tiny_clip(tmp_path_factory.mktemp('tiny'))
    except BackendUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope='module')
def clip(clip_folder):
    return load_encoder(EncoderConfig(encoder=str(clip_folder)))


@pytest.fixture(scope='module')
def images():
    rng = np.random.default_rng(4)
    return [np.kron(rng.integers(0, 256, (6, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8) for _ in range(12)]


@pytest.fixture(scope='module')
def best(clip, images):
    """For each text the images from best to worst, by the model's own vectors."""
    seen = np.stack([clip.encode(image).vector for image in images])
    return {text: np.argsort(-(seen @ clip.encode_text([text])[0].vector)).tolist() for text in TEXTS}


@pytest.mark.parametrize('text', TEXTS)
def test_a_text_query_on_a_map_answers_as_the_towers_do(clip, images, best, text):
    config = PlacesConfig()
    index, keyframes = make_index(config, clip.dim), {}
    for number, image in enumerate(images):
        vector = clip.encode(image).vector
        features = detect(np.ascontiguousarray(image[..., 1]), config)
        keyframes[number] = Keyframe(number, Header(number), vector, features, number, text_vector=vector)
        index.add(number, vector)
    query = text_query(text, clip)
    by_own = [a.keyframe_id for a in query_by_vector(query.vector, index, keyframes, 12)]
    by_text_vectors = [a.keyframe_id for a in query_by_text(query.vector, keyframes, 12)]
    assert by_own == by_text_vectors == best[text]


def test_a_standing_query_is_raised_when_the_best_image_comes(clip, images, best):
    text = TEXTS[0]
    wanted = text_query(text, clip).vector
    order = best[text]
    stream = [clip.encode(images[i]).vector for i in [*order[6:], order[0], order[0], *order[6:]]]
    between = float((clip.encode(images[order[0]]).vector + clip.encode(images[order[6]]).vector) @ wanted) / 2
    config = StandingQueryConfig(threshold=between, release=0.0, gone_after=3)
    query = StandingQuery(text, wanted, config)
    events = [i for i, vector in enumerate(stream) if query.observe(vector, i) is not None]
    assert events == [7]


def test_the_command_finds_the_image_that_the_towers_find(clip_folder, images, best, tmp_path):
    folder = tmp_path / 'images'
    folder.mkdir()
    for number, image in enumerate(images):
        cv2.imwrite(str(folder / f'{number}.png'), image[..., ::-1])
    arguments = ['search', folder, '--text', TEXTS[1], '--encoder', clip_folder, '--out', tmp_path / 'out']
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    said = json.loads((tmp_path / 'out' / 'moments.json').read_text())
    assert [m['frame'] for m in said['moments']] == best[TEXTS[1]][:10]
