# SPDX-License-Identifier: Apache-2.0
"""`waymark map label`: say what each keyframe of a map shows, from the vectors that it holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from waymark.classification import UNKNOWN, Classifier, ClassifierConfig, decide
from waymark.errors import MapError
from waymark.labelling.classifier import load_classifier
from waymark.maps import Keyframe, PlaceMap, open_map, save_map
from waymark.maps.stored import StoredKeyframe


def label_keyframes(place_map: PlaceMap, classifier: Classifier, threshold: float) -> Counter[str]:
    """Give each keyframe its class as its only label, or none where it fits none; each by itself.

    Args:
        place_map: Is changed.
        classifier: For embeddings of the map's encoder.
        threshold: Score below which a keyframe fits no class.

    Returns:
        How many keyframes have which label, 'unknown' included.

    Raises:
        MapError: The map's encoder is another one.
    """
    place_map.info.require_encoder(classifier.fingerprint)
    counts: Counter[str] = Counter()
    for keyframe in list(place_map.keyframes.values()):
        [scores] = classifier.score(keyframe.vector[None])
        found = decide(scores, classifier.labels, threshold)
        counts[found.label] += 1
        place_map.replace(_labelled(keyframe, (found.label,) if found.is_known else ()))
    return counts


def _labelled(keyframe: Keyframe, labels: tuple[str, ...]) -> Keyframe:
    if isinstance(keyframe, StoredKeyframe):
        return keyframe.changed(labels=labels)
    return replace(keyframe, labels=labels)


def label_map(path: Path, out: Path | None, config: ClassifierConfig) -> None:
    """Label the keyframes of a map file and print how many have which label.

    Args:
        path: The map.
        out: Where the labelled map goes; None: into its own file, all at once or not at all.
        config: Classes or examples.

    Raises:
        MapError: The map can't be read or written, is of another encoder, or `out` is there already.
        ConfigError: Neither classes nor examples, or what they say can't be.
        ModelError: Examples or text tower are not what they should be.
    """
    if out is not None and out.exists():
        raise MapError(f'{str(out)!r} is there already. Give another path for --out, or remove it.')
    classifier = load_classifier(config).classifier
    with open_map(path, classifier.fingerprint) as file:
        place_map = file.load()
        counts = label_keyframes(place_map, classifier, config.threshold)
        save_map(out or path, place_map)
    console = Console(highlight=False, soft_wrap=True)
    for label, count in sorted(counts.items(), key=lambda item: (item[0] == UNKNOWN, -item[1])):
        console.print(f'{count:6} {label}')
    console.print(f'{out or path}: {sum(counts.values())} keyframes')
