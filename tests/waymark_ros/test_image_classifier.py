# SPDX-License-Identifier: Apache-2.0
"""The classifier node over DDS: labels through time, unknown, foreign embeddings, silence explained."""

from __future__ import annotations

import numpy as np
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros_camera import TestCamera, picture
from vision_msgs.msg import Classification, LabelInfo
from waymark_msgs.msg import Embedding

from waymark.classification import LabelledExamples, save_examples
from waymark.encoding import Embedding as Meaning
from waymark.encoding import EncoderConfig, load_encoder
from waymark.types import Header
from waymark_ros.conversions import embedding_to_msg, time_to_ns

pytestmark = pytest.mark.ros
CLASSIFIER = 'image_classifier'
LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
OWN, FOREIGN = 'a' * 64, 'f' * 64
SECOND = 1_000_000_000


@pytest.fixture
def camera(spinning):
    return spinning(TestCamera())


@pytest.fixture
def examples(tmp_path):
    """East is x, north is y; nothing else is known."""
    numbers = np.array([0, 1])
    known = LabelledExamples(np.eye(3, dtype='f4')[:2], numbers, numbers, ('east', 'north'), ('e', 'n'), 'means', OWN)
    save_examples(tmp_path / 'examples.npz', known)
    return tmp_path / 'examples.npz'


@pytest.fixture
def send(camera):
    """Publish an embedding; returns its stamp."""
    camera.listen(Classification, 'classification')
    publisher = camera.create_publisher(Embedding, 'embedding', 10)

    def publish(vector, stamp_ns: int | None = None, fingerprint: str = OWN) -> int:
        assert camera.wait_for(lambda: publisher.get_subscription_count() > 0)
        stamp_ns = camera.get_clock().now().nanoseconds if stamp_ns is None else stamp_ns
        meaning = Meaning(np.array(vector, np.float32), 1.0)
        name = 'means' if fingerprint == OWN else 'other'
        publisher.publish(embedding_to_msg(meaning, Header(stamp_ns, 'cam'), name, fingerprint))
        return stamp_ns

    return publish


def answers(camera, count):
    """Labels and scores of the first results of so many messages."""
    assert camera.wait_for(lambda: len(camera.heard['classification']) >= count)
    return [(m.results[0].class_id, round(m.results[0].score, 4)) for m in camera.heard['classification']]


def test_each_embedding_is_classified_with_its_images_header_in_the_light_of_what_came_before(
    camera, start, send, examples
):
    set_ = ['-p', f'examples:={examples}', '-p', 'neighbours:=1', '-p', 'mix:=0.4', '-p', 'min_similarity:=0.7']
    set_ += ['-p', 'scene_similarity:=-1.0']  # east and north are no two scenes here
    start('waymark_ros.nodes.image_classifier', '--ros-args', *set_)

    first = send([1, 0, 0], 5 * SECOND)
    assert answers(camera, 1) == [('east', 1.0)]
    send([0, 1, 0], 5 * SECOND + 1)  # 0.6 of the score is still east's
    assert answers(camera, 2)[1] == ('east', 0.6)
    send([0, 1, 0], 5 * SECOND + 2)
    assert answers(camera, 3)[2] == ('north', 0.64)
    send([0, 0, 1], 9 * SECOND)  # after a gap, and like nothing
    assert answers(camera, 4)[3] == ('unknown', 1.0)

    msg = camera.heard['classification'][0]
    assert (time_to_ns(msg.header.stamp), msg.header.frame_id) == (first, 'cam')
    assert [(r.class_id, r.score) for r in msg.results] == [('east', 1.0), ('north', 0.0)]
    camera.listen(LabelInfo, 'labels', LATCHED)  # comes late
    assert camera.wait_for(lambda: camera.heard['labels'])
    [labels] = camera.heard['labels']
    assert [(c.class_id, c.class_name) for c in labels.class_map] == [(0, 'east'), (1, 'north'), (2, 'unknown')]
    assert labels.threshold == pytest.approx(0.5)


def test_foreign_and_broken_embeddings_are_refused_by_name_and_the_right_ones_go_on(camera, start, send, examples):
    process = start('waymark_ros.nodes.image_classifier', '--ros-args', '-p', f'examples:={examples}')

    send([1, 0, 0], fingerprint=FOREIGN)
    assert camera.wait_for(lambda: camera.value(CLASSIFIER, 'errors') == '1')
    said = camera.value(CLASSIFIER, 'last_error')
    assert said.startswith("embedding of 'other': the classes were encoded by 'means' (aaaaaaaaaaaaaaaa…)")
    assert 'ffffffffffffffff…' in said
    send([1, 1, 0])
    assert camera.wait_for(lambda: 'has length 1.41421 instead of 1' in camera.value(CLASSIFIER, 'last_error'))
    send([1, 0])
    assert camera.wait_for(lambda: 'expected shape (1, 3)' in camera.value(CLASSIFIER, 'last_error'))
    send([1, 0, 0], 0)
    assert camera.wait_for(lambda: 'zero stamp' in camera.value(CLASSIFIER, 'last_error'))
    send([0, 1, 0])
    assert answers(camera, 1) == [('north', 1.0)]
    assert process.poll() is None


def test_the_encoder_node_and_the_classifier_node_work_together(camera, start, tmp_path):
    encoder = load_encoder(EncoderConfig())
    vectors = np.stack([encoder.encode(picture(seed)).vector for seed in (1, 2)])
    numbers = np.array([0, 1])
    facts = encoder.model_id, encoder.fingerprint
    save_examples(tmp_path / 'two.npz', LabelledExamples(vectors, numbers, numbers, ('one', 'two'), ('a', 'b'), *facts))
    config = tmp_path / 'pipeline.yaml'
    config.write_text(
        'use_sim_time: false\nnodes:\n- node: image_encoder\n'
        '- {node: image_classifier, parameters: {examples: two.npz, mix: 1.0}}\n'
    )
    camera.listen(Classification, 'classification')
    start('waymark_ros.container', '--config', str(config))
    assert camera.wait_for_listener()

    for count, seed in enumerate((1, 2, 1), start=1):
        stamp_ns = camera.send(seed=seed)
        assert camera.wait_for(lambda count=count: len(camera.heard['classification']) == count)
        msg = camera.heard['classification'][-1]
        assert (msg.results[0].class_id, time_to_ns(msg.header.stamp)) == (('one', 'two')[seed - 1], stamp_ns)
    assert camera.value(CLASSIFIER, 'errors') in ('', '0')


def test_without_an_encoder_the_diagnostics_say_what_is_missing(camera, start, examples):
    set_ = ['-p', f'examples:={examples}', '-p', 'silence_s:=1.0']
    start('waymark_ros.nodes.image_classifier', '--ros-args', *set_)

    assert camera.wait_for(lambda: 'nothing publishes there' in camera.status.get(CLASSIFIER, ('',))[0])
    assert camera.status[CLASSIFIER][0].startswith('no embeddings on /embedding for')
    assert camera.value(CLASSIFIER, 'classes') == 'east, north'


def test_a_node_without_classes_says_so_and_ends(start):
    process = start('waymark_ros.nodes.image_classifier')
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert 'error: image_classifier: classes and examples are both empty.' in output
