#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ROS first, then the virtual environment with what apt lacks, then Waymark.
set -e
. "${ROS_SETUP:-/opt/ros/jazzy/setup.bash}"
. "${VENV_PATH:-/waymark/venv}/bin/activate"
. /waymark/install/setup.bash
exec "$@"
