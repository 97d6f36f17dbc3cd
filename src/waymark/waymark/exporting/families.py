# SPDX-License-Identifier: Apache-2.0
"""Where a family of models differs from `model(pixel_values=...)`: each says why."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from waymark.exporting.checkpoint import Checkpoint

Run = Callable[[Any], Any]


def special_model_class(checkpoint: Checkpoint) -> Any:
    """Class to load a checkpoint with where AutoModel would load another model, else None."""
    import transformers

    named = (getattr(checkpoint.config, 'architectures', None) or [''])[0]
    # AutoModel makes a Perceiver without its image preprocessor; the projection is half of a CLIP tower saved alone.
    if checkpoint.family == 'perceiver' or named.endswith('VisionModelWithProjection'):
        return getattr(transformers, named, None)
    return None


def prepare(model: Any, family: str, input_wh: tuple[int, int]) -> tuple[Run, tuple[str, ...]]:
    """Make a model run as an image tower of one size.

    Returns:
        Pixels (B, C, h, w) to a mapping of outputs, and notes for the user.
    """
    if family == 'siglip2':
        return _naflex(model, input_wh)
    if family == 'perceiver':
        return _perceiver(model), ()
    if family == 'vit_mae':
        _keep_all_patches(model)
    _freeze_standardised_weights(model)
    _keep_padding_apart(model)
    vision = getattr(model, 'vision_model', model)
    run = _with_size(vision, input_wh)
    _freeze_positions(vision, run, input_wh, _channels(vision))
    projection = getattr(model, 'visual_projection', None)
    if projection is None or vision is model:
        return run, ()

    def project(pixels: Any) -> Any:
        outputs = run(pixels)
        return {
            'last_hidden_state': outputs['last_hidden_state'],
            'image_embeds': projection(outputs['pooler_output']),
        }

    return project, ()


def _channels(vision: Any) -> int:
    return int(getattr(vision.config, 'num_channels', 3))


def _with_size(vision: Any, input_wh: tuple[int, int]) -> Run:
    """Run a model at a size of its own or, where it can, of ours."""
    import inspect

    trained = getattr(vision.config, 'image_size', None)
    trained_hw = tuple(trained) if isinstance(trained, list | tuple) else (trained, trained)
    can = 'interpolate_pos_encoding' in inspect.signature(vision.forward).parameters
    other = can and trained is not None and trained_hw != input_wh[::-1]
    settings = {'interpolate_pos_encoding': True} if other else {}
    return lambda pixels: vision(pixel_values=pixels, **settings)


def _freeze_positions(vision: Any, run: Run, input_wh: tuple[int, int], channels: int) -> None:
    """Replace position encodings, interpolated for this size, by their values.

    They depend on the size alone, and exporters and runtimes disagree about antialiased bicubic interpolation.
    """
    import torch

    for module in [m for m in vision.modules() if hasattr(m, 'interpolate_pos_encoding')]:
        original = module.interpolate_pos_encoding
        seen: list[Any] = []
        if not callable(original):  # some keep a flag of that name
            continue

        def record(*args: Any, original: Any = original, seen: list[Any] = seen, **kwargs: Any) -> Any:
            seen.append(original(*args, **kwargs))
            return seen[-1]

        module.interpolate_pos_encoding = record
        with torch.no_grad():
            _try(run, torch.zeros(1, channels, input_wh[1], input_wh[0]))
        if seen:
            module.register_buffer('frozen_positions', seen[0].detach().clone(), persistent=False)
            module.interpolate_pos_encoding = types.MethodType(lambda self, *_, **__: self.frozen_positions, module)
        else:
            module.interpolate_pos_encoding = original


def _try(run: Run, pixels: Any) -> None:
    import contextlib

    with contextlib.suppress(Exception):  # a model that can't run at this size is refused later, with its reason
        run(pixels)


def _freeze_standardised_weights(model: Any) -> None:
    """BiT normalises its weights for each image; they never change, and quantisers want constants."""
    import torch

    for module in model.modules():
        if type(module).__name__ != 'WeightStandardizedConv2d':
            continue
        flat = module.weight.detach().reshape(1, module.out_channels, -1)
        fixed = torch.nn.functional.batch_norm(flat, None, None, training=True, momentum=0.0, eps=module.eps)
        module.weight.data.copy_(fixed.reshape_as(module.weight))

        def convolve(self: Any, hidden: Any) -> Any:
            padded = hidden if self.pad is None else self.pad(hidden)
            return self._conv_forward(padded, self.weight, self.bias)

        module.forward = types.MethodType(convolve, module)


def _keep_padding_apart(model: Any) -> None:
    """BiT pads with zeros before it takes the maximum; ONNX Runtime merges the two and pads with -infinity instead.

    A clamp that changes nothing, between them, keeps them apart (seen with onnxruntime 1.31).
    """
    import torch

    for module in model.modules():
        if type(module).__name__ != 'BitMaxPool2d':
            continue

        def pool(self: Any, hidden: Any) -> Any:
            padded = self.pad(hidden).clamp(min=-6e4)  # fp16 holds it too
            return torch.nn.functional.max_pool2d(
                padded, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
            )

        module.forward = types.MethodType(pool, module)


def _keep_all_patches(model: Any) -> None:
    """An autoencoder's training hides patches and shuffles the rest; an encoder sees all, in their order."""
    import torch

    def keep_all(self: Any, sequence: Any, noise: Any = None) -> tuple[Any, Any, Any]:
        none_hidden = torch.zeros(sequence.shape[:2])
        return sequence, none_hidden, none_hidden

    embeddings = model.embeddings
    embeddings.random_masking = types.MethodType(keep_all, embeddings)


def _perceiver(model: Any) -> Run:
    """Latents instead of class scores: the decoder is left out."""
    perceiver = model.perceiver
    perceiver.decoder = None
    return lambda pixels: {'last_hidden_state': perceiver(inputs=pixels).last_hidden_state}


def _naflex(model: Any, input_wh: tuple[int, int]) -> tuple[Run, tuple[str, ...]]:
    """SigLIP 2 with variable aspect: patches are cut outside the model, positions fitted to their grid.

    For one size both are constant: the grid is (h / patch, w / patch), nothing is padded.
    """
    import torch

    vision = model.vision_model if hasattr(model, 'vision_model') else model
    embeddings, patch = vision.embeddings, vision.config.patch_size
    rows, columns = input_wh[1] // patch, input_wh[0] // patch
    table = embeddings.position_embedding.weight.reshape(
        embeddings.position_embedding_size, embeddings.position_embedding_size, -1
    )
    with torch.no_grad():
        positions = embeddings.resize_positional_embeddings(
            table, torch.tensor([[rows, columns]]), max_length=rows * columns
        )
    vision.register_buffer('frozen_positions', positions.detach().clone(), persistent=False)

    def run(pixels: Any) -> Any:
        tiles = pixels.unflatten(2, (rows, patch)).unflatten(4, (columns, patch))
        patches = tiles.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)
        hidden = embeddings.patch_embedding(patches) + vision.frozen_positions
        hidden = vision.encoder(inputs_embeds=hidden).last_hidden_state
        hidden = vision.post_layernorm(hidden)
        return {'last_hidden_state': hidden} | ({'pooler_output': vision.head(hidden, None)} if vision.use_head else {})

    note = f'SigLIP 2 keeps each image at its own aspect; here all are stretched to {input_wh[0]} x {input_wh[1]} px.'
    return run, (note,)
