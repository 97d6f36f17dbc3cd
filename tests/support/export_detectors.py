# SPDX-License-Identifier: Apache-2.0
"""Tiny detectors of transformers with random weights, exported in .venv-models: `python export_detectors.py OUT`.

Writes OUT/FAMILY: model.onnx, config.json and preprocessor_config.json as transformers saves them, image.png of the
size that the model takes, and expected.json: what transformers' own processor makes of what the ONNX file answers.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ |= {'HF_HUB_OFFLINE': '1', 'OMP_NUM_THREADS': '1'}

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402
import transformers as t  # noqa: E402

SIZE_WH, THRESHOLD = (128, 96), 0.3
NAMES = {0: 'car', 1: 'ship', 2: 'plane'}
SMALL = {'encoder_ffn_dim': 32, 'decoder_ffn_dim': 32, 'encoder_attention_heads': 2, 'decoder_attention_heads': 2}
SMALL |= {'d_model': 32, 'decoder_layers': 2, 'num_queries': 20, 'id2label': NAMES}
REAL_TIME = {'encoder_in_channels': [16, 16, 32], 'decoder_in_channels': [32] * 3, 'encoder_hidden_dim': 32}
REAL_TIME |= {'feat_strides': [8, 16, 32], 'num_denoising': 0}
TRUNK = {'embedding_size': 8, 'hidden_sizes': [8, 16, 16, 32], 'depths': [1] * 4}


def detr() -> torch.nn.Module:
    trunk = t.ResNetConfig(**TRUNK, layer_type='basic', out_features=['stage4'])
    return t.DetrForObjectDetection(t.DetrConfig(**SMALL, **_trunk(trunk), encoder_layers=1))


def deformable_detr() -> torch.nn.Module:
    trunk = t.ResNetConfig(**TRUNK, layer_type='basic', out_features=['stage2', 'stage3', 'stage4'])
    config = t.DeformableDetrConfig(**SMALL, **_trunk(trunk), encoder_layers=1, num_feature_levels=4)
    return t.DeformableDetrForObjectDetection(config)


def rt_detr() -> torch.nn.Module:
    trunk = t.RTDetrResNetConfig(**TRUNK, layer_type='basic', out_features=['stage2', 'stage3', 'stage4'])
    return t.RTDetrForObjectDetection(t.RTDetrConfig(**SMALL, **REAL_TIME, backbone_config=trunk))


def d_fine() -> torch.nn.Module:
    stages = {'stage_in_channels': [8, 8, 16, 16], 'stage_mid_channels': [8] * 4, 'stage_out_channels': [8, 16, 16, 32]}
    stages |= {'stage_num_blocks': [1] * 4, 'stage_numb_of_layers': [1] * 4, 'stem_channels': [3, 8, 8]}
    trunk = t.HGNetV2Config(**TRUNK, **stages, out_features=['stage2', 'stage3', 'stage4'])
    return t.DFineForObjectDetection(t.DFineConfig(**SMALL, **REAL_TIME, backbone_config=trunk))


FAMILIES = {
    'detr': (detr, t.DetrImageProcessor),
    'deformable_detr': (deformable_detr, t.DeformableDetrImageProcessor),
    'rt_detr': (rt_detr, t.RTDetrImageProcessor),
    'd_fine': (d_fine, t.RTDetrImageProcessor),
}


class Outputs(torch.nn.Module):
    """What a detector's export keeps."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        answer = self.model(pixel_values=pixel_values)
        return answer.logits, answer.pred_boxes


def save(family: str, folder: Path) -> None:
    """Export one family with weights that answer differently everywhere."""
    folder.mkdir()
    torch.manual_seed(1)
    make, kind = FAMILIES[family]
    model = make().eval()
    for name, weights in model.named_parameters():
        if weights.dim() > 1:
            torch.nn.init.normal_(weights, 0, 1.3 * weights[0].numel() ** -0.5)
        if 'class' in name or 'score' in name:
            torch.nn.init.normal_(weights, 0, 0.5)
    processor = kind(size={'width': SIZE_WH[0], 'height': SIZE_WH[1]})
    picture = cv2.resize(np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8), SIZE_WH)
    cv2.imwrite(str(folder / 'image.png'), picture)
    pixels = processor(images=picture[..., ::-1].copy(), return_tensors='pt')['pixel_values']
    model.config.save_pretrained(folder)
    processor.save_pretrained(folder)
    names = {'input_names': ['pixel_values'], 'output_names': ['logits', 'pred_boxes'], 'opset_version': 18}
    # The older exporter can't follow DETR's masks and ONNX Runtime not its GridSample; the newer one splits weights off.
    is_new = 'feat_strides' not in model.config.to_dict()
    more = {'dynamo': True, 'external_data': False} if is_new else {'dynamo': False}
    torch.onnx.export(Outputs(model), (pixels,), str(folder / 'model.onnx'), **names, **more)
    (folder / 'expected.json').write_text(json.dumps(expected(folder / 'model.onnx', pixels, processor)))


def expected(path: Path, pixels: torch.Tensor, processor: Any) -> dict[str, Any]:
    """Boxes x1, y1, x2, y2 in px of the image by pixel edges, as transformers says them."""
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    logits, boxes = session.run(None, {'pixel_values': pixels.numpy()})
    answer = t.models.detr.modeling_detr.DetrObjectDetectionOutput(
        logits=torch.from_numpy(logits), pred_boxes=torch.from_numpy(boxes)
    )
    size = torch.tensor([SIZE_WH[::-1]])
    found = processor.post_process_object_detection(answer, threshold=THRESHOLD, target_sizes=size)[0]
    return {key: value.tolist() for key, value in found.items()}


def _trunk(config: Any) -> dict[str, Any]:
    return {'use_timm_backbone': False, 'use_pretrained_backbone': False, 'backbone': None, 'backbone_config': config}


if __name__ == '__main__':
    torch.set_num_threads(1)
    out = Path(sys.argv[1])
    for case in FAMILIES:
        save(case, out / case)
