# SPDX-License-Identifier: Apache-2.0
"""CUDA's runtime through NVIDIA's Python bindings: which devices there are, and memory on them."""

from __future__ import annotations

from typing import Any

from waymark.errors import BackendUnavailable, ModelError


def cuda_runtime(backend: str) -> Any:
    """Import the bindings of CUDA's runtime API.

    Raises:
        BackendUnavailable: They are not installed.
    """
    try:
        from cuda.bindings import runtime

        return runtime
    except ImportError:
        pass
    try:
        from cuda import cudart  # as cuda-python named it before 12.6
    except ImportError as error:
        raise BackendUnavailable(
            f"backend {backend} is unavailable: CUDA's Python bindings can not be imported ({error}). "
            'pip install cuda-python of the same major version as CUDA.'
        ) from error
    return cudart


def cuda_device(cuda: Any, backend: str, device: str) -> tuple[int, str]:
    """Find a GPU.

    Args:
        cuda: The bindings.
        backend: Who asks, for the error.
        device: 'cuda' for the first GPU, 'cuda:1' for the second.

    Returns:
        Its index and its name with the compute capability ('Orin (8.7)').

    Raises:
        BackendUnavailable: There is none of that name.
    """
    kind, _, number = device.partition(':')
    index = int(number) if number.isdigit() else 0
    if kind != 'cuda' or (':' in device and not number.isdigit()):
        raise BackendUnavailable(f'backend {backend} has no device {device!r}: it runs on GPUs. Set device: cuda.')
    error, count = cuda.cudaGetDeviceCount()
    if int(error) != 0 or index >= count:
        found = 'no GPU' if int(error) != 0 or not count else f'{count} GPU{"s" if count > 1 else ""}'
        raise BackendUnavailable(
            f'backend {backend} has no device {device!r}: CUDA finds {found}. Load the NVIDIA driver, '
            'or set backend: onnx and device: cpu.'
        )
    about = done(cuda.cudaGetDeviceProperties(index))
    name = about.name.decode() if isinstance(about.name, bytes) else str(about.name)
    return index, f'{name} ({about.major}.{about.minor})'


def done(result: tuple[Any, ...]) -> Any:
    """What a CUDA call returns after its error code.

    Raises:
        ModelError: The call failed.
    """
    if int(result[0]) != 0:
        raise ModelError(f'CUDA failed: {result[0]!r}. Is the GPU out of memory?')
    return result[1] if len(result) == 2 else result[1:]
