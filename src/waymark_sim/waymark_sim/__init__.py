# SPDX-License-Identifier: Apache-2.0
"""Simulated flights with exact ground truth: a generated or real ground seen by a pinhole camera."""
