# SPDX-License-Identifier: Apache-2.0
"""A server among peers that mean no good: others are served, and nothing reaches the policy."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tame_server
from served_policy import QUICK, answers, connected, greeted, is_dropped

from waymark.policy.greeting import Address
from waymark.policy.wire import HEAD

NONSENSE = {
    'random bytes': np.random.default_rng(0).bytes(5000),
    'another protocol': b'GET / HTTP/1.1\r\n\r\n',
    'a giant length': HEAD.pack(b'WAYP', 1, 0, 2**32 - 1, 2**32 - 1),
    'another version': HEAD.pack(b'WAYP', 9, 0, 10, 0) + b'x' * 10,
    'no JSON': HEAD.pack(b'WAYP', 1, 0, 10, 0) + b'x' * 10,
    'deep JSON': HEAD.pack(b'WAYP', 1, 0, 4000, 0) + b'[' * 4000,
    'half a message': HEAD.pack(b'WAYP', 1, 0, 4000, 0) + b'[',
    'half a head': b'WAY',
    'nothing': b'',
}


@pytest.mark.parametrize('is_greeted', [False, True])
def test_nonsense_is_dropped_and_others_are_served(serve, is_greeted):
    served = serve(limits=replace(QUICK, clients=20, idle_s=0.3))
    peers = [greeted(served) if is_greeted else connected(served) for _ in NONSENSE]
    for raw, data in zip(peers, NONSENSE.values(), strict=True):
        raw.sendall(data)
    assert answers(served)
    assert all(is_dropped(raw) for raw in peers)
    assert answers(served)
    assert len(served.policy.asked) == 2  # nothing of the nonsense reached the policy
    for raw in peers:
        raw.close()


def test_who_sends_a_byte_at_a_time_is_dropped_when_its_time_is_up(serve):
    served = serve()
    with closing(connected(served)) as raw:
        began = time.monotonic()
        with suppress(ConnectionError, BrokenPipeError):
            while time.monotonic() - began < 10.0:
                raw.sendall(b'W')
                raw.settimeout(0.05)
                with suppress(TimeoutError):
                    if not raw.recv(4096):
                        break
        assert time.monotonic() - began < 5.0
    assert answers(served)


@pytest.fixture
def apart() -> Iterator[subprocess.Popen[str]]:
    """A server in a process of its own: its memory is nobody else's."""
    command = [sys.executable, tame_server.__file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def memory_kib(pid: int) -> int:
    with open(f'/proc/{pid}/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') // 1024


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ten_thousand_connections_leave_no_memory_behind_and_others_are_served_meanwhile(apart):
    served = SimpleNamespace(address=Address(host='127.0.0.1', port=int(apart.stdout.readline())))
    before = 0
    still_open: deque[socket.socket] = deque(maxlen=200)  # as they fall out, they are closed
    for number in range(10_000):
        raw = connected(served)
        with suppress(ConnectionError):
            raw.send(b'WAYP' if number % 2 else b'\x00' * 64)
        if number % 3:
            raw.close()
        else:
            still_open.append(raw)
        if number % 2000 == 500:
            assert answers(served)
        if number == 2500:  # what the interpreter keeps for itself is there by then
            before = memory_kib(apart.pid)
    assert answers(served)
    assert memory_kib(apart.pid) - before < 8 * 1024  # 1 KiB for each
    assert apart.communicate(timeout=10)[0] == '6\n'
    assert apart.returncode == 0
