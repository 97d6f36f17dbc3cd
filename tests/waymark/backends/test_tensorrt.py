# SPDX-License-Identifier: Apache-2.0
"""TensorRT up to the library's door: what comes before it, and what it would be told."""

import importlib.util
import sys
from dataclasses import dataclass

import pytest

from waymark.backends import BackendOptions, load_backend
from waymark.backends.cuda_memory import cuda_device, done
from waymark.backends.tensorrt_engine import Phases
from waymark.errors import BackendUnavailable, ModelError

HERE = importlib.util.find_spec('tensorrt') is not None


@dataclass
class Gpu:
    name: bytes = b'Orin'
    major: int = 8
    minor: int = 7


class Cuda:
    """What the driver of a machine with `count` GPUs says; `error` is its error code."""

    def __init__(self, count, error=0):
        self.count, self.error = count, error

    def cudaGetDeviceCount(self):  # noqa: N802 - CUDA's name
        return self.error, self.count

    def cudaGetDeviceProperties(self, index):  # noqa: N802
        return 0, Gpu()


@pytest.mark.skipif(HERE, reason='tensorrt is installed')
def test_the_missing_library_is_said_before_device_and_model(tmp_path):
    with pytest.raises(BackendUnavailable, match='tensorrt can not be imported .*JetPack.* pip install tensorrt'):
        load_backend('tensorrt', tmp_path / 'absent.onnx', BackendOptions(device='abacus'))


def test_missing_bindings_are_said_before_device_and_model(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'tensorrt', sys)  # any module: it is there, what it does is not asked yet
    for name in ('cuda', 'cuda.bindings'):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        BackendUnavailable, match=r"CUDA's Python bindings can not be imported .* pip install cuda-pyth"
    ):
        load_backend('tensorrt', tmp_path / 'absent.onnx', BackendOptions(device='abacus'))


@pytest.mark.parametrize('device', ['cpu', 'gpu', 'cuda:', 'cuda:x', 'abacus'])
def test_what_is_no_gpu_is_refused(device):
    with pytest.raises(BackendUnavailable, match=f"has no device '{device}': it runs on GPUs. Set device: cuda"):
        cuda_device(Cuda(1), 'tensorrt', device)


@pytest.mark.parametrize(
    ('cuda', 'device', 'found'),
    [
        (Cuda(0), 'cuda', 'no GPU'),
        (Cuda(0, error=100), 'cuda', 'no GPU'),  # cudaErrorNoDevice
        (Cuda(1), 'cuda:1', '1 GPU'),
        (Cuda(2), 'cuda:2', '2 GPUs'),
    ],
)
def test_a_gpu_that_is_not_there_is_refused(cuda, device, found):
    with pytest.raises(BackendUnavailable, match=rf"no device '{device}': CUDA finds {found}\. Load the NVIDIA driver"):
        cuda_device(cuda, 'tensorrt', device)


def test_a_gpu_is_known_by_name_and_compute_capability():
    assert cuda_device(Cuda(1), 'tensorrt', 'cuda') == (0, 'Orin (8.7)')
    assert cuda_device(Cuda(2), 'tensorrt', 'cuda:1') == (1, 'Orin (8.7)')


def test_results_of_cuda_come_without_their_error_code():
    assert done((0,)) == ()
    assert done((0, 7)) == 7
    assert done((0, 7, 8)) == (7, 8)
    with pytest.raises(ModelError, match='CUDA failed: 2. Is the GPU out of memory'):
        done((2, None))


def test_nested_phases_become_one_number():
    told = []
    phases = Phases(lambda stage, part: told.append((stage, round(part, 4))))
    phases.start('Building Engine', None, 2)
    phases.start('Tactics', 'Building Engine', 4)
    phases.step('Tactics', 0)
    phases.step('Tactics', 1)
    phases.finish('Tactics')
    phases.step('Building Engine', 0)
    phases.finish('Building Engine')
    assert {stage for stage, _ in told} == {'TensorRT: Building Engine'}
    assert [part for _, part in told] == [0, 0, 0.125, 0.25, 0.5, 1]


def test_a_step_of_a_phase_that_has_ended_changes_nothing():
    told = []
    phases = Phases(lambda stage, part: told.append(part))
    phases.step('gone', 3)
    phases.finish('gone')
    assert told == []
