# SPDX-License-Identifier: Apache-2.0
"""`waymark classify`: run over a recording, write tables and a contact sheet, print a summary."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from waymark.classification import ClassifierConfig, StreamClassifier, load_examples
from waymark.contact_sheet import contact_sheet, write_picture
from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.errors import ConfigError
from waymark.labelling.classifier import load_classifier, read_text_model
from waymark.labelling.describing import DescribeRequest, describe
from waymark.labelling.progress import Bar
from waymark.labelling.recording import Row, Stretch, Stretches, changes_per_100, classify_frames, seconds
from waymark.listing import csv_text, write_file
from waymark.sources import ImageSourceConfig, is_live, kind_of, open_source

MOST_ON_SHEET = 60


@dataclass(frozen=True)
class ClassifyRequest:
    """What to classify, and how.

    Attributes:
        recording: Video, folder, bag or simulator URI.
        config: Classes or examples; `mix` 0.3 unless the pictures have nothing to do with one another.
        encoder: As EncoderConfig's; '' takes the one that the examples or classes name.
        out: Folder for tables and sheet.
        describe: Model that describes the best picture of each stretch; '': none.
        each_alone: A folder of photographs, not of frames.
    """

    recording: str
    config: ClassifierConfig
    encoder: str
    out: Path
    describe: str = ''
    each_alone: bool = False


def folder_for(recording: str) -> Path:
    """Where results go unless told: out/classes-NAME, with a name that any shell likes."""
    stem = re.sub(r'[^\w.-]+', '-', Path(recording).stem).strip('-')
    return Path('out') / f'classes-{stem or "recording"}'


def show_classes(request: ClassifyRequest) -> None:
    """Classify a recording.

    Raises:
        ConfigError: What is asked for can't be, or a file can't be written.
        SourceError: The recording can't be read.
        ModelError: Encoder, examples or text tower are not what they should be.
        BackendUnavailable: A library, device or environment is missing.
    """
    if is_live(request.recording):
        raise ConfigError(f'{request.recording!r} is live: run the node image_classifier on it, or record it first.')
    kind_of(request.recording)
    encoder, classifier = _loaded(request)
    rows, stretches = _classified(request, encoder, classifier)
    if request.describe:
        stretches = _described(request, stretches)
    written = _write(request, rows, stretches)
    console = Console(highlight=False)
    console.print(summary(rows, stretches))
    if len(stretches) > 1 and not request.each_alone:
        console.print(f'The label changes {changes_per_100(stretches):.1f} times in 100 images.')
    for path in written:
        console.print(str(path), soft_wrap=True)


def _loaded(request: ClassifyRequest) -> tuple[Encoder, StreamClassifier]:
    """Encoder and classifier; classes or examples that do not go with the encoder are refused before it is run."""
    config, name = request.config, request.encoder
    if config.examples:
        examples = load_examples(Path(config.examples))
        encoder = load_encoder(EncoderConfig(encoder=name or examples.encoder or examples.model_id, text=False))
        examples.require_encoder(encoder.model_id, encoder.fingerprint, f'examples {config.examples!r}')
        return encoder, load_classifier(config)
    read_text_model(name or EncoderConfig().encoder)
    with Bar('loading', 1.0) as bar:
        classifier = load_classifier(replace(config, encoder=name), bar.stage)
    return load_encoder(EncoderConfig(encoder=name, text=False)), classifier


def _classified(
    request: ClassifyRequest, encoder: Encoder, classifier: StreamClassifier
) -> tuple[list[Row], list[Stretch]]:
    source = open_source(ImageSourceConfig(input=request.recording, pace='fast'))
    stretches, rows = Stretches(request.each_alone), []
    try:
        with Bar('classifying', source.info.frame_count) as bar:
            frames = (item.frame for item in source.frames())
            for row, frame in classify_frames(frames, encoder, classifier, bar.advance):
                stretches.add(row, frame)
                rows.append(row)
    finally:
        source.close()
    return rows, stretches.all()


def _described(request: ClassifyRequest, stretches: list[Stretch]) -> list[Stretch]:
    """The longest stretches with what a model says of their best pictures."""
    chosen = _shown(stretches)
    texts = describe(DescribeRequest(model=request.describe), [stretch.picture for stretch in chosen])
    said = dict(zip((stretch.first for stretch in chosen), texts, strict=True))
    return [replace(stretch, description=said.get(stretch.first, '')) for stretch in stretches]


def _shown(stretches: list[Stretch]) -> list[Stretch]:
    """The longest ones, in order of time."""
    longest = sorted(stretches, key=lambda s: -s.count)[:MOST_ON_SHEET]
    return sorted(longest, key=lambda s: s.first)


def summary(rows: Sequence[Row], stretches: Sequence[Stretch]) -> Table:
    """One line per label: images, their share, stretches, mean score."""
    table = Table(title=f'{len(rows)} images', title_justify='left')
    for name in ('label', 'images', 'share', 'stretches', 'score'):
        table.add_column(name, justify='left' if name == 'label' else 'right')
    labels = sorted({r.found.label for r in rows}, key=lambda name: -sum(r.found.label == name for r in rows))
    for label in labels:
        scores = [r.found.score for r in rows if r.found.label == label]
        count = sum(s.label == label for s in stretches)
        share, mean = len(scores) / len(rows), sum(scores) / len(scores)
        table.add_row(label, str(len(scores)), f'{share:.1%}', str(count), f'{mean:.2f}')
    return table


def _write(request: ClassifyRequest, rows: list[Row], stretches: list[Stretch]) -> list[Path]:
    frames, parts, sheet = (request.out / name for name in ('frames.csv', 'stretches.csv', 'sheet.jpg'))
    write_file(frames, frames_table(rows))
    write_file(parts, stretches_table(stretches))
    shown = _shown(stretches)
    title = f'{Path(request.recording).name}: {len(rows)} images'
    title += f', the {len(shown)} longest of {len(stretches)} stretches' if len(shown) < len(stretches) else ''
    first_ns = rows[0].stamp_ns if rows else 0
    write_picture(sheet, contact_sheet([(s.rgb, _caption(s, first_ns, request)) for s in shown], title=title))
    return [frames, parts, sheet]


def _caption(stretch: Stretch, first_ns: int, request: ClassifyRequest) -> str:
    """Label and score, where it is, and what a model says of it in lines of what fits under a picture."""
    if request.each_alone:
        where = f'image {stretch.first}'
    else:
        ends = (seconds(ns, first_ns) for ns in (stretch.first_ns, stretch.last_ns))
        where = '{:.1f} to {:.1f} s'.format(*ends) + f', {stretch.count} images'
    lines = [f'{stretch.label} {stretch.score:.2f}', where]
    return '\n'.join(lines + ([_shortened(stretch.description)] if stretch.description else []))


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 3].rsplit(' ', 1)[0] + '...'


def frames_table(rows: Sequence[Row]) -> str:
    """CSV: one line per image; `best` is the best class also where the label is unknown."""
    head = ('frame', 'time_s', 'stamp_ns', 'label', 'score', 'best', 'best_score', 'second', 'second_score')
    first_ns = rows[0].stamp_ns if rows else 0
    lines = []
    for row in rows:
        ranked = [cell for name, score in row.found.ranking[:2] for cell in (name, f'{score:.4f}')]
        time_s = f'{seconds(row.stamp_ns, first_ns):.3f}'
        lines.append((row.number, time_s, row.stamp_ns, row.found.label, f'{row.found.score:.4f}', *ranked))
    return csv_text(head, lines)


def stretches_table(stretches: Sequence[Stretch]) -> str:
    """CSV: one line per stretch of images with one label."""
    head = ('first', 'last', 'start_s', 'end_s', 'label', 'score', 'best', 'description')
    first_ns = stretches[0].first_ns if stretches else 0
    return csv_text(
        head,
        [
            (
                s.first,
                s.last,
                f'{seconds(s.first_ns, first_ns):.3f}',
                f'{seconds(s.last_ns, first_ns):.3f}',
                s.label,
                f'{s.score:.4f}',
                s.best,
                s.description,
            )
            for s in stretches
        ],
    )
