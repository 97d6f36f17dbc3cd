# SPDX-License-Identifier: Apache-2.0
"""A recording whose scenes are known, searched by text and by image."""

import cv2
import numpy as np
import pytest

from waymark.errors import ConfigError, ModelError, QueryError, SourceError
from waymark.image.codec import decode_compressed
from waymark.search import SearchOptions, image_query, search_recording, text_query

pytestmark = pytest.mark.usefixtures('encoder')
SCENES = [('green', 30), ('red', 30), ('black', 10), ('blue', 40), ('pink', 20)]  # 3, 3, 1, 4 and 2 s


@pytest.fixture
def video(write_video):
    return str(write_video(SCENES))


def test_a_text_finds_the_scene_that_shows_it_and_where_it_begins_and_ends(video, encoder):
    result = search_recording(video, text_query('a red thing', encoder), encoder)
    first, second = result.moments[:2]
    assert (first.start_s, first.end_s) == pytest.approx((3.0, 5.8), abs=1e-6)
    assert first.start_s <= first.time_s <= first.end_s
    assert (round(second.start_s, 6), second.similarity < first.similarity) == (11.0, True), 'pink is a little red'
    assert (result.frames, result.looked_at, result.note) == (130, 65, '')
    assert result.duration_s == pytest.approx(12.9, abs=1e-6)
    assert np.argmax(first.picture.mean(axis=(0, 1))) == 0


def test_the_stamp_is_that_of_the_frame_as_recorded(video, encoder):
    for moment in search_recording(video, text_query('blue', encoder), encoder).moments:
        assert moment.stamp_ns == 1_000_000_000 + round(moment.time_s * 1e9)
        assert moment.frame == round(moment.time_s * 10)


def test_an_image_finds_the_scene_that_looks_like_it(video, encoder, write_folder):
    query = image_query(str(write_folder(['blue']) / '0.png'), encoder)
    best = search_recording(video, query, encoder, SearchOptions(top=1)).moments
    assert [(round(m.start_s, 6), round(m.end_s, 6)) for m in best] == [(7.0, 10.8)]
    assert best[0].similarity > 0.99


def test_frames_that_show_nothing_are_never_found(video, encoder):
    moments = search_recording(video, text_query('red', encoder), encoder, SearchOptions(99, gap_s=0.0)).moments
    assert len(moments) == 60
    assert not [m for m in moments if 6.0 <= m.time_s < 7.0]


@pytest.mark.parametrize(('rate_hz', 'looked_at'), [(0.0, 130), (1.0, 13), (10.0, 130), (None, 65)])
def test_so_many_frames_per_second_are_looked_at(video, encoder, rate_hz, looked_at):
    options = SearchOptions(rate_hz=rate_hz)
    assert search_recording(video, text_query('red', encoder), encoder, options).looked_at == looked_at


def test_every_image_of_a_folder_is_a_moment_with_its_name(write_folder, encoder):
    folder = str(write_folder(['green', 'red', 'red', 'blue']))
    result = search_recording(folder, text_query('red', encoder), encoder, SearchOptions(top=3))
    assert [m.name for m in result.moments][:2] == ['1.png', '2.png']
    assert len(result.moments) == 3


def test_features_put_the_right_moment_first(tmp_path, texture, encoder):
    folder = tmp_path / 'images'
    folder.mkdir()
    for number in range(5):  # gray textures: one colour, so that similarity tells nothing
        cv2.imwrite(str(folder / f'{number}.png'), texture(number))
    cv2.imwrite(str(tmp_path / 'query.png'), cv2.resize(texture(3)[60:220, 80:300], None, fx=1.5, fy=1.5))
    query = image_query(str(tmp_path / 'query.png'), encoder)
    moments = search_recording(str(folder), query, encoder, SearchOptions(rerank=True)).moments
    assert moments[0].name == '3.png'
    assert moments[0].inliers >= 20
    assert [m.inliers for m in moments[1:]] == [0] * 4


def test_progress_is_told_with_the_number_of_frames_where_it_is_known(write_folder, video, encoder):
    for recording, total in ((str(write_folder(['red', 'blue'])), 2), (video, None)):  # an AVI's count is no promise
        told = []
        search_recording(recording, text_query('red', encoder), encoder, progress=lambda *said: told.append(said))  # noqa: B023
        assert told[:2] == [(1, total), (2, total)]


def test_a_recording_that_is_cut_off_is_searched_as_far_as_it_goes(write_video, encoder, tmp_path):
    whole = write_video(SCENES).read_bytes()
    cut = tmp_path / 'cut.avi'
    cut.write_bytes(whole[: len(whole) // 2])
    result = search_recording(str(cut), text_query('red', encoder), encoder)
    assert 40 < result.frames < 100
    assert 'cut off' in result.note
    assert result.moments[0].start_s == pytest.approx(3.0, abs=1e-6)


def test_the_picture_is_what_the_frame_showed(write_folder, encoder):
    folder = write_folder(['green', 'red'])
    found = search_recording(str(folder), text_query('red', encoder), encoder).moments[0]
    pixels, _ = decode_compressed('', (folder / '1.png').read_bytes())
    assert np.abs(found.picture[..., ::-1].astype(int) - pixels).mean() < 4


def test_a_query_image_that_shows_nothing_is_refused(write_folder, encoder):
    with pytest.raises(QueryError, match=r"the query image '.*0.png' shows nothing that could be found"):
        image_query(str(write_folder(['black']) / '0.png'), encoder)


def test_a_recording_that_shows_nothing_is_refused(write_folder, encoder):
    with pytest.raises(QueryError, match='none of its 3 frames shows anything'):
        search_recording(str(write_folder(['black'] * 3)), text_query('red', encoder), encoder)


def test_a_text_without_meaning_to_the_encoder_is_refused(encoder):
    with pytest.raises(QueryError, match="'colours' can make nothing of the text 'a thing'"):
        text_query('a thing', encoder)
    with pytest.raises(ModelError, match='it is empty'):
        text_query(' ', encoder)


def test_what_does_not_go_together_is_refused(write_folder, encoder, tmp_path):
    query, folder = text_query('red', encoder), str(write_folder(['red']))
    with pytest.raises(ConfigError, match='--rerank compares local features.*a text has none'):
        search_recording(folder, query, encoder, SearchOptions(rerank=True))
    with pytest.raises(ConfigError, match="'/dev/video0' is live.*waymark run --record"):
        search_recording('/dev/video0', query, encoder)
    with pytest.raises(ConfigError, match='--top: must be at least 1, got 0'):
        search_recording(folder, query, encoder, SearchOptions(top=0))
    (tmp_path / 'empty').mkdir()
    with pytest.raises(SourceError, match='the folder is empty'):
        search_recording(str(tmp_path / 'empty'), query, encoder)
