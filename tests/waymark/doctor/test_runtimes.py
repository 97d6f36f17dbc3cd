# SPDX-License-Identifier: Apache-2.0
import onnxruntime

from waymark.doctor.runtimes import RUNTIMES, check_all, judge_runtimes, version


def test_what_is_here_is_named_with_its_version_and_what_is_not_with_its_remedy():
    finding = judge_runtimes({'onnx': '1.20', 'openvino': '2026.1', 'rknn': None})
    assert (finding.level, finding.text) == ('OK', 'onnx 1.20, openvino 2026.1; not here and not needed: rknn')
    assert finding.remedy == RUNTIMES['rknn'][2]


def test_without_the_default_runtime_it_fails():
    finding = judge_runtimes({'onnx': None})
    assert (finding.level, finding.text) == ('FAIL', 'none')
    assert 'pip install "onnxruntime' in finding.remedy


def test_versions_are_those_of_the_installed_libraries():
    assert version('onnxruntime', 'onnxruntime') == onnxruntime.__version__
    assert version('onnxruntime', 'no such distribution') == 'installed'
    assert version('no_such_module', 'onnxruntime') is None
    assert [finding.level for finding in check_all()] == ['OK', 'OK']
