# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

NODES = [
    'ego_motion',
    'homography_tracker',
    'image_classifier',
    'image_encoder',
    'image_source',
    'place_recognition',
    'recorder',
    'safety_filter',
]

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
