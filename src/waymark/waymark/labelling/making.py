# SPDX-License-Identifier: Apache-2.0
"""`waymark label`: from recordings with labels to a file of labelled examples, and how well they hold together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.classification import LabelledExamples, NeighbourOptions, cross_checked, load_examples, save_examples
from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.errors import ConfigError
from waymark.labelling.progress import Bar
from waymark.labelling.sources import LabelledSource, encoded, labelled_sources, pictures


@dataclass(frozen=True)
class LabelRequest:
    """What to label.

    Attributes:
        inputs: As `labelled_sources` takes them.
        out: The file of examples.
        encoder: As EncoderConfig's.
        every_s: Of videos and bags one image is taken in this time, s.
        add: Keep what the file holds already.
    """

    inputs: tuple[str, ...]
    out: Path
    encoder: str = EncoderConfig().encoder
    every_s: float = 0.5
    add: bool = False


def make_examples(request: LabelRequest) -> tuple[LabelledExamples, int]:
    """Encode the recordings and write the file.

    Returns:
        What the file holds, and how many images had nothing in them to be encoded.

    Raises:
        ConfigError: The inputs can't be labelled, or all their images are without structure.
        SourceError: A recording can't be read.
        ModelError: The encoder or the file to add to is not what it should be.
        BackendUnavailable: The encoder's library or device is missing.
    """
    sources = labelled_sources(request.inputs)
    encoder = load_encoder(EncoderConfig(encoder=request.encoder, text=False))
    known = load_examples(request.out) if request.add and request.out.exists() else None
    if known is not None:
        known.require_encoder(encoder.model_id, encoder.fingerprint, f'examples {str(request.out)!r}')
    vectors: list[NDArray[np.float32]] = []
    labels: list[str] = []
    names: list[str] = []
    empty = 0
    with Bar('encoding', len(sources)) as bar:
        for source in sources:
            found = encode_source(encoder, source, request.every_s, bar)
            seen = [v for v in found if v.any()]
            empty += len(found) - len(seen)
            vectors += seen
            labels += [source.label] * len(seen)
            names += [f'{source.label}: {source.uri}'] * len(seen)
            bar.advance()
    if not vectors:
        raise ConfigError('the recordings hold no image with anything in it. Give others.')
    examples = _joined(np.stack(vectors), labels, names, encoder, request.encoder)
    if known is not None:
        examples = known.joined(examples)
    save_examples(request.out, examples)
    return examples, empty


def encode_source(encoder: Encoder, source: LabelledSource, every_s: float, bar: Bar) -> list[NDArray[np.float32]]:
    """Unit vectors (D,) of a recording's images; zero where there is nothing in one."""
    found = []
    for frame in pictures(source, every_s):
        found.append(encoded(encoder, frame))
        bar.say(f'{source.label}, image {len(found)}')
    return found


def _joined(
    vectors: NDArray[np.float32], labels: Sequence[str], sources: Sequence[str], encoder: Encoder, name: str
) -> LabelledExamples:
    known, origins = tuple(dict.fromkeys(labels)), tuple(dict.fromkeys(sources))
    return LabelledExamples(
        vectors,
        np.array([known.index(label) for label in labels], np.int64),
        np.array([origins.index(source) for source in sources], np.int64),
        known,
        origins,
        encoder.model_id,
        encoder.fingerprint,
        name,
    )


@dataclass(frozen=True)
class LabelReport:
    """How well the examples of one label hold together.

    Attributes:
        label: Its name.
        examples: How many there are.
        recordings: From how many recordings.
        found: Share of them that the others, of other recordings where the label has some, call by their label; None
            where nothing is left to ask.
    """

    label: str
    examples: int
    recordings: int
    found: float | None


def report_examples(examples: LabelledExamples, options: NeighbourOptions | None = None) -> list[LabelReport]:
    """One row per label."""
    called = cross_checked(examples, options or NeighbourOptions())
    rows = []
    for number, label in enumerate(examples.labels):
        own = examples.label_numbers == number
        asked = own & (called >= 0)
        found = float((called[asked] == number).mean()) if asked.any() else None
        rows.append(LabelReport(label, int(own.sum()), len(set(examples.source_numbers[own].tolist())), found))
    return rows
