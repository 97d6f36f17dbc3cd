# SPDX-License-Identifier: Apache-2.0
"""What the report says of oriented objects."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from waymark.report.html import write_report
from waymark.report.writer import McapRecorder

BOX = (60.0, 40.0, 50.0, 20.0, 0.0)


@pytest.fixture
def recorded(tmp_path, runs, types):
    """Write a recording of images and boxes: `recorded([('car', '1', box), ...], ...)`, one list per image."""

    def write(*frames):
        path = tmp_path / 'run' / 'run.mcap'
        with McapRecorder(path) as recorder:
            recorder.describe({'input': 'test'})
            sender = runs.FlightRecorder(runs.RunPlan(), types, recorder)
            for index, frame in enumerate(frames):
                stamp = (index + 1) * 10**9
                picture = np.full((80, 120, 3), 90, np.uint8)
                sender.send_image(cv2.GaussianBlur(picture, (3, 3), 0), stamp)
                found = [detection(sender, stamp, *one) for one in frame]
                kind = 'vision_msgs/msg/Detection2DArray'
                sender.send('detections', kind, stamp, header=sender.header(stamp), detections=found)
        return write_report(path).read_text()

    return write


def detection(sender, stamp, name, track, box):
    def new(kind, **fields):
        return sender.new(f'vision_msgs/msg/{kind}', **fields)

    cx, cy, w, h, theta = box
    centre = new('Pose2D', position=new('Point2D', x=cx, y=cy), theta=theta)
    result = new('ObjectHypothesisWithPose', hypothesis=new('ObjectHypothesis', class_id=name, score=0.9),
                 pose=sender.pose_with_covariance())  # fmt: skip
    return new('Detection2D', header=sender.header(stamp), results=[result], id=track,
               bbox=new('BoundingBox2D', center=centre, size_x=w, size_y=h))  # fmt: skip


def test_classes_are_counted_and_boxes_drawn_with_their_direction(recorded):
    other = (30.0, 30.0, 20.0, 10.0, np.pi / 2)
    page = recorded([('car', '', BOX)], [('car', '1', BOX), ('ship <b>', '2', other)], [('car', '1', BOX)], [])
    assert re.search('<h1>(.*?)</h1>', page)[1] == '4 oriented boxes in 4 frames.'
    section = re.search('<section id="objects">(.*?)</section>', page, re.S)[1]
    rows = re.findall('<th scope="row">(.*?)</th>(.*?)</tr>', section)
    assert [(name, re.findall('>([^<]+)</td>', cells)) for name, cells in rows] == [
        ('car', ['3', '1', '75 %']),
        ('ship &lt;b&gt;', ['1', '1', '25 %']),
    ]
    assert section.count('<polyline class="head" points="85.0,30.0 85.0,50.0"/>') == 3  # the end that theta points to
    assert '<polyline class="head" points="35.0,40.0 25.0,40.0"/>' in section
    assert section.count('data:image/jpeg') == 3 and 'viewBox="0 0 120 80"' in section
    assert '<b>1 car, 1 ship &lt;b&gt;</b>' in section and 'href="#objects"' in page


def test_broken_boxes_are_left_out_and_nothing_found_is_said(recorded):
    page = recorded([('car', '', (np.nan, 1.0, 2.0, 1.0, 0.0)), ('car', '', (1.0, 1.0, -2.0, 1.0, 0.0))])
    assert 'Nothing was found in any of them.' in page


def test_without_a_detector_there_is_no_section(record):
    page = write_report(record(laps=1)).read_text()
    assert 'id="objects"' not in page and 'href="#objects"' not in page
