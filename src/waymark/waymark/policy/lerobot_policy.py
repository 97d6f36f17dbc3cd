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
from waymark.policy.folder import has_tokenizer, is_hub_name, read_contract, tensor_shapes
from waymark.policy.observation import Chunk, Overlap, Request
from waymark.policy.serving import ServeConfig

FADE_STEPS = 8  # steps behind those that are carried out anyway in which a continued chunk still keeps to the last one
FILES = ['*.json', '*.safetensors']


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
    """One loaded policy with its processors."""

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
            changes = _prepare(settings, config, has_tokenizer(folder))
            policy = get_policy_class(settings.type).from_pretrained(folder, config=settings, local_files_only=True)
            self._pre, self._post = make_pre_post_processors(settings, pretrained_path=str(folder), **changes)
        except (ImportError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise PolicyError(f'lerobot can not load {folder}: {type(error).__name__}: {error}') from error
        _require_weights(policy, folder / 'model.safetensors')
        self._policy = policy.eval()
        self.contract: Contract = replace(contract, has_rtc=self._begin_rtc(settings))

    def answer(self, request: Request) -> Chunk:
        """Think; `Request` was checked against the contract."""
        torch, began_s = self._torch, time.perf_counter()
        if request.seed is not None:
            torch.manual_seed(request.seed)
        batch: dict[str, Any] = {key: self._tensor(array) for key, array in request.arrays.items()}
        if request.task:
            batch['task'] = [request.task]
        with torch.no_grad(), self._precision():
            raw = self._policy.predict_action_chunk(self._pre(batch), **self._continued(request.overlap))
            raw = raw[:, : self.contract.chunk_steps].float()
            actions = self._post(raw.clone())
        found = [np.ascontiguousarray(t.detach().cpu().float().numpy()[0]) for t in (actions, raw)]
        return Chunk(found[0], found[1], time.perf_counter() - began_s)

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
        if self._config.precision == 'fp32':
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
        name = 'num_steps' if hasattr(settings, 'num_steps') else 'num_inference_steps'
        if not hasattr(settings, name):
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
