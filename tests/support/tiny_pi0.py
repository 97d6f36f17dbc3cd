# SPDX-License-Identifier: Apache-2.0
"""A tiny pi0: `python tiny_pi0.py FOLDER` builds it, `python tiny_pi0.py -m MODULE ARGUMENT...` runs what loads it.

lerobot builds pi0 in sizes of a table, the smallest with 1.5 billion parameters. Both ways change that table and the
size of the picture's encoder, nothing else: classes, processors and the way through them are lerobot's own.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import tiny_policies as tiny

TOKENIZER = 'google/paligemma-3b-pt-224'  # as lerobot names it
IMAGE_PX, PATCH_PX, WORDS = 28, 14, 32
VISION = {'hidden_size': 32, 'num_hidden_layers': 1, 'num_attention_heads': 2, 'intermediate_size': 64}


def shrink() -> None:
    """Have lerobot build a pi0 of a hundred thousand parameters."""
    from lerobot.policies.pi0 import modeling_pi0 as pi0

    known, expert = pi0.PaliGemmaForConditionalGenerationWithPiGemma, pi0.PiGemmaForCausalLM

    def sizes(variant: str) -> Any:
        return pi0.GemmaConfig(width=32, depth=2, mlp_dim=64, num_heads=2, num_kv_heads=1, head_dim=16)

    def small_paligemma(config: Any) -> Any:
        for name, value in (VISION | {'patch_size': PATCH_PX, 'projection_dim': 32}).items():
            setattr(config.vision_config, name, value)
        config.text_config.vocab_size = WORDS
        return known(config=config)

    def small_expert(config: Any) -> Any:
        config.vocab_size = WORDS
        return expert(config=config)

    pi0.get_gemma_config = sizes
    pi0.PaliGemmaForConditionalGenerationWithPiGemma, pi0.PiGemmaForCausalLM = small_paligemma, small_expert


def save_pi0(folder: Path) -> Path:
    """Write the policy, and beside it a tokenizer in the folder `words`, which the policy does not name."""
    import torch
    from lerobot.policies.pi0 import processor_pi0
    from lerobot.policies.pi0.configuration_pi0 import PI0Config
    from lerobot.policies.pi0.modeling_pi0 import PI0Policy
    from tiny_tokenizer import save_tokenizer

    words = folder.with_name('words').resolve()
    save_tokenizer(words)
    torch.manual_seed(0)
    sizes = {'chunk_size': 20, 'n_action_steps': 20, 'max_state_dim': 8, 'max_action_dim': 8}
    config = PI0Config(**tiny.features(), **sizes, num_inference_steps=4, image_resolution=(IMAGE_PX, IMAGE_PX))
    made = processor_pi0.TokenizerProcessorStep
    processor_pi0.TokenizerProcessorStep = lambda tokenizer_name, **how: made(str(words), **how)
    tiny.save(PI0Policy(config), folder)
    processor = folder / 'policy_preprocessor.json'
    processor.write_text(processor.read_text().replace(str(words), TOKENIZER))
    return folder


if __name__ == '__main__':
    import torch

    shrink()
    if sys.argv[1] == '-m':
        sys.argv = sys.argv[2:]
        runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
    else:
        torch.set_num_threads(1)
        made = save_pi0(Path(sys.argv[1]) / 'pi0')
        tiny.save_truth(made, {'tokenizer_processor': {'tokenizer_name': str(made.with_name('words'))}})
