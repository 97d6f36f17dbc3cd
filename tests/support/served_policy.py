# SPDX-License-Identifier: Apache-2.0
"""A policy server in a thread, and peers of all kinds."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, suppress

from tame_policy import TamePolicy, seen

from waymark.policy.client import PolicyClient
from waymark.policy.greeting import Address
from waymark.policy.server import PolicyServer, ServerLimits
from waymark.policy.wire import HEAD, Limits, Message, decode, encode, read_head

LOOPBACK = Address(host='127.0.0.1')
KEY = b'0123456789abcdef'
QUICK = ServerLimits(greeting_s=0.3, message_s=0.3, idle_s=30.0, strangers=8, clients=2)


class Served:
    """A server in a thread."""

    def __init__(self, policy: TamePolicy, address: Address, key: bytes | None, limits: ServerLimits) -> None:
        self.policy, self.hangs = policy, threading.Event()
        self.server = PolicyServer(policy, address, key, limits)
        is_up = threading.Event()

        def ready(at: Address) -> None:
            self.address = at
            is_up.set()

        self.thread = threading.Thread(target=self.server.run, args=(ready, self.hangs.set), daemon=True)
        self.thread.start()
        assert is_up.wait(10.0)

    def end(self) -> None:
        self.policy.go_on.set()
        self.server.stop()
        self.thread.join(10.0)
        assert not self.thread.is_alive()


def connected(served: Served) -> socket.socket:
    return socket.create_connection((served.address.host, served.address.port), 5.0)


def greeted(served: Served) -> socket.socket:
    """A peer that greets well."""
    raw = connected(served)
    read(raw)
    raw.sendall(encode(Message('hello', {'nonce': 'n', 'proof': ''})))
    read(raw)
    return raw


def read(raw: socket.socket) -> Message:
    file = raw.makefile('rb')
    text, arrays = read_head(file.read(HEAD.size), Limits())
    return decode(file.read(text), file.read(arrays))


def is_dropped(raw: socket.socket) -> bool:
    raw.settimeout(10.0)
    with suppress(ConnectionError):
        while raw.recv(65536):
            pass
    return True


def answers(served: Served, key: bytes | None = None) -> bool:
    """Whether somebody who means well is still served, and as ever."""
    with closing(PolicyClient(served.address, key)) as client:
        return bool(client.predict(seen(3.0, 4.0))[5].tolist() == [8.0, 9.0])
