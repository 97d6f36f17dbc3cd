# SPDX-License-Identifier: Apache-2.0
"""The metadata.yaml that makes a folder with an MCAP file a rosbag2 bag (format version 9, as in Jazzy)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from waymark import __version__
from waymark.errors import RecordingError

# rmw's "infinite" duration, which rosbag2 writes where no limit was set.
_INFINITE = {'sec': 9223372036, 'nsec': 854775807}


@dataclass(frozen=True)
class OfferedQos:
    """What the publisher of a recorded topic offered; `ros2 bag play` offers it again."""

    reliability: str = 'reliable'  # or 'best_effort'
    durability: str = 'volatile'  # or 'transient_local'
    depth: int = 10

    def profiles(self) -> list[dict[str, Any]]:
        """The list of profiles, one long, as rosbag2 writes it."""
        return [
            {
                'history': 'keep_last',
                'depth': self.depth,
                'reliability': self.reliability,
                'durability': self.durability,
                'deadline': dict(_INFINITE),
                'lifespan': dict(_INFINITE),
                'liveliness': 'automatic',
                'liveliness_lease_duration': dict(_INFINITE),
                'avoid_ros_namespace_conventions': False,
            }
        ]

    def as_yaml(self) -> str:
        """The profiles as the text that MCAP channels carry under `offered_qos_profiles`."""
        return to_yaml(self.profiles()).strip()


@dataclass
class TopicSummary:
    """One recorded topic.

    Attributes:
        name: Full topic name.
        type_name: `pkg/msg/Name`.
        type_hash: `RIHS01_...`, '' where it is not known.
        qos: What its publisher offered.
        count: Messages written.
    """

    name: str
    type_name: str
    type_hash: str
    qos: OfferedQos
    count: int = 0

    def as_mapping(self) -> dict[str, Any]:
        """The entry of `topics_with_message_count`."""
        return {
            'topic_metadata': {
                'name': self.name,
                'type': self.type_name,
                'serialization_format': 'cdr',
                'offered_qos_profiles': self.qos.profiles(),
                'type_description_hash': self.type_hash,
            },
            'message_count': self.count,
        }


def bag_information(
    file_name: str, topics: list[TopicSummary], start_ns: int, end_ns: int, facts: Mapping[str, str]
) -> dict[str, Any]:
    """Build what stands under `rosbag2_bagfile_information`.

    Args:
        file_name: Of the MCAP file, in the same folder.
        topics: In order of first appearance.
        start_ns: Smallest log time, ns; 0 where nothing was recorded.
        end_ns: Largest log time, ns.
        facts: Short texts about the run, kept as rosbag2's custom data.
    """

    def span() -> dict[str, Any]:  # made anew each time: YAML would turn a shared value into an anchor
        return {
            'starting_time': {'nanoseconds_since_epoch': start_ns},
            'duration': {'nanoseconds': max(0, end_ns - start_ns)},
            'message_count': sum(t.count for t in topics),
        }

    return {
        'version': 9,
        'storage_identifier': 'mcap',
        **span(),
        'topics_with_message_count': [t.as_mapping() for t in topics],
        'compression_format': '',
        'compression_mode': '',
        'relative_file_paths': [file_name],
        'files': [{'path': file_name, **span()}],
        'custom_data': dict(facts) or None,
        'ros_distro': f'waymark-{__version__}',
    }


def type_hash(type_name: str, definition: str) -> str:
    """Compute the RIHS01 hash of a type from its definition, '' where rosbags can't hash what it uses.

    Raises:
        RecordingError: The definition can't be parsed.
    """
    from rosbags.typesys import TypesysError, get_types_from_msg
    from rosbags.typesys.store import Typestore

    store = Typestore()
    try:
        store.register(get_types_from_msg(definition, type_name))
    except TypesysError as error:
        raise RecordingError(f'message type {type_name!r}: its definition does not parse: {error}') from None
    try:
        return str(store.hash_rihs01(type_name))
    except (TypesysError, KeyError):  # wide strings, for one
        return ''


def to_yaml(value: object) -> str:
    """Dump plain values in the order given."""
    return str(yaml.safe_dump(value, sort_keys=False, default_flow_style=False))
