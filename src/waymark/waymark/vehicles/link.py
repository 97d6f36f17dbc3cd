# SPDX-License-Identifier: Apache-2.0
"""A MAVLink connection by pymavlink, which is not installed with Waymark (LGPL-3.0): the extra `mavlink`."""

from __future__ import annotations

import os
from typing import Any, Protocol

from waymark.errors import BackendUnavailable, SourceError

_AT_ONCE = 200  # messages: who sends more must not keep setpoints waiting


class Link(Protocol):
    """What the adapter needs of a connection."""

    def send(self, name: str, fields: tuple[Any, ...]) -> None:
        """Send a message: its name in lower case, its fields in order."""
        ...

    def received(self) -> list[Any]:
        """Messages that have come since the last call; never waits."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class MavlinkLink:
    """A connection."""

    def __init__(self, connection: str, baud: int, system: int, component: int) -> None:
        """Open it.

        Args:
            connection: As pymavlink's: udpin:ADDRESS:PORT, tcp:ADDRESS:PORT, a serial device.
            baud: Of a serial device.
            system: Our own number.
            component: Our own number.

        Raises:
            BackendUnavailable: pymavlink is not installed.
            SourceError: The connection can't be opened.
        """
        os.environ.setdefault('MAVLINK20', '1')  # ODOMETRY has a number above 255: version 2
        try:
            from pymavlink import mavutil
        except ImportError:
            raise BackendUnavailable(
                'MAVLink needs pymavlink, which is not installed. Run `pip install "waymark[mavlink]"` (LGPL-3.0).'
            ) from None
        try:
            self._mav: Any = mavutil.mavlink_connection(
                connection,
                baud=baud,
                source_system=system,
                source_component=component,
                dialect='common',
                autoreconnect=True,
            )
        except Exception as error:  # sockets, serial ports and pymavlink each have their own
            raise SourceError(f'{connection} can not be opened: {error}. Check `connection`.') from None

    def send(self, name: str, fields: tuple[Any, ...]) -> None:
        """Send a message (see Link)."""
        getattr(self._mav.mav, f'{name}_send')(*fields)

    def received(self) -> list[Any]:
        """Messages that have come (see Link); what is damaged is left out."""
        found = []
        for _ in range(_AT_ONCE):
            message = self._mav.recv_msg()
            if message is None:
                break
            if message.get_type() != 'BAD_DATA':
                found.append(message)
        return found

    def close(self) -> None:
        """End the connection."""
        self._mav.close()
