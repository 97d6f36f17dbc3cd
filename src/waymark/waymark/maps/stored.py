# SPDX-License-Identifier: Apache-2.0
"""A keyframe whose features and thumbnail stay in the file until they are asked for."""

from __future__ import annotations

from typing import Any, Protocol

from waymark.image.features import Features
from waymark.maps.keyframe import Keyframe


class BlobStore(Protocol):
    """Where features and thumbnails are kept."""

    def features(self, keyframe_id: int, digest: bytes) -> Features:
        """Features, decoded; those asked for lately come from memory."""
        ...

    def blob(self, table: str, keyframe_id: int, digest: bytes) -> bytes:
        """The bytes in table `features` or `thumbnails`, when they match the checksum."""
        ...


class StoredKeyframe(Keyframe):
    """A Keyframe that reads `features` and `thumbnail_jpeg` on demand; dataclasses.replace makes a plain one of it.

    Attributes:
        features_digest: Checksum of the packed features.
        thumbnail_digest: Checksum of the thumbnail, None without one.
    """

    features_digest: bytes
    thumbnail_digest: bytes | None
    _store: BlobStore
    _stored_id: int

    def __new__(cls, *args: Any, **fields: Any) -> Keyframe:  # type: ignore[misc]
        """A plain keyframe: a stored one is made by `make` alone."""
        return Keyframe(*args, **fields)

    @classmethod
    def make(
        cls, facts: dict[str, Any], features_digest: bytes, thumbnail_digest: bytes | None, store: BlobStore
    ) -> StoredKeyframe:
        """Make one.

        Args:
            facts: All fields of a Keyframe but features and thumbnail.
            features_digest: As above.
            thumbnail_digest: As above.
            store: Where both are.
        """
        made: StoredKeyframe = object.__new__(cls)
        made.__dict__.update(facts)
        made.__dict__.update(features_digest=features_digest, thumbnail_digest=thumbnail_digest)
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

    def blobs(self) -> dict[str, bytes]:
        """Features and thumbnail as they lie in the file, by table.

        Raises:
            MapError: One is damaged, or the file is closed.
        """
        found = {'features': self._store.blob('features', self._stored_id, self.features_digest)}
        thumbnail = self.thumbnail_jpeg
        return found if thumbnail is None else found | {'thumbnails': thumbnail}
