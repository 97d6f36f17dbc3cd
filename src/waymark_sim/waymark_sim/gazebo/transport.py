# SPDX-License-Identifier: Apache-2.0
"""Gazebo 11's TCP transport: a master that knows who publishes what, and a connection to each publisher.

A message on the wire is its length as eight hexadecimal digits, then the bytes. The first message on a new
connection, and all that the master says, are Packets; then follow bare messages of the topic's type.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from waymark.errors import SourceError
from waymark_sim.gazebo.messages import message

_HEADER = 8
_LARGEST = 256 << 20
_AGAIN_S = 5.0
_LOOPBACK = '127.0.0.1'
Heard = Callable[[Any], None]


class GazeboTransport:
    """A participant: subscribes to and publishes topics of one Gazebo server on this machine."""

    def __init__(self, port: int, within_s: float = 0.0) -> None:
        """Connect.

        Args:
            port: Of the master, on the loopback interface.
            within_s: For how long to try again. Nobody else should knock to see whether it listens: a master whose
                first visitor has gone before it could answer may end.

        Raises:
            SourceError: Nobody listens there.
        """
        self._master = _tuned(_connected(port, within_s))
        self._master.settimeout(None)
        self._server = socket.create_server((_LOOPBACK, 0))
        self._port = self._server.getsockname()[1]
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._known: list[Any] = []
        self._heard: dict[str, tuple[str, Heard]] = {}
        self._pulled: dict[tuple[str, str, int], socket.socket] = {}
        self._offered: dict[str, str] = {}
        self._accepted: list[socket.socket] = []
        self._readers: dict[str, dict[tuple[str, int], socket.socket]] = {}
        for target in (self._serve, self._follow_master):
            threading.Thread(target=target, daemon=True).start()

    def subscribe(self, topic: str, kind: str, heard: Heard) -> None:
        """Call `heard` in a thread of its own with each message of a topic.

        Args:
            topic: Its full name, as '/gazebo/default/pose/info'.
            kind: Name of the message's type, as 'PosesStamped'.
            heard: Given the message.
        """
        with self._lock:
            self._heard[topic] = kind, heard
            known = list(self._known)
        self._tell_master('subscribe', self._subscription(topic, kind))
        for publisher in known:
            self._pull_from(publisher)

    def advertise(self, topic: str, kind: str) -> None:
        """Offer a topic."""
        with self._lock:
            self._offered[topic] = kind
            self._readers.setdefault(topic, {})
        offer = message('Publish')(topic=topic, msg_type=f'gazebo.msgs.{kind}', host=_LOOPBACK, port=self._port)
        self._tell_master('advertise', offer)

    def wait_for_reader(self, topic: str, timeout_s: float) -> None:
        """Return when somebody reads a topic that was offered.

        It is offered again now and then: an offer that is made while the world is being loaded may be lost.

        Raises:
            SourceError: Nobody does in that time.
        """
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            with self._changed:
                if self._changed.wait_for(lambda: bool(self._readers[topic]), min(_AGAIN_S, timeout_s)):
                    return
            self.advertise(topic, self._offered[topic])
        raise SourceError(f'Gazebo does not read {topic}: is it in the world? Waited {timeout_s:g} s.')

    def publish(self, topic: str, said: Any) -> None:
        """Send a message to all who read a topic."""
        data = said.SerializeToString()
        with self._lock:
            readers = list(self._readers[topic].items())
        for key, reader in readers:
            try:
                _send(reader, data)
            except OSError:
                with self._lock:
                    self._readers[topic].pop(key, None)

    def close(self) -> None:
        """Leave."""
        with self._lock:
            sockets = [self._master, self._server, *self._pulled.values(), *self._accepted]
        for one in sockets:
            _end(one)

    def _tell_master(self, kind: str, said: Any) -> None:
        _send(self._master, _packet(kind, said))

    def _subscription(self, topic: str, kind: str) -> Any:
        return message('Subscribe')(
            topic=topic, host=_LOOPBACK, port=self._port, msg_type=f'gazebo.msgs.{kind}', latching=False
        )

    def _follow_master(self) -> None:
        for packet in _packets(self._master):
            if packet.type == 'publishers_init':
                publishers = message('Publishers').FromString(packet.serialized_data).publisher
            elif packet.type in ('publisher_add', 'publisher_subscribe', 'publisher_advertise'):
                publishers = [message('Publish').FromString(packet.serialized_data)]
            else:
                continue
            for publisher in publishers:
                with self._lock:
                    self._known.append(publisher)
                self._pull_from(publisher)

    def _pull_from(self, publisher: Any) -> None:
        key = publisher.topic, publisher.host, publisher.port
        with self._lock:
            wanted = self._heard.get(publisher.topic)
            if wanted is None or publisher.port == self._port or key in self._pulled:
                return
            try:
                connection = _tuned(socket.create_connection((publisher.host, publisher.port), timeout=5.0))
            except OSError:
                return  # it has gone since the master heard of it
            connection.settimeout(None)
            self._pulled[key] = connection
        kind, heard = wanted
        _send(connection, _packet('sub', self._subscription(publisher.topic, kind)))
        threading.Thread(target=self._listen, args=(connection, message(kind), heard), daemon=True).start()

    @staticmethod
    def _listen(connection: socket.socket, kind: Any, heard: Heard) -> None:
        while (data := _receive(connection)) is not None:
            heard(kind.FromString(data))

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with self._lock:
                self._accepted.append(connection)
            threading.Thread(target=self._welcome, args=(_tuned(connection),), daemon=True).start()

    def _welcome(self, connection: socket.socket) -> None:
        for packet in _packets(connection):
            if packet.type != 'sub':
                continue
            wanted = message('Subscribe').FromString(packet.serialized_data)
            with self._changed:
                # By who reads: one that connects again would be told everything twice.
                readers = self._readers.setdefault(wanted.topic, {})
                before = readers.get((wanted.host, wanted.port))
                readers[wanted.host, wanted.port] = connection
                self._changed.notify_all()
            if before is not None and before is not connection:
                _end(before)


def _connected(port: int, within_s: float) -> socket.socket:
    until = time.monotonic() + within_s
    while True:
        try:
            return socket.create_connection((_LOOPBACK, port), timeout=5.0)
        except OSError as error:
            if time.monotonic() >= until:
                reason = error.strerror or error
                raise SourceError(f'Gazebo does not listen at port {port} ({reason}). Start it.') from None
        time.sleep(0.05)


def _packet(kind: str, said: Any) -> bytes:
    stamp = message('Time')(sec=0, nsec=0)
    packet = message('Packet')(stamp=stamp, type=kind, serialized_data=said.SerializeToString())
    return bytes(packet.SerializeToString())


def _packets(connection: socket.socket) -> Any:
    while (data := _receive(connection)) is not None:
        yield message('Packet').FromString(data)


def _send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(b'%08X' % len(data) + data)


def _receive(connection: socket.socket) -> bytes | None:
    """One message; None when the other end has gone, or does not speak this language."""
    header = _exactly(connection, _HEADER)
    try:
        length = int(header, 16) if header is not None else -1
    except ValueError:
        return None
    return _exactly(connection, length) if 0 <= length <= _LARGEST else None


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    data = bytearray(count)
    view, at = memoryview(data), 0
    while at < count:
        try:
            got = connection.recv_into(view[at:])
        except OSError:
            return None
        if not got:
            return None
        at += got
    return bytes(data)


def _tuned(connection: socket.socket) -> socket.socket:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it was not connected, or is not any more
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
