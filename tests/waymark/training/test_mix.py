# SPDX-License-Identifier: Apache-2.0
import csv
import json

import cv2
import numpy as np
import pytest
from waymark_runs import waymark

from waymark.errors import ConfigError, SourceError
from waymark.similarity import Gate, mix
from waymark.training.mix import auc, fit_gate, hold_out, judge_gate, mix_loss, train_mix
from waymark.training.pairs import Pair, ScoreName, read_pairs, score_pairs

NAMES = ScoreName('hog', 'cosine'), ScoreName('hog', 'vit_score')


def two_regimes(seed, n=200):
    """Scores of which the first decides where it is low, and is stuck at 5 where only the second decides."""
    rng = np.random.default_rng(seed)
    same, stuck = rng.random(n) < 0.5, rng.random(n) < 0.5
    right = np.where(same, 1.0, 0.0) + rng.normal(0, 0.1, n)
    return np.where(stuck, 5.0, right), np.where(stuck, right, rng.random(n)), same


def write_scores(path, seed=0):
    with path.open('w', newline='') as file:
        csv.writer(file).writerows([('score_a', 'score_b', 'same'), *zip(*two_regimes(seed), strict=True)])
    path.write_text(path.read_text().replace('True', '1').replace('False', '0'))


def write_images(folder, texture, count=12):
    """Pictures, each with a noisy copy, and pairs of both kinds in a subfolder's file."""
    rows = []
    for i in range(count):
        image = texture(i, (160, 120))
        noise = np.random.default_rng(i).normal(0, 10, image.shape)
        cv2.imwrite(str(folder / f'{i}.png'), image)
        cv2.imwrite(str(folder / f'{i}_again.png'), np.clip(image + noise, 0, 255).astype(np.uint8))
        rows += [{'image_a': f'../{i}.png', 'image_b': f'../{i}_again.png', 'same': 1}]
        rows += [{'image_a': f'../{i}.png', 'image_b': f'../{(i + 1) % count}_again.png', 'same': 0}]
    (folder / 'labels').mkdir()
    (folder / 'labels' / 'pairs.json').write_text(json.dumps(rows))
    return folder / 'labels' / 'pairs.json'


def test_auc_counts_pairs_in_the_right_order_and_ties_half():
    assert auc(np.array([3.0, 1.0, 2.0, 1.0]), np.array([True, True, False, False])) == (1 + 1 + 0 + 0.5) / 4
    with pytest.raises(ValueError, match='both kinds'):
        auc(np.ones(2), np.array([True, True]))


def test_the_gradient_is_that_of_the_loss():
    a, b, same = two_regimes(1, 30)
    x = np.stack([a, b], axis=1)
    at = np.array([0.3, -0.2, 0.1, 0.4, -0.5])
    numeric = [(mix_loss(at + e, x, x, same)[0] - mix_loss(at - e, x, x, same)[0]) / 2e-6 for e in 1e-6 * np.eye(5)]
    np.testing.assert_allclose(mix_loss(at, x, x, same)[1], numeric, atol=1e-7)


def test_the_gate_learns_which_score_to_trust_when():
    gate = fit_gate(*two_regimes(2))
    report = judge_gate(gate, *two_regimes(3))
    assert report.auc_gate > 0.99 and report.helps
    assert max(report.auc_a, report.auc_b, report.auc_even) < 0.9
    assert gate.share([0.5], [0.5]) > 0.7 and gate.share([5.0], [0.5]) < 0.1


def test_a_gate_that_can_not_help_says_so():
    rng = np.random.default_rng(0)
    same = np.arange(100) < 50
    perfect = same + rng.normal(0, 0.1, 100)
    report = judge_gate(fit_gate(perfect, rng.random(100), same), perfect, rng.random(100), same)
    assert report.auc_a == 1 and not report.helps


def test_equal_pairs_give_an_equal_gate_and_constant_scores_no_harm():
    first, second = fit_gate(*two_regimes(2)), fit_gate(*two_regimes(2))
    np.testing.assert_array_equal(first.W, second.W)
    assert np.isfinite(fit_gate(np.ones(4), np.ones(4), np.arange(4) < 2).W).all()


def test_pairs_with_one_first_image_are_held_out_together():
    pairs = [Pair(f'{i // 3}.png', 'x.png', None, True) for i in range(30)]
    judge = hold_out(pairs, 0.3, seed=5)
    assert judge.sum() == 9
    assert all(len(set(judge[i : i + 3])) == 1 for i in range(0, 30, 3))
    np.testing.assert_array_equal(judge, hold_out(pairs, 0.3, seed=5))
    assert not np.array_equal(judge, hold_out(pairs, 0.3, seed=6))
    with pytest.raises(ConfigError, match=r'held-out: expected a share between 0 and 1, got 1\.'):
        hold_out(pairs, 1.0, 0)


def test_pairs_of_images_are_found_beside_their_file_and_scored(tmp_path, texture):
    path = write_images(tmp_path, texture)
    scores, prints = score_pairs(read_pairs(path), NAMES)
    assert scores.shape == (24, 2) and prints[0] == prints[1] != ''
    assert scores[::2].min() > scores[1::2].max()  # cosine and vit_score both tell copies from others
    gate, report = train_mix(path, NAMES, seed=1)
    assert (report.fitted, report.held_out) == (16, 8) and report.auc_gate == 1
    assert gate.inputs == ('hog:cosine', 'hog:vit_score') and gate.fingerprints == prints
    assert gate.report['auc_gate'] == 1 and gate.report['seed'] == 1


def test_the_command_prints_before_and_after_and_writes_what_mix_loads(tmp_path):
    write_scores(tmp_path / 'pairs.csv')
    done = waymark('train', 'mix', tmp_path / 'pairs.csv', '--out', tmp_path / 'gate.json')
    assert done.returncode == 0, done.stderr
    assert '60 held out' in done.stdout and 'before: even mix' in done.stdout and 'after: learned mix' in done.stdout
    gate = Gate.load(tmp_path / 'gate.json')
    assert gate.report['auc_gate'] > 0.99
    assert mix([5.0], [0.2], gate) == pytest.approx(0.2, abs=0.3)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('image_a,image_b,same\na.png,b.png,maybe\n', "pair 1: same: expected 1 or 0, got 'maybe'"),
        ('image_a,same\na.png,1\n', 'pair 1: expected image_a and image_b, or score_a and score_b'),
        ('score_a,score_b,same\n1,x,1\n', 'pair 1: expected image_a'),
        ('score_a,score_b,same\n1,2,1\n1,nan,1\n', 'pair 2: its scores are not finite'),
        ('score_a,score_b,same\n1,2,1\n1,3,1\n', 'not of both kinds. Label more pairs'),
        ('image_a,image_b,same,score_a,score_b\na,b,1,,\n,,0,1,2\n', 'some pairs bring images and some scores'),
        ('', 'not of both kinds'),
    ],
)
def test_files_that_do_not_fit_are_refused_by_row(tmp_path, text, message):
    (tmp_path / 'pairs.csv').write_text(text)
    with pytest.raises(ConfigError, match=message):
        train_mix(tmp_path / 'pairs.csv', NAMES)


@pytest.mark.parametrize('text', ['{', '{"same": 1}', '[1, 2]'])
def test_json_that_is_no_list_of_pairs_is_refused(tmp_path, text):
    (tmp_path / 'pairs.json').write_text(text)
    with pytest.raises(ConfigError, match='not JSON|list of objects'):
        read_pairs(tmp_path / 'pairs.json')


def test_missing_files_and_unknown_scores_are_refused(tmp_path):
    with pytest.raises(SourceError, match=r'absent.csv: can not be read'):
        read_pairs(tmp_path / 'absent.csv')
    (tmp_path / 'pairs.csv').write_text('image_a,image_b,same\na.png,b.png,1\na.png,c.png,0\n')
    with pytest.raises(SourceError, match=r'a.png: can not be read'):
        train_mix(tmp_path / 'pairs.csv', NAMES)
    with pytest.raises(ConfigError, match="no score is called 'distance'. Use cosine, vit_score"):
        ScoreName.parse('hog:distance')
    assert ScoreName.parse('models/x:cosine') == ScoreName('models/x', 'cosine')
    assert ScoreName.parse('vit_score', 'models/x') == ScoreName('models/x', 'vit_score')
