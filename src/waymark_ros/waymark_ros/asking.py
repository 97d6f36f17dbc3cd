# SPDX-License-Identifier: Apache-2.0
"""Asking another node's service from a worker, in steps: the ROS thread hears the answer meanwhile."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

from waymark.errors import QueryError

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
        if not self._client.service_is_ready():
            raise QueryError(f'service {self._client.srv_name} is not there: start the node that offers it.')
        answer, deadline_s = self._client.call_async(request), time.monotonic() + TIMEOUT_S
        while not answer.done():
            if time.monotonic() > deadline_s:
                self._client.remove_pending_request(answer)
                raise QueryError(f'service {self._client.srv_name} has not answered for {TIMEOUT_S:.0f} s.')
            if self._node.wait(PAUSE_S):
                raise QueryError(f'{self._node.get_name()} is being deactivated.')
            yield
        if not answer.result().success:
            raise QueryError(answer.result().message)
        return answer.result()

    def destroy(self) -> None:
        """Take the client back."""
        self._node.destroy_client(self._client)
