# SPDX-License-Identifier: Apache-2.0
"""A backend for tests: it answers the mean of each channel of its one input, as its JSON file declares it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends.base import BackendOptions, Shape, require_inputs
from waymark.backends.files import read_model
from waymark.errors import BackendUnavailable, ModelError


class FakeBackend:
    """The model {"input": "images", "shape": [1, 3, null, null], "output": "means"}: known results."""

    name = 'fake'

    def __init__(self, path: Path, options: BackendOptions) -> None:
        self.require(options)
        try:
            declared = json.loads(read_model(path))
            self._input, self._output = str(declared['input']), str(declared['output'])
            shape: Shape = tuple(declared['shape'])
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f'model {str(path)!r} is not a fake model: it needs input, shape and output ({error!r}).'
            ) from error
        self.input_shapes: Mapping[str, Shape] = {self._input: shape}
        self.output_names = (self._output,)

    @classmethod
    def require(cls, options: BackendOptions) -> None:
        """Refuse any device but 'cpu' (see Backend)."""
        if options.device != 'cpu':
            raise BackendUnavailable(f'backend fake has no device {options.device!r}. Set device: cpu.')

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Answer (N, C) means over all axes after the second."""
        require_inputs(self.input_shapes, inputs)
        images = np.asarray(inputs[self._input], np.float32)
        return {self._output: images.reshape(*images.shape[:2], -1).mean(axis=2)}
