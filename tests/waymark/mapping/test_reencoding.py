# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from waymark.errors import ConfigError, MapError, ModelError
from waymark.mapping.pictures import Missing, recorded
from waymark.mapping.reencoding import reencode
from waymark.maps import open_map, save_map
from waymark.sources import ImageSourceConfig, open_source


def frames(recording):
    return [item.frame.rgb for item in open_source(ImageSourceConfig(input=str(recording))).frames()][::2]


def test_from_a_recording_the_vectors_are_those_of_its_frames(mapped, recording, place):
    made = reencode(mapped, place, str(recording))
    assert (made.info.fingerprint, made.info.model_id) == (place.fingerprint, place.model_id)
    for keyframe, rgb in zip(made.keyframes.values(), frames(recording), strict=True):
        np.testing.assert_allclose(keyframe.vector, place.encode(rgb).vector, atol=1e-6)
    assert made.routes[0].keyframe_ids == (1, 2) and made.links == mapped.links
    assert made.info.map_id != mapped.info.map_id


def test_from_thumbnails_the_vectors_are_close_to_those_of_the_frames(mapped, recording, place, tmp_path):
    save_map(tmp_path / 'a.map', mapped)
    with open_map(tmp_path / 'a.map') as file:
        told = []
        made = reencode(file.load(), place, progress=lambda done, total: told.append((done, total)))
        for keyframe, rgb in zip(made.keyframes.values(), frames(recording), strict=True):
            assert float(keyframe.vector @ place.encode(rgb).vector) > 0.98
        assert told == [(n, 6) for n in range(1, 7)]
        save_map(tmp_path / 'b.map', made)
    open_map(tmp_path / 'b.map', fingerprint=place.fingerprint).close()


def test_another_recording_is_refused_although_its_times_fit(mapped, recording, place, texture, tmp_path):
    import cv2

    for number in range(12):
        cv2.imwrite(str(tmp_path / f'{number}.png'), texture(number + 50))
    with pytest.raises(MapError, match='is not what the map was made from: at the time of 6 of 6 .*Give the right'):
        reencode(mapped, place, str(tmp_path))


def test_keyframes_without_an_image_are_named_and_left_out_on_request(mapped, place):
    mapped.replace(replace(mapped.keyframes[4], thumbnail_jpeg=None))
    with pytest.raises(MapError, match=r'1 of 6 keyframes \(4\) have no image in the map itself.*--drop-missing'):
        reencode(mapped, place)
    made = reencode(mapped, place, drop_missing=True)
    assert list(made.keyframes) == [0, 1, 2, 3, 5] and made.next_id == 6


def test_a_keyframe_that_a_route_needs_is_never_left_out(mapped, place):
    mapped.replace(replace(mapped.keyframes[2], thumbnail_jpeg=None))
    with pytest.raises(MapError, match="keyframe 2 belongs to route 'r'"):
        reencode(mapped, place, drop_missing=True)


def test_a_recording_gives_thumbnails_to_keyframes_without(mapped, recording, place):
    mapped.replace(replace(mapped.keyframes[2], thumbnail_jpeg=None))
    made = reencode(mapped, place, str(recording))
    assert made.keyframes[2].thumbnail.shape == (240, 320, 3)


def shifted(mapped, by_ns):
    for keyframe in list(mapped.keyframes.values()):
        header = replace(keyframe.header, stamp_ns=keyframe.header.stamp_ns + by_ns)
        mapped.replace(replace(keyframe, header=header))
    return mapped


@pytest.mark.parametrize('by_ns', [0, 40_000_000, -40_000_000])
def test_the_frame_nearest_in_time_is_taken(mapped, recording, by_ns):
    missing = Missing()
    found = dict(recorded(shifted(mapped, by_ns), str(recording), missing))
    # Before the first frame there is none to be nearest to.
    assert sorted(found) == ([1, 2, 3, 4, 5] if by_ns < 0 else [0, 1, 2, 3, 4, 5])
    assert missing.absent == ([0] if by_ns < 0 else []) and missing.different == []


def test_by_number_the_id_is_the_frame(mapped, recording):
    first = mapped.keyframes[0]
    for i in range(1, 6):
        mapped.replace(replace(mapped.keyframes[i], thumbnail_jpeg=None))
    found = dict(recorded(shifted(mapped, 10**15), str(recording), Missing(), by_number=True))
    assert sorted(found) == [0, 1, 2, 3, 4, 5]
    np.testing.assert_array_equal(found[0], frames(recording)[0])
    assert first.has_thumbnail


def test_a_live_source_is_refused(mapped):
    with pytest.raises(ConfigError, match="'/dev/video0' is live"):
        next(recorded(mapped, '/dev/video0', Missing()))


def test_vectors_for_texts_need_an_encoder_of_texts(mapped, place):
    with pytest.raises(ModelError, match='encodes no texts'):
        reencode(mapped, place, as_text=True)
