# SPDX-License-Identifier: Apache-2.0
"""What every backend promises, as plain functions: pytest runs them here, `python backend_contract.py torch` elsewhere.

Each check takes a case and an empty folder, and fails by an exception.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from waymark.backends import BackendOptions, load_backend
from waymark.errors import BackendUnavailable, ModelError

IMAGES = np.arange(48, dtype=np.float32).reshape(2, 3, 2, 4)
MEANS = np.array([[3.5, 11.5, 19.5], [27.5, 35.5, 43.5]], np.float32)


@dataclass(frozen=True)
class Case:
    """A backend, a model that it runs, and what that model answers.

    `write` makes the model in a folder and returns its path and the answer to `images`.
    """

    name: str
    needs: tuple[str, ...]  # modules; the first one is the runtime itself
    write: Callable[[Path], tuple[Path, np.ndarray]]
    input: str = 'images'
    output: str = 'means'
    shape: tuple[int | None, ...] = (None, 3, None, None)
    images: np.ndarray = field(default_factory=lambda: IMAGES.copy())
    device: str = 'cpu'


def write_onnx(folder: Path, size_hw: tuple[int | str, int | str] = ('h', 'w')) -> tuple[Path, np.ndarray]:
    import onnx
    from onnx import TensorProto, helper

    images = helper.make_tensor_value_info('images', TensorProto.FLOAT, ['n', 3, *size_hw])
    means = helper.make_tensor_value_info('means', TensorProto.FLOAT, ['n', 3])
    nodes = [
        helper.make_node('GlobalAveragePool', ['images'], ['pooled']),
        helper.make_node('Flatten', ['pooled'], ['means']),
    ]
    graph = helper.make_graph(nodes, 'means', [images], [means])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    onnx.save(model, folder / 'model.onnx')
    return folder / 'model.onnx', MEANS


def write_fake(folder: Path) -> tuple[Path, np.ndarray]:
    path = folder / 'model.json'
    path.write_text(json.dumps({'input': 'images', 'shape': [None, 3, None, None], 'output': 'means'}))
    return path, MEANS


def write_torch(folder: Path) -> tuple[Path, np.ndarray]:
    """A DINOv2 of 30 x 30 px with random weights; what it answers is asked of transformers itself."""
    import torch
    from transformers import Dinov2Config, Dinov2Model

    torch.manual_seed(0)
    sizes = {'hidden_size': 16, 'num_hidden_layers': 1, 'num_attention_heads': 2, 'image_size': 30, 'patch_size': 10}
    model = Dinov2Model(Dinov2Config(**sizes)).eval()
    model.save_pretrained(folder)
    with torch.inference_mode():
        answer = model(torch.from_numpy(PICTURES)).pooler_output.numpy()
    return folder / 'model.safetensors', answer


PICTURES = np.random.default_rng(0).random((2, 3, 30, 30), np.float32)
CASES = {
    'onnx': Case('onnx', ('onnxruntime', 'onnx'), write_onnx),
    'openvino': Case('openvino', ('openvino', 'onnx'), write_onnx),
    'tensorrt': Case(
        'tensorrt', ('tensorrt', 'cuda', 'onnx'), lambda folder: write_onnx(folder, (2, 4)),
        shape=(None, 3, 2, 4), device='cuda',
    ),
    'torch': Case(
        'torch', ('torch', 'transformers'), write_torch,
        'pixel_values', 'pooler_output', (None, 3, 30, 30), PICTURES.copy(),
    ),
    'fake': Case('fake', (), write_fake),
}  # fmt: skip


@contextmanager
def refused(error: type[Exception], *words: str):
    try:
        yield
    except error as found:
        missing = [w for w in words if w not in str(found)]
        assert not missing, f'{found} does not say {missing}'
        assert '\n' not in str(found), f'more than one line: {found}'
    else:
        raise AssertionError(f'not refused with {error.__name__} {words}')


def it_answers_what_the_model_says(case: Case, folder: Path) -> None:
    path, answer = case.write(folder)
    backend = load_backend(case.name, path, BackendOptions(case.device, threads=1))
    assert backend.name == case.name
    assert backend.input_shapes == {case.input: case.shape}
    assert backend.output_names[0] == case.output
    outputs = backend.run({case.input: case.images})
    assert tuple(outputs) == backend.output_names
    np.testing.assert_allclose(outputs[case.output], answer, rtol=1e-5, atol=1e-6)
    assert outputs[case.output].dtype == np.float32


def one_image_and_a_batch_give_the_same(case: Case, folder: Path) -> None:
    backend = load_backend(case.name, case.write(folder)[0], BackendOptions(case.device))
    both = backend.run({case.input: case.images})[case.output]
    alone = [backend.run({case.input: case.images[i : i + 1]})[case.output][0] for i in range(2)]
    np.testing.assert_allclose(both, alone, rtol=1e-5, atol=1e-6)


def it_answers_the_same_twice_and_leaves_its_input_alone(case: Case, folder: Path) -> None:
    backend = load_backend(case.name, case.write(folder)[0], BackendOptions(case.device))
    images = case.images.copy()
    images.setflags(write=False)
    first = backend.run({case.input: images})[case.output]
    kept = first.copy()
    second = backend.run({case.input: images})[case.output]
    assert (first == kept).all() and (first == second).all() and (images == case.images).all()


def any_layout_and_type_of_floats_will_do(case: Case, folder: Path) -> None:
    path, answer = case.write(folder)
    backend = load_backend(case.name, path, BackendOptions(case.device))
    turned = np.asfortranarray(case.images.astype(np.float64))
    np.testing.assert_allclose(backend.run({case.input: turned})[case.output], answer, rtol=1e-5, atol=1e-6)


def threads_may_share_it(case: Case, folder: Path) -> None:
    path, answer = case.write(folder)
    backend = load_backend(case.name, path, BackendOptions(case.device, threads=1))

    def one(index: int) -> np.ndarray:
        return backend.run({case.input: case.images[index % 2 : index % 2 + 1]})[case.output][0]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, range(40)))
    np.testing.assert_allclose(found, [answer[i % 2] for i in range(40)], rtol=1e-5, atol=1e-6)


def inputs_that_are_not_the_models_are_refused(case: Case, folder: Path) -> None:
    backend = load_backend(case.name, case.write(folder)[0], BackendOptions(case.device))
    sizes = ', '.join('any' if s is None else str(s) for s in case.shape)
    with refused(ValueError, f"inputs: expected ['{case.input}'], got []"):
        backend.run({})
    with refused(ValueError, f"expected ['{case.input}'], got ['picture']"):
        backend.run({'picture': case.images})
    with refused(ValueError, f'{case.input}: expected shape ({sizes}), got {case.images[0].shape}'):
        backend.run({case.input: case.images[0]})
    with refused(ValueError, f'{case.input}: expected shape ({sizes}), got'):
        backend.run({case.input: case.images[:, :2]})


def a_file_that_is_no_model_is_named(case: Case, folder: Path) -> None:
    path, _ = case.write(folder)
    for content in (b'', b'not a model', b'\x08\x08\x12', path.read_bytes()[:-20]):
        path.write_bytes(content)
        with refused(ModelError, path.name):
            load_backend(case.name, path, BackendOptions(case.device))
    path.unlink()
    with refused(ModelError, path.name, 'can not be read: No such file'):
        load_backend(case.name, path, BackendOptions(case.device))


def a_missing_device_is_said_before_a_missing_model(case: Case, folder: Path) -> None:
    with refused(BackendUnavailable, f"backend {case.name} has no device 'abacus'"):
        load_backend(case.name, folder / 'absent.onnx', BackendOptions(device='abacus'))


def a_missing_library_is_said_before_a_missing_device(case: Case, folder: Path) -> None:
    if not case.needs:
        return
    library = case.needs[0]
    before = sys.modules.get(library)
    sys.modules[library] = None  # type: ignore[assignment] # importing it raises ImportError
    try:
        with refused(BackendUnavailable, f'backend {case.name} is unavailable', library):
            load_backend(case.name, folder / 'absent.onnx', BackendOptions(device='abacus'))
    finally:
        sys.modules.pop(library)
        if before is not None:
            sys.modules[library] = before


CHECKS = (
    it_answers_what_the_model_says,
    one_image_and_a_batch_give_the_same,
    it_answers_the_same_twice_and_leaves_its_input_alone,
    any_layout_and_type_of_floats_will_do,
    threads_may_share_it,
    inputs_that_are_not_the_models_are_refused,
    a_file_that_is_no_model_is_named,
    a_missing_device_is_said_before_a_missing_model,
    a_missing_library_is_said_before_a_missing_device,
)


def main() -> None:
    for check in CHECKS:
        with tempfile.TemporaryDirectory() as folder:
            check(CASES[sys.argv[1]], Path(folder))
        print('kept:', check.__name__.replace('_', ' '))


if __name__ == '__main__':
    main()
