# SPDX-License-Identifier: Apache-2.0
"""`python -m waymark.cli`."""

from waymark.cli import main

main()
