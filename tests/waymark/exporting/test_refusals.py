# SPDX-License-Identifier: Apache-2.0
"""What is not exported, and the sentence that says why."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.models, pytest.mark.timeout(1800)]

SENTENCES = {
    'absent': 'there is no such folder. Give a folder, or a Hugging Face id.',
    'hub': "model 'facebook/no-such-model-here' can not be loaded: no such folder here, and the hub did not answer",
    'timm': "model 'timm:no_such_net' can not be loaded: Unknown model",
    'pickled': 'has only pickled weights (pytorch_model.bin), which can run any code',
    'no-weights': 'has no weights: model.safetensors is missing.',
    'no-config': 'has no config.json.',
    'no-processor': 'preprocessor_config.json is missing.',
    'no-tokenizer': 'has no fast tokenizer: its text tower can not be exported. Add its tokenizer.json, or use --no-text',
    'text-model': '(bert) has no image tower that takes 64 x 64 px',
    'half-the-weights': 'lacks 16 of its weights (encoder.layer.1.attention',
    'own-code': 'it needs code of its own, which is never run',
    'broken-weights': "model 'broken-weights' gives values that are not finite for ordinary images, in torch already",
    'padding': "ViTImageProcessor uses do_pad, which a manifest can't say",
    'no-class-token': 'pooling cls: a resnet model has no tokens for it',
    'no-calibration': 'Give --calibration DIR with some hundred of your camera.',
    'too-loud': 'values that are not finite',
}


@pytest.mark.parametrize(('case', 'sentence'), SENTENCES.items())
def test_it_is_refused_in_one_sentence(exported, case, sentence):
    error = exported.results[f'bad-{case}']['error']

    assert sentence in error
    assert '\n' not in error
    assert len(error) < 400


@pytest.mark.parametrize('case', SENTENCES)
def test_nothing_is_left_behind(exported, case):
    assert [path.name for path in exported.out.iterdir() if f'bad-{case}' in path.name] == []


def test_code_beside_a_model_is_never_run(exported):
    assert not (exported.out / 'bad' / 'own-code' / 'ran').exists()
