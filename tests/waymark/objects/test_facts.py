# SPDX-License-Identifier: Apache-2.0
from waymark.objects.facts import sighting_facts, stream_facts

STEP = 100_000_000


def test_a_stream_says_what_runs_and_how_outputs_become_boxes(stream):
    facts = stream_facts(stream())
    assert (facts['model'], facts['backend'], facts['decoder']) == ('rectangles', 'onnx', 'yolo_obb')
    assert facts['input'] == '320x240 rgb, letterbox' and facts['parity'].startswith('not checked')
    assert 'recognised' not in facts['chosen'] and 'as stated' in facts['chosen']


def test_an_image_says_how_many_and_by_which_classes(stream, scene, colours):
    image = scene(red=(60, 60, 60, 24, 0.4), blue=(120, 180, 70, 30, 1.2))
    following = stream()
    facts = sighting_facts(following, following.follow(image, following.find(image), STEP))
    assert facts == {'classes': 'red, green, blue', 'state': '2 boxes, 0 tracks', 'camera_motion': 'first image'}
    named = stream(encoder=colours, templates=('{}',), classes=('red', 'blue'), max_crops=1)
    assert stream_facts(named)['crop_encoder'] == 'colours'
    facts = sighting_facts(named, named.follow(image, named.find(image), STEP))
    assert (facts['classes'], facts['boxes_not_named']) == ('red, blue, unknown', '1')
