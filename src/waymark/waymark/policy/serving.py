# SPDX-License-Identifier: Apache-2.0
"""How a policy is served: what the process is told."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from waymark.config import Config, param
from waymark.errors import ConfigError


@dataclass(frozen=True)
class ServeConfig(Config):
    """A policy and how it is run."""

    policy: str = param('', 'Folder that lerobot saved a policy to (pretrained_model), or owner/name on its hub.')
    device: str = param('cpu', "torch's device: cpu, cuda, cuda:1, mps.")
    precision: str = param(
        'fp32',
        'bf16, int8: less memory, faster where the processor has it, a little off; int8: smolvla on a CPU.',
        choices=('fp32', 'bf16', 'int8'),
    )
    engine: str = param(
        'torch',
        'What computes; openvino: the vision encoder and the flow steps of a smolvla on a CPU, the rest by torch.',
        choices=('torch', 'openvino'),
    )
    vlm: str = param('', "Folder or hub id of the vision-language model's tokenizer; empty: as the policy says.")
    flow_steps: int = param(0, 'Steps of flow matching or diffusion; 0: as the policy says.', ge=0, le=1000)
    max_distance: float = param(
        0.15,
        'Not served where precision, engine and flow_steps take a chunk farther than this from that of the policy as '
        'saved: root mean square of the difference over that of the chunk, tried once at load; 0: not tried.',
        ge=0.0,
    )
    rtc: bool = param(True, 'Continue the chunk that is being carried out, where the policy can (smolvla, pi0).')
    threads: int = param(0, "torch's threads; 0: as many as it takes.", ge=0)
    hang_s: float = param(120.0, 'An inference that takes longer ends the process.', gt=0.0, unit='s')


@dataclass(frozen=True)
class ServeRequest:
    """What `python -m waymark.policy` is told.

    Attributes:
        config: The policy.
        address: 'unix:/PATH' or 'HOST:PORT'.
        key_file: File with the secret; ''.
        parent: Process id whose end is this process's end; 0: none.
    """

    config: ServeConfig
    address: str
    key_file: str = ''
    parent: int = 0

    def to_json(self) -> str:
        """As a command-line argument."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ServeRequest:
        """Read `to_json`'s text.

        Raises:
            ConfigError: It is none.
        """
        try:
            values = json.loads(text)
            config = ServeConfig.from_mapping(values['config'])
            return cls(config, str(values['address']), str(values['key_file']), int(values['parent']))
        except (ValueError, KeyError, TypeError):
            raise ConfigError('this is run by `waymark policy`: use that.') from None
