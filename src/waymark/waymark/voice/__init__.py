# SPDX-License-Identifier: Apache-2.0
"""Instructions by speech: what is said into a microphone becomes text by a Whisper of transformers."""

from waymark.voice.audio import open_audio
from waymark.voice.config import VoiceConfig
from waymark.voice.speech import Heard, SpeechProcess, instruction_of
from waymark.voice.utterances import Utterance, utterances_in

__all__ = ['Heard', 'SpeechProcess', 'Utterance', 'VoiceConfig', 'instruction_of', 'open_audio', 'utterances_in']
