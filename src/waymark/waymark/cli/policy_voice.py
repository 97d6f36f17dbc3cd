# SPDX-License-Identifier: Apache-2.0
"""`waymark policy listen`: what the node voice_instruction would hear."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer


def listen(
    audio: Annotated[str, typer.Argument(help="WAV file, or a microphone; default: the system's.")] = '',
    model: Annotated[str, typer.Option(help='Whisper: folder, or owner/name on its hub.')] = 'openai/whisper-base',
    language: Annotated[str, typer.Option(help="As in 'en'; default: told anew each time.")] = '',
    min_confidence: Annotated[float, typer.Option(help='Below it an utterance is not believed.')] = 0.4,
    level_db: Annotated[float, typer.Option(help='Speech is louder than this, dB of full scale.')] = -45.0,
    python: Annotated[str, typer.Option(help='Interpreter that has transformers; default: that of make models.')] = '',
) -> None:
    """Print what is said, and the instruction that it would be, until the file ends or Ctrl-C."""
    from waymark.voice import SpeechProcess, VoiceConfig, instruction_of, open_audio, utterances_in

    values = {'audio': audio, 'model': model, 'language': language, 'python': python}
    config = VoiceConfig.from_mapping(values | {'min_confidence': min_confidence, 'level_db': level_db})
    sounds, speech, is_silent = open_audio(audio), SpeechProcess(config), True
    with closing(speech):
        speech.start()
        typer.echo('listening', err=True)
        for utterance in utterances_in(sounds(lambda: False), config):
            is_silent = False
            heard = speech.hear(utterance.samples)
            found = instruction_of(heard, config)
            meant = 'not believed' if found is None else f'instruction {found!r}' if found else 'stop'
            when = f'{utterance.begin_s:.1f} to {utterance.end_s:.1f} s'
            typer.echo(f'{when}: {heard.text!r} ({heard.confidence:.2f}): {meant}')
    if is_silent:
        typer.echo(f'nothing that is louder than {level_db:g} dB of full scale: see --level-db', err=True)
