# SPDX-License-Identifier: Apache-2.0
"""Configuration of the node smolvla_policy: which policy, where it runs, and how its actions become commands."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import param, specs
from waymark.policy.config import PilotConfig
from waymark.policy.serving import ServeConfig


@dataclass(frozen=True)
class SmolvlaPolicyConfig(ServeConfig, PilotConfig):
    """An instruction and images become commands for the safety filter."""

    mapping: str = param('', "YAML: topics to the policy's features, its actions to commands.", path=True)
    address: str = param('', 'Where a policy is served already: unix:/PATH or HOST:PORT; empty: one is started.')
    key_file: str = param('', 'File with the secret of that address.', path=True)
    python: str = param('', 'Interpreter that has lerobot, for the process that is started; empty: .venv-models.')
    rate_hz: float = param(20.0, 'Rate of the commands, whatever the policy takes.', ge=1.0, le=200.0, unit='Hz')
    timeout_s: float = param(5.0, 'An answer that takes longer is not waited for.', gt=0.0, le=600.0, unit='s')
    restart_s: float = param(
        15.0, 'A policy process of ours that has not answered for this long is started again.', gt=0.0, unit='s'
    )
    instruction: str = param('', 'Acted on once enabled; a goal or the topic `instruction` gives another.')
    enabled: bool = param(False, 'Start enabled; otherwise ~/enable does it.')
    base_frame: str = param('base_link', 'Frame of the commands.')

    def serving(self) -> ServeConfig:
        """What the policy process is told."""
        return ServeConfig(**{s.name: getattr(self, s.name) for s in specs(ServeConfig)})
