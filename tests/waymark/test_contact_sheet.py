# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.contact_sheet import contact_sheet, write_picture
from waymark.errors import ConfigError

RED, GREEN, BLUE = ((200, 10, 10), (10, 200, 10), (10, 10, 200))
PAPER = (255, 255, 255)


def plain(colour, size_wh=(64, 48)):
    return np.full((size_wh[1], size_wh[0], 3), colour, np.uint8)


def top_left(sheet, row, column, tile_hw=(48 + 26, 64)):
    """Pixel in the middle of a tile's picture: gaps are 8 px, one caption line and its margins 26 px."""
    return tuple(sheet[8 + row * (tile_hw[0] + 8) + 24, 8 + column * (tile_hw[1] + 8) + 32].tolist())


def test_pictures_lie_in_rows_in_their_order_and_what_is_missing_is_paper():
    items = [(plain(colour), 'caption') for colour in (RED, GREEN, BLUE)]
    sheet = contact_sheet(items, columns=2, tile_width_px=64)
    assert sheet.shape == (2 * (48 + 26 + 8) + 8, 2 * (64 + 8) + 8, 3)
    assert [top_left(sheet, r, c) for r, c in ((0, 0), (0, 1), (1, 0), (1, 1))] == [RED, GREEN, BLUE, PAPER]


def test_without_a_number_of_columns_the_sheet_is_wider_than_high_but_not_by_much():
    sheet = contact_sheet([(plain(RED), '')] * 30, tile_width_px=64)
    assert 1 < sheet.shape[1] / sheet.shape[0] < 2
    assert contact_sheet([(plain(RED), '')], tile_width_px=64).shape[1] == 64 + 16


def test_pictures_of_other_sizes_and_aspects_keep_their_aspect():
    wide, tall = plain(RED, (640, 160)), plain(GREEN, (30, 60))
    sheet = contact_sheet([(wide, 'wide'), (tall, 'tall')], columns=2, tile_width_px=96)
    for colour, aspect in ((RED, 4), (GREEN, 0.5)):
        ys, xs = np.nonzero((sheet == colour).all(axis=2))
        assert (np.ptp(xs) + 1) / (np.ptp(ys) + 1) == pytest.approx(aspect, rel=0.05)


def test_captions_are_written_shrunk_and_cut_never_over_the_neighbour():
    items = [(plain(RED), 'a caption that is much longer than its picture is wide, by far\nsecond'), (plain(BLUE), '')]
    sheet = contact_sheet(items, columns=2, tile_width_px=64)
    below = sheet[8 + 48 : 8 + 48 + 44]
    assert below[:, 8 : 8 + 64].min() < 100  # ink
    assert below[:, 8 + 64 :].min() == 255
    assert below[24:, 8 : 8 + 64].min() < 100  # the second line


def test_a_title_lies_above_and_letters_outside_ascii_do_no_harm():
    items = [(plain(RED), 'Zürich 東京')]
    bare, titled = contact_sheet(items), contact_sheet(items, title='où est le café')
    assert titled.shape[0] == bare.shape[0] + 34
    np.testing.assert_array_equal(titled[34:], bare)
    assert titled[:34].min() < 100


def test_nothing_to_show_is_a_sheet_that_says_so():
    sheet = contact_sheet([])
    assert sheet.shape[1] > 100
    assert sheet.min() < 100


@pytest.mark.parametrize('picture', [np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 3))])
def test_what_is_no_picture_is_refused_by_its_place(picture):
    with pytest.raises(ValueError, match=r'items\[1\]'):
        contact_sheet([(plain(RED), ''), (picture, '')])


@pytest.mark.parametrize('wrong', [{'columns': -1}, {'tile_width_px': 8}])
def test_a_layout_that_can_not_be_is_refused(wrong):
    with pytest.raises(ValueError, match='can not be laid out'):
        contact_sheet([(plain(RED), '')], **wrong)


def test_a_written_picture_reads_back_and_its_folder_is_made(tmp_path):
    path = tmp_path / 'new' / 'sheet.png'
    write_picture(path, plain(RED))
    assert cv2.imread(str(path))[0, 0].tolist() == list(RED[::-1])


def test_a_picture_that_can_not_be_written_is_refused_by_its_path(tmp_path):
    with pytest.raises(ConfigError, match=r"sheet.txt' is no picture"):
        write_picture(tmp_path / 'sheet.txt', plain(RED))
    (tmp_path / 'file').write_text('')
    with pytest.raises(ConfigError, match=r'can not be written: .*\. Give another path'):
        write_picture(tmp_path / 'file' / 'sheet.png', plain(RED))
