# SPDX-License-Identifier: Apache-2.0
"""Parameters of an active safety filter: tightened at once, loosened only by an explicit, logged call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from waymark.errors import ConfigError
from waymark.safety import SafetyConfig, loosened
from waymark.safety.loosening import fixed


class GuardedParameters:
    """Watches the parameters of a node. Everything happens in the ROS thread."""

    def __init__(self, node: Any, apply: Callable[[SafetyConfig], None]) -> None:
        """Watch.

        Args:
            node: The ManagedNode; while it is not active, anything that is consistent may be set.
            apply: Takes a configuration that was accepted while the node is active.
        """
        self._node, self._apply = node, apply
        self._may_loosen = False
        self._names = {f.name for f in fields(SafetyConfig)}
        self.config: SafetyConfig | None = None  # in force; None while the node is not active
        node.add_on_set_parameters_callback(self._judge)
        node.add_post_set_parameters_callback(self._changed)

    def serve(self) -> Any:
        """Offer ~/loosen; returns the service."""
        return self._node.create_service(SetParameters, '~/loosen', self._loosen)

    def _wanted(self, changes: list[Parameter]) -> SafetyConfig | None:
        """The configuration with these changes, None when they do not touch it."""
        values = {c.name: _plain(c.value) for c in changes if c.name in self._names}
        if self.config is None or not values:
            return None
        before = {name: getattr(self.config, name) for name in self._names}
        return SafetyConfig.from_mapping({**before, **values})

    def _judge(self, changes: list[Parameter]) -> SetParametersResult:
        """Refuse what is inconsistent, fixed, or looser."""
        try:
            wanted = self._wanted(changes)
            if wanted is None or self.config is None:
                return SetParametersResult(successful=True)
            fixed(self.config, wanted)
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        names = loosened(self.config, wanted)
        if names and not self._may_loosen:
            reason = (
                f'{", ".join(names)} would allow more than now while the filter is active. If that is meant, call '
                f'{self._node.get_fully_qualified_name()}/loosen (rcl_interfaces/srv/SetParameters) with it.'
            )
            return SetParametersResult(successful=False, reason=reason)
        return SetParametersResult(successful=True)

    def _changed(self, changes: list[Parameter]) -> None:
        wanted = self._wanted(changes)
        if wanted is None or self.config is None:
            return
        log = self._node.get_logger()
        for name in sorted(c.name for c in changes if c.name in self._names):
            old, new = getattr(self.config, name), getattr(wanted, name)
            if old != new and name in loosened(self.config, wanted):
                log.warning(f'{name}: {_text(old)} -> {_text(new)}, loosened on request')
            elif old != new:
                log.info(f'{name}: {_text(old)} -> {_text(new)}')
        self.config = wanted
        self._apply(wanted)

    def _loosen(self, request: SetParameters.Request, response: SetParameters.Response) -> SetParameters.Response:
        """Set parameters all together, looser ones too."""
        self._may_loosen = True
        try:
            changes = [Parameter.from_parameter_msg(p) for p in request.parameters]
            unknown = [c.name for c in changes if c.name not in self._names]
            if unknown:
                result = SetParametersResult(successful=False, reason=f'{unknown[0]}: not a parameter of the filter')
            else:
                result = self._node.set_parameters_atomically(changes)
        finally:
            self._may_loosen = False
        response.results = [result] * len(request.parameters)
        return response


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else tuple(value)


def _text(value: Any) -> str:
    return (
        f'[{", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in value)}]'
        if isinstance(value, tuple)
        else str(value)
    )
