# SPDX-License-Identifier: Apache-2.0
"""Models for a backend, with what proves that they still compute the same."""
