# SPDX-License-Identifier: Apache-2.0
"""What needs a map, an encoder and recordings together; the core of `waymark map ...`."""
