# SPDX-License-Identifier: Apache-2.0
"""A model in the simulator of a Rockchip NPU, and the folder that lets an .rknn model be simulated again.

The toolkit simulates only what it has just built, so export leaves beside `model.rknn` the folder `simulator`:
`recipe.json`, the ONNX model and, for int8, the calibration arrays. A robot does not need it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from waymark.backends.base import Shape
from waymark.backends.files import file_sha256, inside
from waymark.backends.rknn_simulator import Progress, RknnRecipe, RknnSimulator
from waymark.errors import ModelError

FOLDER = 'simulator'
_RECIPE = 'recipe.json'


class SimulatedModel:
    """What RknnBackend runs on device 'simulator'."""

    def __init__(self, simulator: RknnSimulator, takes_pixels: bool) -> None:
        self._simulator, self.takes_pixels = simulator, takes_pixels
        self.output_names = simulator.outputs
        self.input_shapes: Mapping[str, Shape] = {
            name: (s[0], *s[2:], s[1]) if takes_pixels else s for name, s in simulator.inputs.items()
        }

    @classmethod
    def load(cls, path: Path, progress: Progress | None = None) -> SimulatedModel:
        """Build it from an .onnx model, or from the `simulator` folder beside an .rknn model.

        Raises:
            ModelError: There is no such folder, it belongs to another model, or the toolkit does not take the model.
        """
        recipe = read_recipe(path) if path.suffix == '.rknn' else RknnRecipe(str(path.resolve()))
        return cls(RknnSimulator(recipe, progress), bool(recipe.mean))

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once."""
        return self._simulator.run(inputs)


def write_recipe(recipe: RknnRecipe, rknn: Path) -> None:
    """Write the recipe of an .rknn file that has just been made; its files lie in the folder `simulator` beside it."""
    folder = rknn.resolve().parent / FOLDER
    fields = asdict(recipe) | {
        'sha256': file_sha256(rknn),
        'model': Path(recipe.model).relative_to(folder).as_posix(),
        'calibration': [Path(p).relative_to(folder).as_posix() for p in recipe.calibration],
    }
    (folder / _RECIPE).write_text(json.dumps(fields, indent=2) + '\n', encoding='utf-8')


def read_recipe(rknn: Path) -> RknnRecipe:
    """Read the recipe of an .rknn file (see `SimulatedModel.load`).

    Raises:
        ModelError: It is missing, broken, another model's, or names files outside its folder.
    """
    path = rknn.resolve().parent / FOLDER / _RECIPE
    try:
        fields = json.loads(path.read_text(encoding='utf-8'))
        sha256, recipe = fields.pop('sha256'), _parsed(fields, path)
    except OSError as error:
        raise ModelError(
            f'model {str(rknn)!r} can not be simulated: {str(path)!r} can not be read ({error.strerror or error}). '
            f'Copy the folder {FOLDER} along, export the model again, or use device: npu on the board.'
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f'{str(path)!r} is no recipe ({error!r}). Export the model again.') from error
    if sha256 != file_sha256(rknn):
        raise ModelError(f'{str(path)!r} is not the recipe of {rknn.name!r}: their checksums differ. Export it again.')
    return recipe


def _parsed(fields: Mapping[str, Any], path: Path) -> RknnRecipe:
    """A recipe from JSON, its files located beside it."""

    def located(name: str) -> str:
        return str(inside(path.parent, path.parent / name, f'recipe {str(path)!r}'))

    recipe = RknnRecipe(**fields)
    return RknnRecipe(
        model=located(recipe.model),
        target=str(recipe.target),
        precision=str(recipe.precision),
        mean=tuple(map(float, recipe.mean)),
        std=tuple(map(float, recipe.std)),
        optimization_level=int(recipe.optimization_level),
        calibration=tuple(map(located, recipe.calibration)),
    )
