# SPDX-License-Identifier: Apache-2.0
"""Evaluation that anyone can run on recordings and truth of their own."""
