# SPDX-License-Identifier: Apache-2.0
"""What it takes to import some peers."""

from __future__ import annotations

import ctypes
import importlib.util
from pathlib import Path
from typing import Any

_KEEP: list[Any] = []  # operators are gone with the library that declared them


def import_torchvision() -> Any:
    """Import torchvision, also the registry's build for CUDA beside a torch for the CPU.

    That one can't load its compiled operators, and then fails to import only since two of them are not declared. The
    transforms need none: declared without code, these two do no harm.
    """
    import torch

    spec = importlib.util.find_spec('torchvision')
    if spec is None or spec.origin is None:
        raise ImportError('torchvision is not installed: run make bench')
    if not all(_loads(path) for path in Path(spec.origin).parent.glob('_C*.so')):
        library = torch.library.Library('torchvision', 'DEF')
        for name in ('nms', 'qnms'):
            library.define(f'{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
        _KEEP.append(library)
    import torchvision

    return torchvision


def _loads(path: Path) -> bool:
    try:
        ctypes.CDLL(str(path))
    except OSError:
        return False
    return True
