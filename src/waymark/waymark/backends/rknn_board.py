# SPDX-License-Identifier: Apache-2.0
"""The NPU of a Rockchip board, through rknn-toolkit-lite2: which one it is, and a model on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends.base import Shape
from waymark.backends.rknn_file import read_rknn_file
from waymark.errors import BackendUnavailable, ModelError

CORES = {'rk3588': 3, 'rk3588s': 3, 'rk3576': 2, 'rk3566': 1, 'rk3568': 1, 'rk3562': 1}
_RUNTIME = 'usr/lib/librknnrt.so'  # where rknnlite looks
_NODES = ('dev/dri/renderD129', 'dev/dri/renderD128', 'dev/rknpu')  # by kernel: DRM or the vendor's own


def require_library(root: Path = Path('/')) -> None:
    """Refuse a machine without Rockchip's runtime.

    Args:
        root: Of the board's file system.

    Raises:
        BackendUnavailable: rknnlite can't be imported, or its runtime library is missing.
    """
    try:
        from rknnlite.api import RKNNLite  # noqa: F401
    except ImportError as error:
        raise BackendUnavailable(
            f'backend rknn is unavailable: rknnlite can not be imported ({error}). On the board: '
            'pip install rknn-toolkit-lite2 (aarch64, Python 3.7 to 3.12). On a PC: set device: simulator.'
        ) from error
    require_runtime(root)


def require_runtime(root: Path = Path('/')) -> None:
    """Refuse a board without librknnrt.so (see `require_library`)."""
    if not (root / _RUNTIME).exists():
        raise BackendUnavailable(
            f'backend rknn is unavailable: {root / _RUNTIME} not found. Copy it from the folder '
            'rknpu2/runtime/Linux/librknn_api/aarch64 of airockchip/rknn-toolkit2 to /usr/lib.'
        )


def find_soc(root: Path = Path('/')) -> str:
    """Name the board's SoC ('rk3588').

    Args:
        root: Of the board's file system.

    Raises:
        BackendUnavailable: This is no board with an NPU, or its driver is not loaded.
    """
    tree = root / 'proc/device-tree/compatible'
    try:
        compatible = tree.read_bytes().decode(errors='replace').lower()
    except OSError as error:
        raise BackendUnavailable(
            f'backend rknn found no Rockchip NPU: {tree} can not be read ({error.strerror or error}). '
            'In a container, mount it from the board; on a PC, set device: simulator.'
        ) from error
    socs = [m[1] for m in re.finditer(r'rockchip,(\w+)', compatible) if m[1] in CORES]
    if not socs:
        said = ', '.join(filter(None, compatible.split('\0'))) or 'nothing'
        raise BackendUnavailable(
            f'backend rknn found no Rockchip NPU: this board is {said}. Set backend: onnx, or use {", ".join(CORES)}.'
        )
    if not any((root / node).exists() for node in _NODES):
        raise BackendUnavailable(
            f"backend rknn found no device of the {socs[0]}'s NPU: none of {', '.join('/' + n for n in _NODES)}. "
            'Enable the rknpu driver in the kernel, or pass the device on to the container.'
        )
    return socs[0]


def core_mask(device: str, soc: str) -> int:
    """Turn 'npu', 'npu:0' or 'npu:0,1,2' into rknnlite's core mask; 0 lets the driver choose.

    Raises:
        BackendUnavailable: The device is written otherwise, or the SoC has no such core.
    """
    asked = re.fullmatch(r'npu(?::(\d(?:,\d)*))?', device)
    if asked is None:
        raise BackendUnavailable(
            f'backend rknn has no device {device!r}. Set device: npu, npu:0 or npu:0,1,2; on a PC, simulator.'
        )
    cores = sorted({int(core) for core in asked[1].split(',')}) if asked[1] else []
    # The library combines cores only from the first on: 0,1 and 0,1,2.
    if any(core >= CORES[soc] for core in cores) or (len(cores) > 1 and cores != list(range(len(cores)))):
        some = 'npu' if CORES[soc] == 1 else f'npu, npu:0 or npu:{",".join(map(str, range(CORES[soc])))}'
        raise BackendUnavailable(f'backend rknn has no device {device!r} on the {soc}. Set device: {some}.')
    return sum(1 << core for core in cores) if CORES[soc] > 1 else 0


class BoardModel:
    """An .rknn model on the NPU. It takes pixels: mean and std are inside."""

    takes_pixels = True

    def __init__(self, path: Path, device: str) -> None:
        """Load it.

        Raises:
            BackendUnavailable: No NPU, or not that core.
            ModelError: It is no .rknn model, was built for another SoC, or the runtime refuses it.
        """
        soc = find_soc()
        mask = core_mask(device, soc)
        described = read_rknn_file(path)
        require_target(described.targets, described.runs_on(soc), soc, path)
        self._path, self.output_names = path, described.outputs
        self.input_shapes: Mapping[str, Shape] = {n: (s[0], *s[2:], s[1]) for n, s in described.inputs.items()}
        from rknnlite.api import RKNNLite

        self._runtime = RKNNLite(verbose=False)
        self._require(self._runtime.load_rknn(str(path)), 'load_rknn', described.toolkit)
        masked = {'core_mask': mask} if CORES[soc] > 1 else {}  # others warn about it
        self._require(self._runtime.init_runtime(**masked), 'init_runtime', described.toolkit)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once: (1, h, w, C) uint8 in, float32 out."""
        pixels = [np.ascontiguousarray(inputs[name]) for name in self.input_shapes]
        outputs = self._runtime.inference(inputs=pixels, data_format=['nhwc'] * len(pixels))
        if outputs is None:
            raise ModelError(f'model {str(self._path)!r} failed on the NPU; what rknnlite printed above says why.')
        return {n: np.asarray(o, np.float32) for n, o in zip(self.output_names, outputs, strict=True)}

    def _require(self, code: int, step: str, toolkit: str) -> None:
        if code != 0:
            raise ModelError(
                f'model {str(self._path)!r}: {step} of rknnlite gave {code}; what it printed above says why. '
                f'It was built by toolkit {toolkit}: librknnrt.so must not be older.'
            )


def require_target(targets: tuple[str, ...], runs: bool, soc: str, path: Path) -> None:
    """Refuse a model that was built for another SoC.

    Raises:
        ModelError: Naming both.
    """
    if not runs:
        raise ModelError(
            f'model {str(path)!r} was built for {", ".join(targets)}, this board is an {soc}. '
            f'Export it again with --target {soc}.'
        )
