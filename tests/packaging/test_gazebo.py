# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
import subprocess


def test_gazebo_that_can_not_be_had_is_skipped_loudly_and_with_the_reason(repo, tmp_path):
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'bin' / 'mkdir').symlink_to(shutil.which('mkdir'))

    said = subprocess.run(
        [repo / 'packaging' / 'gazebo', tmp_path / 'gazebo'],
        env={'PATH': str(tmp_path / 'bin')},
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 3
    assert 'SKIPPED: Gazebo 11: apt-get is not here' in said.stderr
    assert not (tmp_path / 'gazebo' / '.stamps').exists()
