# SPDX-License-Identifier: Apache-2.0
"""The thread of smolvla_policy that waits for the policy, so that the one that commands never does."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from waymark.errors import ConfigError, PolicyError
from waymark.pipeline.smolvla_policy import SmolvlaPolicyConfig
from waymark.policy.client import PolicyClient, PolicyUnreachable
from waymark.policy.folder import is_hub_name, read_contract
from waymark.policy.greeting import Address, read_key
from waymark.policy.mapping import PolicyMapping, load_mapping, require_match
from waymark.policy.pilot import Pilot
from waymark.policy.process import PolicyProcess, Silence

IDLE_S = 0.005
RETRY_S = 0.2
JOIN_S = 1.0


class PolicyThinking:
    """Owns the policy process (where it started one), the connection and the pilot of a node."""

    def __init__(self, node: Any, config: SmolvlaPolicyConfig) -> None:
        """Prepare, and refuse what can be told to be wrong without loading the policy.

        Raises:
            ConfigError: Neither a policy nor an address is named, or the mapping is none.
            PolicyError: The policy's files are incomplete, or do not go with the mapping.
            BackendUnavailable: There is no interpreter with lerobot.
        """
        if bool(config.policy) == bool(config.address):
            raise ConfigError('set policy (a folder or hub id), or the address of one that is served; not both.')
        if not config.mapping:
            raise ConfigError('mapping: name a YAML that maps topics to the policy; docs/policy.md has one.')
        self._node, self._config = node, config
        self.mapping: PolicyMapping = load_mapping(Path(config.mapping))
        if config.policy and not is_hub_name(config.policy):
            contract = read_contract(Path(config.policy).expanduser())
            contract.require_sound(config.policy)
            require_match(contract, self.mapping)
        self.process = None if config.address else PolicyProcess(config.serving(), config.python)
        address = Address.parse(config.address) if self.process is None else self.process.address
        key = read_key(config.key_file) if self.process is None else None
        self._client = PolicyClient(address, key, config.timeout_s)
        self.pilot = Pilot(config, self.mapping, self._client, lambda: node.get_clock().now().nanoseconds)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._silence = Silence()

    def start(self) -> None:
        """Begin; a policy that does not go with the mapping ends the node's process with the sentence."""
        self._stop.clear()
        node = self._node
        worker = (node.get_name(), node.get_logger(), self._work, node._on_death)
        self._thread = threading.Thread(target=node.process.run_worker, args=worker, name='thinking', daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop; an answer that is waited for is not."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)
            self._thread = None

    def destroy(self) -> None:
        """End the policy process."""
        self._client.close()
        if self.process is not None:
            self.process.stop()

    def facts(self) -> dict[str, str]:
        """For status and diagnostics."""
        said = {'connected': str(self._client.is_connected).lower()}
        return said if self.process is None else said | {'process_starts': str(self.process.starts)}

    def _work(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(IDLE_S if self._step() else RETRY_S)

    def _step(self) -> bool:
        """Ask once, where it is time to; False where the policy is not there."""
        asked_s = time.monotonic()
        if self.process is not None and self.process.ensure() and self.process.starts > 1:
            self._node.guard.count(f'policy: its process had ended; start {self.process.starts}. It said why above')
        try:
            if self.pilot.senses is None:
                self.pilot.meet()
                self._node.get_logger().info('the policy is there')
                self._answered()
        except PolicyUnreachable:
            return False
        try:
            if not self._client.is_connected:
                self._client.connect()
                self._answered()
            if self.pilot.think():
                self._answered()
        except PolicyUnreachable as error:
            self._node.guard.count(f'policy: {error}')
            self._restart_hung(asked_s)
            return False
        except PolicyError as error:
            self._node.guard.count(f'policy: {error}')
            return False
        return True

    def _answered(self) -> None:
        self._silence.answered()
        if self.process is not None:
            self.process.is_well()

    def _restart_hung(self, asked_s: float) -> None:
        """Kill a process of ours that had answered, is there, and does not any more; it is started again then."""
        self._silence.unanswered(asked_s)
        silent_s = self._silence.seconds(time.monotonic())
        if self.process is not None and self.process.pid is not None and silent_s > self._config.restart_s:
            self._node.get_logger().warning(f'the policy process has not answered for {silent_s:.0f} s: starting anew')
            self.process.kill()
            self._silence.forget()
