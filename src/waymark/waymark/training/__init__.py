# SPDX-License-Identifier: Apache-2.0
"""Learning from a user's own data; the core of `waymark train ...`."""
