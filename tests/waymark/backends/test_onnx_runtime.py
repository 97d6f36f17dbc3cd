# SPDX-License-Identifier: Apache-2.0
import onnx_models
import onnxruntime
import pytest

from waymark.backends import BackendOptions, load_backend
from waymark.backends.onnx_runtime import OnnxRuntimeBackend, _providers
from waymark.errors import BackendUnavailable


@pytest.mark.parametrize('device', ['cuda', 'tensorrt', 'CUDAExecutionProvider'])
def test_a_build_without_the_provider_says_what_it_offers(device):
    if 'CUDAExecutionProvider' in onnxruntime.get_available_providers():
        pytest.skip('this onnxruntime has CUDA')
    with pytest.raises(BackendUnavailable, match=rf"no device '{device}': this onnxruntime offers .*CPUExecution"):
        OnnxRuntimeBackend.require(BackendOptions(device=device))


@pytest.mark.filterwarnings('ignore:Specified provider')
def test_a_provider_that_can_not_start_is_a_missing_device(tmp_path, monkeypatch):
    """The build names a provider whose libraries are not there, as onnxruntime-gpu does on a PC without a GPU."""
    offered = [*onnxruntime.get_available_providers(), 'CUDAExecutionProvider']
    if 'CUDAExecutionProvider' in onnxruntime.get_available_providers():
        pytest.skip('this onnxruntime has CUDA')
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: offered)
    with pytest.raises(BackendUnavailable, match=r"could not start on 'cuda': CUDAExecutionProvider says:"):
        load_backend('onnx', tmp_path / 'absent.onnx', BackendOptions(device='cuda'))


def test_a_provider_is_taken_by_its_full_name(tmp_path):
    path = onnx_models.projection(tmp_path / 'model.onnx')
    assert load_backend('onnx', path, BackendOptions(device='CPUExecutionProvider')).output_names == ('vector',)


def test_tensorrt_keeps_its_engines_and_computes_in_the_models_precision(tmp_path):
    path = onnx_models.projection(tmp_path / 'model.onnx')
    found = {}
    for precision in ('fp32', 'fp16'):
        options = BackendOptions(device='tensorrt', cache_dir=tmp_path / 'engines', precision=precision)
        (name, settings), last = _providers('TensorrtExecutionProvider', path, options)
        assert (name, last) == ('TensorrtExecutionProvider', 'CUDAExecutionProvider')
        found[precision] = settings
    assert [found[p]['trt_fp16_enable'] for p in ('fp32', 'fp16')] == ['0', '1']
    assert all(s['trt_engine_cache_enable'] == '1' for s in found.values())
    folders = {s['trt_engine_cache_path'] for s in found.values()}
    assert len(folders) == 2 and all(f.startswith(str(tmp_path / 'engines')) for f in folders)


def test_cuda_multiplies_fp32_in_fp32(tmp_path):
    path = tmp_path / 'model.onnx'
    settings = _providers('CUDAExecutionProvider', path, BackendOptions(device='cuda'))
    assert settings == [('CUDAExecutionProvider', {'use_tf32': '0'})]


def test_loading_reports_progress(tmp_path):
    told = []
    path = onnx_models.projection(tmp_path / 'model.onnx')
    load_backend('onnx', path, BackendOptions(progress=lambda stage, done: told.append((stage, done))))
    stage = 'onnxruntime prepares model.onnx for cpu'
    assert told == [(stage, 0.0), (stage, 1.0)]
