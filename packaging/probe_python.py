# SPDX-License-Identifier: Apache-2.0
"""Exit 0 if this interpreter can hold Waymark's environment; else say why not. Runs on any Python."""

import sys

PACKAGES = {'ensurepip': 'python3-venv', 'venv': 'python3-venv', 'ssl': 'python3', 'sqlite3': 'python3'}


def main():
    """Return None, or one sentence."""
    version = '.'.join(map(str, sys.version_info[:3]))
    if not (3, 10) <= sys.version_info[:2] <= (3, 13):
        return 'Python ' + version + ' does not fit: ROS 2 Jazzy has wheels for Python 3.10 to 3.13.'
    for module, package in sorted(PACKAGES.items()):
        try:
            __import__(module)
        except ImportError:
            return 'Python ' + version + ' lacks ' + module + ': install ' + package + '.'
    import os
    import sysconfig

    header = os.path.join(sysconfig.get_paths()['include'], 'Python.h')
    if not os.path.exists(header):
        return 'Python ' + version + ' lacks ' + header + ': install python3-dev.'
    return None


sys.exit(main())
