# SPDX-License-Identifier: Apache-2.0
"""Policies through lerobot's own classes, in the policy process: what comes back is what lerobot itself answers."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import tiny_policies as tiny

from waymark.environments import find_interpreter, source_path
from waymark.errors import PolicyError
from waymark.policy.client import PolicyClient, PolicyUnreachable
from waymark.policy.observation import Overlap, Request, request_of
from waymark.policy.process import PolicyProcess
from waymark.policy.serving import ServeConfig

SUPPORT = Path(tiny.__file__).parent
pytestmark = [pytest.mark.models, pytest.mark.timeout(600)]


@pytest.fixture(scope='module')
def policies(run_with_lerobot, tmp_path_factory) -> Path:
    """Folder with tiny policies and what lerobot answers with them."""
    folder = tmp_path_factory.mktemp('policies')
    run_with_lerobot('tiny_policies.py', folder)
    return folder


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., PolicyProcess]]:
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
    started: list[PolicyProcess] = []

    def begin(folder: Path, python: str = '', **settings: str) -> PolicyProcess:
        started.append(PolicyProcess(ServeConfig(policy=str(folder), threads=1, **settings), python))
        assert started[-1].ensure()
        return started[-1]

    yield begin
    for process in started:
        process.stop()


def wait_for(client: PolicyClient, process: PolicyProcess) -> None:
    """Until the process has loaded its policy."""
    while True:
        try:
            return client.connect()
        except PolicyUnreachable:
            assert process.pid is not None, 'the policy process ended'
            time.sleep(0.1)


def test_smolvla_answers_what_lerobot_does_continues_chunks_and_comes_back_after_a_kill(policies, start, capsys):
    folder = policies / 'smolvla'
    truth = np.load(folder / 'truth.npz')
    process = start(folder)
    with closing(PolicyClient(process.address, timeout_s=60.0)) as client:
        wait_for(client, process)
        first, plain = (client.answer(request_of(tiny.observation(n), tiny.SEED)) for n in (0, 1))
        asked = request_of(tiny.observation(1), tiny.SEED)
        overlap = Overlap(first.raw[tiny.AHEAD :], tiny.DELAY)
        continued = client.answer(Request(asked.arrays, asked.task, tiny.SEED, overlap))

        np.testing.assert_allclose(first.actions, truth['actions'], atol=1e-6, rtol=0)
        np.testing.assert_allclose(first.raw, truth['raw'], atol=1e-6, rtol=0)
        np.testing.assert_allclose(plain.actions, truth['other'], atol=1e-6, rtol=0)
        np.testing.assert_allclose(continued.actions, truth['continued'], atol=1e-6, rtol=0)
        last = first.actions[tiny.AHEAD :]  # at each step that both have, how far are they apart?
        seams = [float(np.abs(c.actions[: len(last)] - last)[: tiny.DELAY + 1].max()) for c in (plain, continued)]
        with capsys.disabled():
            print(f'\nlargest jump at the seam: {seams[0]:.3f} plain, {seams[1]:.3f} continued (RTC)')
        assert seams[1] < seams[0]

        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(PolicyUnreachable):
            client.answer(request_of(tiny.observation(0), tiny.SEED))
        while process.pid is not None or not process.ensure():
            time.sleep(0.05)
        wait_for(client, process)
        again = client.answer(request_of(tiny.observation(0), tiny.SEED))
        np.testing.assert_allclose(again.actions, truth['actions'], atol=1e-6, rtol=0)


def test_act_goes_through_the_same_door(policies, start):
    truth = np.load(policies / 'act' / 'truth.npz')
    process = start(policies / 'act')
    with closing(PolicyClient(process.address, timeout_s=60.0)) as client:
        wait_for(client, process)
        contract = client.contract
        got = client.predict(tiny.observation(0), tiny.SEED)

    assert (contract.policy_type, contract.chunk_steps, contract.has_rtc) == ('act', 10, False)
    np.testing.assert_allclose(got, truth['actions'], atol=1e-6, rtol=0)


def test_a_diffusion_policy_is_shown_two_observations_and_answers_what_lerobot_does(policies, start):
    truth = np.load(policies / 'diffusion' / 'truth.npz')
    process = start(policies / 'diffusion')
    with closing(PolicyClient(process.address, timeout_s=60.0)) as client:
        wait_for(client, process)
        contract = client.contract
        first, other = (client.predict(tiny.observation(n, 2), tiny.SEED) for n in (0, 1))
        one_state = tiny.observation(0, 2) | {tiny.STATE: tiny.observation(0)[tiny.STATE]}
        with pytest.raises(
            PolicyError, match=r'observation.state: the policy takes float32 \(2, 3\), got float32 \(3,\)'
        ):
            client.predict(one_state, tiny.SEED)

    assert (contract.policy_type, contract.observation_steps, contract.chunk_steps) == ('diffusion', 2, 4)
    np.testing.assert_allclose(first, truth['actions'], atol=1e-6, rtol=0)
    np.testing.assert_allclose(other, truth['other'], atol=1e-6, rtol=0)
    assert np.abs(first - other).max() > 0.01  # it looks at what it is shown


def test_pi0_reads_with_the_tokenizer_it_is_given_answers_what_lerobot_does_and_continues_chunks(
    run_with_lerobot, models_interpreter, start, tmp_path
):
    run_with_lerobot('tiny_pi0.py', tmp_path)
    truth = np.load(tmp_path / 'pi0' / 'truth.npz')
    python = tmp_path / 'python'  # lerobot's own has no size of pi0 that is small enough for a test
    python.write_text(f'#!/bin/sh\nexec {models_interpreter} {SUPPORT / "tiny_pi0.py"} "$@"\n')
    python.chmod(0o755)
    process = start(tmp_path / 'pi0', str(python), vlm=str(tmp_path / 'words'))
    with closing(PolicyClient(process.address, timeout_s=60.0)) as client:
        wait_for(client, process)
        contract = client.contract
        first, other = (client.answer(request_of(tiny.observation(n), tiny.SEED)) for n in (0, 1))
        asked = request_of(tiny.observation(1), tiny.SEED)
        overlap = Overlap(first.raw[tiny.AHEAD :], tiny.DELAY)
        continued = client.answer(Request(asked.arrays, asked.task, tiny.SEED, overlap))
        told = client.predict(tiny.observation(0) | {'task': 'a red car'}, tiny.SEED)

    assert (contract.policy_type, contract.chunk_steps, contract.takes_instruction) == ('pi0', 20, True)
    assert contract.has_rtc
    np.testing.assert_allclose(first.actions, truth['actions'], atol=1e-6, rtol=0)
    np.testing.assert_allclose(other.actions, truth['other'], atol=1e-6, rtol=0)
    np.testing.assert_allclose(continued.actions, truth['continued'], atol=1e-6, rtol=0)
    assert np.abs(told - first.actions).max() > 1e-3  # it reads


def test_what_can_not_be_loaded_is_one_sentence(policies, tmp_path):
    from waymark.policy.serving import ServeRequest

    folder = tmp_path / 'broken'
    folder.mkdir()
    for file in (policies / 'act').iterdir():
        (folder / file.name).symlink_to(file)
    (folder / 'model.safetensors').unlink()
    (folder / 'model.safetensors').symlink_to(policies / 'smolvla' / 'model.safetensors')
    request = ServeRequest(ServeConfig(policy=str(folder)), f'unix:{tmp_path}/socket')
    with source_path() as path:
        command = [find_interpreter('models'), '-m', 'waymark.policy', 'serve', request.to_json()]
        done = subprocess.run(command, env={'PYTHONPATH': path}, capture_output=True, text=True, timeout=300)

    assert done.returncode == 1
    assert 'lacks the weights' in done.stderr.splitlines()[-1], done.stderr[-2000:]
