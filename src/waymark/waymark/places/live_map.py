# SPDX-License-Identifier: Apache-2.0
"""A place map that is being used: recognised in, added to, and kept in a file where one is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import MapError, QueryError
from waymark.image.camera import CameraModel
from waymark.image.features import Features
from waymark.maps import Keyframe, MapFile, MapInfo, PlaceMap, create_map, save_map
from waymark.places.config import PlacesConfig
from waymark.places.opening import OpenedMap, opening
from waymark.places.position import MapPosition
from waymark.places.queries import Answer, query_by_image, query_by_text, query_by_vector
from waymark.places.recognizer import Localization, PlaceRecognizer
from waymark.places.sensed import Sensed
from waymark.places.text_column import TextColumn, require_text_encoder, with_text_vector
from waymark.places.views import Lenses
from waymark.types import Frame


class LiveMap:
    """One map at a time: in memory, or in a file that holds each new keyframe within a second."""

    def __init__(self, config: PlacesConfig, progress: Callable[[str, float], None] | None = None) -> None:
        """Open the file that the configuration names, if it exists; else start empty.

        Args:
            config: Of places and of the map.
            progress: Told the stage and how far it is (0..1) where opening takes long.

        Raises:
            MapError: The file is damaged, no map, or another process writes it.
            ConfigError: Parameters that do not go together.
        """
        config.require_altitude()
        self._config = config
        self._file: MapFile | None = None
        self._map: PlaceMap | None = None
        self._path = Path(config.map) if config.map else None
        self._recognizer = PlaceRecognizer(config)
        self._position, self._texts = MapPosition(config, {}), TextColumn()
        if self._path is not None and (self._path.exists() or not config.mapping):
            for done in self.loading(str(self._path)):
                if progress is not None:
                    progress(f'looking at the pictures of {self._path}', done)

    def __len__(self) -> int:
        return 0 if self._map is None else len(self._map)

    @property
    def error(self) -> MapError | None:
        """Why the file does not hold the latest keyframes (a full disk); they wait in memory. None: all is well."""
        return None if self._file is None else self._file.error

    def require_encoder(self, fingerprint: str) -> None:
        """Refuse an encoder whose vectors can't be compared with the map's; an empty map takes any.

        Raises:
            MapError: Naming the right encoder and both ways out.
        """
        if self._map is not None:
            self._map.info.require_encoder(fingerprint, 'the place map')

    def observe(
        self,
        frame: Frame,
        vector: NDArray[np.float32],
        model_id: str,
        fingerprint: str,
        sensed: Sensed | None = None,
        features: Features | None = None,
    ) -> Localization:
        """Look an image up, say where its camera is, then perhaps keep it.

        Args:
            frame: The image.
            vector: (D,) float32, its unit embedding.
            model_id: Of the encoder that made `vector`, for people.
            fingerprint: Of that encoder.
            sensed: What else is known at this image; poses need it.
            features: Of the image by this configuration, where they were found before; None: they are found now.

        Raises:
            MapError: The map was made with another encoder, or its file can't be made.
            ValueError: `vector` has another shape than before, or is not finite.
        """
        self.require_encoder(fingerprint)
        place_map, sensed = self._map_for(model_id, fingerprint), sensed or Sensed()
        moved, camera = self._position.moved(sensed), sensed.camera
        lenses = None if camera is None else Lenses(place_map.info.camera or camera, camera)
        keep, moving = self._config.mapping, sensed.moving
        result = self._recognizer.observe(frame, vector, fingerprint, moved, keep, moving, lenses, features)
        result = self._position.located(result, place_map.keyframes, lenses, sensed)
        if result.new_keyframe is not None:
            self._note_camera(place_map, sensed.camera)
            result = replace(result, new_keyframe=self._completed(place_map, result.new_keyframe, sensed))
            self._keep(place_map, result)
        for keyframe_id in result.removed:
            place_map.remove(keyframe_id)
            self._position.forget(keyframe_id)
            if self._file is not None:
                self._file.remove(keyframe_id)
        return result

    def add_text_vector(self, stamp_ns: int, vector: NDArray[np.float32], model_id: str, fingerprint: str) -> None:
        """Take in what another encoder, one that takes texts, says of an image: a keyframe of it keeps that too.

        Args:
            stamp_ns: Of the image.
            vector: (T,) float32, its unit vector.
            model_id: Of that encoder, for people.
            fingerprint: Of that encoder.

        Raises:
            MapError: The map has text vectors of another encoder.
            ValueError: `vector` is not finite.
        """
        if not self._config.mapping:
            return
        if self._map is not None:
            require_text_encoder(self._map.info, fingerprint)
        self._texts.fingerprint, self._texts.model_id = fingerprint, model_id
        keyframe_id = self._texts.add_vector(stamp_ns, vector)
        if self._map is not None and keyframe_id is not None and keyframe_id in self._map.keyframes:
            self._note_text_encoder(self._map)
            self._replace(self._map, with_text_vector(self._map.keyframes[keyframe_id], vector))

    def on_time_reset(self) -> None:
        """Time went back: the odometry began anew, and where its frame lies in the map is not known any more."""
        self._position.reset()
        self._texts.clear()

    def save(self, path: str = '') -> int:
        """Write the map, or wait until its own file holds all of it.

        Args:
            path: Where to; empty: the file that the configuration names.

        Returns:
            Keyframes in it.

        Raises:
            MapError: There is no map yet, no path, or the file can't be written.
        """
        target = Path(path) if path else self._path
        if target is None:
            raise MapError('no path: name one in the request, or set the parameter `map`.')
        if self._map is None:
            raise MapError('there is no map yet: no image with an embedding has come.')
        if self._file is not None and target.resolve() == self._file.path.resolve():
            self._file.flush()
        else:
            save_map(target, self._map)
        return len(self._map)

    def load(self, path: str) -> int:
        """Use another map from now on; the one before stays as it is when that fails.

        Args:
            path: Its file, which new keyframes go to.

        Returns:
            Keyframes in it.

        Raises:
            MapError: It is missing, damaged, or another process writes it.
        """
        for _ in self.loading(path):
            pass
        return len(self)

    def loading(self, path: str) -> Iterator[float]:
        """Do the same step by step; between the steps the map before is in use.

        Yields:
            How far it is, 0 to 1; nothing for a map that opens at once.
        """
        if not path:
            raise MapError('no path: name the file of the map.')
        if self._file is None or Path(path).resolve() != self._file.path.resolve():
            opened = yield from opening(Path(path), self._config.mapping)
            self.close()
            self._take(opened)

    def find_image(
        self, gray: NDArray[np.uint8], vector: NDArray[np.float32], fingerprint: str, count: int
    ) -> tuple[Answer, ...]:
        """Rank keyframes by an image (see query_by_image).

        Raises:
            QueryError: The map is empty, or the image shows nothing.
            MapError: The vector is of another encoder.
        """
        self.require_encoder(fingerprint)
        finder = self._recognizer.finder
        if finder is None:
            raise QueryError('the map is empty: no image with an embedding has come.')
        return query_by_image(gray, vector, finder.index, finder.keyframes, self._config, count)

    def find_text(self, vector: NDArray[np.float32], fingerprint: str, count: int) -> tuple[Answer, ...]:
        """Rank keyframes by a text: by the map's own vectors where that encoder takes texts, else by text vectors.

        Raises:
            QueryError: The map is empty, or has no text vectors.
            MapError: The vector is of another encoder than the map's vectors and text vectors.
        """
        finder = self._recognizer.finder
        if finder is None or self._map is None:
            raise QueryError('the map is empty: no image with an embedding has come.')
        info = self._map.info
        if fingerprint == info.fingerprint:
            return query_by_vector(vector, finder.index, finder.keyframes, count)
        if info.text_fingerprint != fingerprint:
            self.require_encoder(fingerprint)
        return query_by_text(vector, finder.keyframes, count)

    def close(self) -> None:
        """Finish the file.

        Raises:
            MapError: What waited could not be written.
        """
        opened, self._file = self._file, None
        if opened is not None:
            opened.close()

    def _take(self, opened: OpenedMap) -> None:
        self._file, self._map = opened.file, opened.place_map
        self._path = self._file.path
        self._recognizer = PlaceRecognizer(self._config)
        known, info = self._map.keyframes.values(), self._map.info
        self._recognizer.load(known, info.fingerprint, self._map.routed_ids, opened.summaries)
        self._position, self._texts = MapPosition(self._config, self._map.keyframes), TextColumn()

    def _map_for(self, model_id: str, fingerprint: str) -> PlaceMap:
        if self._map is None:
            info = MapInfo(fingerprint, model_id)
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = create_map(self._path, info)
                info = self._file.info
            self._map = PlaceMap(info)
        return self._map

    def _note_camera(self, place_map: PlaceMap, camera: CameraModel | None) -> None:
        """Let the map know its camera as soon as anybody does."""
        if place_map.info.camera is None and camera is not None:
            self._describe(place_map, camera=camera)

    def _note_text_encoder(self, place_map: PlaceMap) -> None:
        if place_map.info.text_fingerprint == '':
            texts = self._texts
            self._describe(place_map, text_fingerprint=texts.fingerprint, text_model_id=texts.model_id)

    def _describe(self, place_map: PlaceMap, **changes: Any) -> None:
        place_map.info = replace(place_map.info, **changes)
        if self._file is not None:
            self._file.describe(place_map.info)

    def _replace(self, place_map: PlaceMap, keyframe: Keyframe) -> None:
        if self._file is not None:
            keyframe = self._file.replace(keyframe)
        if self._recognizer.finder is not None:
            self._recognizer.finder.replace(keyframe)
        place_map.replace(keyframe)

    def _completed(self, place_map: PlaceMap, keyframe: Keyframe, sensed: Sensed) -> Keyframe:
        """With what is known beside its image."""
        text = self._texts.add_keyframe(keyframe)
        if text is not None:
            self._note_text_encoder(place_map)
        return replace(keyframe, pose=self._position.pose_now(sensed), text_vector=text)

    def _keep(self, place_map: PlaceMap, said: Localization) -> None:
        """Add a new keyframe, and its link to the one that it was matched with."""
        keyframe = said.new_keyframe
        assert keyframe is not None
        if self._file is not None:
            keyframe = self._file.append(keyframe)
        if self._recognizer.finder is not None:
            self._recognizer.finder.replace(keyframe)
        place_map.add(keyframe)
        if said.match is not None:
            link = place_map.link(keyframe.keyframe_id, said.match.keyframe_id, said.match.inliers)
            if self._file is not None:
                self._file.link(link)
