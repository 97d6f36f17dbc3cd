# SPDX-License-Identifier: Apache-2.0
"""Who else publishes what only the safety filter may, who hears another type, who share an input; in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node

OUTPUT_OF = {'geometry_msgs/msg/Twist': 'twist', 'geometry_msgs/msg/TwistStamped': 'twist_stamped'}


def _name(namespace: str, name: str) -> str:
    return f'{namespace.rstrip("/")}/{name}'


def trouble_on(node: Node, topic: str, kind: str, inputs: Iterable[str]) -> tuple[bytes, str] | None:
    """Level and sentence for the diagnostics, None when all is well.

    Args:
        node: Whose topics these are, and whose view of the ROS graph counts.
        topic: Its output, as the node names it.
        kind: The output's message type ('geometry_msgs/msg/Twist').
        inputs: Topics of which each has room for one publisher.
    """
    if foreign := foreign_publishers(node, topic):
        return DiagnosticStatus.ERROR, foreign
    warnings = filter(None, (deaf_subscribers(node, topic, kind), *(rival_publishers(node, i) for i in inputs)))
    return next(((DiagnosticStatus.WARN, sentence) for sentence in warnings), None)


def foreign_publishers(node: Node, topic: str) -> str:
    """Say which other nodes publish a topic of ours; '' when none does."""
    own = _name(node.get_namespace(), node.get_name())
    names = [_name(p.node_namespace, p.node_name) for p in node.get_publishers_info_by_topic(topic)]
    if own in names:
        names.remove(own)  # once: a second node of our name is foreign too
    if not names:
        return ''
    resolved = node.resolve_topic_name(topic)
    return (
        f'{", ".join(sorted(set(names)))} also publishes {resolved}, past the safety filter: stop it, or remap it to '
        'cmd/navigation or cmd/operator.'
    )


def deaf_subscribers(node: Node, topic: str, kind: str) -> str:
    """Say which nodes read our topic with another type and so hear nothing; '' when none does."""
    others = [s for s in node.get_subscriptions_info_by_topic(topic) if s.topic_type != kind]
    if not others:
        return ''
    who = ', '.join(sorted({_name(s.node_namespace, s.node_name) for s in others}))
    wanted = others[0].topic_type
    remedy = f'Set output: {OUTPUT_OF[wanted]}.' if wanted in OUTPUT_OF else 'Remap one of the two.'
    return f'{who} reads {node.resolve_topic_name(topic)} as {wanted}, this node sends {kind}. {remedy}'


def rival_publishers(node: Node, topic: str) -> str:
    """Say which nodes share one of our inputs, so that each overrules the other; '' when at most one publishes it."""
    names = sorted(_name(p.node_namespace, p.node_name) for p in node.get_publishers_info_by_topic(topic))
    if len(names) < 2:
        return ''
    return (
        f'{", ".join(names)} all publish {node.resolve_topic_name(topic)}, and the filter follows whichever spoke '
        'last: stop all but one, or remap them to inputs of their own.'
    )
