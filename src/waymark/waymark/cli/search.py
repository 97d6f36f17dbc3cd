# SPDX-License-Identifier: Apache-2.0
"""`waymark search RECORDING --image Q.png | --text "..."`: which moments show it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def search(
    recording: Annotated[
        str, typer.Argument(help='Video, folder of images, or rosbag2 (folder, .mcap, .db3, bag:PATH?topic=NAME).')
    ],
    image: Annotated[str | None, typer.Option(help='Look for what this image file shows.')] = None,
    text: Annotated[
        str | None, typer.Option(help='Look for what this says; needs an encoder that takes texts (see --encoder).')
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="'hog', an embedded model's name, a model folder or a manifest; default: the default encoder. For "
            '--text one written by waymark export encoder from CLIP, SigLIP or SigLIP 2.'
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help='How many moments.')] = 10,
    rerank: Annotated[
        bool, typer.Option('--rerank', help='Put moments first whose local features agree with the image.')
    ] = False,
    rate: Annotated[
        float | None, typer.Option(min=0, help='Frames looked at per second, 0: all; default: 5, folders: all.')
    ] = None,
    gap: Annotated[
        float | None,
        typer.Option(
            min=0, help='Moments lie at least this many seconds apart, 0: every frame is one; default: 2, folders: 0.'
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help='Folder for contact sheet and lists; default: out/<date>-<time>-search.')
    ] = None,
    json: Annotated[Path | None, typer.Option(help='Write the list here too.')] = None,
) -> None:
    """Find the moments of a recording that show what an image shows or a text says."""
    from waymark.encoding import EncoderConfig
    from waymark.search.result import SearchOptions
    from waymark.search.show import Request, show_search

    config = EncoderConfig(encoder or EncoderConfig.encoder, text=text is not None)
    options = SearchOptions(top, rate, gap, rerank)
    show_search(Request(recording, image, text, config, options, out, json))
