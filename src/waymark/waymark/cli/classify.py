# SPDX-License-Identifier: Apache-2.0
"""`waymark label` and `waymark classify`: make labelled examples, and say what a recording shows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_ENCODER = "'hog', an embedded model's name, a model folder or a manifest"


def label(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar='INPUT...',
            help='Folder with one folder of images per label; LABEL=VIDEO, folder or bag; CSV with file,label'
            '[,start_s,end_s].',
        ),
    ],
    out: Annotated[Path, typer.Option(help='The file of examples.')] = Path('examples.npz'),
    encoder: Annotated[str | None, typer.Option(help=f'{_ENCODER}; default: the default encoder.')] = None,
    every: Annotated[float, typer.Option(min=0.0, help='Of videos and bags, take one image in so many seconds.')] = 0.5,
    add: Annotated[bool, typer.Option('--add', help='Add to the file instead of replacing it.')] = False,
) -> None:
    """Make a small file of labelled examples, for `waymark classify --examples` and the node image_classifier."""
    from rich.console import Console
    from rich.table import Table

    from waymark.labelling.making import LabelRequest, make_examples, report_examples

    chosen = {} if encoder is None else {'encoder': encoder}
    examples, empty = make_examples(LabelRequest(tuple(inputs), out, every_s=every, add=add, **chosen))
    table = Table(title=f'{len(examples)} examples, encoded by {examples.model_id}', title_justify='left')
    for name in ('label', 'examples', 'recordings', 'found by the others'):
        table.add_column(name, justify='left' if name == 'label' else 'right')
    for row in report_examples(examples):
        found = '-' if row.found is None else f'{row.found:.0%}'
        table.add_row(row.label, str(row.examples), str(row.recordings), found)
    console = Console(highlight=False)
    console.print(table)
    console.print(
        'found by the others: how many the examples of other recordings call right (with one recording per label: '
        'all other examples, which flatters).'
    )
    if empty:
        console.print(f'{empty} images had nothing in them and were left out.')
    typer.echo(out)


def classify(
    recording: Annotated[str, typer.Argument(help='Video, folder of images, rosbag2 or sim:...')],
    classes: Annotated[
        str, typer.Option(help='Names with commas, told by text: "kitchen, corridor, stairs"; needs --encoder.')
    ] = '',
    examples: Annotated[Path | None, typer.Option(help='What waymark label wrote, instead of --classes.')] = None,
    encoder: Annotated[
        str, typer.Option(help=f'{_ENCODER}; with --classes a CLIP or SigLIP that waymark export wrote.')
    ] = '',
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help='Score below which an image is unknown; SigLIP: try 0.1.')
    ] = 0.5,
    mix: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=1.0, help='Share of the present image, the rest is its past; default 0.3, folders 1.'
        ),
    ] = None,
    describe: Annotated[
        str, typer.Option(help='Model that describes the pictures, as HuggingFaceTB/SmolVLM-256M-Instruct.')
    ] = '',
    out: Annotated[Path | None, typer.Option(help='Folder for tables and contact sheet.')] = None,
) -> None:
    """Say what each image of a recording shows: frames.csv, stretches.csv and sheet.jpg."""
    from waymark.classification import ClassifierConfig
    from waymark.errors import ConfigError
    from waymark.labelling.show import ClassifyRequest, folder_for, show_classes
    from waymark.sources import kind_of

    names = tuple(name.strip() for name in classes.split(',')) if classes else ()
    if bool(names) == (examples is not None):
        raise ConfigError('give either --classes "a, b, c" or --examples FILE (waymark label makes one).')
    is_folder = kind_of(recording) == 'folder'
    share = mix if mix is not None else 1.0 if is_folder else ClassifierConfig().mix
    config = ClassifierConfig(
        classes=names, examples='' if examples is None else str(examples), threshold=threshold, mix=share
    )
    folder = out or folder_for(recording)
    show_classes(ClassifyRequest(recording, config, encoder, folder, describe, each_alone=share == 1.0 and is_folder))
