# SPDX-License-Identifier: Apache-2.0
"""A tokenizer of a dozen words, made on the spot."""

from __future__ import annotations

from pathlib import Path

WORDS = ['a', 'photo', 'of', 'red', 'green', 'roof', 'tree', 'road', 'car', 'field', '.', ',']


def save_tokenizer(folder: Path) -> None:
    """Write a fast tokenizer of a dozen words beside a model: <pad> 0, <start> 1, <end> 2."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = ['<pad>', '<start>', '<end>', '<unk>', *WORDS]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(names)}, unk_token='<unk>'))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single='<start> $A <end>', special_tokens=[('<start>', 1), ('<end>', 2)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token='<pad>', bos_token='<start>', eos_token='<end>', unk_token='<unk>'
    )
    fast.save_pretrained(folder)
