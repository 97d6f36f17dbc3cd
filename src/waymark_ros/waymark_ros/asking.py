# SPDX-License-Identifier: Apache-2.0
"""Asking another node's service from a worker, in steps: the ROS thread hears the answer meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

from waymark.errors import QueryError

DISCOVERY_S = 3.0  # a node that has just started does not know its neighbours' services at once
TIMEOUT_S = 10.0
PAUSE_S = 0.002


class Asker:
    """One service of another node, whose response has `success` and `message`."""

    def __init__(self, node: Any, srv_type: Any, name: str) -> None:
        """Prepare to ask; nothing needs to be there yet.

        Args:
            node: A ManagedNode.
            srv_type: Of the service.
            name: Of the service, relative names as everywhere.
        """
        self._node, self._name = node, name
        self._client = node.create_client(srv_type, name)

    def ask(self, request: Any) -> Generator[None, None, Any]:
        """Ask, and return the response once it is there: `answer = yield from asker.ask(request)`.

        Raises:
            QueryError: Nobody offers the service, it says no, or it does not answer in time.
        """
        name = self._client.srv_name
        missing = f'service {name} is not there: start the node that offers it.'
        yield from self._until(self._client.service_is_ready, DISCOVERY_S, missing)
        answer = self._client.call_async(request)
        try:
            yield from self._until(answer.done, TIMEOUT_S, f'service {name} has not answered for {TIMEOUT_S:.0f} s.')
        finally:
            if not answer.done():
                self._client.remove_pending_request(answer)
        if not answer.result().success:
            raise QueryError(answer.result().message)
        return answer.result()

    def _until(self, condition: Callable[[], bool], limit_s: float, failure: str) -> Generator[None, None, None]:
        deadline_s = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline_s:
                raise QueryError(failure)
            if self._node.wait(PAUSE_S):
                raise QueryError(f'{self._node.get_name()} is being deactivated.')
            yield

    def destroy(self) -> None:
        """Take the client back."""
        self._node.destroy_client(self._client)
