# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from setuptools import find_packages, setup

# One module, one node, one executable.
NODES = sorted(path.stem for path in (Path(__file__).parent / 'waymark_ros' / 'nodes').glob('[a-z]*.py'))

setup(
    name='waymark_ros',
    version='0.1.0',
    packages=find_packages(include=['waymark_ros', 'waymark_ros.*']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/waymark_ros']),
        ('share/waymark_ros', ['package.xml']),
    ],
    zip_safe=False,
    entry_points={
        'console_scripts': [
            'container = waymark_ros.container:main',
            *(f'{node} = waymark_ros.nodes.{node}:main' for node in NODES),
        ]
    },
)
