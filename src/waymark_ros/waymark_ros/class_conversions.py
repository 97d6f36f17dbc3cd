# SPDX-License-Identifier: Apache-2.0
"""As conversions.py, for classes and labels: vision_msgs on one side, waymark.classification on the other."""

from __future__ import annotations

from std_msgs.msg import Header as HeaderMsg
from vision_msgs.msg import Classification, LabelInfo, ObjectHypothesis, VisionClass

from waymark.classification import UNKNOWN, Classified
from waymark.errors import MessageError
from waymark.types import Header
from waymark_ros.conversions import header_from_msg, header_to_msg, ns_to_time


def stamped_header(msg: HeaderMsg) -> Header:
    """Stamp and frame of a message that came from an image.

    Raises:
        MessageError: Zero stamp.
    """
    header = header_from_msg(msg)
    if header.stamp_ns <= 0:
        raise MessageError('the embedding has a zero stamp: its publisher must copy the header of the image.')
    return header


def classification_to_msg(found: Classified, header: Header, most: int) -> Classification:
    """What an image shows: first the decision (perhaps `unknown`), then other classes, best first; `most` in all."""
    others = [item for item in found.ranking if item[0] != found.label]
    results = [(found.label, found.score), *others][:most]
    return Classification(
        header=header_to_msg(header),
        results=[ObjectHypothesis(class_id=label, score=float(score)) for label, score in results],
    )


def labels_to_msg(labels: tuple[str, ...], threshold: float, stamp_ns: int) -> LabelInfo:
    """The classes that may be published, 'unknown' last."""
    names = [*(label for label in labels if label != UNKNOWN), UNKNOWN]
    return LabelInfo(
        header=HeaderMsg(stamp=ns_to_time(stamp_ns)),
        class_map=[VisionClass(class_id=number, class_name=name) for number, name in enumerate(names)],
        threshold=float(threshold),
    )
