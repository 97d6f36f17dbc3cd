# SPDX-License-Identifier: Apache-2.0
"""The files of a policy without weights that mean anything, written by hand: no torch is needed."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

FRONT, STATE, ACTION = 'observation.images.front', 'observation.state', 'action'
STATISTICS = {f'{STATE}.mean': [3], f'{STATE}.std': [3], f'{ACTION}.mean': [2], f'{ACTION}.std': [2]}


def write_tensors(path: Path, shapes: dict[str, list[int]]) -> None:
    """A safetensors file of zeros."""
    header: dict[str, Any] = {'__metadata__': {'format': 'pt'}}
    end = 0
    for name, shape in shapes.items():
        size = 4
        for n in shape:
            size *= n
        header[name] = {'dtype': 'F32', 'shape': shape, 'data_offsets': [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack('<Q', len(text)) + text + bytes(end))


def write_policy(
    folder: Path,
    statistics: dict[str, list[int]] = STATISTICS,
    renames: dict[str, str] | None = None,
    **changes: Any,
) -> Path:
    """A SmolVLA of one camera, three states and two actions; `changes` go into its config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    image = {'type': 'VISUAL', 'shape': [3, 48, 64]}
    config = {
        'type': 'smolvla',
        'n_obs_steps': 1,
        'chunk_size': 20,
        'n_action_steps': 20,
        'input_features': {FRONT: image, STATE: {'type': 'STATE', 'shape': [3]}},
        'output_features': {ACTION: {'type': 'ACTION', 'shape': [2]}},
        'normalization_mapping': {'VISUAL': 'IDENTITY', 'STATE': 'MEAN_STD', 'ACTION': 'MEAN_STD'},
    }
    (folder / 'config.json').write_text(json.dumps(config | changes))
    rename = {'registry_name': 'rename_observations_processor', 'config': {'rename_map': renames or {}}}
    for way, step in (('pre', 'normalizer_processor'), ('post', 'unnormalizer_processor')):
        steps = [rename] * (way == 'pre') + [{'registry_name': step, 'config': {}, 'state_file': f'{way}.safetensors'}]
        (folder / f'policy_{way}processor.json').write_text(json.dumps({'name': way, 'steps': steps}))
        write_tensors(folder / f'{way}.safetensors', statistics)
    write_tensors(folder / 'model.safetensors', {'weight': [1]})
    return folder
