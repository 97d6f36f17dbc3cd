# SPDX-License-Identifier: Apache-2.0
"""Which of the libraries that run models are here. Only ONNX Runtime is needed; looks, imports none of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from importlib import metadata

from waymark.doctor.finding import Finding

# By what a parameter calls them: module, distribution, and how to get it.
RUNTIMES = {
    'openvino': ('openvino', 'openvino', 'pip install openvino (Intel CPU, GPU, NPU)'),
    'tensorrt': ('tensorrt', 'tensorrt', "tensorrt comes with a Jetson's JetPack"),
    'rknn': ('rknnlite', 'rknn-toolkit-lite2', "rknnlite comes from the board's vendor"),
    'torch': ('torch', 'torch', 'make models (torch, for export and training)'),
}


def check_all() -> list[Finding]:
    """A line for what runs models, and one for what reads texts."""
    return [judge_runtimes({'onnx': version('onnxruntime', 'onnxruntime'), **optional()}), check_texts()]


def optional() -> dict[str, str | None]:
    """Version of each runtime that need not be there, None for those that are not."""
    return {name: version(module, distribution) for name, (module, distribution, _) in RUNTIMES.items()}


def judge_runtimes(versions: Mapping[str, str | None]) -> Finding:
    """Judge what runs models.

    Args:
        versions: By the backend's name; None where it is not installed.
    """
    found = ', '.join(f'{name} {v}' for name, v in versions.items() if v is not None)
    absent = [name for name, v in versions.items() if v is None and name in RUNTIMES]
    text = '; '.join([found or 'none'] + ([f'not here and not needed: {", ".join(absent)}'] if absent else []))
    if versions.get('onnx') is None:
        return Finding('model runtimes', 'FAIL', text, 'Install the default one: pip install "onnxruntime>=1.17".')
    return Finding('model runtimes', 'OK', text, '; '.join(RUNTIMES[name][2] for name in absent))


def check_texts() -> Finding:
    """Whether text towers can be used."""
    found = version('tokenizers', 'tokenizers')
    if found is None:
        return Finding('texts', 'OK', 'tokenizers is not here: models encode images only', 'pip install tokenizers')
    return Finding('texts', 'OK', f'tokenizers {found}')


def version(module: str, distribution: str) -> str | None:
    """Version of an installed library, 'installed' where it says none, None where it is not there."""
    if importlib.util.find_spec(module) is None:
        return None
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return 'installed'
