# SPDX-License-Identifier: Apache-2.0
"""Two images side by side: by every metric, under any mask, as a table, as numbers and as a picture."""
