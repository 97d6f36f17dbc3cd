# SPDX-License-Identifier: Apache-2.0
"""Models written for a backend, each with what proves that it still computes the same."""
