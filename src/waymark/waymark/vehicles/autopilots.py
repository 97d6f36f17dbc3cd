# SPDX-License-Identifier: Apache-2.0
"""PX4 and ArduPilot: what their heartbeats say, and how their flight modes are asked for."""

from __future__ import annotations

from dataclasses import dataclass

_ARMED = 128  # MAV_MODE_FLAG_SAFETY_ARMED
_CUSTOM = 1.0  # MAV_MODE_FLAG_CUSTOM_MODE_ENABLED
SET_MODE = 176  # MAV_CMD_DO_SET_MODE
AUTOPILOT = 1  # MAV_COMP_ID_AUTOPILOT1
# PX4: (main mode, sub mode) of px4_custom_mode.h. ArduPilot: numbers of ArduCopter's modes.
_PX4 = {'offboard': (6, 0), 'hold': (4, 3), 'return': (4, 5), 'land': (4, 6)}
_COPTER = {'offboard': 4, 'hold': 5, 'return': 6, 'land': 9}
_NAMES = {3: 'ardupilot', 12: 'px4'}  # MAV_AUTOPILOT
_COPTERS = (2, 3, 4, 13, 14, 15, 29)  # MAV_TYPE: quadrotor, coaxial, helicopter, hexa-, octo-, tri-, dodecarotor


@dataclass(frozen=True)
class Heartbeat:
    """What an autopilot says of itself each second.

    Attributes:
        autopilot: 'px4', 'ardupilot', or '' for another one: its modes are not known here.
        is_armed: Whether its motors may turn.
        mode: 'offboard' (ArduPilot: guided), 'hold', 'land', 'return', or '' for another one.
    """

    autopilot: str
    is_armed: bool
    mode: str


def heartbeat_of(autopilot: int, vehicle: int, base_mode: int, custom_mode: int) -> Heartbeat:
    """Read a HEARTBEAT's fields of the same names (`vehicle`: its field `type`)."""
    name = _NAMES.get(autopilot, '')
    if name == 'ardupilot' and vehicle not in _COPTERS:
        name = ''  # a rover's modes have other numbers
    if name == 'px4':
        found = (custom_mode >> 16 & 0xFF, custom_mode >> 24 & 0xFF)
        modes = [mode for mode, numbers in _PX4.items() if numbers == found or (found[0] == 6 and mode == 'offboard')]
    else:
        modes = [mode for mode, number in _COPTER.items() if name and number == custom_mode]
    return Heartbeat(name, bool(base_mode & _ARMED), modes[0] if modes else '')


def mode_request(autopilot: str, mode: str) -> tuple[float, float, float]:
    """First three parameters of MAV_CMD_DO_SET_MODE.

    Args:
        autopilot: 'px4' or 'ardupilot'.
        mode: 'offboard', 'hold', 'land' or 'return'.
    """
    if autopilot == 'px4':
        main, sub = _PX4[mode]
        return _CUSTOM, float(main), float(sub)
    return _CUSTOM, float(_COPTER[mode]), 0.0
