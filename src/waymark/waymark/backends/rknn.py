# SPDX-License-Identifier: Apache-2.0
"""RKNN: the NPU of Rockchip boards (RK3588, RK3576, RK3568, RK3566, RK3562), and its simulator on a PC.

On the board an .rknn model runs through rknn-toolkit-lite2 on device 'npu' (the driver chooses the core), 'npu:0' or
'npu:0,1,2'. On a PC device 'simulator' runs it through rknn-toolkit2 in .venv-rknn, slowly and for proof: from the
`simulator` folder that export leaves beside the .rknn file (the toolkit simulates only what it has just built), or
from an .onnx model, in half precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends.base import BackendOptions, require_inputs
from waymark.backends.files import read_model
from waymark.backends.rknn_board import BoardModel, core_mask, find_soc, require_library
from waymark.backends.rknn_simulated import SimulatedModel
from waymark.environments import find_interpreter


class RknnBackend:
    """A model for a Rockchip NPU.

    Attributes:
        takes_pixels: True where mean and std are inside the model: it takes (1, h, w, C) uint8 as the camera gave
            them, resized and with channels in the model's order.
    """

    name = 'rknn'

    def __init__(self, path: Path, options: BackendOptions) -> None:
        self.require(options)
        read_model(path)
        if options.device == 'simulator':
            self._use(SimulatedModel.load(path, options.progress))
        else:
            self._use(BoardModel(path, options.device))

    @classmethod
    def around(cls, model: SimulatedModel) -> RknnBackend:
        """Make one of a model that is running already."""
        backend = cls.__new__(cls)
        backend._use(model)
        return backend

    @classmethod
    def require(cls, options: BackendOptions) -> None:
        """Refuse what this machine can't run (see Backend)."""
        if options.device == 'simulator':
            find_interpreter('rknn')
            return
        require_library()
        core_mask(options.device, find_soc())

    def _use(self, model: BoardModel | SimulatedModel) -> None:
        self._model = model
        self.takes_pixels = model.takes_pixels
        self.input_shapes, self.output_names = model.input_shapes, model.output_names

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once (see Backend)."""
        require_inputs(self.input_shapes, inputs)
        for name, array in inputs.items():
            if self.takes_pixels and array.dtype != np.uint8:
                raise ValueError(f'{name}: expected uint8, since mean and std are inside the model, got {array.dtype}')
        dtype = np.uint8 if self.takes_pixels else np.float32
        return self._model.run({name: np.ascontiguousarray(array, dtype) for name, array in inputs.items()})
