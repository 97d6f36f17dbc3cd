# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.encoding import EncoderConfig, load_encoder
from waymark.evaluation.online import OnlineAnswer, every_image, run_online, score_online
from waymark.places import PlacesConfig
from waymark.types import NANOSECONDS, Frame, Header

ENCODER = load_encoder(EncoderConfig())


def run(images, layout, exclude_recent):
    frames = (Frame(Header(NANOSECONDS * (i + 1)), image, layout) for i, image in enumerate(images))
    config = every_image(PlacesConfig(), exclude_recent)
    return run_online(frames, lambda f: ENCODER.encode(f.rgb).vector, ENCODER.fingerprint, config)


def test_every_figure_of_a_small_run_is_as_counted_by_hand():
    same = np.zeros((6, 6), bool)
    same[3, 0] = same[4, 1] = same[5, 2] = True
    answers = [
        OnlineAnswer(None, 0, None, False),
        OnlineAnswer(None, 0, None, False),
        OnlineAnswer(0, 10, 0, False),  # wrong: the place is new
        OnlineAnswer(0, 30, 0, True),
        OnlineAnswer(0, 12, 1, True),  # wrong, and accepted
        OnlineAnswer(2, 12, 0, False),  # right, but no better supported than a wrong one
    ]
    result = score_online(answers, same, exclude_recent=1)
    assert (result.images, result.loop_frames, result.threshold) == (6, 3, 13)
    assert (result.accepted, result.wrong_accepted) == (2, 1)
    assert result.recall_at_100_precision == pytest.approx(1 / 3)
    assert result.candidate_recall == pytest.approx(2 / 3)
    assert result.recall_at_1 == pytest.approx(2 / 3)
    assert result.accepted_recall == pytest.approx(1 / 3)


def test_a_place_shown_only_by_excluded_images_is_no_loop():
    same = np.tril(np.ones((4, 4), bool), -1)
    answers = [OnlineAnswer(None, 0, None, False)] * 4
    assert score_online(answers, same, exclude_recent=2).loop_frames == 1


def test_no_images_give_a_result_without_loops():
    result = score_online([], np.zeros((0, 0), bool), 10)
    assert result.loop_frames == 0 and result.recall_at_100_precision == 0


def test_a_truth_of_another_size_is_refused():
    with pytest.raises(ValueError, match='same_place: expected shape'):
        score_online([], np.zeros((3, 3), bool), 10)


def test_images_that_are_not_kept_are_refused():
    with pytest.raises(ValueError, match='image 0 did not become a keyframe'):
        run([np.zeros((9, 9), np.uint8)], 'mono', 10)


@pytest.mark.slow
def test_an_indoor_tour_is_recognized_online(shared_data):
    folder = shared_data('rtabmap_samples')
    files = sorted((folder / 'samples').glob('*.jpg'), key=lambda p: int(p.stem))
    same = np.tril(cv2.imread(str(folder / 'samples_GT.bmp'), cv2.IMREAD_GRAYSCALE) > 127, -1)

    result = score_online(run([cv2.imread(str(f)) for f in files], 'bgr', 10), same, 10)

    assert (result.images, result.loop_frames) == (84, 44)
    assert result.recall_at_100_precision >= 0.95
    assert result.wrong_accepted == 0
    assert result.accepted >= 38


def test_a_road_driven_once_is_never_recognized(shared_data):
    folder = shared_data('kitti_mini') / 'KITTI_sequence_1' / 'image_l'
    answers = run([cv2.imread(str(f)) for f in sorted(folder.glob('*.png'))], 'bgr', 20)
    assert len(answers) == 51
    assert not any(a.accepted for a in answers)


@pytest.mark.slow
def test_unrelated_pictures_are_never_recognized(shared_data):
    """Sets of different places, mixed: whatever is accepted must be of the same set."""
    folders = {
        'indoor': shared_data('rtabmap_samples') / 'samples',
        'road': shared_data('kitti_mini') / 'KITTI_sequence_1' / 'image_l',
        'aerial': shared_data('uav_odm_caliterra') / 'images_1200px',
        'corridor': shared_data('vpr_corridor') / 'ref',
    }
    files = [(name, f) for name, folder in folders.items() for f in sorted(folder.glob('*.[jp][pn]g'))[::2]]
    order = np.random.default_rng(0).permutation(len(files))
    names = [files[i][0] for i in order]
    answers = run([cv2.imread(str(files[i][1])) for i in order], 'bgr', 0)
    assert len(answers) > 120
    wrong = [
        (n, names[a.candidate], a.score)
        for n, a in zip(names, answers, strict=True)
        if a.score and names[a.candidate] != n
    ]
    assert [w for w in wrong if w[2] >= PlacesConfig().min_inliers] == []
