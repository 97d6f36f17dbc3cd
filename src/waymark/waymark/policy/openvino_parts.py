# SPDX-License-Identifier: Apache-2.0
"""The two parts that take a SmolVLA's time, its vision encoder and its flow steps, run by OpenVINO on a CPU."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from waymark.errors import BackendUnavailable, PolicyError

KINDS = ('smolvla',)
GROUP = 128  # inputs that share a scale in products of int8: 32 takes .14 s more a picture, all of a row twice as long


def require_openvino(kind: str, device: str, precision: str) -> None:
    """Refuse what OpenVINO does not run here.

    Raises:
        PolicyError: This kind of policy, device or precision was not made for it.
        BackendUnavailable: OpenVINO, or for int8 NNCF, is not installed.
    """
    if kind not in KINDS or not device.startswith('cpu'):
        raise PolicyError(f'engine openvino: for {", ".join(KINDS)} on cpu, not for {kind} on {device}. Set torch.')
    if precision == 'bf16':
        raise PolicyError('engine openvino: precision is fp32 or int8 there, not bf16. Change one of them.')
    try:
        import openvino  # noqa: F401

        if precision == 'int8':
            import nncf  # noqa: F401
    except ImportError as error:
        raise BackendUnavailable(f'engine openvino needs openvino and nncf ({error}): run make models.') from error


def run_by_openvino(policy: Any, is_int8: bool, ask: Callable[[], Any]) -> None:
    """Go over to OpenVINO; the weights of these parts are freed.

    Args:
        policy: A SmolVLA, loaded in fp32 on a CPU.
        is_int8: Hold weights as int8 (a scale for each output); inputs become int8 at work (a scale for each GROUP).
        ask: Makes one chunk; the parts are compiled for what they are given then.

    Raises:
        PolicyError: This version of lerobot, transformers or OpenVINO was not made for it.
    """
    model = policy.model
    eyes = model.vlm_with_expert.get_vlm_model().vision_model
    pictures, steps = _seen(model, eyes, ask)
    try:
        vision = {p.shape: _compiled(_vision(eyes, p), [p], is_int8) for p in pictures}
        flow = _compiled(_step(model), [*steps], is_int8)
    except (RuntimeError, AttributeError, TypeError) as error:  # of openvino, transformers, lerobot: other versions
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PolicyError(f'engine openvino can not take this smolvla over ({said}). Set engine torch.') from error

    def look(pixel_values: Any, **_: Any) -> Any:
        run = vision.get(pixel_values.shape)
        if run is None:
            known = ', '.join(str(tuple(shape)) for shape in vision)
            raise PolicyError(f'engine openvino: a picture of {tuple(pixel_values.shape)}; compiled for {known}.')
        return SimpleNamespace(last_hidden_state=run([pixel_values]))

    def denoise(prefix_pad_masks: Any, past_key_values: Any, x_t: Any, timestep: Any) -> Any:
        return flow([x_t, timestep, prefix_pad_masks, *_kept(past_key_values)])

    eyes.forward, model.denoise_step = look, denoise
    for module in (eyes.encoder, model.vlm_with_expert.lm_expert):
        for weight in module.parameters():
            weight.data = weight.data.new_empty(0)


def _seen(model: Any, eyes: Any, ask: Callable[[], Any]) -> tuple[list[Any], list[Any]]:
    """What the parts are given when a chunk is made: a picture of each shape, and the inputs of a flow step."""
    pictures, steps = dict[Any, Any](), list[Any]()
    look, denoise = eyes.forward, model.denoise_step

    def spy_look(pixel_values: Any, **more: Any) -> Any:
        pictures[pixel_values.shape] = pixel_values.clone()
        return look(pixel_values=pixel_values, **more)

    def spy_denoise(prefix_pad_masks: Any, past_key_values: Any, x_t: Any, timestep: Any) -> Any:
        steps[:] = [t.clone() for t in (x_t, timestep, prefix_pad_masks, *_kept(past_key_values))]
        return denoise(prefix_pad_masks, past_key_values, x_t, timestep)

    eyes.forward, model.denoise_step = spy_look, spy_denoise
    try:
        ask()
    finally:
        eyes.forward, model.denoise_step = look, denoise
    return list(pictures.values()), steps


def _kept(cache: Any) -> list[Any]:
    """Keys and values of each layer."""
    if not hasattr(cache, 'layers'):
        raise PolicyError('engine openvino is for lerobot 0.6 and its transformers (Python 3.12): set engine torch.')
    return [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]


def _vision(eyes: Any, picture: Any) -> Any:
    """The vision encoder for whole pictures of one shape: what it does for parts of pictures can't be traced."""
    import torch

    shape = picture.shape
    patch = eyes.embeddings.patch_embedding
    side = patch.kernel_size[0]
    whole = torch.ones(shape[0], shape[2] // side, shape[3] // side, dtype=torch.bool)
    nothing = torch.zeros(shape)
    with torch.no_grad():
        places = eyes.embeddings(nothing, whole) - patch(nothing).flatten(2).transpose(1, 2)

    class Vision(torch.nn.Module):  # type: ignore[misc]  # mypy has no torch
        def __init__(self) -> None:
            super().__init__()
            self.patch, self.encoder, self.norm, self.places = patch, eyes.encoder, eyes.post_layernorm, places

        def forward(self, pixels: Any) -> Any:
            values = self.patch(pixels).flatten(2).transpose(1, 2) + self.places
            for layer in self.encoder.layers:
                values = layer(values, None)
                values = values[0] if isinstance(values, tuple) else values
            return self.norm(values)

    return Vision()


def _step(model: Any) -> Any:
    """A flow step with the cache as plain tensors."""
    import torch
    from transformers.cache_utils import DynamicCache, DynamicLayer

    class Step(torch.nn.Module):  # type: ignore[misc]  # mypy has no torch
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, actions: Any, time: Any, masks: Any, *kept: Any) -> Any:
            cache = DynamicCache()
            for keys, values in zip(kept[::2], kept[1::2], strict=True):
                layer = DynamicLayer()  # by hand: its own way to begin joins an empty tensor, which has no rank
                layer.keys, layer.values, layer.is_initialized = keys, values, True
                layer.dtype, layer.device = keys.dtype, keys.device
                cache.layers.append(layer)
            return self.model.denoise_step(prefix_pad_masks=masks, past_key_values=cache, x_t=actions, timestep=time)

    return Step()


def _compiled(module: Any, inputs: Sequence[Any], is_int8: bool) -> Callable[[Sequence[Any]], Any]:
    """A module as OpenVINO runs it: tensors in, a tensor out."""
    import openvino
    import torch

    with _quiet(), torch.no_grad():
        made = openvino.convert_model(module.eval(), example_input=tuple(inputs))
        if is_int8:
            from nncf import CompressWeightsMode, compress_weights

            made = compress_weights(made, mode=CompressWeightsMode.INT8_SYM)
    settings = {
        'INFERENCE_NUM_THREADS': torch.get_num_threads(),
        'INFERENCE_PRECISION_HINT': 'f32',  # bf16 without AMX takes twice as long
        'PERFORMANCE_HINT': 'LATENCY',
        'DYNAMIC_QUANTIZATION_GROUP_SIZE': GROUP if is_int8 else 0,
    }
    request = openvino.Core().compile_model(made, 'CPU', settings).create_infer_request()

    def run(tensors: Sequence[Any]) -> Any:
        found = request.infer([t.detach().contiguous().numpy() for t in tensors], share_inputs=True)
        return torch.from_numpy(found[0].copy())  # the request will write there again

    return run


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without NNCF's tables and bars, and what torch thinks of being traced."""
    logging.getLogger('nncf').setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter('ignore')
        yield
