# SPDX-License-Identifier: Apache-2.0
"""The encoder node over DDS: patch tokens, services, diagnostics, and a slow model beside quick nodes."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from ros_camera import TestCamera, picture
from waymark_msgs.msg import Embedding, Localization, PlanarTargetArray, TokenGrid
from waymark_msgs.srv import EncodeImage, EncodeText

from waymark.encoding import EncoderConfig, load_encoder
from waymark.types import Frame, Header
from waymark_ros.conversions import embedding_to_msg, frame_to_image, time_to_ns, tokens_array

pytestmark = pytest.mark.ros
ENCODER, PLACES = 'image_encoder', 'place_recognition'
IMAGES, TEXTS = '/image_encoder/encode_image', '/image_encoder/encode_text'


@pytest.fixture
def camera(spinning):
    return spinning(TestCamera())


def still(pixels: np.ndarray, layout: str = 'rgb', stamp_ns: int = 0):
    return frame_to_image(Frame(Header(stamp_ns, 'still'), pixels, layout))


@pytest.fixture
def colours(tmp_path):
    """A model folder with patch tokens and a text tower."""
    pytest.importorskip('tokenizers')
    from tiny_models import colour_model

    return colour_model(tmp_path / 'colours')


def test_a_model_gives_tokens_images_and_texts_and_says_what_it_is(camera, start, colours):
    camera.listen(Embedding, 'embedding')
    camera.listen(TokenGrid, 'tokens')
    start('waymark_ros.nodes.image_encoder', '--ros-args', '-p', f'encoder:={colours}', '-p', 'publish_tokens:=true')
    assert camera.wait_for_listener()
    expected = load_encoder(EncoderConfig(encoder=str(colours)))

    stamp_ns = camera.send(seed=3)
    assert camera.wait_for(lambda: camera.heard['tokens'] and camera.heard['embedding'])
    [grid] = camera.heard['tokens']
    assert (time_to_ns(grid.header.stamp), grid.header.frame_id) == (stamp_ns, 'cam')
    assert (grid.model_id, grid.fingerprint) == ('colours', expected.fingerprint)
    np.testing.assert_array_equal(tokens_array(grid), expected.encode_dense(picture(3)).tokens)

    red = np.full((8, 8, 3), (255, 0, 0), np.uint8)
    pictures = [still(red, stamp_ns=5), still(red[..., ::-1], 'bgr'), still(np.full((3, 5), 9, np.uint8), 'mono')]
    answer = camera.call(EncodeImage, IMAGES, EncodeImage.Request(images=pictures))
    assert (answer.success, answer.message) == (True, '')
    assert [time_to_ns(e.header.stamp) for e in answer.embeddings] == [5, 0, 0]
    grey = np.full(3, 3**-0.5)
    np.testing.assert_allclose([e.vector for e in answer.embeddings], [[1, 0, 0], [1, 0, 0], grey], atol=1e-6)

    texts = camera.call(EncodeText, TEXTS, EncodeText.Request(texts=['a red thing', 'GREEN']))
    assert [list(e.vector) for e in texts.embeddings] == [[1, 0, 0], [0, 1, 0]]
    assert {e.fingerprint for e in texts.embeddings} == {expected.fingerprint}
    said = {'backend': expected.backend_name, 'device': 'cpu', 'model': 'colours',
            'fingerprint': expected.fingerprint[:16],
            'parity': 'not checked: the manifest holds no references'}  # fmt: skip
    assert camera.wait_for(lambda: said.items() <= camera.status.get(ENCODER, ('', {}))[1].items())


def test_what_can_not_be_encoded_is_answered_with_the_reason_and_counted(camera, start):
    camera.listen(Embedding, 'embedding')
    process = start('waymark_ros.nodes.image_encoder')
    good = still(picture())
    short = still(picture())
    short.height += 1

    answer = camera.call(EncodeImage, IMAGES, EncodeImage.Request(images=[good, short]))
    assert (answer.success, list(answer.embeddings)) == (False, [])
    assert answer.message.startswith('images[1]: image data holds')
    assert camera.call(EncodeImage, IMAGES, EncodeImage.Request()).success
    assert len(camera.call(EncodeImage, IMAGES, EncodeImage.Request(images=[good] * 40)).embeddings) == 40
    refused = camera.call(EncodeText, TEXTS, EncodeText.Request(texts=['a red thing']))
    assert not refused.success
    assert refused.message.startswith("model 'waymark-place-1' encodes no texts")
    assert camera.wait_for(lambda: camera.value(ENCODER, 'errors') == '2')
    assert camera.value(ENCODER, 'last_error').startswith("encode_text: model 'waymark-place-1'")
    camera.send()
    assert camera.wait_for(lambda: camera.heard['embedding'])
    assert process.poll() is None


def test_a_slow_model_and_a_batch_for_it_hold_up_neither_the_other_nodes_nor_its_own_stream(camera, start, tmp_path):
    pytest.importorskip('onnx')
    from tiny_models import means_model

    slow = means_model(tmp_path / 'slow', matmuls=20)
    config = tmp_path / 'pipeline.yaml'
    config.write_text(
        'use_sim_time: false\nnodes:\n'
        f'- {{node: image_encoder, parameters: {{encoder: {slow}, threads: 1}}}}\n'
        '- {node: homography_tracker, parameters: {learn_first_frame: true}}\n'
    )
    camera.listen(Embedding, 'embedding')
    camera.listen(PlanarTargetArray, 'targets')
    start('waymark_ros.container', '--config', str(config))
    assert camera.wait_for_listener()
    camera.send()
    assert camera.wait_for(lambda: camera.heard['targets'] and camera.heard['embedding'], 30)

    answer = camera.begin_call(EncodeImage, IMAGES, EncodeImage.Request(images=[still(picture())] * 6))
    before = {topic: len(heard) for topic, heard in camera.heard.items()}
    sent: list[int] = []

    def tick() -> None:
        if not answer.done():
            sent.append(camera.send())

    camera.create_timer(1 / 20, tick)
    assert camera.wait_for(answer.done, 60)
    assert answer.result().success
    targets = {time_to_ns(m.header.stamp) for m in camera.heard['targets'][before['targets'] :]}
    embeddings = len(camera.heard['embedding']) - before['embedding']
    assert len(sent) > 2 * embeddings, 'the model was too quick to show anything'
    assert len(targets & set(sent)) >= 0.6 * len(sent)  # cores that others use too drop some
    assert 3 <= embeddings <= 7  # turn by turn with the 6 pictures of the batch


def test_foreign_embeddings_are_refused_by_name_and_the_right_ones_go_on(camera, start):
    camera.listen(Localization, 'localization')
    publisher = camera.create_publisher(Embedding, 'embedding', 10)
    encoder = load_encoder(EncoderConfig())
    process = start('waymark_ros.nodes.place_recognition')
    assert camera.wait_for_listener()
    assert camera.wait_for(lambda: publisher.get_subscription_count() > 0)

    def send(*fingerprints: str) -> None:
        header = Header(camera.send(), 'cam')
        embedding = encoder.encode(picture(1))
        for fingerprint in fingerprints:
            name = encoder.model_id if fingerprint == encoder.fingerprint else 'other'
            publisher.publish(embedding_to_msg(embedding, header, name, fingerprint))

    send(encoder.fingerprint)
    assert camera.wait_for(lambda: camera.heard['localization'])
    for count in range(2, 5):  # the foreign one comes first and takes nothing from the image
        send('f' * 64, encoder.fingerprint)
        assert camera.wait_for(lambda count=count: len(camera.heard['localization']) == count)
    assert camera.wait_for(lambda: camera.value(PLACES, 'errors') == '3')
    said = camera.value(PLACES, 'last_error')
    assert said.startswith("embedding of 'other': the place map was made by encoder 'waymark-place-1'")
    assert encoder.fingerprint[:16] in said and 'ffffffffffffffff…' in said
    assert process.poll() is None


def test_a_model_that_can_not_be_loaded_fails_the_transition_and_a_better_one_loads_with_progress(
    camera, start, colours
):
    process = start('waymark_ros.nodes.image_encoder', '--ros-args', '-p', 'autostart:=false', '-p', 'encoder:=/no')
    configure = ChangeState.Request()
    configure.transition.id = 1
    assert not camera.call(ChangeState, '/image_encoder/change_state', configure).success

    camera.listen(DiagnosticArray, '/diagnostics')
    chosen = Parameter('encoder', value=str(colours)).to_parameter_msg()
    set_parameters = SetParameters.Request(parameters=[chosen])
    assert camera.call(SetParameters, '/image_encoder/set_parameters', set_parameters).results[0].successful
    assert camera.call(ChangeState, '/image_encoder/change_state', configure).success
    told = f'loading colours on {load_encoder(EncoderConfig(encoder=str(colours))).backend_name} (cpu)'
    assert camera.wait_for(lambda: told in {s.message for m in camera.heard['/diagnostics'] for s in m.status})
    answer = camera.call(EncodeText, TEXTS, EncodeText.Request(texts=['red']))
    assert (answer.success, answer.message) == (
        False,
        'image_encoder is not active: configure and activate it first.',
    )
    process.terminate()
    output, _ = process.communicate(timeout=30)
    assert "can not configure: model '/no' can not be read" in output
    assert told in output


def test_ctrl_c_ends_a_node_that_still_loads_its_model(start, tmp_path):
    manifest = tmp_path / 'manifest.json'
    os.mkfifo(manifest)  # whoever reads it waits
    process = start('waymark_ros.nodes.image_encoder', '--ros-args', '-p', f'encoder:={tmp_path}')
    with manifest.open('w'):  # returns once the node has begun to read
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    assert 'a node was still being configured when its time was up' in output
