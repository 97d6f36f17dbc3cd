# SPDX-License-Identifier: Apache-2.0
"""What only a server has: a collection that outlives the process, and a server that may be away."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from waymark.errors import BackendUnavailable, ConfigError
from waymark.places.retrieval import ExactIndex, QdrantIndex, RetrievalConfig, fill_index, make_index

pytest.importorskip('qdrant_client')
EYE = np.eye(4, dtype=np.float32)


@pytest.fixture
def config(tmp_path):
    return RetrievalConfig(search_index='qdrant', qdrant_url=f'path:{tmp_path / "store"}')


def filled(config, fingerprint=''):
    index = QdrantIndex(4, config, fingerprint)
    index.extend(np.array([2, 5, 9]), EYE[:3])
    return index


def test_a_collection_keeps_its_vectors_for_the_next_process(config):
    filled(config).close()
    index = QdrantIndex(4, config)
    assert index.keys.tolist() == [2, 5, 9]
    assert index.search(EYE[1], 1)[0].tolist() == [5]
    with pytest.raises(ValueError, match='must be above 9'):
        index.add(9, EYE[3])
    index.close()


def test_each_encoder_has_a_collection_of_its_own(config):
    filled(config, 'a' * 64).close()
    other = QdrantIndex(4, config, 'b' * 64)
    assert len(other) == 0
    other.close()
    same = QdrantIndex(4, config, 'a' * 64)
    assert len(same) == 3
    same.close()


def test_a_collection_of_vectors_of_another_length_is_refused(config):
    filled(config).close()
    with pytest.raises(ConfigError, match=r"'waymark' holds vectors of length 4, the encoder makes 3\. Name another"):
        QdrantIndex(3, config)


def test_more_vectors_than_one_request_takes_arrive(config):
    index = QdrantIndex(4, replace(config, qdrant_url=':memory:'))
    index.extend(np.arange(600), np.tile(EYE, (150, 1)))
    assert len(index.search(EYE[0], 700)[0]) == 600


def test_filling_adds_only_what_the_server_lacks(config):
    index = filled(config)
    fill_index(index, np.array([2, 5, 9, 11]), EYE)
    assert index.keys.tolist() == [2, 5, 9, 11]
    index.close()


@pytest.mark.parametrize('keys', [[], [2, 5], [2, 6, 9], [1, 2, 5, 9]])
def test_a_collection_of_another_map_is_refused(config, keys):
    index = filled(config)
    with pytest.raises(ConfigError, match='holds 3 keyframes, . of which are none of this map'):
        fill_index(index, np.array(keys, np.int64), EYE[: len(keys)])
    index.close()


def test_filling_works_for_every_index():
    index = ExactIndex(4)
    fill_index(index, np.array([3, 4]), EYE[:2])
    assert index.search(EYE[1], 1)[0].tolist() == [4]


def test_a_server_that_is_not_there_is_named_with_the_remedy(config):
    away = replace(config, qdrant_url='http://127.0.0.1:9', qdrant_timeout_s=1.0)
    with pytest.raises(BackendUnavailable, match=r'qdrant: http://127.0.0.1:9 does not serve .*Start the server'):
        make_index(away, 4)


def test_without_the_client_a_server_is_refused_with_the_remedy(config, monkeypatch):
    monkeypatch.setitem(sys.modules, 'qdrant_client', None)
    with pytest.raises(BackendUnavailable, match='pip install qdrant-client, or set search_index: auto'):
        make_index(config, 4)
