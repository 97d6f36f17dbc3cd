# SPDX-License-Identifier: Apache-2.0
"""What the report says of routes that were taught and repeated."""

from __future__ import annotations

import base64
import re

import cv2
import numpy as np
import pytest
from rosbags.typesys import get_types_from_msg

from waymark.report.definitions import message_definition
from waymark.report.html import write_report
from waymark.report.writer import McapRecorder

S = 10**9
TEACH, REPEAT = (f'waymark_msgs/action/{name}Route_FeedbackMessage' for name in ('Teach', 'Repeat'))


@pytest.fixture
def recorder(tmp_path, runs, types, repo, monkeypatch):
    """Send messages into a recording: `recorder.send(...)`, `recorder.page()`."""
    share = tmp_path / 'share'
    share.mkdir()
    (share / 'waymark_msgs').symlink_to(repo / 'src' / 'waymark_msgs')
    uuid = share / 'unique_identifier_msgs' / 'msg' / 'UUID.msg'
    uuid.parent.mkdir(parents=True)
    uuid.write_text('uint8[16] uuid\n')
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    known = {}
    for kind in (TEACH, REPEAT):
        known |= get_types_from_msg(message_definition(kind), kind)
    types.register({k: v for k, v in known.items() if k not in types.types})
    path = tmp_path / 'run' / 'run.mcap'
    with McapRecorder(path) as file:
        file.describe({'input': 'test'})
        sender = runs.FlightRecorder(runs.RunPlan(), types, file)
        sender.definitions |= {kind: message_definition(kind) for kind in (TEACH, REPEAT)}

        def page() -> str:
            file.close()
            return write_report(path).read_text()

        sender.page = page
        yield sender


def feedback(sender, kind: str, goal: int, second: float, **values) -> None:
    uuid = sender.new('unique_identifier_msgs/msg/UUID', uuid=np.full(16, goal, np.uint8))
    said = sender.new(kind.removesuffix('Message'), **values)
    sender.send(kind.split('/')[2][:6].lower(), kind, round(second * S), goal_id=uuid, feedback=said)


def at(sender, second: float, x: float, y: float) -> None:
    zero = {axis: sender.new('geometry_msgs/msg/Vector3', x=0.0, y=0.0, z=0.0) for axis in ('linear', 'angular')}
    twist = sender.new('geometry_msgs/msg/Twist', **zero)
    still = sender.new('geometry_msgs/msg/TwistWithCovariance', twist=twist, covariance=np.zeros(36))
    stamp, pose = round(second * S), sender.pose_with_covariance(x, y, 20.0)
    message = {'header': sender.header(stamp), 'child_frame_id': 'base_link', 'pose': pose, 'twist': still}
    sender.send('ground_truth', 'nav_msgs/msg/Odometry', stamp, **message)


def section(page: str) -> str:
    return re.search('<section id="routes">(.*?)</section>', page, re.S)[1]


def test_a_taught_and_repeated_route_is_told_with_its_true_distance(recorder):
    for second in range(1, 11):
        at(recorder, second, 2.0 * second, 0.0)
        feedback(recorder, TEACH, 1, second, keyframe_count=second, length=2.0 * (second - 1))
    for second in range(20, 30):
        at(recorder, second, 2.0 * (second - 19), 0.25)
        values = {'progress': (second - 19) / 10, 'lateral_error': -0.5, 'localization_state': 2}
        feedback(recorder, REPEAT, 2, second, **values)
    found = section(recorder.page())
    assert 'Taught from 0:00 to 0:09: 10 keyframes, 18 m.' in found
    assert 'Repeated from 0:19 to 0:28, to 100 % of the route; by its own account 0.50 m beside it' in found
    assert 'in truth 0.25 m in the mean and 0.25 m at the 95th percentile' in found
    assert [re.sub('<.*?>', '', b) for b in re.findall('<b>(.*?)</b>', found)][:2] == ['taught', 'repeated']
    curve = re.search('class="curve" d="M(.*?)"', found)[1]
    assert {point.split()[1] for point in curve.split('L')} == {'100.0'}  # to the right: below the middle


def test_without_ground_truth_only_the_followers_own_account_is_given(recorder):
    values = {'progress': 0.5, 'lateral_error': 0.2, 'localization_state': 0}
    feedback(recorder, REPEAT, 2, 20, **values)
    feedback(recorder, REPEAT, 2, 21, **values)
    found = section(recorder.page())
    assert 'to 50 % of the route' in found
    assert 'in truth' not in found
    assert 'class="lost"' in found


def test_a_run_without_routes_has_no_such_section(recorder):
    at(recorder, 1.0, 0.0, 0.0)
    assert 'id="routes"' not in recorder.page()


def test_a_vehicle_that_is_carried_back_has_not_flown_there(recorder):
    for second in range(1, 11):
        at(recorder, second, 2.0 * second, 0.0)
    for second in range(1, 11):
        at(recorder, second + 9.1, 2.0 * second, 0.5)  # 18 m within a tenth of a second

    page = recorder.page()

    assert len(re.findall(r'class="stroke none" d="M', page)) == 2
    assert '36 m flown over an area of 18 m by 0 m' in page


@pytest.mark.skipif(
    not hasattr(cv2, 'imdecodeanimation') or not cv2.haveImageWriter('.gif'), reason='this OpenCV has no GIF'
)
def test_a_film_shows_what_the_camera_saw_and_the_way(recorder):
    feedback(recorder, TEACH, 1, 1, keyframe_count=1, length=0.0)
    for second in range(1, 11):
        at(recorder, second, float(second), 0.0)
        recorder.send_image(np.full((48, 64, 3), 20 * second, np.uint8), second * S)
    feedback(recorder, TEACH, 1, 5, keyframe_count=4, length=4.0)
    for second, progress in ((6, 0.0), (9, 1.0)):
        feedback(recorder, REPEAT, 2, second, progress=progress, lateral_error=0.0, localization_state=2)

    [film] = re.findall(r'data:image/gif;base64,([^"]+)', recorder.page())

    _, animation = cv2.imdecodeanimation(np.frombuffer(base64.b64decode(film), np.uint8))
    assert len(animation.frames) == 9  # the image at 10 s belongs to no route
    assert animation.frames[0].shape[:2] == (180, 420)
    assert [round(float(f[90, 100, 0]) / 20) for f in animation.frames] == list(range(1, 10))
