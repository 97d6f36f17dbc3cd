# SPDX-License-Identifier: Apache-2.0
"""Runs inside .venv-rknn: builds an ONNX model with rknn-toolkit2, writes it as .rknn and simulates it.

`python -m waymark.backends.rknn_worker FD`: requests come as frames over standard input, answers go as frames over
the file descriptor FD, and what the toolkit prints goes where standard output goes. Ends when its input is closed.
Imports nothing but numpy and the toolkit with what belongs to it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import select
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.backends.frames import pack_frame, read_frame

Arrays = dict[str, NDArray[Any]]
Report = Callable[[str, float], None]


class RefusedError(Exception):
    """The toolkit does not take this model."""


class StageError(RefusedError):
    """A stage ended with an error code; the toolkit has printed why."""


class Model:
    """One model, built from a recipe (see RknnRecipe) and run in the simulator."""

    def __init__(self, recipe: Mapping[str, Any], report: Report) -> None:
        report('reading the model', 0.0)
        self.inputs, self.outputs, is_free = _interface(recipe['model'])
        self._is_pixels = bool(recipe['mean'])
        if len(self.inputs) != 1:
            raise RefusedError(f'it has the inputs {", ".join(self.inputs)}, but only one image can be given')
        report(f'building for {recipe["target"]}', 0.1)
        self._load_and_build(recipe, is_free)
        report('starting the simulator', 0.9)
        _require(self._toolkit.init_runtime(), 'starting the simulator')
        report('ready', 1.0)

    def export(self, path: str) -> None:
        """Write the .rknn file."""
        _require(self._toolkit.export_rknn(path), 'writing the file')

    def run(self, inputs: Arrays) -> Arrays:
        """Run the model once: (1, h, w, C) uint8 where mean and std are inside, else (1, C, h, w) float32."""
        layout = 'nhwc' if self._is_pixels else 'nchw'
        outputs = self._toolkit.inference(inputs=[inputs[next(iter(self.inputs))]], data_format=[layout])
        if outputs is None:
            raise StageError('running the model failed')
        return dict(zip(self.outputs, map(np.asarray, outputs), strict=True))

    def _load_and_build(self, recipe: Mapping[str, Any], is_free: bool) -> None:
        """Build, without those of the toolkit's rules for faster graphs that fail: its own advice, proven by parity."""
        sizes = {'inputs': list(self.inputs), 'input_size_list': [list(s) for s in self.inputs.values()]}
        left_out: list[str] = []
        while True:
            try:
                self._toolkit = _toolkit()
                self._configure(recipe, left_out)
                _require(self._toolkit.load_onnx(recipe['model'], **sizes if is_free else {}), 'reading the model')
                return self._build(recipe)
            except (ValueError, AttributeError, RefusedError):
                rule = _failed_rule()
                if not rule or rule in left_out:
                    raise
                left_out.append(rule)

    def _configure(self, recipe: Mapping[str, Any], left_out: list[str]) -> None:
        settings: dict[str, Any] = {
            'target_platform': recipe['target'],
            'optimization_level': recipe['optimization_level'],
        }
        if left_out:
            settings['disable_rules'] = left_out
        if self._is_pixels:
            settings |= {'mean_values': [recipe['mean']], 'std_values': [recipe['std']]}
        _require(self._toolkit.config(**settings), 'the configuration')

    def _build(self, recipe: Mapping[str, Any]) -> None:
        if recipe['precision'] != 'int8':
            return _require(self._toolkit.build(do_quantization=False), 'building')
        links = [f'{index}.npy' for index in range(len(recipe['calibration']))]
        for link, path in zip(links, recipe['calibration'], strict=True):
            if not os.path.lexists(link):
                os.symlink(path, link)  # the list below can't hold a path with a blank
        with open('calibration.txt', 'w', encoding='utf-8') as file:
            file.writelines(f'{link}\n' for link in links)
        return _require(self._toolkit.build(do_quantization=True, dataset='calibration.txt'), 'building')


def _interface(path: str) -> tuple[dict[str, tuple[int, ...]], tuple[str, ...], bool]:
    """Inputs with their shapes, a free batch axis being 1, outputs, and whether there is such an axis."""
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped, unused-ignore]

    try:
        graph = onnx.load(path, load_external_data=False).graph
    except DecodeError:
        raise RefusedError('it is not an ONNX model') from None
    constants = {c.name for c in graph.initializer}
    inputs, is_free = {}, False
    for value in graph.input:
        if value.name not in constants:
            sizes = [axis.dim_value for axis in value.type.tensor_type.shape.dim]
            is_free |= sizes[:1] == [0]
            shape = (sizes[0] or 1, *sizes[1:]) if sizes else ()
            if not shape or 0 in shape:
                raise RefusedError(f'input {value.name!r} has free sizes (0) in {shape}: export it with fixed ones')
            inputs[value.name] = shape
    if not inputs:
        raise RefusedError('it has no input, so it is no model')
    return inputs, tuple(o.name for o in graph.output), is_free


def _toolkit() -> Any:
    if 'torch' not in sys.modules and importlib.util.find_spec('torch') is None:
        sys.modules |= _torch_in_name()
    from rknn.api import RKNN

    return RKNN(verbose=False)


def _torch_in_name() -> dict[str, ModuleType]:
    """What stands in for torch, which the toolkit imports at its top but needs only for PyTorch files and 'gdq'.

    Those fail by AttributeError, and so do a few rules (see `_load_and_build`). Spares several GB.
    """
    torch, layers = ModuleType('torch'), ModuleType('torch.nn')
    torch.nn = layers  # type: ignore[attr-defined]
    torch.no_grad = lambda: lambda function: function  # type: ignore[attr-defined]
    layers.Module = type('Module', (), {})  # type: ignore[attr-defined]
    return {'torch': torch, 'torch.nn': layers}


def _failed_rule() -> str:
    """The rule that the toolkit last advised to disable, in what it printed to a file that can be read."""
    sys.stdout.flush()
    printed = os.pread(1, os.fstat(1).st_size, 0).decode(errors='replace')
    return str((re.findall(r"disable_rules=\['(\w+)'\]", printed) or [''])[-1])


def _require(code: int, stage: str) -> None:
    if code != 0:
        raise StageError(f'{stage} failed')


def _end_with_parent() -> None:
    """Leave when the other end of standard input is gone, also from the middle of a long build."""
    poll = select.poll()
    poll.register(sys.stdin.fileno(), 0)  # a hang-up is told without being asked for
    poll.poll()
    os._exit(1)


def _answer(model: Model | None, request: dict[str, Any], arrays: Arrays, report: Report) -> tuple[Any, Any, Any]:
    """Do what a request says: (model, header, arrays)."""
    if request['do'] == 'build':
        start = time.monotonic()
        model = Model(request['recipe'], report)
        seconds = time.monotonic() - start
        return model, {'inputs': model.inputs, 'outputs': model.outputs, 'seconds': seconds}, {}
    if model is None:
        raise RefusedError('no model is built')
    if request['do'] == 'export':
        model.export(request['path'])
        return model, {}, {}
    return model, {}, model.run(arrays)


def _sentence(error: BaseException) -> str:
    """The last line of an error, without the classes that wrapped it: the toolkit puts its tracebacks before it."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    plain = re.sub(r'^(?:ValueError: +|[A-Za-z_]+\.[\w.]+: +)+', '', lines[-1].strip())
    return plain if isinstance(error, RefusedError | ValueError) else f'{type(error).__name__}: {plain}'


def main() -> None:
    """Answer requests until there are no more."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answers = os.fdopen(int(sys.argv[1]), 'wb')

    def send(header: Mapping[str, Any], arrays: Arrays | None = None) -> None:
        answers.write(pack_frame(header, arrays))
        answers.flush()

    def report(stage: str, fraction: float) -> None:
        send({'progress': [stage, fraction]})

    model = None
    while True:
        try:
            request, arrays = read_frame(sys.stdin.buffer.read)
        except EOFError:
            return
        try:
            model, header, results = _answer(model, request, arrays, report)
        except (Exception, SystemExit) as error:  # the toolkit raises whatever, with its whole log as the text
            header, results = {'failed': _sentence(error), 'is_printed': isinstance(error, StageError)}, {}
        sys.stdout.flush()
        send(header, results)


if __name__ == '__main__':
    main()
