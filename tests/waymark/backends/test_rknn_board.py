# SPDX-License-Identifier: Apache-2.0
"""The board's side up to the vendor's library: no board was at hand, so file systems of boards are drawn here."""

import importlib.util
import json

import pytest

from waymark.backends import BackendOptions, load_backend
from waymark.backends.rknn_board import core_mask, find_soc, require_runtime, require_target
from waymark.backends.rknn_file import RknnFile, read_rknn_file
from waymark.errors import BackendUnavailable, ModelError

NO_LIBRARY = importlib.util.find_spec('rknnlite') is None


def board(root, compatible, node='dev/dri/renderD129'):
    (root / 'proc/device-tree').mkdir(parents=True)
    (root / 'proc/device-tree/compatible').write_bytes(b''.join(c.encode() + b'\0' for c in compatible))
    if node:
        (root / node).parent.mkdir(parents=True)
        (root / node).touch()
    return root


def described(**changes):
    tensors = [
        {'tensor_id': 0, 'url': 'images', 'size': [1, 3, 96, 128]},
        {'tensor_id': 1, 'url': 'embedding', 'size': [1, 64]},
    ]
    graph = [{'left': 'input', 'right_tensor_id': 0}, {'left': 'output', 'right_tensor_id': 1}]
    known = {'norm_tensor': tensors, 'graph': graph, 'target_platform': ['RK3588'], 'version': '2.5.0'}
    return json.dumps(known | changes).encode()


def rknn_file(path, description, program=b'npu program'):
    head = b'RKNN\0\0\0\0' + (6).to_bytes(8, 'little') + len(program).to_bytes(8, 'little') + bytes(40)
    path.write_bytes(head + program + len(description).to_bytes(8, 'little') + description)
    return path


@pytest.mark.skipif(not NO_LIBRARY, reason='rknnlite is installed')
@pytest.mark.parametrize('device', ['npu', 'npu:0,1,2', 'cpu', 'abacus'])
def test_the_missing_library_is_said_before_device_and_model(tmp_path, device):
    with pytest.raises(BackendUnavailable, match='rknnlite can not be imported .*pip install rknn-toolkit-lite2'):
        load_backend('rknn', tmp_path / 'absent.rknn', BackendOptions(device))


def test_the_missing_runtime_says_where_it_comes_from_and_goes_to(tmp_path):
    with pytest.raises(BackendUnavailable, match=r'librknnrt.so not found. Copy it .* to /usr/lib'):
        require_runtime(tmp_path)
    (tmp_path / 'usr/lib').mkdir(parents=True)
    (tmp_path / 'usr/lib/librknnrt.so').touch()
    require_runtime(tmp_path)


@pytest.mark.parametrize(
    ('compatible', 'soc'),
    [
        (['radxa,rock-5b', 'rockchip,rk3588'], 'rk3588'),
        (['xunlong,orangepi-5', 'rockchip,rk3588s', 'rockchip,rk3588'], 'rk3588s'),
        (['rockchip,rk3576-evb1-v10', 'rockchip,rk3576'], 'rk3576'),
        (['pine64,quartz64-a', 'rockchip,rk3566'], 'rk3566'),
    ],
)
@pytest.mark.parametrize('node', ['dev/dri/renderD129', 'dev/rknpu'])
def test_the_soc_is_read_from_the_device_tree(tmp_path, compatible, soc, node):
    assert find_soc(board(tmp_path, compatible, node)) == soc


def test_a_machine_without_a_device_tree_has_no_npu(tmp_path):
    with pytest.raises(BackendUnavailable, match='compatible can not be read .* on a PC, set device: simulator'):
        find_soc(tmp_path)


def test_another_board_is_named(tmp_path):
    with pytest.raises(BackendUnavailable, match='this board is raspberrypi,5-model-b, brcm,bcm2712'):
        find_soc(board(tmp_path, ['raspberrypi,5-model-b', 'brcm,bcm2712']))


def test_a_driver_that_is_not_loaded_is_said(tmp_path):
    with pytest.raises(BackendUnavailable, match="rk3588's NPU: none of /dev/dri/renderD129.*Enable the rknpu driver"):
        find_soc(board(tmp_path, ['rockchip,rk3588'], node=''))


@pytest.mark.parametrize(
    ('device', 'soc', 'mask'),
    [
        ('npu', 'rk3588', 0),
        ('npu:0', 'rk3588', 1),
        ('npu:2', 'rk3588', 4),
        ('npu:0,1', 'rk3588', 3),
        ('npu:2,1,0', 'rk3588s', 7),
        ('npu:0,1', 'rk3576', 3),
        ('npu:0', 'rk3566', 0),
    ],
)
def test_cores_become_the_vendors_mask(device, soc, mask):
    assert core_mask(device, soc) == mask


@pytest.mark.parametrize(
    ('device', 'soc'),
    [('npu:3', 'rk3588'), ('npu:2', 'rk3576'), ('npu:1,2', 'rk3588'), ('npu:0,2', 'rk3588'), ('npu:1', 'rk3568')],
)
def test_cores_that_a_chip_does_not_have_or_combine_are_refused(device, soc):
    with pytest.raises(BackendUnavailable, match=f"no device '{device}' on the {soc}"):
        core_mask(device, soc)


@pytest.mark.parametrize('device', ['cpu', 'npu:', 'npu:a', 'npu:0,', 'simulator:1', ''])
def test_another_device_is_refused_with_what_there_is(device):
    with pytest.raises(BackendUnavailable, match=f"no device '{device}'. Set device: npu"):
        core_mask(device, 'rk3588')


def test_an_rknn_file_says_what_it_is(tmp_path):
    found = read_rknn_file(rknn_file(tmp_path / 'm.rknn', described()))
    assert found == RknnFile(('rk3588',), {'images': (1, 3, 96, 128)}, ('embedding',), '2.5.0')


@pytest.mark.parametrize(
    ('target', 'soc', 'runs'),
    [('rk3588', 'rk3588s', True), ('rk3566', 'rk3568', True), ('rk3588', 'rk3576', False), ('rk3562', 'rk3566', False)],
)
def test_a_model_runs_on_its_own_npu_only(tmp_path, target, soc, runs):
    path = rknn_file(tmp_path / 'm.rknn', described(target_platform=[target]))
    found = read_rknn_file(path)
    assert found.runs_on(soc) == runs
    if not runs:
        with pytest.raises(ModelError, match=f'built for {target}, this board is an {soc}. .*--target {soc}'):
            require_target(found.targets, runs, soc, path)


@pytest.mark.parametrize(
    'content',
    [
        b'\x08\x08onnx' * 40,
        b'RKNN',
        b'RKNN' + b'\xff' * 200,
        b'RKNN' + bytes(200),
    ],
)
def test_a_file_that_is_no_rknn_model_is_named(tmp_path, content):
    (tmp_path / 'm.rknn').write_bytes(content)
    with pytest.raises(ModelError, match=r"m.rknn' is not an .rknn model"):
        read_rknn_file(tmp_path / 'm.rknn')


@pytest.mark.parametrize('changes', [{'norm_tensor': []}, {'graph': 3}, {'target_platform': None}])
def test_a_description_that_contradicts_itself_is_refused(tmp_path, changes):
    with pytest.raises(ModelError, match='is not an .rknn model'):
        read_rknn_file(rknn_file(tmp_path / 'm.rknn', described(**changes)))
