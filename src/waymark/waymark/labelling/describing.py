# SPDX-License-Identifier: Apache-2.0
"""Pictures to sentences by a small vision-language model (SmolVLM), in the environment that has transformers.

`describe` runs here and hands over; `python -m waymark.labelling.describing FOLDER` runs there: it reads FOLDER's
request.json and pictures 0.jpg, 1.jpg, ... and writes texts.json.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waymark.config import Config, param
from waymark.environments import run_in
from waymark.errors import ConfigError, ModelError, WaymarkError

REQUEST, TEXTS = 'request.json', 'texts.json'


@dataclass(frozen=True)
class DescribeRequest(Config):
    """What describes pictures, and what it is asked."""

    model: str = param('HuggingFaceTB/SmolVLM-256M-Instruct', 'Hugging Face id or local folder.')
    prompt: str = param('Describe this image in one short sentence.', 'What the model is asked of each picture.')
    max_tokens: int = param(40, 'Longest answer, in tokens.', ge=1, le=1000)
    threads: int = param(0, "CPU threads; 0: torch's choice.", ge=0, le=256)


def describe(request: DescribeRequest, pictures: Sequence[bytes]) -> list[str]:
    """Describe pictures in the models environment, with its progress on this terminal.

    Args:
        request: By which model.
        pictures: JPEG files.

    Returns:
        One text per picture.

    Raises:
        BackendUnavailable: The environment is missing.
        ModelError: The model can't be loaded or run; it has said why.
        KeyboardInterrupt: Ctrl-C ended it.
    """
    with tempfile.TemporaryDirectory(prefix='waymark-describe-') as name:
        folder = Path(name)
        (folder / REQUEST).write_text(json.dumps(dataclasses.asdict(request)), encoding='utf-8')
        for number, picture in enumerate(pictures):
            (folder / f'{number}.jpg').write_bytes(picture)
        code = run_in('models', 'waymark.labelling.describing', [name])
        if code == 130:
            raise KeyboardInterrupt
        if code != 0:
            raise ModelError(f'pictures were not described by {request.model!r}: see above, or leave --describe out.')
        texts = json.loads((folder / TEXTS).read_text(encoding='utf-8'))
    return [str(text) for text in texts]


def main(arguments: Sequence[str]) -> int:
    """Describe the pictures of a folder; exit code 1 and one sentence for what a user can fix."""
    try:
        if len(arguments) != 1:
            raise ConfigError('this is run by waymark classify --describe: use that.')
        folder = Path(arguments[0])
        request = DescribeRequest.from_mapping(json.loads((folder / REQUEST).read_text(encoding='utf-8')))
        files = sorted(folder.glob('*.jpg'), key=lambda p: int(p.stem))
        texts = _described(request, files)
        (folder / TEXTS).write_text(json.dumps(texts), encoding='utf-8')
    except WaymarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _described(request: DescribeRequest, files: Sequence[Path]) -> list[str]:
    from waymark.labelling.progress import Bar

    with Bar(f'loading {request.model}', len(files)) as bar:
        texts = []
        for text in answers(request, files):
            texts.append(text)
            bar.say('describing')
            bar.advance()
    return texts


def answers(request: DescribeRequest, files: Sequence[Path]) -> Iterator[str]:
    """What the model says of each picture. Greedy: the same picture gets the same words.

    Raises:
        ModelError: The model can't be had, has pickled weights only, needs code of its own, lacks weights, or describes
            no pictures.
    """
    from waymark.exporting.checkpoint import load_weights, open_checkpoint, prepare_libraries, said_plainly

    prepare_libraries()
    import torch
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor

    if request.threads:
        torch.set_num_threads(request.threads)
    checkpoint = open_checkpoint(request.model)
    with said_plainly(f'processor of {request.model!r}'):
        processor = AutoProcessor.from_pretrained(request.model, trust_remote_code=False)
    images: Any = getattr(processor, 'image_processor', None)
    if getattr(images, 'do_image_splitting', False):
        images.do_image_splitting = False  # tiles on top of the whole picture: 17 times the work, for small print
    model, missing = load_weights(AutoModelForImageTextToText, checkpoint)
    if missing:
        raise ModelError(
            f'model {request.model!r} lacks {len(missing)} of its weights ({", ".join(sorted(missing)[:3])}): they '
            'would be random. Give the whole model.'
        )
    for file in files:
        with said_plainly(f'picture {file.stem} with {request.model!r}'), Image.open(file) as image:
            yield _answer(model, processor, image.convert('RGB'), request)


def _answer(model: Any, processor: Any, image: Any, request: DescribeRequest) -> str:
    import torch

    content = [{'type': 'image'}, {'type': 'text', 'text': request.prompt}]
    prompt = processor.apply_chat_template([{'role': 'user', 'content': content}], add_generation_prompt=True)
    inputs = processor(text=prompt, images=[image], return_tensors='pt')
    with torch.no_grad():
        ids = model.generate(**inputs, max_new_tokens=request.max_tokens, do_sample=False)
    said = processor.batch_decode(ids[:, inputs['input_ids'].shape[1] :], skip_special_tokens=True)[0]
    return ' '.join(said.split())


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
