# SPDX-License-Identifier: Apache-2.0
"""The speech process, where transformers is: samples on its standard input, a JSON line for each on its output."""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

RATE_HZ = 16000
MAX_SAMPLES = 30 * RATE_HZ
Hear = Callable[['np.ndarray[Any, Any]'], dict[str, Any]]


def main(arguments: list[str]) -> int:
    """Load a Whisper, say `ready`, and answer until the input ends."""
    # What libraries print goes to stderr: the output is for answers.
    with os.fdopen(os.dup(1), 'w', buffering=1) as answers:
        os.dup2(2, 1)
        os.environ.setdefault('HF_HUB_DISABLE_PROGRESS_BARS', '1')
        os.environ.setdefault('TOKENIZERS_PARALLELISM', 'false')
        try:
            asked = json.loads(arguments[0])
            hear = load(str(asked['model']), str(asked['language']), int(asked['threads']))
        except (IndexError, ValueError, OSError, ImportError, KeyError, AttributeError) as error:
            said = f'model can not be loaded ({(str(error).splitlines() or [repr(error)])[0]})'
            how = 'Name a Whisper: a folder of transformers, or owner/name on its hub.'
            print(json.dumps({'error': f'{said}. {how}'}), file=answers)
            return 1
        print(json.dumps({'ready': True}), file=answers)
        serve(sys.stdin.buffer, lambda said: print(json.dumps(said), file=answers), hear)
    return 0


def serve(samples: BinaryIO, answer: Callable[[dict[str, Any]], None], hear: Hear) -> None:
    """Read a count (4 bytes) and as many float32, answer, and so on."""
    while len(head := samples.read(4)) == 4:
        (count,) = struct.unpack('<I', head)
        content = samples.read(4 * count)
        if count > MAX_SAMPLES or len(content) < 4 * count:
            return
        answer(hear(np.frombuffer(content, '<f4')))


def load(model: str, language: str, threads: int) -> Hear:
    """A function from samples to text and confidence, tried once.

    Raises:
        ValueError: It is no Whisper, or does not know the language.
        OSError: It is not there.
    """
    import torch
    from transformers import AutoConfig, AutoModelForSpeechSeq2Seq, AutoProcessor
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if threads:
        torch.set_num_threads(threads)
    kind = AutoConfig.from_pretrained(model).model_type
    if kind != 'whisper':
        raise ValueError(f'{model} is a {kind}, not a Whisper')
    processor, whisper = AutoProcessor.from_pretrained(model), AutoModelForSpeechSeq2Seq.from_pretrained(model).eval()
    how: dict[str, Any] = {'return_dict_in_generate': True, 'output_scores': True}
    if getattr(whisper.generation_config, 'is_multilingual', True):
        how |= {'task': 'transcribe', 'language': language or None}
    elif language not in ('', 'en'):
        raise ValueError(f'{model} knows English only: leave language empty')

    def hear(samples: np.ndarray[Any, Any]) -> dict[str, Any]:
        inputs = processor(np.array(samples), sampling_rate=RATE_HZ, return_tensors='pt')
        with torch.no_grad():
            found = whisper.generate(inputs.input_features, **how)
        tokens = found.sequences[0][-len(found.scores) :]
        logs = [torch.log_softmax(s[0], -1)[t] for s, t in zip(found.scores, tokens, strict=True)]
        text = processor.decode(tokens, skip_special_tokens=True).strip()
        return {'text': text, 'confidence': float(torch.stack(logs).mean().exp())}

    hear(np.zeros(RATE_HZ, np.float32))
    return hear


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
