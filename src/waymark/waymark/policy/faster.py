# SPDX-License-Identifier: Apache-2.0
"""Make a loaded policy faster: leave out what counts for nothing, and hold weights in fewer bits."""

from __future__ import annotations

import contextlib
import ctypes
import functools
from collections.abc import Iterator
from typing import Any

from waymark.errors import PolicyError

INT8_KINDS = ('smolvla',)  # what was run so
ENGINES = ('fbgemm', 'x86', 'onednn')  # torch's own for x86 processors, the fastest first
SMALLEST = 1e-12  # of a scale: a row of zeros is divided by it


def leave_out_unused(policy: Any, settings: Any, steps: list[Any]) -> None:
    """Leave out what a SmolVLA masks or never reads: it costs time or memory, and the chunk is the same without.

    Args:
        policy: Loaded.
        settings: The policy's; changed.
        steps: Of its preprocessor; the tokenizer's is changed.
    """
    if settings.type != 'smolvla':
        return
    settings.empty_cameras = 0  # blank pictures, each through the vision encoder; `read_contract` asks for none
    settings.prefix_length = -1
    for step in steps:
        if getattr(step, 'padding', None) == 'max_length':
            step.padding = 'longest'
    policy.model.vlm_with_expert.vlm.lm_head = None  # 190 MB that would make words


def give_memory_back() -> None:
    """Have the C library return what was freed: it keeps what lies between, most of the fp32 weights."""
    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL(None).malloc_trim(0)


def hold_bf16(policy: Any) -> None:
    """Keep the weights of linear layers as bf16, for autocast: it would make them anew from fp32 for each chunk."""
    import torch

    for linear in _linears(policy, torch):
        linear.to(torch.bfloat16)


def hold_int8(policy: Any, kind: str, device: str) -> None:
    """Keep the weights of the transformers' layers as int8, a scale for each output; inputs become int8 at work.

    Raises:
        PolicyError: This kind of policy, device or build of torch was not made for it.
    """
    import torch

    if kind not in INT8_KINDS:
        raise PolicyError(f'precision int8: for {", ".join(INT8_KINDS)}, not for a policy of type {kind}. Set fp32.')
    if not device.startswith('cpu'):
        raise PolicyError(f'precision int8 is for device cpu, not for {device}: set bf16.')
    engine = next((e for e in ENGINES if e in torch.backends.quantized.supported_engines), None)
    if engine is None:
        raise PolicyError('precision int8: this torch has no int8 products for this processor. Set fp32.')
    torch.backends.quantized.engine = engine
    layers = [m for m in policy.modules() if isinstance(m, torch.nn.ModuleList)]
    for linear in {id(m): m for layer in layers for m in _linears(layer, torch)}.values():
        _hold_linear_int8(linear, torch)


def _linears(module: Any, torch: Any) -> Iterator[Any]:
    """Linear layers and nothing that is derived from them: such are used in other ways than by being called.

    Those that OpenVINO runs have no weights here any more.
    """
    return (m for m in module.modules() if type(m) is torch.nn.Linear and m.weight.numel())


def _hold_linear_int8(linear: Any, torch: Any) -> None:
    weight = linear.weight.detach().float()
    scales = weight.abs().amax(1).clamp_min(SMALLEST) / 127
    zeros = torch.zeros(len(scales), dtype=torch.long)
    held = torch.quantize_per_channel(weight, scales.double(), zeros, 0, torch.qint8)
    packed = torch.ops.quantized.linear_prepack(held, None)
    bias = None if linear.bias is None else linear.bias.detach()
    has_vnni = getattr(torch.cpu, '_is_vnni_supported', bool)()  # a torch that can not tell: no
    linear.forward = functools.partial(_int8_linear, packed, bias, not has_vnni)
    linear.weight = torch.nn.Parameter(weight[:0].clone(), requires_grad=False)  # lerobot asks for its dtype


def _int8_linear(packed: Any, bias: Any, is_narrow: bool, values: Any) -> Any:
    """Multiply (..., K) by a packed (N, K) matrix.

    torch has one scale for all of `values`; a single large token would leave the others no bits. So each row is made
    as large as 1 before, and what comes out is made as large as it was.

    Args:
        packed: The matrix, by linear_prepack.
        bias: (N,), or None.
        is_narrow: Use 7 bits: without VNNI sums of two products overflow 16 bits.
        values: (..., K) float32.

    Returns:
        (..., N) float32.
    """
    import torch

    size = values.abs().amax(-1, keepdim=True).clamp_min_(SMALLEST)
    found = torch.ops.quantized.linear_dynamic(values / size, packed, is_narrow)
    return found.mul_(size) if bias is None else torch.addcmul(bias, found, size)
