# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark import similarity
from waymark.comparison.images import ImagePair
from waymark.comparison.metrics import METRICS, Subject, chosen_metrics, measure_all
from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import ConfigError


class WholeImageEncoder:
    """The embedding of HOG, without its tokens."""

    def __init__(self):
        encoder = load_encoder(EncoderConfig())
        self.model_id, self.fingerprint, self.dim = 'whole', encoder.fingerprint, encoder.dim
        self.encode, self.encode_batch = encoder.encode, encoder.encode_batch


def subject_of(a, b, mask=None, encoder=None):
    return Subject(ImagePair(('a', 'b'), (a, b), (a, b)), mask, encoder or load_encoder(EncoderConfig(encoder='hog')))


def values(subject, names=tuple(METRICS)):
    return {m.name: m.value for m in measure_all(subject, names)}


def test_equal_images_have_the_value_that_the_table_calls_equal(scene):
    for name, value in values(subject_of(scene, scene)).items():
        assert value == pytest.approx(METRICS[name].equal, abs=1e-6), name


def test_metrics_are_those_of_the_library(scene):
    other = np.roll(scene, 3, axis=1)
    mask = np.zeros(scene.shape[:2], np.float32)
    mask[40:200, 40:280] = 0.5
    found = values(subject_of(scene, other, mask))
    for name in ('mse', 'mae', 'sad', 'psnr', 'mean_ssim', 'global_ssim', 'ms_ssim', 'ms_ssim_log'):
        assert found[name] == getattr(similarity, name)(scene, other, mask=mask), name
    encoder = load_encoder(EncoderConfig(encoder='hog'))
    a, b = (encoder.encode_dense(x) for x in (scene, other))
    assert found['embedding_cosine'] == pytest.approx(float(a.embedding.vector @ b.embedding.vector), abs=1e-6)
    tokens = [x.tokens.reshape(-1, x.tokens.shape[2]) for x in (a, b)]
    weights = similarity.token_mask(mask, a.tokens.shape[:2])
    assert found['vit_score'] == similarity.vit_score(*tokens, mask=weights)
    assert found['aligned_cosine'] == similarity.aligned_cosine(*tokens, mask=weights)


def test_what_images_are_too_small_for_has_no_value_and_says_why(scene):
    small = np.ascontiguousarray(scene[:20, :20])
    found = {m.name: m for m in measure_all(subject_of(small, small), ('mean_ssim', 'ms_ssim'))}
    assert found['mean_ssim'].value == 1
    assert found['ms_ssim'].value is None
    assert found['ms_ssim'].note.startswith('image 20x20 is too small for 5 scales')


def test_an_encoder_without_tokens_has_an_embedding_and_no_vit_score(scene):
    found = {m.name: m for m in measure_all(subject_of(scene, scene, encoder=WholeImageEncoder()), METRICS)}
    assert found['embedding_cosine'].value == pytest.approx(1, abs=1e-6)
    assert found['vit_score'].value is None
    assert found['vit_score'].note == 'encoder whole has no patch tokens'


def test_names_are_checked_and_none_means_all():
    assert chosen_metrics(()) == list(METRICS)
    assert chosen_metrics(('psnr', 'mse', 'psnr')) == ['psnr', 'mse']
    with pytest.raises(ConfigError, match="unknown metric 'spnr'. Did you mean 'psnr'"):
        chosen_metrics(('mse', 'spnr'))
    with pytest.raises(ConfigError, match="unknown metric 'x'. Known: mse, mae"):
        chosen_metrics(('x',))
