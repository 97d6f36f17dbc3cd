# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

setup(
    name='waymark',
    version='0.1.0',
    packages=find_packages(include=['waymark', 'waymark.*']),
    package_data={
        'waymark': [
            'py.typed',
            'report/*.jinja',
            'report/*.css',
            'report/*.js',
            'mapping/*.jinja',
            'mapping/*.css',
            'places/orb_words.npy',
            'encoding/models/*/manifest.json',
            'encoding/models/*/*.onnx',
            'encoding/models/*/*.png',
            'detection/models/*/manifest.json',
            'detection/models/*/*.onnx',
            'detection/models/*/*.jpg',
        ]
    },
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/waymark']),
        ('share/waymark', ['package.xml']),
    ],
    zip_safe=False,
    entry_points={'console_scripts': ['waymark = waymark.cli:main']},
)
