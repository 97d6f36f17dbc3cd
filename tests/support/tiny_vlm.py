# SPDX-License-Identifier: Apache-2.0
"""A tiny SmolVLM with random weights, its processor and a tokenizer of a few words: `python tiny_vlm.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from tiny_tokenizer import WORDS

SPECIAL = [
    '<pad>',
    '<s>',
    '<end_of_utterance>',
    '<unk>',
    '<image>',
    '<fake_token_around_image>',
    '<global-img>',
    '<|im_start|>',
]
TILES = [f'<row_{row}_col_{column}>' for row in (1, 2, 3, 4) for column in (1, 2, 3, 4)]
TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}{{':'}}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)


def save_vlm(folder: Path) -> Path:
    """Write config, safetensors, image processor, tokenizer and chat template; seeded, so always the same."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        PreTrainedTokenizerFast,
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    words = {word: number for number, word in enumerate([*SPECIAL, *TILES, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token='<unk>'))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = {'pad_token': '<pad>', 'bos_token': '<s>', 'eos_token': '<end_of_utterance>', 'unk_token': '<unk>'}
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, **ends, extra_special_tokens=[*SPECIAL[4:], *TILES], model_max_length=512
    )
    sizes = {'hidden_size': 32, 'intermediate_size': 64, 'num_hidden_layers': 2, 'num_attention_heads': 2}
    text = sizes | {'model_type': 'llama', 'vocab_size': len(words), 'num_key_value_heads': 2, 'pad_token_id': 0}
    text |= {'bos_token_id': 1, 'eos_token_id': 2, 'max_position_embeddings': 512}
    vision = sizes | {'image_size': 64, 'patch_size': 16}
    config = SmolVLMConfig(
        vision_config=vision, text_config=text, image_token_id=words['<image>'], scale_factor=2, pad_token_id=0
    )
    torch.manual_seed(0)
    model = SmolVLMForConditionalGeneration(config).eval()
    model.generation_config.pad_token_id, model.generation_config.eos_token_id = 0, 2
    model.save_pretrained(folder)
    images = {'size': {'longest_edge': 64}, 'max_image_size': {'longest_edge': 64}, 'do_image_splitting': True}
    SmolVLMProcessor(
        SmolVLMImageProcessor(**images),
        fast,
        SmolVLMVideoProcessor(size={'longest_edge': 64}, max_image_size={'longest_edge': 64}),
        image_seq_len=4,
        chat_template=TEMPLATE,
    ).save_pretrained(folder)
    return folder


def next_words(folder: Path, picture: Path, prompt: str, count: int) -> str:
    """What the model says, word by word from its logits: the words that greedy generation must give."""
    import torch
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    processor.image_processor.do_image_splitting = False
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    text = f'<|im_start|>User:<image>{prompt}<end_of_utterance>\nAssistant:'
    inputs = processor(text=text, images=[Image.open(picture).convert('RGB')], return_tensors='pt')
    ids, start = inputs['input_ids'], inputs['input_ids'].shape[1]
    with torch.no_grad():
        for _ in range(count):
            inputs |= {'input_ids': ids, 'attention_mask': torch.ones_like(ids)}
            ids = torch.cat([ids, model(**inputs).logits[:, -1:].argmax(dim=-1)], dim=1)
            if ids[0, -1] == 2:
                break
    return ' '.join(processor.tokenizer.decode(ids[0, start:], skip_special_tokens=True).split())


if __name__ == '__main__':
    save_vlm(Path(sys.argv[1]))
    for file in sys.argv[2:]:
        print(next_words(Path(sys.argv[1]), Path(file), 'a photo of', 6))
