# SPDX-License-Identifier: Apache-2.0
"""The few of Gazebo 11's protobuf messages that are spoken here, described as its .proto files (Apache-2.0) do.

Fields that are not described are skipped when read: protobuf keeps what it does not know.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from waymark.errors import BackendUnavailable

_PACKAGE = 'gazebo.msgs'
# name: (number, type); a type with a capital is a message, '*' repeats.
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    'Time': {'sec': (1, 'int32'), 'nsec': (2, 'int32')},
    'Packet': {'stamp': (1, 'Time'), 'type': (2, 'string'), 'serialized_data': (3, 'bytes')},
    'Publish': {'topic': (1, 'string'), 'msg_type': (2, 'string'), 'host': (3, 'string'), 'port': (4, 'uint32')},
    'Publishers': {'publisher': (1, '*Publish')},
    'Subscribe': {
        'topic': (1, 'string'),
        'host': (2, 'string'),
        'port': (3, 'uint32'),
        'msg_type': (4, 'string'),
        'latching': (5, 'bool'),
    },
    'Vector3d': {'x': (1, 'double'), 'y': (2, 'double'), 'z': (3, 'double')},
    'Quaternion': {'x': (2, 'double'), 'y': (3, 'double'), 'z': (4, 'double'), 'w': (5, 'double')},
    'Pose': {
        'name': (1, 'string'),
        'id': (2, 'uint32'),
        'position': (3, 'Vector3d'),
        'orientation': (4, 'Quaternion'),
    },
    'PosesStamped': {'time': (1, 'Time'), 'pose': (2, '*Pose')},
    'Image': {
        'width': (1, 'uint32'),
        'height': (2, 'uint32'),
        'pixel_format': (3, 'uint32'),
        'step': (4, 'uint32'),
        'data': (5, 'bytes'),
    },
    'ImageStamped': {'time': (1, 'Time'), 'image': (2, 'Image')},
    'Wrench': {'force': (1, 'Vector3d'), 'torque': (2, 'Vector3d')},
    'WorldControl': {'pause': (1, 'bool'), 'step': (2, 'bool'), 'multi_step': (3, 'uint32'), 'seed': (5, 'uint32')},
    'WorldStatistics': {'sim_time': (2, 'Time'), 'paused': (5, 'bool'), 'iterations': (6, 'uint64')},
    'Model': {'name': (1, 'string'), 'id': (2, 'uint32'), 'pose': (4, 'Pose')},
}


def message(name: str) -> Any:
    """The protobuf class of one of Gazebo's messages.

    Raises:
        BackendUnavailable: protobuf is not installed.
    """
    return _classes()[name]


def seconds(time: Any) -> float:
    """A gazebo.msgs.Time as seconds."""
    return float(time.sec) + float(time.nsec) * 1e-9


@cache
def _classes() -> dict[str, Any]:
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError:
        raise BackendUnavailable(
            'Gazebo is spoken to by protobuf, which is missing. Install it: pip install "protobuf>=4.25"'
        ) from None
    field_type = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name='waymark_sim/gazebo.proto', package=_PACKAGE, syntax='proto2')
    for name, fields in _MESSAGES.items():
        described = file.message_type.add(name=name)
        for key, (number, kind) in fields.items():
            bare = kind.lstrip('*')
            label = field_type.LABEL_REPEATED if kind.startswith('*') else field_type.LABEL_OPTIONAL
            added = described.field.add(name=key, number=number, label=label)
            if bare[0].isupper():
                added.type, added.type_name = field_type.TYPE_MESSAGE, f'.{_PACKAGE}.{bare}'
            else:
                added.type = getattr(field_type, f'TYPE_{bare.upper()}')
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f'{_PACKAGE}.{name}')) for name in _MESSAGES
    }
