# SPDX-License-Identifier: Apache-2.0
"""`waymark compare A B`: how alike two images are, by every metric there is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    a: Annotated[Path, typer.Argument(metavar='A', help='Image file.')],
    b: Annotated[Path, typer.Argument(metavar='B', help='Image file; brought to the size of A.')],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help='Only this metric, repeatable or several with commas: mse, mae, sad, psnr, mean_ssim, global_ssim, '
            'ms_ssim, ms_ssim_log, embedding_cosine, vit_score, aligned_cosine.'
        ),
    ] = None,
    mask: Annotated[
        list[str] | None,
        typer.Option(help='Look only at motion, hog (edges), contrast or not-NAME; several are combined by product.'),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write {metric: value}; infinite is the string 'Infinity', no value is null.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help='Write a picture: both images, difference, SSIM and patch matches.')
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="'hog', an embedded model's name, a model folder or a manifest; default: the default encoder."
        ),
    ] = None,
    stretch: Annotated[bool, typer.Option('--stretch', help='Distort B to the shape of A where they differ.')] = False,
) -> None:
    """Compare two images: print a table, write the numbers and a picture."""
    from waymark.comparison.show import Request, show_comparison

    chosen = {} if encoder is None else {'encoder': encoder}
    show_comparison(a, b, Request(_names(metric), _names(mask), json, out, stretch=stretch, **chosen))


def _names(values: list[str] | None) -> tuple[str, ...]:
    """Split `--metric mse,psnr --metric sad` into its names."""
    return tuple(name.strip() for value in values or [] for name in value.split(',') if name.strip())
