# SPDX-License-Identifier: Apache-2.0
"""Gazebo 11's server, in the folder that `make gazebo` fills: it runs there as if the folder were the machine."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
from pathlib import Path
from types import TracebackType

from waymark.errors import BackendUnavailable, SourceError

VARIABLE = 'WAYMARK_GAZEBO_ROOT'
WORLD_FOLDER = '/gz'  # of the world's files, as the server sees it
_FOLDER = Path(__file__).resolve().parents[4] / '.gazebo11'
_LINES = 6
_PORTS = 11345, 32000

# Mounts are this process's own and end with it, as do all that it starts: --kill-child.
_INSIDE = f"""set -e
mount --rbind /dev "$1/dev"
mount --bind "$2" "$1{WORLD_FOLDER}"
mount -t tmpfs tmpfs "$1/tmp"
mount -t tmpfs tmpfs "$1/root"
exec chroot "$1" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LIBGL_ALWAYS_SOFTWARE=1 \
  LP_NUM_THREADS="$4" OMP_NUM_THREADS=1 DISPLAY=:$3 GAZEBO_MASTER_URI=http://127.0.0.1:$3 GAZEBO_IP=127.0.0.1 \
  GAZEBO_MODEL_DATABASE_URI= GAZEBO_RESOURCE_PATH=/usr/share/gazebo-11:{WORLD_FOLDER} \
  GAZEBO_PLUGIN_PATH=/usr/lib/x86_64-linux-gnu/gazebo-11/plugins GAZEBO_MODEL_PATH={WORLD_FOLDER} \
  OGRE_RESOURCE_PATH=/usr/lib/x86_64-linux-gnu/OGRE-1.9.0 \
  /bin/sh {WORLD_FOLDER}/start.sh
"""
# The display has the number of the port, which nobody else has: X's sockets are not only files. Input ends when the
# process that started this has ended, however it did: then Gazebo ends, and with the shell all others.
_START = f"""exec 4<&0
Xvfb "$DISPLAY" -screen 0 640x480x24 -nolisten tcp 2> {WORLD_FOLDER}/xvfb.log &
for i in $(seq 300); do [ -S "/tmp/.X11-unix/X${{DISPLAY#:}}" ] && break; sleep 0.1; done
gzserver --lockstep -u --verbose {WORLD_FOLDER}/waymark.world &
gazebo=$!
{{ cat > /dev/null; kill -9 $gazebo; }} <&4 &
wait $gazebo
"""


def find_gazebo() -> Path:
    """Find the folder that Gazebo 11 is installed in: the variable WAYMARK_GAZEBO_ROOT, else what make creates.

    Raises:
        BackendUnavailable: There is none, or this user may not run it.
    """
    asked = os.environ.get(VARIABLE, '')
    root = Path(asked) if asked else _FOLDER
    if not (root / 'root' / 'usr' / 'bin' / 'gzserver').exists() or not (root / '.stamps' / 'ready').exists():
        raise BackendUnavailable(
            f'Gazebo 11 is not installed in {root}. Run make gazebo in the repository, '
            f'or name its folder in {VARIABLE}.'
        )
    if shutil.which('unshare') is None:
        raise BackendUnavailable('Gazebo 11 is run by unshare, which is missing. Install util-linux.')
    return root / 'root'


class GazeboServer:
    """One running server; ends with `close`, and with this process."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Start it, paused; who connects waits until it listens.

        Args:
            folder: Of the world's files: waymark.world and what it names. Logs are written there.
            threads: Of the software renderer.

        Raises:
            BackendUnavailable: Gazebo is not installed, or may not be run.
            SourceError: No port is free for it.
        """
        root = find_gazebo()
        self.port = _free_port()
        (folder / 'start.sh').write_text(_START, encoding='utf-8')
        (root / WORLD_FOLDER.lstrip('/')).mkdir(exist_ok=True)
        self._log = folder / 'gazebo.log'
        as_root = [] if os.geteuid() == 0 else ['--map-root-user']
        spaces = ['--mount', '--pid', '--fork', '--kill-child', f'--mount-proc={root / "proc"}']
        inside = ['sh', '-c', _INSIDE, 'sh', str(root), str(folder), str(self.port), str(threads)]
        with self._log.open('wb') as log:
            self._process = subprocess.Popen(
                ['unshare', *as_root, *spaces, *inside], stdin=subprocess.PIPE, stdout=log, stderr=log
            )

    def __enter__(self) -> GazeboServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended by itself."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """The end of its log, on one line."""
        lines = self._log.read_text(encoding='utf-8', errors='replace').splitlines()
        return ' | '.join(line.strip() for line in lines[-_LINES:] if line.strip())

    def close(self) -> None:
        """End it and all that it started."""
        # Killing unshare kills the first process of its PID space, and with it all others there.
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10.0)


def _free_port() -> int:
    """Below those that the system gives away: whoever knocks at one of these while nobody listens may hear itself."""
    for _ in range(100):
        port = random.randrange(*_PORTS)
        with contextlib.suppress(OSError), socket.create_server(('127.0.0.1', port)):
            return port
    raise SourceError(f'no free port from {_PORTS[0]} to {_PORTS[1]} for Gazebo. End what listens there.')
