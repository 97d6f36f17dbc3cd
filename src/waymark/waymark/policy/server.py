# SPDX-License-Identifier: Apache-2.0
"""The policy process's ear: serves requests one at a time, and outlives whoever talks nonsense to it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from waymark.errors import ConfigError, WaymarkError
from waymark.policy.greeting import Address, nonce, proof, require_proof, sealers, text_of
from waymark.policy.observation import Chunk, Overlap, Predictor, Request, require_request
from waymark.policy.wire import GREETING, HEAD, Limits, Message, Sealer, WireError, decode, encode, read_head

LOG = logging.getLogger(__name__)
PREVIOUS = 'previous'  # the array that holds what is left of the last chunk
_NOBODY = (WireError, OSError, asyncio.IncompleteReadError, asyncio.TimeoutError)


@dataclass(frozen=True)
class ServerLimits:
    """How much patience and room a peer gets.

    Attributes:
        greeting_s: To say who it is.
        message_s: For the rest of a message whose first bytes came.
        idle_s: Between two messages.
        strangers: Connections that have not said who they are; a newer one pushes the oldest out.
        clients: Connections that have.
        hang_s: An inference that takes longer ends the process, as nothing else would end it.
    """

    greeting_s: float = 2.0
    message_s: float = 5.0
    idle_s: float = 60.0
    strangers: int = 16
    clients: int = 4
    hang_s: float = 120.0


class _Line:
    """One connection: reads and writes messages within limits."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.hears, self.says = Sealer(None), Sealer(None)

    async def read(self, limits: Limits, first_s: float, rest_s: float) -> Message:
        head = await asyncio.wait_for(self._reader.readexactly(HEAD.size), first_s)
        text, arrays = read_head(head, limits)
        body = await asyncio.wait_for(self._reader.readexactly(text + arrays + self.hears.size), rest_s)
        view = memoryview(body)
        if self.hears.size:
            self.hears.check(bytes(view[text + arrays :]), head, view[:text], view[text : text + arrays])
        return decode(bytes(view[:text]), body[text : text + arrays])

    async def write(self, message: Message, within_s: float) -> None:
        self.writer.write(encode(message, self.says))
        await asyncio.wait_for(self.writer.drain(), within_s)


class PolicyServer:
    """Serves one policy at one address. `run` returns when `stop` was called; any thread may call that."""

    def __init__(
        self, policy: Predictor, address: Address, key: bytes | None = None, limits: ServerLimits | None = None
    ) -> None:
        """Prepare.

        Raises:
            ConfigError: The address can be reached by others and there is no key.
        """
        address.require_key(key)
        self._policy, self._address, self._key = policy, address, key
        self._limits = limits or ServerLimits()
        contract = policy.contract
        room = sum(int(np.prod(contract.shape_of(k))) * (4 if len(contract.shape_of(k)) < 3 else 1)
                   for k in contract.keys)  # fmt: skip
        self._room = Limits(arrays=room + 4 * contract.chunk_steps * contract.action.dim + 1024)
        self._strangers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._open: set[asyncio.StreamWriter] = set()
        self._clients = 0
        self._busy_since: float | None = None
        self._pool = ThreadPoolExecutor(1, 'inference')
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self.served = self.refused = 0

    def run(
        self, ready: Callable[[Address], None] = lambda address: None, hung: Callable[[], None] | None = None
    ) -> None:
        """Serve until stopped.

        Args:
            ready: Told the address, with the port that was found.
            hung: Called when an inference takes longer than `hang_s`; by default the process ends with code 70.

        Raises:
            ConfigError: The address is taken.
        """
        asyncio.run(self._run(ready, hung or _end_hung))

    def stop(self) -> None:
        """End `run` soon."""
        if self._loop is not None and self._over is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._over.set)

    @property
    def _is_over(self) -> bool:
        return self._over is None or self._over.is_set()

    async def _run(self, ready: Callable[[Address], None], hung: Callable[[], None]) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server, address = await self._listen()
        ready(address)
        try:
            while not self._is_over:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._over.wait(), min(1.0, self._limits.hang_s / 4))
                if self._busy_since is not None and time.monotonic() - self._busy_since > self._limits.hang_s:
                    hung()
        finally:
            server.close()
            for writer in self._open:  # before Python 3.12 a task that is cancelled just as it reads goes on reading
                writer.transport.abort()
            self._pool.shutdown(wait=False, cancel_futures=True)
            if self._address.path:
                Path(self._address.path).unlink(missing_ok=True)

    async def _listen(self) -> tuple[asyncio.AbstractServer, Address]:
        try:
            if self._address.path:
                _require_free(self._address.path)
                before = os.umask(0o177)  # nobody else may even connect
                try:
                    return await asyncio.start_unix_server(self._meet, self._address.path), self._address
                finally:
                    os.umask(before)
            server = await asyncio.start_server(self._meet, self._address.host, self._address.port)
        except OSError as error:
            raise ConfigError(f'{self._address} can not be listened on ({error.strerror}): name another.') from None
        port = server.sockets[0].getsockname()[1]
        return server, Address(host=self._address.host, port=port)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first byte to its end."""
        task = asyncio.current_task()
        assert task is not None
        while len(self._strangers) >= self._limits.strangers:
            self._strangers.pop(next(iter(self._strangers))).transport.abort()  # the oldest
            self.refused += 1
        self._strangers[task] = writer
        self._open.add(writer)
        line = _Line(reader, writer)
        is_client = False
        try:
            await asyncio.wait_for(self._greet(line), self._limits.greeting_s)
            self._strangers.pop(task, None)
            is_client = True
            self._clients += 1
            while not self._is_over:
                await self._serve(line)
        except _NOBODY as error:
            self.refused += not is_client or isinstance(error, WireError)
            LOG.debug('a connection ended: %s', error)
        except asyncio.CancelledError:  # the server ends; nobody waits for this task
            pass
        finally:
            self._clients -= is_client
            self._strangers.pop(task, None)
            self._open.discard(writer)
            writer.transport.abort()

    async def _greet(self, line: _Line) -> None:
        ours, limit = nonce(), self._limits.greeting_s
        await line.write(Message('hello', {'nonce': ours, 'needs_key': self._key is not None}), limit)
        hello = await line.read(GREETING, limit, limit)
        if hello.kind != 'hello':
            raise WireError('the first message is no hello')
        theirs = text_of(hello.values, 'nonce')
        require_proof(self._key, 'client', ours, theirs, hello.values.get('proof'))
        if self._clients >= self._limits.clients:
            await line.write(Message('error', {'text': f'{self._clients} clients are connected already.'}), limit)
            raise WireError('too many clients')
        welcome = {'proof': proof(self._key, 'server', ours, theirs), 'contract': self._policy.contract.to_plain()}
        await line.write(Message('welcome', welcome), limit)
        line.says, line.hears = sealers(self._key, ours, theirs)

    async def _serve(self, line: _Line) -> None:
        message = await line.read(self._room, self._limits.idle_s, self._limits.message_s)
        if message.kind == 'ping':
            busy = 0.0 if self._busy_since is None else time.monotonic() - self._busy_since
            answer = Message('pong', {'busy_s': busy})
        elif message.kind == 'infer':
            answer = await self._infer(message)
        else:
            raise WireError(f'{message.kind!r} is no kind of message')
        await line.write(answer, self._limits.message_s)

    async def _infer(self, message: Message) -> Message:
        """Answer a request; whatever is wrong with it is said, and is the end of nothing."""
        number = message.values.get('id')
        if self._busy_since is not None:
            busy_s = time.monotonic() - self._busy_since
            return Message('busy', {'id': number, 'text': f'another request is being answered since {busy_s:.1f} s.'})
        try:
            request = _request(message)
            require_request(self._policy.contract, request)
            assert self._loop is not None
            self._busy_since = time.monotonic()
            chunk = await self._loop.run_in_executor(self._pool, self._answer, request)
        except WaymarkError as error:
            return Message('error', {'id': number, 'text': str(error)})
        except Exception as error:  # whatever a policy raises is not the end of its process
            LOG.exception('the policy failed')
            text = f'the policy failed: {type(error).__name__}: {error}'[:2000]
            return Message('error', {'id': number, 'text': text})
        self.served += 1
        values = {'id': number, 'seconds': chunk.seconds}
        return Message('chunk', values, {'actions': chunk.actions, 'raw': chunk.raw})

    def _answer(self, request: Request) -> Chunk:
        try:
            return self._policy.answer(request)
        finally:
            self._busy_since = None


def _request(message: Message) -> Request:
    values, arrays = message.values, dict(message.arrays)
    task, seed, delay = values.get('task', ''), values.get('seed'), values.get('delay_steps', 0)
    if not isinstance(task, str) or type(delay) is not int or not (seed is None or type(seed) is int):
        raise WireError('a request has values of another type')
    if seed is not None and not 0 <= seed < 2**63:
        raise WireError('a seed is 0 to 2**63 - 1')
    previous = arrays.pop(PREVIOUS, None)
    return Request(arrays, task, seed, None if previous is None else Overlap(previous, delay))


def _require_free(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except OSError:
            return  # nobody answers there: what is left of a killed one is replaced
    raise ConfigError(f'unix:{path} is served by another process already: stop that one, or name another path.')


def _end_hung() -> Any:
    LOG.error('an inference does not end: the process does, to be started anew')
    os._exit(70)
