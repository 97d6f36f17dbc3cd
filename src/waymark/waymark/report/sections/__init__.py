# SPDX-License-Identifier: Apache-2.0
"""The sections of the report, one module each: a Run goes in, what the template shows comes out."""
