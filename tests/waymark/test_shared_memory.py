# SPDX-License-Identifier: Apache-2.0
import fcntl
import os
import time

from waymark.shared_memory import remove_dead_segments


def make(folder, name, age_s=60.0):
    for path, size in ((folder / name, 1000), (folder / f'{name}_el', 0)):
        path.write_bytes(bytes(size))
        os.utime(path, (time.time() - age_s,) * 2)
    return folder / name


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_a_dead_process_left_is_removed(tmp_path):
    make(tmp_path, 'fastrtps_a')
    make(tmp_path, 'fastrtps_b')
    assert remove_dead_segments(tmp_path) == 2000
    assert names(tmp_path) == []


def test_what_a_living_process_holds_stays(tmp_path):
    make(tmp_path, 'fastrtps_a')
    with (tmp_path / 'fastrtps_a_el').open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        assert remove_dead_segments(tmp_path) == 0
        assert names(tmp_path) == ['fastrtps_a', 'fastrtps_a_el']


def test_what_was_made_just_now_ports_and_other_files_stay(tmp_path):
    make(tmp_path, 'fastrtps_young', age_s=1.0)
    make(tmp_path, 'fastrtps_port7411')
    make(tmp_path, 'somebody_elses')
    before = names(tmp_path)
    assert remove_dead_segments(tmp_path) == 0
    assert names(tmp_path) == before


def test_a_segment_without_its_memory_and_a_folder_that_is_not_there_are_no_error(tmp_path):
    make(tmp_path, 'fastrtps_a').unlink()
    assert remove_dead_segments(tmp_path) == 0
    assert names(tmp_path) == []
    assert remove_dead_segments(tmp_path / 'nowhere') == 0
