# SPDX-License-Identifier: Apache-2.0
import numpy as np

from waymark.image.geometry import transform_points
from waymark.tracking.template import detail, templates_of


def test_templates_shrink_step_by_step_and_know_where_their_pixels_come_from(texture):
    gray = texture(1, (640, 480))
    templates = templates_of(gray, np.ones(gray.shape, np.bool_), 240, 240, 60)
    widths = [t.size_wh[0] for t in templates]
    assert widths[0] == 240 and widths == sorted(widths, reverse=True) and widths[-1] >= 36
    for template in templates:
        assert template.size_wh[0] % 12 == template.size_wh[1] % 12 == 0
        corners = np.array([[-0.5, -0.5], np.array(template.size_wh) - 0.5])
        np.testing.assert_allclose(transform_points(template.H_ref_template, corners), [[-0.5, -0.5], [639.5, 479.5]])


def test_finer_templates_are_there_for_the_first_look(texture):
    gray = texture(1, (640, 480))
    widths = [t.size_wh[0] for t in templates_of(gray, np.ones(gray.shape, np.bool_), 192, 480, 60)]
    assert widths[:4] == [480, 336, 240, 192] and widths[-1] >= 36
    small = templates_of(gray[:90, :120], np.ones((90, 120), np.bool_), 192, 480, 60)
    assert small[0].size_wh == (120, 96)  # never enlarged by more than makes the blocks whole


def test_points_are_spread_over_the_picture_and_keep_away_from_what_is_not_known(texture):
    gray, shown = texture(1), np.ones((240, 320), np.bool_)
    shown[:, 200:] = False
    whole, part = (templates_of(gray, s, 240, 240, 60)[0] for s in (np.ones_like(shown), shown))
    cells = {(int(x // 60), int(y // 60)) for x, y in whole.points}
    assert len(cells) == 12
    assert len(part.points) >= 12 and part.points[:, 0].max() < 150


def test_a_picture_of_one_colour_has_no_detail():
    plane = detail(np.full((60, 80), 77, np.uint8))
    np.testing.assert_array_equal(plane, 128)
    assert len(templates_of(np.full((60, 80), 77, np.uint8), np.ones((60, 80), np.bool_), 240, 240, 60)[0].points) == 0
