# SPDX-License-Identifier: Apache-2.0
"""Which backend runs an encoder fastest on this machine, and which still computes what torch does; prints JSON.

    .venv-bench/bin/python benchmarks/backends.py [--threads 2] [--seconds 30] [--data ../shared/data] [--table]

For DINOv2-small's architecture and the embedded encoder: torch, ONNX Runtime and OpenVINO in each precision, taking
turns. `median_ms` is wall-clock time of one inference from tensor to vector, `ratio` is that over torch fp32's in the
same turns. `cosine` is the worst against torch fp32 over photographs that int8 was not calibrated on; `passes` compares
it with the parity gate's limit for that precision.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from turns import limit_libraries, limit_threads, machine, take_turns, versions

os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')  # threads that spin would slow down whoever's turn is next
THREADS = argparse.ArgumentParser(add_help=False)
THREADS.add_argument('--threads', type=int, default=os.cpu_count() or 1)
limit_threads(THREADS.parse_known_args()[0].threads)

import numpy as np  # noqa: E402
from encoder_subjects import Subject, dinov2_small, embedded, photographs, small_cnn  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from waymark.backends import BackendOptions, load_backend  # noqa: E402
from waymark.encoding.parity import LIMITS  # noqa: E402
from waymark.encoding.pooling import pool  # noqa: E402
from waymark.errors import WaymarkError  # noqa: E402
from waymark.image.preprocess import to_tensor  # noqa: E402

Tensor = NDArray[np.float32]
Run = Callable[[Tensor], NDArray[Any]]  # (1, C, h, w) to the raw vector (D,)


@dataclass(frozen=True)
class Variant:
    """A backend in a precision; `make` writes the model file that it needs, or takes the fp32 one."""

    backend: str
    precision: str
    how: str
    make: Callable[[Subject, Path, list[Tensor]], Path]

    @property
    def name(self) -> str:
        """For the table."""
        return f'{self.backend} {self.precision}' + (f' {self.how}' if self.how else '')


def main() -> None:
    """Measure all encoders and print one JSON object or a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, parents=[THREADS]
    )
    parser.add_argument('--seconds', type=float, default=30.0, help='per encoder')
    parser.add_argument('--data', type=Path, default=Path(__file__).resolve().parents[2] / 'shared' / 'data')
    parser.add_argument('--calibration', type=int, default=64, help='images that int8 is calibrated on')
    parser.add_argument('--images', type=int, default=24, help='other images that the cosine is taken over')
    parser.add_argument('--table', action='store_true', help='print Markdown instead of JSON')
    args = parser.parse_args()
    before = machine()
    with tempfile.TemporaryDirectory(prefix='waymark-bench-') as folder:
        subjects = [dinov2_small(Path(folder)), embedded(Path(folder)) or small_cnn(Path(folder))]
        limit_libraries(args.threads)
        rows = {s.name: {'about': s.about, 'backends': measure(s, Path(folder), args)} for s in subjects}
    names = ('numpy', 'torch', 'transformers', 'onnxruntime', 'openvino', 'nncf')
    found = {'encoders': rows, 'threads': args.threads, 'machine': before, 'versions': versions(*names)}
    print(table(found) if args.table else json.dumps(found, indent=1))


def measure(subject: Subject, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Load all variants of one encoder, compare their vectors, then time them in turn."""
    calibration = [to_tensor(rgb, subject.manifest) for rgb in photographs(args.data, args.calibration, 0)]
    images = [to_tensor(rgb, subject.manifest) for rgb in photographs(args.data, args.images, 1)]
    runs: dict[str, Run] = {}
    found: dict[str, Any] = {}
    for name, precision, load in candidates(subject, folder, calibration, args.threads):
        try:
            runs[name] = load()
            vectors = [runs[name](image) for image in images]
        except WaymarkError as error:
            found[name] = {'error': str(error)}
            continue
        reference = vectors if not found else reference  # noqa: F821 - the first candidate is the reference
        cosine = min(cosine_of(v, r) for v, r in zip(vectors, reference, strict=True))
        found[name] = {'cosine': round(cosine, 7), 'passes': cosine >= LIMITS[precision]}
    image = images[0]
    timed = take_turns({n: lambda run=run: run(image) for n, run in runs.items()}, args.seconds, 100.0, pause_s=0.02)
    first = next(iter(timed))
    for name, times in timed.items():
        found[name] |= {k: times[k] for k in ('median_ms', 'min_ms', 'turns')}
        found[name]['ratio'] = round(1 / times['ratio'], 3) if times['ratio'] else None
    found[first]['ratio'] = 1.0
    return found


def candidates(
    subject: Subject, folder: Path, calibration: list[Tensor], threads: int
) -> Iterator[tuple[str, str, Callable[[], Run]]]:
    """Name, precision and loader of each; the reference first."""
    if subject.module is not None:
        yield 'torch fp32', 'fp32', lambda: torch_run(subject, 'float32')
        yield 'torch bf16', 'bf16', lambda: torch_run(subject, 'bfloat16')
    for variant in VARIANTS:
        yield variant.name, variant.precision, lambda v=variant: backend_run(v, subject, folder, calibration, threads)


def torch_run(subject: Subject, dtype: str) -> Run:
    """The encoder in torch itself, without Waymark around it."""
    import copy

    import torch

    kind = getattr(torch, dtype)
    module = copy.deepcopy(subject.module).to(kind)

    def run(tensor: Tensor) -> NDArray[Any]:
        with torch.inference_mode():
            found = module(torch.from_numpy(tensor).to(kind))
        first = found[0] if isinstance(found, tuple) else found
        return pool(first.float().numpy(), subject.manifest.pooling)

    return run


def backend_run(variant: Variant, subject: Subject, folder: Path, calibration: list[Tensor], threads: int) -> Run:
    """The encoder through one of Waymark's backends, with the pooling of its manifest."""
    place = folder / f'{subject.manifest.name}-{variant.name}'.replace(' ', '-')
    place.mkdir()
    path = variant.make(subject, place, calibration)
    backend = load_backend(variant.backend, path, BackendOptions(threads=threads, precision=variant.precision))
    name = next(iter(backend.input_shapes))
    output = subject.manifest.output or backend.output_names[0]

    def run(tensor: Tensor) -> NDArray[Any]:
        return pool(backend.run({name: tensor})[output], subject.manifest.pooling)

    return run


def as_it_is(subject: Subject, folder: Path, calibration: list[Tensor]) -> Path:
    return subject.onnx


def dynamic_int8(subject: Subject, folder: Path, calibration: list[Tensor]) -> Path:
    from waymark.exporting.precision import quantize_dynamic

    quantize_dynamic(subject.onnx, folder / 'model.onnx')
    return folder / 'model.onnx'


def static_int8(subject: Subject, folder: Path, calibration: list[Tensor]) -> Path:
    from waymark.exporting.precision import quantize_static

    backend = load_backend('onnx', subject.onnx)
    quantize_static(subject.onnx, folder / 'model.onnx', calibration, next(iter(backend.input_shapes)))
    return folder / 'model.onnx'


def openvino_int8(subject: Subject, folder: Path, calibration: list[Tensor]) -> Path:
    from waymark.exporting.precision import quantize_openvino

    quantize_openvino(subject.onnx, folder / 'model.xml', calibration, subject.is_transformer)
    return folder / 'model.xml'


VARIANTS = (
    Variant('onnx', 'fp32', '', as_it_is),
    Variant('onnx', 'int8', 'dynamic', dynamic_int8),
    Variant('onnx', 'int8', 'static', static_int8),
    Variant('openvino', 'fp32', '', as_it_is),
    Variant('openvino', 'bf16', '', as_it_is),
    Variant('openvino', 'int8', '', openvino_int8),
)


def cosine_of(a: NDArray[Any], b: NDArray[Any]) -> float:
    a64, b64 = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    return float(a64 @ b64 / max(float(np.linalg.norm(a64) * np.linalg.norm(b64)), 1e-30))


def table(found: dict[str, Any]) -> str:
    """Markdown, one table for each encoder."""
    lines = []
    for name, encoder in found['encoders'].items():
        lines += [f'{name} ({encoder["about"]}), {found["threads"]} threads', '']
        lines += ['| backend | ms | of torch fp32 | cosine | passes |', '|---|---|---|---|---|']
        for backend, row in encoder['backends'].items():
            cells = [row.get('median_ms', '-'), row.get('ratio', '-'), row.get('cosine', '-')]
            verdict = row.get('error') or ('yes' if row['passes'] else 'no')
            lines.append(f'| {backend} | {" | ".join(str(c) for c in cells)} | {verdict} |')
        lines.append('')
    return '\n'.join(lines)


if __name__ == '__main__':
    main()
