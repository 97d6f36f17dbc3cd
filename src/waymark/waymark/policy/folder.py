# SPDX-License-Identifier: Apache-2.0
"""Read a policy's contract from the folder that lerobot saved, without torch: JSON files and safetensors headers."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from waymark.errors import PolicyError
from waymark.policy.contract import ACTION, CameraFeature, Contract, VectorFeature

PREPROCESSOR, POSTPROCESSOR = 'policy_preprocessor.json', 'policy_postprocessor.json'
MAX_JSON_BYTES = 16 << 20
MAX_HEADER_BYTES = 100 << 20  # the format's own limit

# Statistics that lerobot's normaliser reads for each mode; where one is missing it passes values on as they are.
STATISTICS = {
    'IDENTITY': (),
    'MEAN_STD': ('mean', 'std'),
    'MIN_MAX': ('min', 'max'),
    'QUANTILES': ('q01', 'q99'),
    'QUANTILE10': ('q10', 'q90'),
}
WITH_RTC = ('smolvla', 'pi0', 'pi05')
WITH_INSTRUCTION = (*WITH_RTC, 'pi0_fast', 'xvla', 'groot', 'wall_x')


def read_contract(folder: Path, dataset: Path | None = None) -> Contract:
    """Read what a policy takes and gives.

    Args:
        folder: With config.json, the two processors and their statistics, as lerobot saves a policy.
        dataset: The LeRobotDataset it was trained on (folder with meta/info.json): names and fps, which policies don't
            keep; None where it is not at hand.

    Raises:
        PolicyError: It is no folder of a policy. What else is wrong is in the contract's `problems`.
    """
    config = read_json(folder / 'config.json')
    try:
        contract = _contract(config)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PolicyError(f'{folder / "config.json"} is no policy of lerobot ({error!r}).') from error
    contract = _renamed(contract, folder)
    contract = replace(contract, problems=(*contract.problems, *_problems(contract, folder)))
    return contract if dataset is None else with_dataset(contract, dataset)


def is_hub_name(policy: str) -> bool:
    """Whether it can only be a hub's 'owner/name': there is no such folder."""
    is_name = policy.count('/') == 1 and not policy.startswith(('.', '/', '~'))
    return is_name and not Path(policy).is_dir()


def with_dataset(contract: Contract, dataset: Path) -> Contract:
    """Add names and fps from a dataset; what does not fit becomes a problem.

    Raises:
        PolicyError: It is no dataset.
    """
    info = read_json(dataset / 'meta' / 'info.json')
    features = info.get('features')
    if not isinstance(features, dict):
        raise PolicyError(f'{dataset}: meta/info.json has no features: it is no LeRobotDataset.')
    problems = [f'the dataset {dataset.name} has no {key}.' for key in contract.keys if key not in features]
    named = []
    for feature in (*contract.states, contract.action):
        names = _flat_names(features.get(feature.key, {}).get('names'))
        if names is not None and len(names) != feature.dim:
            problems.append(f'{feature.key} has {feature.dim} values, {len(names)} in the dataset {dataset.name}.')
        named.append(replace(feature, names=names or feature.names))
    return replace(
        contract,
        states=tuple(named[:-1]),
        action=named[-1],
        fps=float(info['fps']) if 'fps' in info else None,
        problems=(*contract.problems, *problems),
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        PolicyError: It is not there, too large, or no object.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise PolicyError(f'{path} is larger than {MAX_JSON_BYTES >> 20} MiB: no file of a policy.')
        content = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError, RecursionError) as error:
        what = 'is not there' if isinstance(error, FileNotFoundError) else f'can not be read ({error})'
        raise PolicyError(
            f'{path} {what}. Name the folder that lerobot saved a policy to (pretrained_model).'
        ) from None
    if not isinstance(content, dict):
        raise PolicyError(f'{path} holds no object: it is no file of a policy.')
    return content


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors in a safetensors file; reads its header only.

    Raises:
        PolicyError: It is no such file.
    """
    try:
        with path.open('rb') as file:
            (length,) = struct.unpack('<Q', file.read(8))
            if length > min(MAX_HEADER_BYTES, path.stat().st_size):
                raise ValueError(f'a header of {length} bytes')
            header = json.loads(file.read(length))
        return {k: tuple(int(n) for n in v['shape']) for k, v in header.items() if k != '__metadata__'}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError) as error:
        raise PolicyError(f'{path} is no safetensors file ({error}).') from None


def has_tokenizer(folder: Path) -> bool:
    """Whether a policy reads its instruction by a tokenizer that its files only name.

    Raises:
        PolicyError: Its processor is none.
    """
    return (folder / PREPROCESSOR).is_file() and any(_steps(folder, PREPROCESSOR, 'tokenizer_processor'))


def _contract(config: Mapping[str, Any]) -> Contract:
    kind, modes = str(config['type']), config.get('normalization_mapping') or {}
    problems: list[str] = []
    cameras, states = [], []
    # lerobot writes a policy's blank cameras among its inputs, and shows it masked pictures for them by itself.
    blank = {f'observation.images.empty_camera_{n}' for n in range(int(config.get('empty_cameras') or 0))}
    for key, feature in config['input_features'].items():
        mode = str(modes.get(feature['type'], 'IDENTITY'))
        if key in blank:
            continue
        if feature['type'] == 'VISUAL':
            channels, height, width = (int(n) for n in feature['shape'])
            cameras.append(CameraFeature(key, (width, height), channels, mode))
        elif feature['type'] in ('STATE', 'ENV') and len(feature['shape']) == 1:
            states.append(VectorFeature(key, int(feature['shape'][0]), None, mode))
        else:
            problems.append(f'it takes {key} of type {feature["type"]} {feature["shape"]}, which can not be fed.')
    actions = {k: f for k, f in config['output_features'].items() if f['type'] == 'ACTION'}
    if list(actions) != [ACTION] or len(actions[ACTION]['shape']) != 1:
        raise ValueError(f'expected one output named {ACTION}, got {list(config["output_features"])}')
    names = _flat_names(config.get('action_feature_names'))
    action = VectorFeature(ACTION, int(actions[ACTION]['shape'][0]), names, str(modes.get('ACTION', 'IDENTITY')))
    # A diffusion policy plans a horizon and gives the part of it that begins now.
    steps = int(config['n_action_steps'] if 'horizon' in config else config['chunk_size'])
    return Contract(
        kind,
        tuple(cameras),
        tuple(states),
        action,
        steps,
        int(config.get('n_obs_steps') or 1),
        takes_instruction=kind in WITH_INSTRUCTION,
        has_rtc=kind in WITH_RTC,
        problems=tuple(problems),
    )


def _steps(folder: Path, file: str, name: str) -> Iterator[dict[str, Any]]:
    """Configurations of the steps of one name in a processor; their state file is under 'state_file'."""
    try:
        for step in read_json(folder / file).get('steps', []):
            if step.get('registry_name') == name:
                yield {**step.get('config', {}), 'state_file': step.get('state_file')}
    except (AttributeError, TypeError) as error:
        raise PolicyError(f'{folder / file} is no processor of lerobot ({error}).') from None


def _renamed(contract: Contract, folder: Path) -> Contract:
    """Name images as they are fed: a policy may rename what its robot calls otherwise."""
    if not (folder / PREPROCESSOR).is_file():
        return contract
    outer: dict[str, str] = {}
    for step in _steps(folder, PREPROCESSOR, 'rename_observations_processor'):
        outer |= {str(inner): str(fed) for fed, inner in (step.get('rename_map') or {}).items()}
    takes = contract.takes_instruction or has_tokenizer(folder)
    cameras = tuple(replace(c, key=outer.get(c.key, c.key)) for c in contract.cameras)
    states = tuple(replace(s, key=outer.get(s.key, s.key)) for s in contract.states)
    return replace(contract, cameras=cameras, states=states, takes_instruction=takes)


def _problems(contract: Contract, folder: Path) -> Iterator[str]:
    """What lerobot would pass over in silence."""
    if not (folder / 'model.safetensors').is_file():
        yield 'model.safetensors, its weights, is not there.'
    yield from _unnormalised((*contract.cameras, *contract.states), folder, PREPROCESSOR, 'normalizer_processor')
    yield from _unnormalised((contract.action,), folder, POSTPROCESSOR, 'unnormalizer_processor')


def _unnormalised(
    features: tuple[CameraFeature | VectorFeature, ...], folder: Path, file: str, name: str
) -> Iterator[str]:
    if not (folder / file).is_file():
        yield (
            f'{file} is not there, so nothing would be normalised: policies of lerobot before 0.4 are converted by '
            'its lerobot.processor.migrate_policy_normalization.'
        )
        return
    shapes: dict[str, tuple[int, ...]] = {}
    renames = {k: v for s in _steps(folder, file, 'rename_observations_processor') for k, v in s['rename_map'].items()}
    for step in _steps(folder, file, name):
        if step['state_file']:
            shapes |= tensor_shapes(folder / Path(str(step['state_file'])).name)
    for feature in features:
        yield from _feature_problems(feature, renames.get(feature.key, feature.key), shapes, file)


def _feature_problems(
    feature: CameraFeature | VectorFeature, inner: str, shapes: Mapping[str, tuple[int, ...]], file: str
) -> Iterator[str]:
    if feature.mode not in STATISTICS:
        yield f'{feature.key} is normalised by {feature.mode}, which is not known here.'
    for statistic in STATISTICS.get(feature.mode, ()):
        shape = shapes.get(f'{inner}.{statistic}')
        if shape is None:
            yield f'{feature.key} is normalised by {feature.mode}, but {file} holds no {inner}.{statistic}.'
        elif isinstance(feature, VectorFeature) and shape != (feature.dim,):
            yield f'{feature.key} has {feature.dim} values, its {statistic} in {file} has shape {shape}.'


def _flat_names(names: Any) -> tuple[str, ...] | None:
    """Names of a feature: a list, or as older datasets have them a list by a heading ({'motors': [...]})."""
    if isinstance(names, dict) and len(names) == 1:
        names = next(iter(names.values()))
    return tuple(str(n) for n in names) if isinstance(names, list) else None
