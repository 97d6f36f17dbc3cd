# SPDX-License-Identifier: Apache-2.0
"""A policy of lerobot, loaded through lerobot's own classes. Only the policy process imports this; torch is there."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from waymark.errors import BackendUnavailable, PolicyError
from waymark.policy.contract import Contract
from waymark.policy.faster import give_memory_back, hold_bf16, hold_int8, leave_out_unused
from waymark.policy.folder import has_tokenizer, is_hub_name, read_contract, tensor_shapes
from waymark.policy.observation import Chunk, Overlap, Request
from waymark.policy.openvino_parts import require_openvino, run_by_openvino
from waymark.policy.serving import ServeConfig

FADE_STEPS = 8  # steps behind those that are carried out anyway in which a continued chunk still keeps to the last one
FILES = ['*.json', '*.safetensors']
STEPS = ('num_steps', 'num_inference_steps')  # what policies call their steps of flow matching or diffusion
TRIAL_TASK = 'go to the red box'


def find_folder(policy: str) -> Path:
    """Folder of a policy: as given, or a copy of what a hub has under 'owner/name'.

    Raises:
        PolicyError: Neither is there.
    """
    folder = Path(policy).expanduser()
    if folder.is_dir():
        return folder
    if not is_hub_name(policy):
        raise PolicyError(f'{policy}: there is no such folder. Name one that lerobot saved a policy to, or owner/name.')
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise BackendUnavailable(f'{policy}: policies of a hub need huggingface_hub: run make models.') from None
    try:
        return Path(snapshot_download(policy, allow_patterns=FILES))
    except Exception as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PolicyError(f'{policy} is no folder, and the hub does not give it ({said}).') from error


class LerobotPolicy:
    """One loaded policy with its processors.

    Attributes:
        contract: What it takes and gives.
        distance: How far a chunk is from that of the policy as saved (root mean square of the difference over that
            of the chunk, same noise); None where nothing was changed, or it was not tried.
    """

    def __init__(self, folder: Path, config: ServeConfig) -> None:
        """Load.

        Raises:
            PolicyError: Its files are incomplete, or lerobot can't load them.
            BackendUnavailable: This Python has no lerobot.
        """
        contract = read_contract(folder)
        contract.require_sound(str(folder))
        try:
            import lerobot.policies  # noqa: F401 - registers the kinds of policies
            import torch
            from lerobot.configs.policies import PreTrainedConfig
            from lerobot.policies.factory import get_policy_class, make_pre_post_processors
        except ImportError as error:
            raise BackendUnavailable(
                f'policies need lerobot, which this Python has not ({error}): run make models.'
            ) from error
        self._torch, self._config = torch, config
        if config.threads:
            torch.set_num_threads(config.threads)
        try:
            settings = PreTrainedConfig.from_pretrained(folder, local_files_only=True)
            own_steps = _steps(settings)
            changes = _prepare(settings, config, has_tokenizer(folder))
            with _without_drawing_weights(settings.type):
                policy = get_policy_class(settings.type).from_pretrained(folder, config=settings, local_files_only=True)
            self._pre, self._post = make_pre_post_processors(settings, pretrained_path=str(folder), **changes)
        except (ImportError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise PolicyError(f'lerobot can not load {folder}: {type(error).__name__}: {error}') from error
        _require_weights(policy, folder / 'model.safetensors')
        # Nothing is learned: lerobot continues chunks under enable_grad, and would keep what learning needs.
        self._policy = policy.eval().requires_grad_(False)
        leave_out_unused(self._policy, settings, self._pre.steps)
        self.contract: Contract = replace(contract, has_rtc=self._begin_rtc(settings))
        self._autocast = False
        self.distance = self._hasten(settings, own_steps)
        give_memory_back()

    def answer(self, request: Request) -> Chunk:
        """Think; `Request` was checked against the contract."""
        torch, began_s = self._torch, time.perf_counter()
        if request.seed is not None:
            torch.manual_seed(request.seed)
        batch: dict[str, Any] = {key: self._tensor(array) for key, array in request.arrays.items()}
        if request.task:
            batch['task'] = [request.task]
        raw = self._think(self._pre(batch), **self._continued(request.overlap))
        with torch.no_grad():
            actions = self._post(raw.clone())
        found = [np.ascontiguousarray(t.detach().cpu().float().numpy()[0]) for t in (actions, raw)]
        return Chunk(found[0], found[1], time.perf_counter() - began_s)

    def _think(self, batch: dict[str, Any], **continued: Any) -> Any:
        """(1, T, D) float32, normalised."""
        with self._torch.no_grad(), self._precision():
            raw = self._policy.predict_action_chunk(batch, **continued)
            return raw[:, : self.contract.chunk_steps].float()

    def _hasten(self, settings: Any, own_steps: tuple[str, int]) -> float | None:
        """Go over to the precision that was asked for; returns `distance`.

        Raises:
            PolicyError: This policy can't have it, or its chunk becomes another one.
        """
        config, (name, before) = self._config, own_steps
        now = getattr(settings, name, before)
        is_changed = config.precision != 'fp32' or config.engine != 'torch' or now != before
        is_tried = config.max_distance > 0 and is_changed
        if is_tried:
            if name:
                setattr(settings, name, before)
            exact = self._try()
            if name:
                setattr(settings, name, now)
        self._change(settings)
        if not is_tried:
            return None
        distance = float((self._try() - exact).norm() / exact.norm())
        if not distance <= config.max_distance:  # nan is far, too
            raise PolicyError(
                f'precision {config.precision}, engine {config.engine}, flow_steps {config.flow_steps}: a chunk is '
                f'{distance:.2g} from that of the policy as saved, max_distance {config.max_distance:g} is allowed. '
                'Change one of them.'
            )
        return distance

    def _change(self, settings: Any) -> None:
        """Have other numbers, or another engine."""
        config, kind = self._config, settings.type
        if config.engine == 'openvino':
            require_openvino(kind, config.device, config.precision)
            run_by_openvino(self._policy, config.precision == 'int8', self._try)
        if config.precision == 'int8':
            hold_int8(self._policy, kind, config.device)
        elif config.precision == 'bf16':
            hold_bf16(self._policy)
            self._autocast = True

    def _try(self) -> Any:
        """The chunk to pictures of coloured squares and a state of the usual size; always the same ones."""
        torch, drawn = self._torch, np.random.default_rng(0)
        batch: dict[str, Any] = {'task': [TRIAL_TASK]} if self.contract.takes_instruction else {}
        for key in self.contract.keys:
            shape = self.contract.shape_of(key)
            if len(shape) < 3:
                batch[key] = self._tensor(np.zeros(shape, np.float32))
                continue
            squares = drawn.integers(0, 256, (*shape[:-3], 8, 8, shape[-1]), np.uint8)
            wide = squares.repeat(-(-shape[-3] // 8), -3).repeat(-(-shape[-2] // 8), -2)
            batch[key] = self._tensor(wide[..., : shape[-3], : shape[-2], :])
        batch = self._pre(batch)
        torch.manual_seed(0)
        for state in self.contract.states:
            if state.key in batch:  # what is normalised is about this large
                batch[state.key] = torch.randn(batch[state.key].shape).clamp(-1, 1).to(batch[state.key].device)
        return self._think(batch).cpu()

    def _tensor(self, array: np.ndarray[Any, Any]) -> Any:
        """(1, ...) as lerobot's datasets give it: images as channels first, 0 to 1."""
        tensor = self._torch.from_numpy(np.array(array))  # a copy: what came over the wire is read-only
        if array.dtype == np.uint8:
            tensor = tensor.movedim(-1, -3).float() / 255
        return tensor[None]

    def _continued(self, overlap: Overlap | None) -> dict[str, Any]:
        if overlap is None:
            return {}
        left = self._torch.from_numpy(np.array(overlap.raw))[None].to(self._policy.config.device)
        horizon = min(overlap.delay_steps + FADE_STEPS, len(overlap.raw))
        return {
            'prev_chunk_left_over': left,
            'inference_delay': overlap.delay_steps,
            'execution_horizon': horizon,
        }

    @contextlib.contextmanager
    def _precision(self) -> Iterator[None]:
        if not self._autocast:
            yield
            return
        kind = self._torch.device(self._policy.config.device).type
        with self._torch.autocast(kind, self._torch.bfloat16):
            yield

    def _begin_rtc(self, settings: Any) -> bool:
        """Have the policy continue chunks where it can; relative actions would have to be anchored anew."""
        asks = getattr(self._policy, 'supports_rtc', lambda: False)
        relative = any('Relative' in type(s).__name__ and getattr(s, 'enabled', True) for s in self._pre.steps)
        if not (self._config.rtc and asks()) or relative:
            return False
        from lerobot.policies.rtc.configuration_rtc import RTCConfig

        settings.rtc_config = RTCConfig(enabled=True)
        self._policy.config.rtc_config = settings.rtc_config
        self._policy.init_rtc_processor()
        return True


def _prepare(settings: Any, config: ServeConfig, reads: bool) -> dict[str, Any]:
    """Change a policy's own settings as was asked; returns what its processors must know of it.

    Args:
        settings: The policy's.
        config: What was asked.
        reads: Whether the policy has a tokenizer.
    """
    settings.device = config.device
    if hasattr(settings, 'load_vlm_weights'):
        settings.load_vlm_weights = False  # all weights are in the policy's own file
    if hasattr(settings, 'compile_model'):
        settings.compile_model = False
    if config.flow_steps:
        name, _ = _steps(settings)
        if not name:
            raise PolicyError(f'flow_steps: a policy of type {settings.type} has none. Leave it at 0.')
        setattr(settings, name, config.flow_steps)
    before: dict[str, dict[str, Any]] = {'device_processor': {'device': config.device}}
    if config.vlm:
        if not reads:
            raise PolicyError(f'vlm: a policy of type {settings.type} has no vision-language model. Leave it empty.')
        if hasattr(settings, 'vlm_model_name'):  # smolvla; pi0 names its tokenizer in its processor only
            settings.vlm_model_name = config.vlm
        before['tokenizer_processor'] = {'tokenizer_name': config.vlm}
    after = {'device_processor': {'device': 'cpu'}}
    return {'preprocessor_overrides': before, 'postprocessor_overrides': after}


def _steps(settings: Any) -> tuple[str, int]:
    """What a policy's steps of flow matching or diffusion are called, and how many it has; ('', 0): none."""
    return next(((name, getattr(settings, name)) for name in STEPS if hasattr(settings, name)), ('', 0))


@contextlib.contextmanager
def _without_drawing_weights(kind: str) -> Iterator[None]:
    """Draw no random weights: the file replaces every one of them, and `_require_weights` sees that it did."""
    try:
        from transformers.initialization import no_init_weights
    except ImportError:  # transformers before 5
        yield
        return
    with no_init_weights() if kind == 'smolvla' else contextlib.nullcontext():
        yield


def _require_weights(policy: Any, file: Path) -> None:
    """Refuse a policy some of whose weights are in no file: lerobot would leave them at random with a log line."""
    saved = set(tensor_shapes(file))
    state = policy.state_dict()
    shared = {t.data_ptr() for name, t in state.items() if name in saved}
    missing = [n for n, t in state.items() if n not in saved and t.data_ptr() not in shared]
    if missing:
        more = f' and {len(missing) - 3} more' if len(missing) > 3 else ''
        raise PolicyError(f'{file} lacks the weights {", ".join(missing[:3])}{more}: the file is of another policy.')


def keep_quiet() -> None:
    """Have the libraries not draw bars into a node's log."""
    os.environ.setdefault('HF_HUB_DISABLE_PROGRESS_BARS', '1')
    os.environ.setdefault('TOKENIZERS_PARALLELISM', 'false')
