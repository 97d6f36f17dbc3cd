# SPDX-License-Identifier: Apache-2.0
"""Speech through the process that has transformers: what comes back is what transformers itself says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pytest
from spoken import spoken, write_wav

from waymark.errors import BackendUnavailable, ModelError
from waymark.voice import Heard, SpeechProcess, VoiceConfig, instruction_of, utterances_in
from waymark.voice.audio import read_wav

SAID_S = [(1.5, 2.5), (4.0, 4.7)]


@pytest.mark.parametrize(
    ('text', 'confidence', 'instruction'),
    [
        ('Go to the red box.', 0.9, 'go to the red box'),
        ('Go to the red box.', 0.39, None),
        ('', 1.0, None),
        ('...', 1.0, None),
        ('Stop!', 0.9, ''),
        ('stop', 0.01, ''),
        ('Please, STOP now.', 0.9, ''),
        ('Halt', 0.9, ''),
        ('Nonstop to the barn', 0.9, 'nonstop to the barn'),
        ('Is it 3.5 metres?', 0.9, 'is it 3.5 metres'),
    ],
)
def test_a_stop_ends_whatever_it_is_said_with_and_what_is_unclear_changes_nothing(text, confidence, instruction):
    assert instruction_of(Heard(text, confidence), VoiceConfig()) == instruction


def test_stop_words_and_letters_are_as_wanted():
    config = VoiceConfig(stop_words=('hold on', 'Schluß'), lower_case=False)
    assert instruction_of(Heard('Oh, hold on!', 0.9), config) == ''
    assert instruction_of(Heard('SCHLUSS.', 0.9), config) == ''
    assert instruction_of(Heard('Stop and hold it on.', 0.9), config) == 'Stop and hold it on'
    assert instruction_of(Heard('Stop.', 0.9), VoiceConfig(stop_words=())) == 'stop'


def test_an_interpreter_that_is_none_is_refused():
    with pytest.raises(BackendUnavailable, match='is no program'):
        SpeechProcess(VoiceConfig(python='/nowhere/python'))


@pytest.mark.parametrize(
    ('does', 'text'),
    [
        pytest.param('echo \'{"ready": true}\'; exec sleep 60', 'ended or took too long', id='hangs'),
        pytest.param('echo \'{"ready": true}\'', 'ended or took too long', id='dies'),
        pytest.param('echo \'{"error": "there is no such model"}\'', 'there is no such model', id='can not load'),
        pytest.param('exit 1', 'ended or took too long', id='says nothing'),
    ],
)
def test_a_speech_process_that_hangs_or_ends_is_told_and_the_next_words_start_another(tmp_path, does, text):
    python = tmp_path / 'python'
    python.write_text(f'#!/bin/sh\necho >> {tmp_path}/starts\n{does}\n')
    python.chmod(0o755)
    with closing(SpeechProcess(VoiceConfig(python=str(python), answer_s=0.2))) as speech:
        for _ in range(2):
            with pytest.raises(ModelError, match=text):
                speech.hear(np.zeros(160000, np.float32))  # more than a pipe holds
            assert speech.pid is None
    assert (tmp_path / 'starts').read_text() == '\n\n'


@pytest.fixture(scope='module')
def heard(run_with_lerobot, tmp_path_factory) -> tuple:
    """A tiny Whisper, a WAV file, its utterances, and what transformers makes of them."""
    folder = tmp_path_factory.mktemp('voice')
    wav = write_wav(folder / 'words.wav', spoken(6.0, SAID_S))
    samples = [u.samples for u in utterances_in([read_wav(wav)], VoiceConfig())]
    for number, one in enumerate(samples):
        np.save(folder / f'{number}.npy', one)
    files = [folder / f'{number}.npy' for number in range(len(samples))]
    texts = json.loads(run_with_lerobot('tiny_whisper.py', folder, *files).splitlines()[-1])
    return folder / 'whisper', wav, samples, texts


@pytest.mark.models
@pytest.mark.timeout(900)
class TestSpeech:
    def test_its_text_is_transformers_own_also_after_the_process_was_killed(self, heard, monkeypatch):
        monkeypatch.setenv('HF_HUB_OFFLINE', '1')
        model, _, samples, texts = heard
        speech = SpeechProcess(VoiceConfig(model=str(model), language='en', threads=1, answer_s=300.0))
        found = [speech.hear(one) for one in samples]
        os.kill(speech.pid, signal.SIGKILL)
        while speech.pid is not None:
            time.sleep(0.01)
        again = speech.hear(samples[0])
        pid = speech.pid
        speech.close()

        assert [h.text for h in found] == texts
        assert len(set(texts)) == len(texts) == len(SAID_S)
        assert all(0.0 < h.confidence <= 1.0 for h in found)
        assert again == found[0]
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    def test_waymark_policy_listen_prints_what_is_said_in_a_file(self, heard):
        model, wav, _, texts = heard
        command = [sys.executable, '-m', 'waymark.cli', 'policy', 'listen', wav, '--model', model, '--language', 'en']
        environment = os.environ | {'HF_HUB_OFFLINE': '1', 'OMP_NUM_THREADS': '1'}
        command += ['--min-confidence', '0']
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)

        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert [line.split("'")[1] for line in lines] == texts
        assert lines[0].startswith('1.2 to 3.1 s: ')
        assert lines[0].endswith(f"instruction '{texts[0]}'")

    def test_a_model_that_is_none_is_one_sentence_and_an_exit_code(self, heard, tmp_path):
        (tmp_path / 'config.json').write_text('{"model_type": "bert"}')
        command = [sys.executable, '-m', 'waymark.cli', 'policy', 'listen', heard[1], '--model', tmp_path]
        done = subprocess.run(
            command, env=os.environ | {'HF_HUB_OFFLINE': '1'}, capture_output=True, text=True, timeout=600
        )
        assert (done.returncode, done.stdout) == (1, '')
        said = done.stderr.splitlines()[-1]
        assert said.startswith('error: model can not be loaded') and 'is a bert, not a Whisper' in said
