# SPDX-License-Identifier: Apache-2.0
"""What an .rknn file says about itself: the NPU it was built for, its inputs and outputs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from waymark.backends.files import read_model
from waymark.errors import ModelError

_HEADER = 64  # b'RKNN' and 4 zeros, format version (8 bytes), size of the program (8), 40 zeros
_SAME_NPU = {'rk3588s': 'rk3588', 'rk3566': 'rk3568'}  # one NPU, one .rknn


@dataclass(frozen=True)
class RknnFile:
    """Attributes of an .rknn file.

    Attributes:
        targets: SoCs that it was built for, in small letters.
        inputs: Shape of each, (N, C, h, w) for images.
        outputs: Names.
        toolkit: Version of the toolkit that wrote it.
    """

    targets: tuple[str, ...]
    inputs: dict[str, tuple[int, ...]]
    outputs: tuple[str, ...]
    toolkit: str

    def runs_on(self, soc: str) -> bool:
        """True when it was built for this SoC, or for one with the same NPU."""
        return _npu(soc) in map(_npu, self.targets)


def read_rknn_file(path: Path) -> RknnFile:
    """Read the description that ends an .rknn file of toolkit version 2.

    Raises:
        ModelError: It can't be read, or is no .rknn file.
    """
    data = read_model(path)
    try:
        if data[:4] != b'RKNN':
            raise ValueError('it does not begin with RKNN')
        start = _HEADER + int.from_bytes(data[16:24], 'little')
        size = int.from_bytes(data[start : start + 8], 'little')
        described = json.loads(data[start + 8 : start + 8 + size])
        tensors = {t['tensor_id']: t for t in described['norm_tensor']}
        ends = [(g['left'], tensors[g['right_tensor_id']]) for g in described['graph']]
        return RknnFile(
            targets=tuple(str(t).lower() for t in described['target_platform']),
            inputs={str(t['url']): tuple(map(int, t['size'])) for side, t in ends if side == 'input'},
            outputs=tuple(str(t['url']) for side, t in ends if side == 'output'),
            toolkit=str(described.get('version', '')),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f'model {str(path)!r} is not an .rknn model ({error}). Make one on a PC: waymark export encoder --to rknn.'
        ) from error


def _npu(soc: str) -> str:
    return _SAME_NPU.get(soc, soc)
