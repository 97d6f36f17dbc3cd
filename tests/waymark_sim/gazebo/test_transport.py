# SPDX-License-Identifier: Apache-2.0
"""The transport against a master and a publisher of the test's own."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading

import pytest

from waymark.errors import SourceError
from waymark_sim.gazebo.messages import message, seconds
from waymark_sim.gazebo.transport import GazeboTransport


class Peer:
    """Listens on a port; keeps what is said to it, message by message, and answers."""

    def __init__(self) -> None:
        self.server = socket.create_server(('127.0.0.1', 0))
        self.port = self.server.getsockname()[1]
        self.heard: queue.Queue[bytes] = queue.Queue()
        self.connected: queue.Queue[socket.socket] = queue.Queue()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                self.connected.put(connection)
                threading.Thread(target=self.read, args=(connection,), daemon=True).start()

    def read(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection.makefile('rb') as file:
            while True:
                self.heard.put(file.read(int(file.read(8), 16)))


@pytest.fixture
def peers():
    peers = Peer(), Peer()
    yield peers
    for peer in peers:
        peer.server.close()


@pytest.fixture
def transport(peers):
    transport = GazeboTransport(peers[0].port)
    yield transport
    transport.close()


def sent(connection: socket.socket, data: bytes) -> None:
    connection.sendall(b'%08X' % len(data) + data)


def packed(kind: str, said) -> bytes:
    return message('Packet')(type=kind, serialized_data=said.SerializeToString()).SerializeToString()


def test_who_publishes_what_is_asked_of_the_master_and_read_from_who_publishes(peers, transport):
    master, publisher = peers
    heard = queue.Queue()
    transport.subscribe('/a', 'WorldStatistics', heard.put)
    asked = message('Packet').FromString(master.heard.get(timeout=5))
    assert asked.type == 'subscribe'
    assert message('Subscribe').FromString(asked.serialized_data).msg_type == 'gazebo.msgs.WorldStatistics'

    there = message('Publish')(topic='/a', msg_type='x', host='127.0.0.1', port=publisher.port)
    other = message('Publish')(topic='/b', msg_type='x', host='127.0.0.1', port=1)
    sent(master.connected.get(timeout=5), packed('publishers_init', message('Publishers')(publisher=[other, there])))
    assert message('Packet').FromString(publisher.heard.get(timeout=5)).type == 'sub'
    said = message('WorldStatistics')(iterations=7)
    said.sim_time.sec, said.sim_time.nsec = 3, 500_000_000
    sent(publisher.connected.get(timeout=5), said.SerializeToString())

    got = heard.get(timeout=5)
    assert (got.iterations, seconds(got.sim_time)) == (7, 3.5)


def test_what_is_offered_is_told_once_to_who_asked_twice(peers, transport):
    transport.advertise('/a', 'Model')
    offered = message('Publish').FromString(message('Packet').FromString(peers[0].heard.get(timeout=5)).serialized_data)
    wish = packed('sub', message('Subscribe')(topic='/a', host='h', port=5, msg_type='gazebo.msgs.Model'))
    readers = [socket.create_connection((offered.host, offered.port), timeout=5) for _ in range(2)]
    sent(readers[0], wish)
    transport.wait_for_reader('/a', 5.0)
    sent(readers[1], wish)
    assert readers[0].recv(1) == b''  # its place is taken

    for number in range(50):
        transport.publish('/a', message('Model')(name=str(number)))
    transport.close()

    told = [message('Model').FromString(data).name for data in everything(readers[1])]
    assert sorted(told, key=int) == [str(number) for number in range(50)]


def everything(reader: socket.socket) -> list[bytes]:
    with reader.makefile('rb') as file:
        found = []
        while header := file.read(8):
            found.append(file.read(int(header, 16)))
        return found


def test_nonsense_from_a_peer_ends_its_connection_only(peers, transport):
    connection = peers[0].connected.get(timeout=5)
    connection.sendall(b'nonsense' * 10)
    transport.advertise('/a', 'Model')
    assert message('Packet').FromString(peers[0].heard.get(timeout=5)).type == 'advertise'


def test_nobody_there_or_nobody_reading_is_said(peers, transport):
    transport.advertise('/a', 'Model')
    with pytest.raises(SourceError, match='does not read /a'):
        transport.wait_for_reader('/a', 0.05)
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(SourceError, match=f'does not listen at port {port}'):
        GazeboTransport(port)
