# SPDX-License-Identifier: Apache-2.0
"""A staging prefix as a wheel (the binary distribution format of the Python packaging user guide)."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
import sysconfig
import zipfile
from pathlib import Path

from interface_wheel.project import Project
from interface_wheel.stage import SITE_PACKAGES

# What names folders of the build or serves C++ only stays out: C++ code builds with colcon anyway.
LEFT_OUT = re.compile(
    r'__pycache__|\.egg-info/|\.c$|^include/|^share/\w+/(cmake|environment|local_setup|package\.dsv)'
    r'|resource_index/parent_prefix_path'
)


def write_wheel(project: Project, staged: Path, folder: Path) -> Path:
    """Pack Python modules at the wheel's root, lib/ and share/ through its data scheme.

    The data scheme puts them into <environment>/lib and share, beside those of the other ROS wheels.
    """
    base = dist_info_name(project).removesuffix('.dist-info')
    path = folder / f'{base}-{wheel_tag()}.whl'
    record: list[str] = []
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(staged.rglob('*')):
            name = file.relative_to(staged).as_posix()
            if file.is_file() and not LEFT_OUT.search(name):
                record.append(_add(archive, _place(name, base), file.read_bytes()))
        for name, text in (('METADATA', metadata_text(project)), ('WHEEL', _wheel_text())):
            record.append(_add(archive, f'{base}.dist-info/{name}', text.encode()))
        record_name = f'{base}.dist-info/RECORD'
        archive.writestr(record_name, '\n'.join([*record, f'{record_name},,', '']))
    return path


def dist_info_name(project: Project) -> str:
    """Return the name of the metadata folder, such as 'waymark_interfaces-0.1.0.dist-info'."""
    return f'{re.sub("[-_.]+", "_", project.name).lower()}-{project.version}.dist-info'


def metadata_text(project: Project) -> str:
    """Return the METADATA file."""
    head = ['Metadata-Version: 2.1', f'Name: {project.name}', f'Version: {project.version}']
    needs = [f'Requires-Dist: {dependency}' for dependency in project.dependencies]
    return '\n'.join([*head, f'Requires-Python: {project.requires_python}', *needs, ''])


def wheel_tag() -> str:
    """Return the tag of this interpreter on this machine, such as 'cp311-cp311-linux_x86_64'."""
    python = f'cp{sys.version_info[0]}{sys.version_info[1]}'
    return f'{python}-{python}-{re.sub("[-.]", "_", sysconfig.get_platform())}'


def _wheel_text() -> str:
    return f'Wheel-Version: 1.0\nGenerator: interface_wheel\nRoot-Is-Purelib: false\nTag: {wheel_tag()}\n'


def _place(name: str, base: str) -> str:
    if name.startswith(f'{SITE_PACKAGES}/'):
        return name.removeprefix(f'{SITE_PACKAGES}/')
    return f'{base}.data/data/{name}'


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> str:
    """Store one file with a fixed date, so that equal inputs make equal wheels; return its line of RECORD."""
    entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()
    return f'{name},sha256={digest},{len(content)}'
