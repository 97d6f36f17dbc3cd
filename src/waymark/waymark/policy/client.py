# SPDX-License-Identifier: Apache-2.0
"""Ask a policy process. A connection that fails is made anew with the next question."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import PolicyError
from waymark.policy.contract import Contract
from waymark.policy.greeting import Address, nonce, proof, require_proof, sealers, text_of
from waymark.policy.observation import Chunk, Request, request_of, require_chunk, require_request
from waymark.policy.wire import GREETING, HEAD, Limits, Message, Sealer, decode, encode, read_head

GREETING_S = 10.0
MAX_CHUNK_BYTES = 16 << 20  # whatever a contract says
WELCOME = Limits(text=64 << 10, arrays=0)


class PolicyUnreachable(PolicyError):  # noqa: N818 - what it says
    """The policy process is not there, does not answer in time, or is busy; later it may."""


class PolicyClient:
    """A policy behind a connection. One thread at a time may use it."""

    def __init__(self, address: Address, key: bytes | None = None, timeout_s: float = 10.0) -> None:
        """Prepare; nothing is connected yet.

        Args:
            address: Where the process listens.
            key: The secret that it knows too; None where it needs none.
            timeout_s: How long an answer may take.

        Raises:
            ConfigError: The address is another machine's and there is no key.
        """
        address.require_key(key)
        self._address, self._key, self._timeout_s = address, key, timeout_s
        self._socket: socket.socket | None = None
        self._contract: Contract | None = None
        self._number = 0

    @property
    def contract(self) -> Contract:
        """What the policy takes and gives; connects where it has not yet.

        Raises:
            PolicyUnreachable: It is not there.
            PolicyError: It is another program, speaks another version, or does not know our key.
        """
        self.connect()
        assert self._contract is not None
        return self._contract

    @property
    def is_connected(self) -> bool:
        """Whether the last exchange went well."""
        return self._socket is not None

    def connect(self) -> None:
        """Connect, unless that is done.

        Raises:
            PolicyUnreachable: The process is not there.
            PolicyError: It is not a policy process that we may use, or its policy is not the one it was.
        """
        if self._socket is not None:
            return
        try:
            self._open()
            self._socket_deadline(GREETING_S)
            contract = self._greet()
            if self._contract is not None and contract != self._contract:
                raise PolicyError(f'another policy is served at {self._address} than before: start again.')
            self._contract = contract
        except OSError as error:
            self.close()
            raise PolicyUnreachable(f'no policy process answers at {self._address} ({error}).') from None
        except BaseException:
            self.close()
            raise

    def predict(self, observation: Mapping[str, Any], seed: int | None = None) -> NDArray[np.float32]:
        """Actions for an observation.

        Args:
            observation: Arrays by the policy's keys, and the instruction under 'task'.
            seed: Makes the answer repeatable.

        Returns:
            (T, D) in the units of the policy's data.

        Raises:
            PolicyError: As `answer`.
        """
        return self.answer(request_of(observation, seed)).actions

    def answer(self, request: Request) -> Chunk:
        """Ask, within the time limit.

        Raises:
            PolicyUnreachable: No answer; the connection is made anew with the next request.
            PolicyError: The request does not fit the contract, or the answer does not.
        """
        contract = self.contract
        require_request(contract, request)
        self._number += 1
        values: dict[str, Any] = {'id': self._number, 'task': request.task, 'seed': request.seed}
        arrays = dict(request.arrays)
        if request.overlap is not None:
            arrays['previous'], values['delay_steps'] = request.overlap.raw, request.overlap.delay_steps
        answer = self._exchange(Message('infer', values, arrays))
        if answer.kind == 'busy':
            raise PolicyUnreachable(str(answer.values.get('text', 'the policy is busy')))
        if answer.kind != 'chunk' or answer.values.get('id') != self._number or {*answer.arrays} != {'actions', 'raw'}:
            self._refuse(answer)
        chunk = Chunk(answer.arrays['actions'], answer.arrays['raw'], _number(answer.values.get('seconds')))
        require_chunk(contract, chunk)
        return chunk

    def ping(self) -> float:
        """How long the policy has been thinking about a request, s.

        Raises:
            PolicyUnreachable: No answer.
        """
        self.connect()
        return _number(self._exchange(Message('ping')).values.get('busy_s'))

    def close(self) -> None:
        """End the connection; the next request makes a new one."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _refuse(self, answer: Message) -> None:
        text = answer.values.get('text')
        if answer.kind == 'error' and isinstance(text, str):
            raise PolicyError(text[:2000])
        self.close()
        raise PolicyError(f'the policy process answered a {answer.kind!r}, which is no answer to this.')

    def _exchange(self, message: Message) -> Message:
        try:
            self._socket_deadline(self._timeout_s)
            self._send(message)
            return self._read(self._room())
        except TimeoutError:
            self.close()
            raise PolicyUnreachable(f'no answer from {self._address} within {self._timeout_s:g} s.') from None
        except OSError as error:
            self.close()
            raise PolicyUnreachable(f'the policy process at {self._address} went away ({error}).') from None
        except PolicyError:
            self.close()
            raise

    def _room(self) -> Limits:
        assert self._contract is not None
        return Limits(arrays=min(MAX_CHUNK_BYTES, 8 * self._contract.chunk_steps * self._contract.action.dim))

    def _open(self) -> None:
        family = socket.AF_UNIX if self._address.path else None
        self._says, self._hears = Sealer(None), Sealer(None)
        if family is not None:
            self._socket = socket.socket(family)
            self._socket.settimeout(GREETING_S)
            self._socket.connect(self._address.path)
        else:
            self._socket = socket.create_connection((self._address.host, self._address.port), GREETING_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _greet(self) -> Contract:
        hello = self._read(GREETING)
        theirs, ours = text_of(hello.values, 'nonce'), nonce()
        if hello.kind != 'hello':
            self._refuse(hello)
        if bool(hello.values.get('needs_key')) != (self._key is not None):
            what = 'needs a key: name its file' if self._key is None else 'has no key: name one there too'
            raise PolicyError(f'the policy process at {self._address} {what} (--key-file, parameter key_file).')
        self._send(Message('hello', {'nonce': ours, 'proof': proof(self._key, 'client', theirs, ours)}))
        welcome = self._read(WELCOME)
        if welcome.kind != 'welcome' or not isinstance(welcome.values.get('contract'), dict):
            self._refuse(welcome)
        require_proof(self._key, 'server', theirs, ours, welcome.values.get('proof'))
        self._hears, self._says = sealers(self._key, theirs, ours)
        return Contract.from_plain(welcome.values['contract'])

    def _socket_deadline(self, seconds: float) -> None:
        self._until_s = time.monotonic() + seconds

    def _left_s(self) -> float:
        left = self._until_s - time.monotonic()
        if left <= 0:
            raise TimeoutError('its time is up')
        return left

    def _send(self, message: Message) -> None:
        assert self._socket is not None
        self._socket.settimeout(self._left_s())
        self._socket.sendall(encode(message, self._says))

    def _read(self, limits: Limits) -> Message:
        head = self._take(HEAD.size)
        text, arrays = read_head(head, limits)
        first, second = self._take(text), self._take(arrays)
        if self._hears.size:
            self._hears.check(self._take(self._hears.size), head, first, second)
        return decode(first, second)

    def _take(self, count: int) -> bytes:
        assert self._socket is not None
        parts, left = [], count
        while left:
            self._socket.settimeout(self._left_s())
            part = self._socket.recv(min(left, 1 << 20))
            if not part:
                raise ConnectionError('it closed the connection')
            parts.append(part)
            left -= len(part)
        return b''.join(parts)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
