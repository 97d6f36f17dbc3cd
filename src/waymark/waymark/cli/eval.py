# SPDX-License-Identifier: Apache-2.0
"""`waymark eval`: how good Waymark is on your own data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help='Measure on your own data, with a truth file.', no_args_is_help=True)


@app.command()
def places(
    database: Annotated[Path, typer.Option(help='Folder of reference images; files count in natural order from 0.')],
    queries: Annotated[Path, typer.Option(help='Folder of query images.')],
    truth: Annotated[
        Path,
        typer.Option(help='JSON: {"query_to_references": {"0": [3, 4], "1": []}}; an empty list: no right answer.'),
    ],
    json: Annotated[Path, typer.Option(help='Where the figures go.')],
    encoder: Annotated[
        str | None, typer.Option(help="'hog', an embedded model's name, a model folder or a manifest.")
    ] = None,
    sequence: Annotated[int, typer.Option(min=1, help='Rank by this many images: the query and those before it.')] = 1,
    rerank: Annotated[bool, typer.Option('--rerank/--no-rerank', help='Rank by more than the embedding.')] = True,
    online: Annotated[
        bool, typer.Option('--online', help='One sequence, given twice: each image may only match those before it.')
    ] = False,
    exclude_recent: Annotated[int, typer.Option(min=0, help='With --online: the last images that can not match.')] = 0,
    camera_info: Annotated[
        Path | None,
        typer.Option(
            help='Calibration of the camera (ROS camera_calibration YAML): scenes with depth are verified too.'
        ),
    ] = None,
) -> None:
    """Place recognition: recall, precision and time of queries against a database."""
    from waymark.evaluation.places_run import PlacesRequest
    from waymark.evaluation.show import show_places

    chosen = {} if encoder is None else {'encoder': encoder}
    request = PlacesRequest(
        database,
        queries,
        truth,
        sequence=sequence,
        rerank=rerank,
        online=online,
        exclude_recent=exclude_recent,
        camera_info=camera_info,
        **chosen,
    )
    show_places(request, json)


@app.command()
def shots(
    video: Annotated[str, typer.Option(help='Video, folder of images or rosbag2.')],
    truth: Annotated[
        Path,
        typer.Option(help='JSON: {"cuts": [first frame of each new shot, ...]}, and "gradual": [[first, end], ...].'),
    ],
    json: Annotated[Path | None, typer.Option(help='Write the numbers.')] = None,
) -> None:
    """Count boundaries found and made up: precision, recall and f1 at tolerance 0 and 1, ms per frame."""
    from waymark.evaluation.shots_report import show_evaluation

    show_evaluation(video, truth, json)
