# SPDX-License-Identifier: Apache-2.0
"""Labels through time: per image against time_mix with what came before; prints JSON.

    python benchmarks/classify_stream.py [--data ../shared/data] [--streams 6]

Streams are walks through generated worlds (corridor, street, room, square, land) that the examples do not show, and
pieces of real recordings one after the other; the truth is known at each image. `changes_per_100` counts changes of the
label (true ones are in `true_changes_per_100`), `unknown` images below the default threshold, `delay` the images after
a true change until the label is right (median; images per piece where it never is). `left_out`: the examples lack one
label in turn; how much of it is called unknown, and how much of the others. `ms`: one vector against so many examples.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from class_streams import KINDS, RATE_HZ, Shot, generated_examples, generated_stream, real_examples, real_stream
from numpy.typing import NDArray

from waymark.classification import ClassifierConfig, LabelledExamples, NeighbourClassifier, StreamClassifier
from waymark.classification.neighbours import NeighbourOptions, familiar_similarity
from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.similarity import recursive_mix, unit

STEP_NS = round(1e9 / RATE_HZ)
WAYS = {
    'per image': {'mix': 1.0},
    'the image before, 0.5': {'mix': 0.5, 'memory': 'previous'},
    'all before, 0.5': {'mix': 0.5},
    'all before, 0.3 (default)': {},
    'all before, 0.3, through cuts': {'scene_similarity': -1.0},
    'all before, 0.2': {'mix': 0.2},
}


@dataclass(frozen=True, eq=False)
class Stream:
    """Vectors (T, D) in order of time, and their true labels (T,)."""

    vectors: NDArray[np.float32]
    labels: NDArray[np.str_]


def encoded(encoder: Encoder, shots: list[Shot]) -> Stream:
    vectors = np.stack([encoder.encode(shot.rgb).vector for shot in shots])
    return Stream(vectors, np.array([shot.label for shot in shots]))


def as_examples(encoder: Encoder, worlds: dict[str, list[list[NDArray[np.uint8]]]]) -> LabelledExamples:
    rows = [(label, f'{label} {i}', rgb) for label, all_ in worlds.items() for i, w in enumerate(all_) for rgb in w]
    labels, sources = tuple(worlds), tuple(dict.fromkeys(source for _, source, _ in rows))
    return LabelledExamples(
        np.stack([encoder.encode(rgb).vector for _, _, rgb in rows]),
        np.array([labels.index(label) for label, _, _ in rows]),
        np.array([sources.index(source) for _, source, _ in rows]),
        labels,
        sources,
        encoder.model_id,
        encoder.fingerprint,
    )


def nearest(examples: LabelledExamples) -> NeighbourClassifier:
    """As the node makes it at its defaults."""
    floor = familiar_similarity(examples)
    return NeighbourClassifier(examples, NeighbourOptions(min_similarity=-1.0 if floor is None else floor))


def called(examples: LabelledExamples, stream: Stream, config: ClassifierConfig) -> NDArray[np.str_]:
    classifier = StreamClassifier(nearest(examples), config)
    return np.array([classifier.observe(v, (i + 1) * STEP_NS).label for i, v in enumerate(stream.vectors)])


def embeddings_mixed(stream: Stream, mu: float) -> Stream:
    """The other thing that could be mixed: embeddings, anew at each cut as the classifier has it."""
    x = stream.vectors.astype(np.float64)
    cosines = np.einsum('td,td->t', x[1:], x[:-1])
    begins = np.array([True, *(cosines < ClassifierConfig().scene_similarity)])
    return replace(stream, vectors=unit(recursive_mix(x, np.where(begins, 1.0, mu))).astype(np.float32))


def changes(labels: NDArray[np.str_]) -> float:
    return float((labels[1:] != labels[:-1]).mean()) * 100


def delays(labels: NDArray[np.str_], truth: NDArray[np.str_]) -> list[int]:
    """Images after each true change until the label is right; the whole piece where it never is."""
    starts = [0, *(np.flatnonzero(truth[1:] != truth[:-1]) + 1), len(truth)]
    found = []
    for begin, end in zip(starts[1:-1], starts[2:], strict=True):
        right = np.flatnonzero(labels[begin:end] == truth[begin])
        found.append(int(right[0]) if len(right) else int(end - begin))
    return found


def judge(examples: LabelledExamples, streams: list[Stream], config: ClassifierConfig) -> dict[str, float]:
    """Means over the streams."""
    forced = replace(config, threshold=0.0)
    rows = []
    for stream in streams:
        best, label = called(examples, stream, forced), called(examples, stream, config)
        known = label != 'unknown'
        rows.append(
            (
                (best == stream.labels).mean(),
                changes(best),
                changes(label),
                (~known).mean(),
                (label == stream.labels)[known].mean() if known.any() else np.nan,
                np.median(delays(best, stream.labels)),
            )
        )
    names = 'accuracy', 'changes_per_100', 'changes_per_100_with_unknown', 'unknown', 'right_where_known', 'delay'
    return {n: round(float(v), 3) for n, v in zip(names, np.nanmean(rows, axis=0), strict=True)}


def left_out(examples: LabelledExamples, streams: list[Stream]) -> dict[str, dict[str, float]]:
    """By label: unknown where the examples lack it, of its own images and of the others."""
    found = {}
    for number, name in enumerate(examples.labels):
        keep = examples.label_numbers != number
        labels = tuple(label for label in examples.labels if label != name)
        numbers = np.array([labels.index(examples.labels[i]) for i in examples.label_numbers[keep]])
        others = replace(
            examples,
            vectors=examples.vectors[keep],
            label_numbers=numbers,
            source_numbers=examples.source_numbers[keep],
            labels=labels,
        )
        said = np.concatenate([called(others, s, ClassifierConfig()) for s in streams]) == 'unknown'
        own = np.concatenate([s.labels for s in streams]) == name
        found[name] = {'its own': round(float(said[own].mean()), 3), 'others': round(float(said[~own].mean()), 3)}
    return found


def report(examples: LabelledExamples, streams: list[Stream]) -> dict[str, object]:
    ways = {way: judge(examples, streams, ClassifierConfig(**values)) for way, values in WAYS.items()}  # type: ignore[arg-type]
    mixed = [embeddings_mixed(stream, 0.3) for stream in streams]
    ways['embeddings instead, all before, 0.3'] = judge(examples, mixed, ClassifierConfig(mix=1.0))
    return {
        'examples': examples.counts(),
        'images': sum(len(s.labels) for s in streams),
        'true_changes_per_100': round(float(np.mean([changes(s.labels) for s in streams])), 2),
        'min_similarity': round(nearest(examples).options.min_similarity, 3),
        'ways': ways,
        'unknown_when_left_out': left_out(examples, streams),
    }


def milliseconds(dim: int, count: int, labels: int = 8) -> float:
    """Median ms of one vector against `count` examples."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(count, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = tuple(f'label {i}' for i in range(labels))
    numbers = np.arange(count) % labels
    examples = LabelledExamples(vectors, numbers, numbers, names, names, 'any', 'a' * 64)
    classifier = StreamClassifier(NeighbourClassifier(examples, NeighbourOptions()), ClassifierConfig())
    times = []
    for i in range(200):
        start = time.perf_counter()
        classifier.observe(vectors[i % count], (i + 1) * STEP_NS)
        times.append(time.perf_counter() - start)
    return round(1000 * float(np.median(times)), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', type=Path, help='real recordings; without it only generated streams')
    parser.add_argument('--encoder', default=EncoderConfig().encoder)
    parser.add_argument('--streams', type=int, default=6)
    parser.add_argument('--worlds', type=int, default=12, help='worlds of each kind among the examples')
    args = parser.parse_args()

    cv2.setNumThreads(1)
    encoder = load_encoder(EncoderConfig(encoder=args.encoder, threads=1))
    result: dict[str, object] = {'encoder': encoder.model_id, 'kinds': KINDS}
    examples = as_examples(encoder, generated_examples(range(500, 500 + args.worlds)))
    streams = [encoded(encoder, list(generated_stream(10 + seed))) for seed in range(args.streams)]
    result['generated'] = report(examples, streams)
    if args.data:
        real = as_examples(encoder, real_examples(args.data))
        result['real'] = report(real, [encoded(encoder, real_stream(args.data, seed)) for seed in range(args.streams)])
    result['ms'] = {str(n): milliseconds(encoder.dim, n) for n in (100, 1000, 10_000)}
    print(json.dumps(result, indent=2))


if __name__ == '__main__':
    main()
