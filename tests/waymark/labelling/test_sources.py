# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from waymark.errors import ConfigError, SourceError
from waymark.labelling.sources import LabelledSource, labelled_sources, pictures
from waymark.types import NANOSECONDS


def test_a_folder_of_folders_gives_one_label_each_in_natural_order(paint):
    paint('photos/area10', 'red')
    paint('photos/area2', 'green')
    paint('photos/.hidden', 'blue')
    folder = paint('photos/empty').parent

    assert labelled_sources([str(folder)]) == [
        LabelledSource('area2', str(folder / 'area2')),
        LabelledSource('area10', str(folder / 'area10')),
    ]


def test_a_label_before_a_recording_and_a_table_are_understood(film, paint, tmp_path):
    video, folder = film('way=out.avi', 'red'), paint('frames', 'red')
    table = tmp_path / 'labels.csv'
    table.write_text('\ufefffile, label, start_s, end_s\nway=out.avi, door, 0.5, 2\nframes/0.png, wall,,\n')

    found = labelled_sources([f'exit={video}', f'hall={folder}', str(table)])

    assert found == [
        LabelledSource('exit', str(video)),
        LabelledSource('hall', str(folder)),
        LabelledSource('door', str(video), 0.5, 2.0),
        LabelledSource('wall', str(folder / '0.png')),
    ]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('clip.avi', r"clip.avi' says nothing of its label. Write it as LABEL="),
        ('photos', 'holds no folder with images'),
        ('=clip.avi', 'has no label or no recording'),
        ('a=', 'has no label or no recording'),
        ('a=/dev/video0', 'is live'),
        ('a=nothing.avi', 'no such file'),
        ('nothing.csv', 'there is no such table'),
        ('empty.csv', 'no rows below a heading file,label'),
        ('headless.csv', 'no rows below a heading file,label'),
        ('blank.csv', 'line 2 lacks file or label'),
        ('late.csv', 'line 2 ends at 1 s, before it begins at 3 s'),
        ('words.csv', 'line 2 has a start_s or end_s that is no number'),
    ],
)
def test_whatever_can_not_be_labelled_is_refused_by_name(film, paint, tmp_path, monkeypatch, text, message):
    film('clip.avi', 'red')
    paint('photos', 'red')
    tables = {'empty': '', 'headless': 'clip.avi,door\n', 'blank': 'file,label\nclip.avi,\n'}
    tables |= {'late': 'file,label,start_s,end_s\nclip.avi,a,3,1\n', 'words': 'file,label,start_s\nclip.avi,a,soon\n'}
    for name, rows in tables.items():
        (tmp_path / f'{name}.csv').write_text(rows)
    monkeypatch.chdir(tmp_path)

    with pytest.raises((ConfigError, SourceError), match=message):
        labelled_sources([text])


def test_nothing_at_all_is_refused():
    with pytest.raises(ConfigError, match='nothing to label'):
        labelled_sources([])


def stamps_s(source: LabelledSource, every_s: float) -> list[float]:
    return [round(frame.header.stamp_ns / NANOSECONDS - 1, 1) for frame in pictures(source, every_s)]


def test_videos_are_thinned_and_cut_and_folders_taken_whole(film, paint):
    video, folder = str(film('a.avi', *['red'] * 20)), str(paint('b', *['red'] * 4))

    assert stamps_s(LabelledSource('a', video), 0.5) == [0.0, 0.5, 1.0, 1.5]
    assert stamps_s(LabelledSource('a', video, 0.3, 0.8), 0.2) == [0.3, 0.5, 0.7]
    assert stamps_s(LabelledSource('b', folder), 0.5) == [0.0, 0.1, 0.2, 0.3]
    assert len(list(pictures(LabelledSource('c', f'{folder}/2.png'), 0.5))) == 1
