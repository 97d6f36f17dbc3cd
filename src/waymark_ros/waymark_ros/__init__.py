# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 side of Waymark: the only code that imports rclpy."""

import os

# NumPy's BLAS shares out products of small matrices over all cores, and its threads spin while they wait for each
# other: where other nodes have work, comparing an image with a map took 80 ms of CPU instead of 4. Each node has its
# own worker thread anyway. Read when NumPy is loaded, hence here; a value of the user's own stays.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
