# SPDX-License-Identifier: Apache-2.0
"""From the settings of published image processors to a manifest's words."""

from __future__ import annotations

import pytest

from waymark.errors import ModelError
from waymark.exporting.processors import read_preprocessing
from waymark.exporting.timm_tower import read_timm_preprocessing

HALF = {'image_mean': [0.5] * 3, 'image_std': [0.25] * 3, 'rescale_factor': 1 / 255}
SQUARE = {'height': 224, 'width': 224}
TIMM = {'input_size': (3, 224, 224), 'interpolation': 'bicubic', 'mean': (0.5,) * 3, 'std': (0.5,) * 3}


def processor(name: str = 'ViTImageProcessor', **values):
    """A processor as transformers has it: a class of that name with its settings."""
    return type(name, (), {'to_dict': lambda self: HALF | {'resample': 3} | values})()


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        (processor(size=SQUARE), ((224, 224), 'stretch', 0)),
        (
            processor(size={'shortest_edge': 256}, crop_size=SQUARE, do_center_crop=True),
            ((224, 224), 'shortest_crop', 256),
        ),
        (processor(size={'shortest_edge': 224}, crop_pct=0.875), ((224, 224), 'shortest_crop', 256)),
        (processor(size={'shortest_edge': 384}, crop_pct=0.875), ((384, 384), 'stretch', 0)),
        (
            processor('PerceiverImageProcessor', size=SQUARE, crop_size={'height': 256, 'width': 256}),
            ((224, 224), 'shortest_crop', 256),
        ),
        (processor(max_num_patches=256, patch_size=16), ((256, 256), 'stretch', 0)),
    ],
    ids=['stretch', 'crop', 'convnext small', 'convnext large', 'perceiver', 'naflex'],
)
def test_each_geometry_has_its_rule(given, expected):
    found = read_preprocessing(given, None)

    assert (found.input_wh, found.resize, found.resize_to) == expected


def test_mean_and_std_are_on_the_scale_of_0_to_1_whatever_the_processor_counts_in():
    bytes_first = processor(size=SQUARE, do_rescale=False, image_mean=[127.5] * 3, image_std=[51.0] * 3)
    offset = processor(size=SQUARE, rescale_factor=1 / 127.5, rescale_offset=True, do_normalize=False)

    assert read_preprocessing(bytes_first, None).mean == pytest.approx((0.5,) * 3)
    assert read_preprocessing(bytes_first, None).std == pytest.approx((0.2,) * 3)
    # x / 127.5 - 1 = (x / 255 - 0.5) / 0.5
    assert read_preprocessing(offset, None).mean == pytest.approx((0.5,) * 3)
    assert read_preprocessing(offset, None).std == pytest.approx((0.5,) * 3)


@pytest.mark.parametrize(('number', 'name'), [(1, 'lanczos'), (2, 'bilinear'), (3, 'bicubic'), (4, 'area')])
def test_pils_resampling_has_its_name(number, name):
    assert read_preprocessing(processor(size=SQUARE, resample=number), None).interpolation == name


def test_another_size_scales_what_is_cropped_from():
    given = processor(size={'shortest_edge': 256}, crop_size=SQUARE, do_center_crop=True)

    found = read_preprocessing(given, (448, 448))

    assert (found.input_wh, found.resize_to) == ((448, 448), 512)


def test_channels_are_gray_or_in_the_order_of_the_processor():
    flipped = processor(size=SQUARE, do_flip_channel_order=True)

    assert read_preprocessing(flipped, None).channels == 'bgr'
    assert read_preprocessing(processor(size=SQUARE), None, channels=1).channels == 'gray'
    assert read_preprocessing(processor(size=SQUARE), None, channels=1).mean == (0.5,)


@pytest.mark.parametrize(
    'values',
    [
        {'size': SQUARE, 'do_pad': True},
        {'size': SQUARE, 'do_resize': False},
        {'size': SQUARE, 'resample': 0},
        {'size': {'shortest_edge': 224}},
        {'size': {'shortest_edge': 200}, 'crop_size': SQUARE, 'do_center_crop': True},
        {'size': {'height': 256, 'width': 256}, 'crop_size': SQUARE, 'do_center_crop': True},
    ],
)
def test_what_a_manifest_can_not_say_is_refused(values):
    with pytest.raises(ModelError, match='manifest|counterpart'):
        read_preprocessing(processor(**values), None)


def test_timm_crops_and_squashes():
    crop = read_timm_preprocessing(TIMM | {'crop_pct': 0.9}, None)
    squash = read_timm_preprocessing(TIMM | {'crop_pct': 1.0, 'crop_mode': 'squash'}, (320, 240))

    assert (crop.resize, crop.resize_to, crop.interpolation) == ('shortest_crop', 248, 'bicubic')
    assert (squash.resize, squash.input_wh) == ('stretch', (320, 240))
    with pytest.raises(ModelError, match="can't be said in a manifest"):
        read_timm_preprocessing(TIMM | {'crop_mode': 'border'}, None)
