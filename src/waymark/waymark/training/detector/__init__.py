# SPDX-License-Identifier: Apache-2.0
"""Teaching the embedded detector of oriented boxes: on generated scenes, or on a user's own YOLO-OBB labels."""
