# SPDX-License-Identifier: Apache-2.0
"""Text towers of CLIP, SigLIP and SigLIP 2: one ONNX file, its tokenizer and references."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends import BackendOptions
from waymark.encoding.manifest import file_sha256, read_manifest
from waymark.encoding.parity import Parity
from waymark.encoding.text import TextModel
from waymark.errors import ModelError
from waymark.exporting.checkpoint import Checkpoint
from waymark.exporting.graph import write_onnx
from waymark.exporting.precision import quantize_dynamic
from waymark.exporting.references import TEXTS
from waymark.types import TextReference, TextTower

TOKENIZER_FILE = 'tokenizer.json'
MODEL_FILE = 'text.onnx'
INPUT, OUTPUT = 'input_ids', 'text_embeds'


@dataclass(frozen=True)
class Tokens:
    """A tokenizer as waymark runs it: cut and padded to one length.

    Attributes:
        tokenizer: Of the `tokenizers` library.
        max_length: Tokens per text.
        pad_id: Token that pads.
    """

    tokenizer: Any
    max_length: int
    pad_id: int

    def ids(self, text: str) -> NDArray[np.int64]:
        """(1, max_length) tokens."""
        return np.asarray([self.tokenizer.encode(text).ids], np.int64)


def has_text_tower(model: Any) -> bool:
    """Tell whether a model puts texts where its images are."""
    return hasattr(model, 'text_model') and hasattr(model, 'vision_model')


def write_text_tower(checkpoint: Checkpoint, model: Any, folder: Path, precision: str, opset: int) -> TextTower:
    """Write a model's text tower into a folder.

    Raises:
        ModelError: There is no fast tokenizer, or the model can't be exported.
    """
    import torch

    tokens = write_tokenizer(checkpoint, model, folder)
    module, path = _module(model), folder / MODEL_FILE
    references = _references(module, tokens)
    write_onnx(module, torch.from_numpy(tokens.ids(TEXTS[0])), INPUT, (OUTPUT,), path, batch=0, opset=opset)
    if precision == 'int8':
        source = path.rename(path.with_suffix('.fp32.onnx'))
        quantize_dynamic(source, path)
        source.unlink()
    return TextTower(
        model=path.name,
        sha256=file_sha256(path),
        tokenizer=TOKENIZER_FILE,
        max_length=tokens.max_length,
        pad_id=tokens.pad_id,
        inputs=(INPUT,),
        output=OUTPUT,
        precision='int8' if precision == 'int8' else 'fp32',
        references=references,
        **_score(model),
    )


def _score(model: Any) -> dict[str, Any]:
    """How this model's cosines become scores, as fields of a TextTower: SigLIP learned a bias, CLIP has none."""
    scale, bias = getattr(model, 'logit_scale', None), getattr(model, 'logit_bias', None)
    if scale is None:
        return {}
    facts = {'score': 'softmax' if bias is None else 'sigmoid', 'logit_scale': float(scale.detach().exp())}
    return facts | ({} if bias is None else {'logit_bias': float(bias.detach())})


def measure_text(folder: Path) -> Parity | None:
    """Run an exported text tower on its references, as a node would.

    Raises:
        ParityError: It does not compute what torch does.
    """
    return TextModel.load(read_manifest(folder), 'onnx', BackendOptions()).parity


def open_tokens(path: Path, max_length: int, pad_id: int) -> Tokens:
    """Read a tokenizer.json, set to cut and pad."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(max_length)
    tokenizer.enable_padding(length=max_length, pad_id=pad_id)
    return Tokens(tokenizer, max_length, pad_id)


def write_tokenizer(checkpoint: Checkpoint, model: Any, folder: Path) -> Tokens:
    """Write tokenizer.json, and check that it gives the tokens that the model's own tokenizer gives.

    Raises:
        ModelError: The model has no fast tokenizer, or the two differ.
    """
    from transformers import AutoTokenizer

    absent = ModelError(
        f'model {checkpoint.source!r} has no fast tokenizer: its text tower can not be exported. '
        'Add its tokenizer.json, or use --no-text.'
    )
    try:
        own = AutoTokenizer.from_pretrained(checkpoint.source, trust_remote_code=False, use_fast=True)
    except Exception as error:  # whatever each tokenizer raises for want of its files
        raise absent from error
    if not getattr(own, 'is_fast', False):
        raise absent
    max_length = int(model.config.text_config.max_position_embeddings)
    pad_id = int(own.pad_token_id if own.pad_token_id is not None else 0)
    path = folder / TOKENIZER_FILE
    own.backend_tokenizer.save(str(path))
    tokens = open_tokens(path, max_length, pad_id)
    for text in TEXTS:
        expected = own(text, padding='max_length', truncation=True, max_length=max_length)['input_ids']
        if tokens.ids(text)[0].tolist() != list(expected):
            raise ModelError(
                f'model {checkpoint.source!r}: its tokenizer.json and {type(own).__name__} give different tokens for '
                f'{text!r}. Its text tower can not be exported; use --no-text.'
            )
    return tokens


def _references(module: Any, tokens: Tokens) -> tuple[TextReference, ...]:
    import torch

    with torch.no_grad():
        outputs = [module(torch.from_numpy(tokens.ids(text)))[0][0].numpy() for text in TEXTS]
    return tuple(TextReference(t, tuple(float(v) for v in o)) for t, o in zip(TEXTS, outputs, strict=True))


def _module(model: Any) -> Any:
    import torch

    projection = getattr(model, 'text_projection', None)

    class Text(torch.nn.Module):  # type: ignore[misc]
        """Tokens (B, max_length) to vectors (B, D).

        No attention mask: CLIP is causal and reads its vector before the padding, SigLIP was trained without one.
        """

        def __init__(self) -> None:
            super().__init__()
            self.text_model, self.text_projection = model.text_model, projection

        def forward(self, input_ids: Any) -> tuple[Any]:
            pooled = self.text_model(input_ids=input_ids).pooler_output
            return (pooled if self.text_projection is None else self.text_projection(pooled),)

    return Text().eval()
