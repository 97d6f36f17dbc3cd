# SPDX-License-Identifier: Apache-2.0
"""Gazebo 11 behind the Simulator interface: its server, its transport, worlds made from a Scene."""
