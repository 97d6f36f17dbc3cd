# SPDX-License-Identifier: Apache-2.0
"""Whether the last run of a node ended in order: a mark on disk that only an orderly end takes away."""

from __future__ import annotations

import os
import re
from pathlib import Path

FOLDER = Path('waymark')


class RunMark:
    """The mark of one node in one ROS domain."""

    def __init__(self, node_name: str) -> None:
        """Name it.

        Args:
            node_name: Fully qualified ('/robot1/safety_filter').
        """
        home = os.environ.get('XDG_STATE_HOME') or str(Path.home() / '.local' / 'state')
        name = re.sub(r'\W+', '-', node_name.strip('/'))
        self.path = Path(home) / FOLDER / f'{name}-domain{os.environ.get("ROS_DOMAIN_ID", "0")}.running'

    def begin(self) -> str:
        """Set the mark, on disk for good. Returns why the last run can't be called orderly, '' when it can."""
        try:
            was_there = self.path.exists()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open('w', encoding='ascii') as file:
                file.write(f'{os.getpid()}\n')
                file.flush()
                os.fsync(file.fileno())
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            return f'whether the last run ended in order is not known: {self.path}: {error.strerror}'
        return 'the last run did not end in order' if was_there else ''

    def end(self) -> None:
        """Take the mark away."""
        self.path.unlink(missing_ok=True)
