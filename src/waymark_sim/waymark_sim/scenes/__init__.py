# SPDX-License-Identifier: Apache-2.0
"""Procedural places with depth (corridors, streets, rooms, land from above), seen again and again, never alike."""
