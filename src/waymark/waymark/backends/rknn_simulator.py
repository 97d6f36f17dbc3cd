# SPDX-License-Identifier: Apache-2.0
"""rknn-toolkit2 in its own environment and process: builds one model, writes it as .rknn, and simulates it."""

from __future__ import annotations

import contextlib
import os
import re
import select
import subprocess
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from numpy.typing import NDArray

from waymark.backends.frames import pack_frame, read_frame
from waymark.environments import find_interpreter, source_path
from waymark.errors import BackendUnavailable, ModelError

BUILD_LIMIT_S = 3600.0
RUN_LIMIT_S = 120.0
Progress = Callable[[str, float], None]
_LOG_TAIL = 1 << 16
_ANSI = re.compile(r'\x1b\[[0-9;]*m')
_ERROR_LINE = re.compile(r'^E (?:RKNN: )?(?:\[[\d:.]+\] )?(?!rknn-toolkit2 version)(.*\S)', re.MULTILINE)


@dataclass(frozen=True)
class RknnRecipe:
    """How a model for an NPU is built.

    Attributes:
        model: ONNX file with one image input (1 or any, C, h, w).
        target: 'rk3588', 'rk3576', 'rk3566', 'rk3568' or 'rk3562'.
        precision: 'fp16', or 'int8' with `calibration`.
        mean: Per channel, on the 0..255 scale. Given: mean and std move into the model, which then takes pixels.
        std: Per channel, on the 0..255 scale.
        optimization_level: The toolkit's, 0 to 3.
        calibration: .npy files, (1, C, h, w) each, on the scale of what the model takes.
    """

    model: str
    target: str = 'rk3588'
    precision: str = 'fp16'
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    optimization_level: int = 3
    calibration: tuple[str, ...] = ()


class RknnSimulator:
    """A model built for an NPU and run on this PC by the vendor's simulator.

    The process ends with `close`, with this object or with this process, whichever comes first.
    """

    def __init__(self, recipe: RknnRecipe, progress: Progress | None = None) -> None:
        """Build the model: seconds for a small one, minutes for a vision transformer.

        Raises:
            BackendUnavailable: The environment with rknn-toolkit2 is missing.
            ModelError: The toolkit does not take the model.
        """
        self._recipe, self._progress, self._lock = recipe, progress, threading.Lock()
        self._channel = _Channel()
        self._end = weakref.finalize(self, self._channel.close)
        try:
            answer, _ = self._ask({'do': 'build', 'recipe': asdict(recipe)}, {}, BUILD_LIMIT_S)
        except ModelError:
            self.close()
            raise
        self.inputs = {str(n): tuple(int(s) for s in shape) for n, shape in answer['inputs'].items()}
        self.outputs = tuple(str(n) for n in answer['outputs'])
        self.build_seconds = float(answer['seconds'])

    @property
    def pid(self) -> int:
        """Of the worker process."""
        return self._channel.pid

    def export(self, path: Path) -> None:
        """Write the model as .rknn.

        Raises:
            ModelError: The toolkit can't.
        """
        self._ask({'do': 'export', 'path': str(path.resolve())}, {}, BUILD_LIMIT_S)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once.

        Args:
            inputs: (1, h, w, C) uint8 where the recipe has mean and std, else (1, C, h, w) float32.

        Raises:
            ModelError: The simulator fails, or takes longer than RUN_LIMIT_S.
        """
        return self._ask({'do': 'run'}, inputs, RUN_LIMIT_S)[1]

    def close(self) -> None:
        """End the process."""
        self._end()

    def _ask(
        self, request: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], limit_s: float
    ) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        with self._lock:
            try:
                answer, results = self._exchange(pack_frame(request, arrays), time.monotonic() + limit_s)
            except TimeoutError:
                self.close()
                raise self._error(f'it took longer than {limit_s:g} s') from None
            except (EOFError, OSError):
                said = self._channel.last_error()
                self.close()
                raise self._error(f'its process has ended{said}') from None
            except BaseException:  # Ctrl-C between request and answer: what comes next would be out of step
                self.close()
                raise
        if 'failed' in answer:
            said = self._channel.last_error() if answer['is_printed'] else ''
            raise self._error(f'{answer["failed"]}{said}'[:400])
        return answer, results

    def _exchange(self, frame: bytes, deadline: float) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        self._channel.send(frame, deadline)
        while True:
            answer, results = self._channel.receive(deadline)
            if 'progress' not in answer:
                return answer, results
            if self._progress is not None:
                self._progress(*answer['progress'])

    def _error(self, what: str) -> ModelError:
        model, target = self._recipe.model, self._recipe.target
        return ModelError(
            f'model {model!r} failed in rknn-toolkit2, for {target}: {what.rstrip(".! ")} (see docs/rknn.md).'
        )


class _Channel:
    """The worker process, frames to it and from it, and what it printed."""

    def __init__(self) -> None:
        python = find_interpreter('rknn')
        requests, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        self._resources = contextlib.ExitStack()
        self._resources.callback(os.close, self._requests)
        self._resources.callback(os.close, self._answers)
        scratch = self._resources.enter_context(tempfile.TemporaryDirectory(prefix='waymark-rknn-'))
        path = self._resources.enter_context(source_path())
        self._log: IO[bytes] = self._resources.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - it is in one
        try:
            self._process = subprocess.Popen(
                [python, '-m', 'waymark.backends.rknn_worker', str(answers)],
                stdin=requests,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(answers,),
                cwd=scratch,  # the toolkit leaves files where it runs
                env=os.environ | {'PYTHONPATH': path, 'PYTHONNOUSERSITE': '1'},
                start_new_session=True,  # Ctrl-C is for the process that decides, not for this one
            )
        except OSError as error:
            self._resources.close()
            raise BackendUnavailable(f'{str(python)!r} does not run ({error.strerror}): run make rknn.') from error
        finally:
            os.close(requests)
            os.close(answers)
        self.pid = self._process.pid
        os.set_blocking(self._requests, False)

    def send(self, data: bytes, deadline: float) -> None:
        """Write all of `data`; OSError when the worker is gone, TimeoutError when it does not read."""
        if self._process.poll() is not None:
            raise EOFError
        waiting = memoryview(data)
        while waiting:
            _wait_for(self._requests, select.POLLOUT, deadline)
            waiting = waiting[os.write(self._requests, waiting) :]

    def receive(self, deadline: float) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Read one frame; EOFError when the worker is gone."""

        def read(size: int) -> bytes:
            data = bytearray()
            while len(data) < size:
                _wait_for(self._answers, select.POLLIN, deadline)
                part = os.read(self._answers, size - len(data))
                if not part:
                    break
                data += part
            return bytes(data)

        return read_frame(read)

    def last_error(self) -> str:
        """': ' and the toolkit's last line of error, or nothing."""
        # Not seek and read: the worker writes at the same position.
        if self._log.closed:
            return ''
        size = os.fstat(self._log.fileno()).st_size
        printed = os.pread(self._log.fileno(), _LOG_TAIL, max(size - _LOG_TAIL, 0))
        lines = _ERROR_LINE.findall(_ANSI.sub('', printed.decode(errors='replace')))
        telling = [line for line in lines if 'fail' in line.lower()] or lines  # the others give its details
        return f': {telling[-1]}' if telling else ''

    def close(self) -> None:
        """End the worker; may be called again."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._resources.close()


def _wait_for(descriptor: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
        raise TimeoutError
