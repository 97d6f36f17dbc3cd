# SPDX-License-Identifier: Apache-2.0
"""Policies of lerobot in a process of their own, and what stands between their chunks of actions and a vehicle."""
