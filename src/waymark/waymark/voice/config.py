# SPDX-License-Identifier: Apache-2.0
"""Configuration of listening: where sound comes from, what is speech, and what is believed."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class VoiceConfig(Config):
    """What is said becomes an instruction."""

    audio: str = param('', "Microphone by name or number, or a WAV file; empty: the system's own microphone.")
    model: str = param('openai/whisper-base', 'Whisper: a folder of transformers, or owner/name on its hub.')
    language: str = param('', "As in 'en'; empty: the model tells it anew for each utterance.")
    stop_words: tuple[str, ...] = param(
        ('stop', 'halt'), 'Who says one of these, among whatever else and however unclearly, ends what is done.'
    )
    min_confidence: float = param(
        0.4, 'Mean probability (geometric) of the words below which an utterance is not believed.', ge=0.0, le=1.0
    )
    lower_case: bool = param(
        True, 'Instructions in small letters, as most datasets that policies learn from have them.'
    )
    level_db: float = param(-45.0, 'Speech is louder than this.', ge=-90.0, le=0.0, unit='dB of full scale')
    margin_db: float = param(10.0, 'And louder than the quietest of the last 5 s by this.', ge=0.0, le=60.0, unit='dB')
    pause_s: float = param(0.6, 'A pause of this length ends an utterance.', ge=0.1, le=5.0, unit='s')
    longest_s: float = param(15.0, 'So does this length; Whisper itself ends at 30 s.', ge=1.0, le=30.0, unit='s')
    python: str = param('', 'Interpreter that has transformers; empty: .venv-models.')
    threads: int = param(0, "torch's threads; 0: as many as it takes.", ge=0)
    answer_s: float = param(30.0, 'A speech process that takes longer is started again.', gt=0.0, unit='s')
