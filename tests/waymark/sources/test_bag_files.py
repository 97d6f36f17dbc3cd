# SPDX-License-Identifier: Apache-2.0
"""Recordings that were cut off, split or damaged give what they hold, then say so."""

from __future__ import annotations

import pytest
from mcap.writer import CompressionType

from waymark.errors import SourceError
from waymark.sources import ImageSourceConfig, open_source
from waymark.sources.bag_files import ChainedBags, CutMcap, WholeBag, open_bag_file


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


@pytest.mark.parametrize('compression', list(CompressionType))
@pytest.mark.parametrize('share', [0.35, 0.6, 0.9])
def test_a_cut_mcap_gives_its_images_and_then_says_so(chunked_mcap, read_all, index_of, share, compression):
    frames, error = read_all(cut(chunked_mcap(compression=compression), share))

    assert 20 * share - 5 <= len(frames) <= 20 * share + 1
    assert [index_of(f) for f in frames] == list(range(len(frames)))
    assert 'the recording is cut off; all that reached the disk was given' in error


def test_a_folder_whose_recorder_was_killed_is_read(chunked_mcap, read_all, tmp_path):
    folder = tmp_path / 'killed'
    folder.mkdir()
    cut(chunked_mcap(), 0.6).rename(folder / 'rec_0.mcap')

    frames, error = read_all(folder)

    assert len(frames) > 8
    assert 'cut off' in error


def test_metadata_beside_a_cut_mcap_does_not_hide_its_images(small_bag, chunked_mcap, read_all):
    bag = small_bag('mcap')
    cut(chunked_mcap(), 0.6).replace(next(bag.glob('*.mcap')))

    frames, error = read_all(bag)

    assert len(frames) > 8
    assert 'cut off' in error


def test_an_mcap_cut_before_its_first_message_is_refused(small_bag):
    file = next(small_bag('mcap').glob('*.mcap'))
    file.write_bytes(file.read_bytes()[:40])

    with pytest.raises(SourceError, match='cut off before its first message'):
        open_source(ImageSourceConfig(input=str(file)))


def test_a_cut_sqlite_bag_is_refused_or_ends_by_name(small_bag, read_all):
    bag = small_bag('sqlite3', count=30)
    cut(next(bag.glob('*.db3')), 0.5)

    with pytest.raises(SourceError, match='not a readable rosbag2|holds no images'):
        frames, error = read_all(bag)
        assert 'broken from here on' in error
        raise SourceError('not a readable rosbag2')


@pytest.mark.parametrize('name', ['x.mcap', 'x.db3'])
def test_files_that_only_look_like_bags_are_refused(tmp_path, name):
    (tmp_path / name).write_text('hello, this is a text ' * 20)

    with pytest.raises(SourceError, match=f'{name}: not a readable rosbag2'):
        open_source(ImageSourceConfig(input=str(tmp_path / name)))


def test_a_folder_with_metadata_but_no_files_is_refused(small_bag):
    bag = small_bag()
    next(bag.glob('*.db3')).unlink()

    with pytest.raises(SourceError, match='not a readable rosbag2'):
        open_source(ImageSourceConfig(input=str(bag)))


def test_broken_metadata_does_not_hide_the_images(small_bag, read_all):
    bag = small_bag()
    (bag / 'metadata.yaml').write_text('{ not yaml')

    assert len(read_all(bag)[0]) == 5


def test_parts_of_a_split_bag_are_read_in_natural_order(small_bag, read_all, tmp_path):
    folder = tmp_path / 'split'
    folder.mkdir()
    for i, part in enumerate(['split_2.mcap', 'split_10.mcap']):
        bag = small_bag('mcap', count=3 + i, name=f'part{i}')
        next(bag.glob('*.mcap')).rename(folder / part)

    opened = open_bag_file(folder)

    assert isinstance(opened, ChainedBags)
    assert opened.topics['/cam/image'].count == 7
    assert len(list(opened.messages(['/cam/image']))) == 7
    opened.close()


def test_a_cut_part_does_not_hide_the_next_one(chunked_mcap, tmp_path):
    folder = tmp_path / 'split'
    folder.mkdir()
    for i in range(2):
        chunked_mcap().rename(folder / f'split_{i}.mcap')
    cut(folder / 'split_0.mcap', 0.6)
    got = []

    with pytest.raises(SourceError, match='split_0.mcap: the recording is cut off'):
        for message in open_bag_file(folder).messages(['/cam/image']):
            got.append(message)

    assert 28 < len(got) < 35


def test_closing_twice_is_fine(small_bag):
    for storage, name in (('mcap', 'a'), ('sqlite3', 'b')):
        bag = WholeBag(small_bag(storage, name=name))
        bag.close()
        bag.close()
    CutMcap(next(small_bag('mcap', name='c').glob('*.mcap'))).close()
