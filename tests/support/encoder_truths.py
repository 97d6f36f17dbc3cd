# SPDX-License-Identifier: Apache-2.0
"""What each family's vector should be, said in transformers' own words and not by our code. Runs in .venv-models."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def true_vector(family: str, folder: Path, pixels: Any) -> Any:
    """The embedding (D,) of pixels (1, 3, h, w), as the family's authors define it."""
    import torch
    import transformers as t

    with torch.no_grad():
        return _TRUTHS.get(family, _pooler)(t, folder, pixels)[0].flatten().numpy()


def true_text_vectors(folder: Path, texts: list[str]) -> Any:
    """(N, D) of a model with two towers, its own tokenizer padding to the full length."""
    import torch
    import transformers as t

    tokenizer, model = t.AutoTokenizer.from_pretrained(folder), t.AutoModel.from_pretrained(folder).eval()
    length = model.config.text_config.max_position_embeddings
    ids = tokenizer(texts, padding='max_length', truncation=True, max_length=length, return_tensors='pt')['input_ids']
    with torch.no_grad():
        features = model.get_text_features(input_ids=ids)
    return getattr(features, 'pooler_output', features).numpy()


def true_scores(folder: Path, pixels: Any, texts: list[str]) -> Any:
    """(N,) of one image: CLIP's probabilities over the texts, SigLIP's of each text."""
    import torch
    import transformers as t

    tokenizer, model = t.AutoTokenizer.from_pretrained(folder), t.AutoModel.from_pretrained(folder).eval()
    length = model.config.text_config.max_position_embeddings
    ids = tokenizer(texts, padding='max_length', truncation=True, max_length=length, return_tensors='pt')['input_ids']
    with torch.no_grad():
        logits = model(input_ids=ids, pixel_values=pixels).logits_per_image[0]
    return (logits.softmax(dim=0) if model.config.model_type == 'clip' else logits.sigmoid()).numpy()


def _pooler(t: Any, folder: Path, pixels: Any) -> Any:
    return t.AutoModel.from_pretrained(folder).eval()(pixel_values=pixels).pooler_output


def _class_token(t: Any, folder: Path, pixels: Any) -> Any:
    return t.AutoModel.from_pretrained(folder).eval()(pixel_values=pixels).last_hidden_state[:, 0]


def _image_features(t: Any, folder: Path, pixels: Any) -> Any:
    features = t.AutoModel.from_pretrained(folder).eval().get_image_features(pixel_values=pixels)
    return getattr(features, 'pooler_output', features)


def _unmasked(t: Any, folder: Path, pixels: Any) -> Any:
    import torch

    model = t.ViTMAEModel.from_pretrained(folder, mask_ratio=0.0).eval()
    in_order = torch.arange(model.embeddings.patch_embeddings.num_patches)[None] / 1e3
    return model(pixel_values=pixels, noise=in_order).last_hidden_state[:, 0]


def _patches(t: Any, folder: Path, pixels: Any) -> Any:
    import torch

    model = t.Siglip2VisionModel.from_pretrained(folder).eval()
    rows, columns = pixels.shape[2] // 16, pixels.shape[3] // 16
    tiles = [pixels[0, :, 16 * r : 16 * (r + 1), 16 * c : 16 * (c + 1)] for r in range(rows) for c in range(columns)]
    return model(
        pixel_values=torch.stack([tile.permute(1, 2, 0).flatten() for tile in tiles])[None],
        pixel_attention_mask=torch.ones(1, rows * columns, dtype=torch.int32),
        spatial_shapes=torch.tensor([[rows, columns]]),
    ).pooler_output


def _map_mean(t: Any, folder: Path, pixels: Any) -> Any:
    return t.AutoModel.from_pretrained(folder).eval()(pixel_values=pixels).last_hidden_state.mean(dim=(2, 3))


def _latent_mean(t: Any, folder: Path, pixels: Any) -> Any:
    whole = t.PerceiverForImageClassificationLearned.from_pretrained(folder).eval()
    return whole.perceiver(inputs=pixels).last_hidden_state.mean(dim=1)


_TRUTHS = {
    'clip': _image_features,
    'siglip': _image_features,
    'siglip2': _patches,
    'vit': _class_token,
    'vit_mae': _unmasked,
    'dinov2': _pooler,
    'pvt_v2': _map_mean,
    'perceiver': _latent_mean,
}
