# SPDX-License-Identifier: Apache-2.0
"""The node voice_instruction with a tiny Whisper, over DDS: what is said in a WAV file becomes instructions."""

from __future__ import annotations

import json
import signal

import numpy as np
import pytest
from ros_camera import TestCamera
from spoken import spoken, write_wav
from std_msgs.msg import String

from waymark.voice import VoiceConfig, utterances_in
from waymark.voice.audio import read_wav
from waymark_ros.qos import STATE

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.timeout(900)]
LOAD_S = 300.0


@pytest.mark.models
def test_words_become_instructions_a_stop_word_ends_and_silence_says_nothing(
    run_with_lerobot, spinning, start, tmp_path
):
    wav = write_wav(tmp_path / 'words.wav', spoken(9.0, [(1.5, 2.5), (4.0, 4.7), (6.5, 7.5)]))
    files = []
    for number, utterance in enumerate(utterances_in([read_wav(wav)], VoiceConfig())):
        files.append(tmp_path / f'{number}.npy')
        np.save(files[-1], utterance.samples)
    first, second, third = json.loads(run_with_lerobot('tiny_whisper.py', tmp_path, *files).splitlines()[-1])
    stops = sorted(set(second.split()) - set(first.split()) - set(third.split()))
    assert stops, (first, second, third)  # words that only the second has
    told = {'audio': wav, 'model': tmp_path / 'whisper', 'language': 'en', 'threads': 1, 'min_confidence': 0.0}
    told |= {'stop_words': f'[{stops[0]}]', 'answer_s': 300.0}
    listener = spinning(TestCamera(name='listener'))
    listener.listen(String, 'instruction', STATE)
    settings = [text for k, v in told.items() for text in ('-p', f'{k}:={v}')]
    node = start('waymark_ros.nodes.voice_instruction', '--ros-args', *settings, HF_HUB_OFFLINE='1')

    heard = listener.heard['instruction']
    assert listener.wait_for(lambda: node.poll() is not None or len(heard) >= 3, LOAD_S)
    assert node.poll() is None, node.communicate()[0]
    assert [m.data for m in heard] == [first, '', third]
    assert listener.wait_for(lambda: listener.value('voice_instruction', 'heard') == third, 10.0)
    node.send_signal(signal.SIGINT)
    output, _ = node.communicate(timeout=30)
    assert node.returncode in (0, 130), output
    assert len(heard) == 3


def test_a_microphone_that_is_not_there_ends_the_node_with_the_remedy(start, tmp_path):
    (tmp_path / 'sounddevice.py').write_text("raise OSError('PortAudio library not found')\n")  # as without PortAudio
    node = start('waymark_ros.nodes.voice_instruction')
    output, _ = node.communicate(timeout=120)

    assert node.returncode == 1
    assert 'apt install libportaudio2, or name a WAV file in audio' in output
