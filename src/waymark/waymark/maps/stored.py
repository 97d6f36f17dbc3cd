# SPDX-License-Identifier: Apache-2.0
"""A keyframe whose features, thumbnail and summary stay in the file until they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from waymark.image.features import Features
from waymark.maps.keyframe import Keyframe

# Tables of blobs, and where a keyframe's row has the checksum of its own.
DIGESTS = {'features': 'features_digest', 'thumbnails': 'thumbnail_digest', 'summaries': 'summary_digest'}


class BlobStore(Protocol):
    """Where features and thumbnails are kept."""

    def features(self, keyframe_id: int, digest: bytes) -> Features:
        """Features, decoded; those asked for lately come from memory."""
        ...

    def blob(self, table: str, keyframe_id: int, digest: bytes) -> bytes:
        """The bytes in table `features`, `thumbnails` or `summaries`, when they match the checksum."""
        ...


class StoredKeyframe(Keyframe):
    """A Keyframe that reads features, thumbnail and summary on demand; dataclasses.replace makes a plain one of it.

    Attributes:
        features_digest: Checksum of the packed features.
        thumbnail_digest: Checksum of the thumbnail, None without one.
        summary_digest: Checksum of the summary, None without one.
    """

    features_digest: bytes
    thumbnail_digest: bytes | None
    summary_digest: bytes | None
    _store: BlobStore
    _stored_id: int

    def __new__(cls, *args: Any, **fields: Any) -> Keyframe:  # type: ignore[misc]
        """A plain keyframe: a stored one is made by `make` alone."""
        return Keyframe(*args, **fields)

    @classmethod
    def make(cls, facts: dict[str, Any], digests: Mapping[str, bytes | None], store: BlobStore) -> StoredKeyframe:
        """Make one.

        Args:
            facts: All fields of a Keyframe but features, thumbnail and summary.
            digests: The three checksums, by the names above.
            store: Where what they belong to is.
        """
        made: StoredKeyframe = object.__new__(cls)
        made.__dict__.update(facts)
        made.__dict__.update({name: digests[name] for name in DIGESTS.values()})
        made.__dict__.update(_store=store, _stored_id=facts['keyframe_id'])
        return made

    def changed(self, **facts: Any) -> StoredKeyframe:
        """The same view with other facts (id, place, vector, pose, labels), the rest still in the file."""
        made: StoredKeyframe = object.__new__(type(self))
        made.__dict__.update(self.__dict__ | facts)
        return made

    @property
    def features(self) -> Features:
        """Read from the file.

        Raises:
            MapError: They are damaged, or the file is closed.
        """
        return self._store.features(self._stored_id, self.features_digest)

    @property
    def thumbnail_jpeg(self) -> bytes | None:
        """Read from the file.

        Raises:
            MapError: It is damaged, or the file is closed.
        """
        if self.thumbnail_digest is None:
            return None
        return self._store.blob('thumbnails', self._stored_id, self.thumbnail_digest)

    @property
    def has_thumbnail(self) -> bool:
        """Whether there is one, without reading it."""
        return self.thumbnail_digest is not None

    @property
    def summary(self) -> bytes | None:
        """Read from the file.

        Raises:
            MapError: It is damaged, or the file is closed.
        """
        if self.summary_digest is None:
            return None
        return self._store.blob('summaries', self._stored_id, self.summary_digest)

    def blobs(self) -> dict[str, bytes]:
        """Features, thumbnail and summary as they lie in the file, by table.

        Raises:
            MapError: One is damaged, or the file is closed.
        """
        digests = {table: getattr(self, name) for table, name in DIGESTS.items()}
        return {t: self._store.blob(t, self._stored_id, digest) for t, digest in digests.items() if digest is not None}
