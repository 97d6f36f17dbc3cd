# SPDX-License-Identifier: Apache-2.0
"""Backend rknn on device 'simulator': rknn-toolkit2 in its own environment and process."""

import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading

import numpy as np
import onnx
import pytest
import rknn_models as models
from onnx import TensorProto, helper

from waymark.backends import BackendOptions, load_backend
from waymark.backends.rknn_simulated import read_recipe
from waymark.backends.rknn_simulator import RknnRecipe, RknnSimulator
from waymark.errors import ConfigError, ModelError
from waymark.exporting.rknn import RknnSettings, convert_folder

pytestmark = pytest.mark.rknn
SHAPE = (1, 3, models.SIZE_WH[1], models.SIZE_WH[0])
IMAGES = np.random.default_rng(2).random(SHAPE, np.float32)

NON_ZERO = [
    helper.make_node('NonZero', ['images'], ['where']),
    helper.make_node('Cast', ['where'], ['numbers'], to=TensorProto.FLOAT),
    helper.make_node('ReduceMean', ['numbers'], ['embedding'], axes=[1]),
]


def options(**changes):
    return BackendOptions(device='simulator', **changes)


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return models.write_cnn(tmp_path_factory.mktemp('with a blank') / 'model.onnx')


@pytest.fixture(scope='module')
def backend(path):
    return load_backend('rknn', path, options())


def gone(pid):
    """True when a process ends within some seconds."""
    try:
        ended = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([ended], [], [], 10)[0])
    finally:
        os.close(ended)


def worker_of(backend):
    return backend._model._simulator.pid


def save(path, nodes, weights=(), inputs=('images',), shape=SHAPE):
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in inputs]
    out = helper.make_tensor_value_info('embedding', TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, 'g', info, [out], list(weights))
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8), path)
    return path


def test_an_onnx_model_answers_what_onnx_runtime_answers_to_half_precision(backend, path):
    assert backend.name == 'rknn'
    assert backend.input_shapes == {'images': SHAPE}
    assert backend.output_names == ('embedding',)
    assert not backend.takes_pixels
    found = backend.run({'images': IMAGES})['embedding']
    wanted = load_backend('onnx', path).run({'images': IMAGES})['embedding']
    np.testing.assert_allclose(found, wanted, atol=3e-3 * np.abs(wanted).max())


def test_a_rule_of_the_toolkit_that_fails_is_done_without(tmp_path):
    path = models.write_pooled_tokens(tmp_path / 'tokens.onnx')
    images = np.random.default_rng(4).normal(size=(1, 32, 2, 2)).astype(np.float32)
    wanted = load_backend('onnx', path).run({'images': images})['embedding']
    found = load_backend('rknn', path, options()).run({'images': images})['embedding']
    np.testing.assert_allclose(found, wanted, atol=5e-3)


def test_it_answers_the_same_twice_and_to_threads_that_share_it(backend):
    first = backend.run({'images': IMAGES})['embedding']
    found = []
    threads = [threading.Thread(target=lambda: found.append(backend.run({'images': IMAGES}))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((f['embedding'] == first).all() for f in found)
    assert len(found) == 4


def test_inputs_that_are_not_the_models_are_refused(backend):
    with pytest.raises(ValueError, match=r"expected \['images'\], got \[\]"):
        backend.run({})
    with pytest.raises(ValueError, match=r'images: expected shape \(1, 3, 96, 128\), got \(3, 96, 128\)'):
        backend.run({'images': IMAGES[0]})


def test_progress_is_told_and_ends_at_one(path):
    told = []
    load_backend('rknn', path, options(progress=lambda stage, part: told.append((stage, part))))
    assert [part for _, part in told] == sorted(part for _, part in told)
    assert told[-1] == ('ready', 1.0)
    assert 'building for rk3588' in [stage for stage, _ in told]


@pytest.mark.parametrize('content', [b'', b'no model', b'\x08\x08\x12', 'cut'])
def test_a_file_that_is_no_model_is_named_in_one_line(tmp_path, path, content):
    broken = tmp_path / 'broken.onnx'
    broken.write_bytes(path.read_bytes()[:-2000] if content == 'cut' else content)
    with pytest.raises(ModelError, match='broken.onnx') as error:
        load_backend('rknn', broken, options())
    assert '\n' not in str(error.value)
    with pytest.raises(ModelError, match=r'absent.onnx. can not be read: No such file'):
        load_backend('rknn', tmp_path / 'absent.onnx', options())


@pytest.mark.parametrize(
    ('nodes', 'words'),
    [
        ([helper.make_node('Frobnicate', ['images'], ['embedding'])], 'No Op registered for Frobnicate'),
        (NON_ZERO, r"NonZero\('where'\)"),
        # This one kills the toolkit's process.
        ([helper.make_node('Conv', ['images', 'images'], ['embedding'])], 'has ended: Failed to config layer: .*Conv'),
    ],
)
def test_an_operator_that_the_toolkit_does_not_take_is_named_in_one_line(tmp_path, nodes, words):
    with pytest.raises(ModelError, match=words) as error:
        load_backend('rknn', save(tmp_path / 'odd.onnx', nodes), options())
    assert '\n' not in str(error.value)
    assert 'odd.onnx' in str(error.value)
    assert 'Traceback' not in str(error.value)


def test_two_inputs_and_free_sizes_are_refused(tmp_path):
    add = helper.make_node('Add', ['images', 'more'], ['embedding'])
    with pytest.raises(ModelError, match='the inputs images, more, but only one image'):
        load_backend('rknn', save(tmp_path / 'two.onnx', [add], inputs=('images', 'more')), options())
    relu = helper.make_node('Relu', ['images'], ['embedding'])
    with pytest.raises(ModelError, match=r"input 'images' has free sizes \(0\) in \(1, 3, 0, 0\)"):
        load_backend('rknn', save(tmp_path / 'free.onnx', [relu], shape=(1, 3, 'h', 'w')), options())


def test_a_worker_that_dies_is_said_and_stays_said(path):
    simulated = load_backend('rknn', path, options())
    os.kill(worker_of(simulated), signal.SIGKILL)
    for _ in range(2):
        with pytest.raises(ModelError, match='its process has ended'):
            simulated.run({'images': IMAGES})


def test_a_run_beyond_its_time_ends_the_worker(path, monkeypatch):
    simulated = load_backend('rknn', path, options())
    pid = worker_of(simulated)
    monkeypatch.setattr('waymark.backends.rknn_simulator.RUN_LIMIT_S', 0.0)
    with pytest.raises(ModelError, match='took longer than 0 s'):
        simulated.run({'images': IMAGES})
    assert gone(pid)


def test_the_worker_ends_with_its_object(path):
    simulated = load_backend('rknn', path, options())
    pid = worker_of(simulated)
    del simulated
    gc.collect()
    assert gone(pid)


def test_the_worker_ends_with_a_process_that_is_killed(path):
    script = (
        'import sys; from waymark.backends.rknn_simulator import *\n'
        's = RknnSimulator(RknnRecipe(sys.argv[1])); print(s.pid, flush=True); input()'
    )
    with subprocess.Popen(
        [sys.executable, '-c', script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        pid = int(process.stdout.readline())
        process.kill()
    assert gone(pid)


def test_a_python_that_is_none_is_refused(path, monkeypatch):
    monkeypatch.setenv('WAYMARK_RKNN_PYTHON', str(path))
    with pytest.raises(ConfigError, match='WAYMARK_RKNN_PYTHON'):
        load_backend('rknn', path, options())


@pytest.fixture
def exported(tmp_path):
    models.write_folder(tmp_path, models.write_means(tmp_path / 'model.onnx'), 3)
    convert_folder(tmp_path, tmp_path / 'out', RknnSettings())
    return tmp_path / 'out'


def test_an_rknn_model_takes_pixels_and_nothing_else(exported):
    simulated = load_backend('rknn', exported / 'model.rknn', options())
    assert simulated.takes_pixels
    assert simulated.input_shapes == {'images': (1, 96, 128, 3)}
    with pytest.raises(ValueError, match='expected uint8, since mean and std are inside'):
        simulated.run({'images': np.zeros((1, 96, 128, 3), np.float32)})


def test_an_rknn_model_without_or_with_another_recipe_is_refused(exported):
    recipe, model = exported / 'simulator' / 'recipe.json', exported / 'model.rknn'
    fields = json.loads(recipe.read_text())
    for changes, words in (
        ({'sha256': '0' * 64}, 'not the recipe of .model.rknn'),
        ({'model': '../../model.onnx'}, 'lies outside its folder'),
        ({'model': 7}, 'is no recipe'),
        ({'mean': 'abc'}, 'is no recipe'),
        ({'colour': 1}, 'is no recipe'),
    ):
        recipe.write_text(json.dumps(fields | changes))
        with pytest.raises(ModelError, match=words):
            load_backend('rknn', model, options())
    recipe.unlink()
    with pytest.raises(ModelError, match='can not be simulated: .* Copy the folder simulator along'):
        load_backend('rknn', model, options())


def test_a_recipe_survives_moving_the_folder(exported, tmp_path):
    moved = exported.rename(tmp_path / 'moved here')
    assert read_recipe(moved / 'model.rknn').model == str((moved / 'simulator' / 'model.onnx').resolve())
    assert RknnSimulator(RknnRecipe(str(moved / 'simulator' / 'model.onnx'))).outputs == ('embedding',)
