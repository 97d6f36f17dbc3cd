# SPDX-License-Identifier: Apache-2.0
"""Folders of images: natural order, ten a second, and no silent loss."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.errors import SourceError
from waymark.sources import ImageSourceConfig, open_source


def test_images_come_in_natural_order_ten_a_second(write_images, read_all, index_of):
    folder = write_images(['img1.png', 'img2.png', 'img10.png', 'img11.png'])

    frames, error = read_all(folder)

    assert [index_of(f) for f in frames] == [0, 1, 2, 3]
    assert [f.name for f in frames] == ['img1.png', 'img2.png', 'img10.png', 'img11.png']
    assert [f.frame.header.stamp_ns for f in frames] == [10**9 + i * 10**8 for i in range(4)]
    assert error == ''


def test_the_rate_is_the_users(write_images, read_all):
    frames, _ = read_all(write_images(['1.png', '2.png', '3.png']), rate_hz=3.0, frame_id='eye')

    assert [f.frame.header.stamp_ns for f in frames] == [1_000_000_000, 1_333_333_333, 1_666_666_667]
    assert {f.frame.header.frame_id for f in frames} == {'eye'}


def test_one_image_is_a_folder_of_one(write_images, read_all):
    assert len(read_all(write_images(['only.jpg']))[0]) == 1


def test_other_files_are_left_out(write_images, read_all):
    folder = write_images(['1.png', '2.JPG'])
    (folder / 'notes.txt').write_text('x')
    (folder / '._1.png').write_bytes(b'macOS leaves these')
    (folder / 'sub.png').mkdir()

    frames, error = read_all(folder)

    assert (len(frames), error) == (2, '')


@pytest.mark.parametrize('broken', [b'', b'no image at all'])
def test_an_unreadable_image_ends_the_run_by_name_after_those_before_it(write_images, read_all, broken):
    folder = write_images(['1.png', '2.png', '3.png', '4.png'])
    (folder / '3.png').write_bytes(broken)

    frames, error = read_all(folder)

    assert len(frames) == 2
    assert '3.png: not a readable image' in error
    assert 'Restore it or remove it.' in error


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_an_image_cut_in_half_is_not_given_as_half_gray(write_images, read_all, suffix):
    folder = write_images([f'1{suffix}', f'2{suffix}'])
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    cv2.imwrite(str(folder / f'2{suffix}'), noise)
    data = (folder / f'2{suffix}').read_bytes()
    (folder / f'2{suffix}').write_bytes(data[: len(data) // 2])

    frames, error = read_all(folder)

    assert len(frames) == 1
    assert 'cut off' in error


def test_gray_and_16_bit_images_keep_their_kind(tmp_path, read_all):
    (tmp_path / 'f').mkdir()
    cv2.imwrite(str(tmp_path / 'f' / '1.png'), np.full((4, 6), 7, np.uint8))
    cv2.imwrite(str(tmp_path / 'f' / '2.png'), np.full((4, 6), 7000, np.uint16))

    frames, _ = read_all(tmp_path / 'f')

    assert [f.frame.layout for f in frames] == ['mono', 'mono']
    assert [f.frame.pixels.dtype for f in frames] == [np.uint8, np.uint16]


def test_a_picture_of_heights_is_refused_instead_of_shown_white(tmp_path, read_all):
    (tmp_path / 'f').mkdir()
    cv2.imwrite(str(tmp_path / 'f' / '1.tif'), np.full((4, 6), 0.5, np.float32))
    cv2.imwrite(str(tmp_path / 'f' / '2.tif'), np.full((4, 6), 310.5, np.float32))

    frames, error = read_all(tmp_path / 'f')

    assert [f.frame.gray[0, 0] for f in frames] == [128]
    assert '2.tif: holds numbers up to 310.5, brightness is 0 to 1. Convert it to 8 bit.' in error


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / 'empty').mkdir()

    with pytest.raises(SourceError, match='empty: the folder is empty'):
        open_source(ImageSourceConfig(input=str(tmp_path / 'empty')))


def test_a_folder_without_images_names_the_one_that_has_them(write_images):
    folder = write_images(['1.png'])

    with pytest.raises(SourceError, match=r'no images among its 1 entries. Did you mean .*images\?'):
        open_source(ImageSourceConfig(input=str(folder.parent)))


def test_a_folder_of_texts_says_what_is_read(tmp_path):
    (tmp_path / 'a.txt').write_text('x')

    with pytest.raises(SourceError, match=r'no images among its 1 entries. Read are .bmp, .*.png'):
        open_source(ImageSourceConfig(input=str(tmp_path)))


@pytest.mark.parametrize(
    ('name', 'sub', 'count', 'size_wh'),
    [
        ('kitti_mini', 'KITTI_sequence_1/image_l', 51, (1226, 370)),
        ('rtabmap_samples', 'samples', 84, (512, 384)),
        ('uav_odm_caliterra', 'images_1200px', 30, (1200, 900)),
    ],
)
def test_real_folders_are_read_whole(shared_data, read_all, name, sub, count, size_wh):
    frames, error = read_all(shared_data(name) / sub)

    assert (len(frames), error) == (count, '')
    assert {f.frame.size_wh for f in frames} == {size_wh}
