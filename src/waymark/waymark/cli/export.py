# SPDX-License-Identifier: Apache-2.0
"""`waymark export ...`: each command writes one kind of model for a backend."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from waymark.exporting.request import ExportRequest

app = typer.Typer(no_args_is_help=True)


@app.callback()
def export() -> None:
    """Write a model for a backend, with what proves that it still computes the same."""


@app.command()
def encoder(
    model: Annotated[str, typer.Argument(help="Hugging Face id, local folder, 'timm:NAME'; rknn: or a model folder.")],
    out: Annotated[Path, typer.Option(help='Model folder to write; not there yet, or empty.')],
    to: Annotated[str, typer.Option(help='onnx, openvino, tensorrt or rknn.')] = 'onnx',
    precision: Annotated[str, typer.Option(help='fp32, fp16, bf16 or int8.')] = 'fp32',
    calibration: Annotated[Path | None, typer.Option(help='Folder of images of your camera, for int8.')] = None,
    pooling: Annotated[str, typer.Option(help="default (the family's own), cls, mean or gem.")] = 'default',
    image_size: Annotated[str, typer.Option(help="224, or 320x240 (width x height); default: the model's.")] = '',
    batch: Annotated[int, typer.Option(help='0: any number of images at once; -1: 0, but 1 on an accelerator.')] = -1,
    opset: Annotated[int, typer.Option(help='Version of the ONNX operators.')] = 18,
    target: Annotated[str, typer.Option(help='Rockchip chip, for rknn.')] = 'rk3588',
    name: Annotated[str, typer.Option(help="Short name in the manifest; default: the model's.")] = '',
    text: Annotated[bool, typer.Option(help='Write the text tower too, where there is one.')] = True,
    json: Annotated[bool, typer.Option('--json', help='Print the report as JSON.')] = False,
) -> None:
    """Export an image encoder and compare it with its reference in torch."""
    from waymark.exporting.folder import require_free
    from waymark.exporting.request import ExportRequest

    require_free(out)
    request = ExportRequest(
        model=model,
        out=str(out),
        to=to,
        precision=precision,
        calibration='' if calibration is None else str(calibration),
        pooling=pooling,
        image_size=image_size,
        batch=batch,
        opset=opset,
        target=target,
        name=name,
        text=text,
        json=json,
    )
    sys.exit(_export(request))


@app.command()
def detector(
    model: Annotated[str, typer.Argument(help='ONNX file, model folder, manifest, or an embedded detector.')],
    out: Annotated[Path, typer.Option(help='Model folder to write; not there yet, or empty.')],
    to: Annotated[str, typer.Option(help='onnx, openvino, tensorrt or rknn.')] = 'onnx',
    precision: Annotated[str, typer.Option(help='fp32, fp16, bf16 or int8.')] = 'fp32',
    calibration: Annotated[Path | None, typer.Option(help='Folder of images of your camera, for int8.')] = None,
    images: Annotated[
        Path | None, typer.Option(help='Folder of images that show objects: what is found there is the reference.')
    ] = None,
    decoder: Annotated[str, typer.Option(help="How outputs become boxes; '': as stated or recognised.")] = '',
    names: Annotated[Path | None, typer.Option(help='Class names: one per line, or the YAML of a data set.')] = None,
    target: Annotated[str, typer.Option(help='Rockchip chip, for rknn.')] = 'rk3588',
    name: Annotated[str, typer.Option(help="Short name in the manifest; default: the model's.")] = '',
    json: Annotated[bool, typer.Option('--json', help='Print the report as JSON.')] = False,
) -> None:
    """Export a detector: manifest, references, and the share of their boxes that it still finds."""
    from waymark.detection import read_names
    from waymark.environments import run_in
    from waymark.exporting.detector import needs_models
    from waymark.exporting.detector_command import export
    from waymark.exporting.folder import require_free
    from waymark.exporting.request import DetectorRequest

    require_free(out)
    request = DetectorRequest(
        model=model,
        out=str(out),
        to=to,
        precision=precision,
        calibration='' if calibration is None else str(calibration),
        images='' if images is None else str(images),
        decoder=decoder,
        names=read_names(names) if names else (),
        target=target,
        name=name,
        json=json,
    )
    if needs_models(request):
        sys.exit(run_in('models', 'waymark.exporting', ['detector', request.to_json()]))
    export(request)


def _export(request: ExportRequest) -> int:
    """Exit code of an export, run where its libraries are."""
    from waymark.environments import run_in
    from waymark.exporting.rknn_command import convert, is_model_folder

    if request.to == 'rknn' and is_model_folder(request.model):
        convert(request)
        return 0
    return run_in('models', 'waymark.exporting', ['encoder', request.to_json()])
