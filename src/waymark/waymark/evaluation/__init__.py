# SPDX-License-Identifier: Apache-2.0
"""How good Waymark is on anyone's data: the same figures, one command each."""
