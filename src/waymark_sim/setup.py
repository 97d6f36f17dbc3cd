# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

setup(
    name='waymark_sim',
    version='0.1.0',
    packages=find_packages(include=['waymark_sim', 'waymark_sim.*']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/waymark_sim']),
        ('share/waymark_sim', ['package.xml']),
    ],
    zip_safe=False,
)
