# SPDX-License-Identifier: Apache-2.0
"""Objects in a stream of images: found as oriented boxes, followed from image to image, and named."""

from waymark.objects.config import ObjectsConfig
from waymark.objects.naming import BoxNamer
from waymark.objects.sighting import Sighting
from waymark.objects.stream import ObjectStream

__all__ = ['BoxNamer', 'ObjectStream', 'ObjectsConfig', 'Sighting']
