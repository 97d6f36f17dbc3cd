# SPDX-License-Identifier: Apache-2.0
"""A model's manifest: read, checked field by field and against the model's bytes, written."""

from waymark.backends.files import file_sha256
from waymark.manifest.fields import parse_manifest
from waymark.manifest.files import MANIFEST_NAME, StoredModel, read_manifest, write_manifest

__all__ = ['MANIFEST_NAME', 'StoredModel', 'file_sha256', 'parse_manifest', 'read_manifest', 'write_manifest']
