# SPDX-License-Identifier: Apache-2.0
"""What is looked for: an image or a text, as one vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.encoding import Encoder, TextEncoder
from waymark.errors import ModelError, QueryError
from waymark.places.queries import require_something
from waymark.sources.folder import read_image
from waymark.sources.paths import existing_path
from waymark.types import Frame, Header


@dataclass(frozen=True, eq=False)
class Query:
    """An image or a text.

    Attributes:
        name: The image's path, or the text.
        vector: (D,) unit vector.
        fingerprint: Of the encoder that made it.
        frame: The image; None for a text.
    """

    name: str
    vector: NDArray[np.float32]
    fingerprint: str
    frame: Frame | None = None


def image_query(path: str, encoder: Encoder) -> Query:
    """Look for what an image file shows.

    Raises:
        SourceError: The file is missing or no image.
        QueryError: It shows nothing that could be found.
    """
    pixels, layout = read_image(existing_path(path))
    frame = Frame(Header(0), pixels, layout)
    require_something(frame.gray, f'the query image {path!r}')
    return Query(path, encoder.encode(frame.rgb).vector, encoder.fingerprint, frame)


def text_query(text: str, encoder: Encoder) -> Query:
    """Look for what a text says.

    Raises:
        ModelError: The encoder takes no texts (the error says which command exports one that does), or the text is
            empty.
        QueryError: The encoder gives the text no direction.
    """
    if not isinstance(encoder, TextEncoder):
        raise ModelError(
            f'encoder {encoder.model_id!r} takes no texts. Write one that does, from CLIP, SigLIP or SigLIP 2, and '
            'name its folder: waymark export encoder MODEL --out FOLDER.'
        )
    vector = encoder.encode_text([text])[0].vector
    if not vector.any():
        raise QueryError(f'encoder {encoder.model_id!r} can make nothing of the text {text!r}. Say it in other words.')
    return Query(text, vector, encoder.fingerprint)
