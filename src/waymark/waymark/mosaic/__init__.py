# SPDX-License-Identifier: Apache-2.0
"""One picture of the ground from many: frames tied by homographies, adjusted together, laid side by side."""

from waymark.mosaic.config import MosaicConfig
from waymark.mosaic.making import MosaicRequest, make_mosaic
from waymark.mosaic.report import MosaicReport, PlacedFrame

__all__ = ['MosaicConfig', 'MosaicReport', 'MosaicRequest', 'PlacedFrame', 'make_mosaic']
