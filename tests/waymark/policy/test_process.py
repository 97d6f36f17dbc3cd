# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from written_policy import write_policy

from waymark.errors import BackendUnavailable
from waymark.policy.process import MAX_BACKOFF_S, PolicyProcess, Silence
from waymark.policy.serving import ServeConfig, ServeRequest


@pytest.fixture
def stay(tmp_path: Path) -> Path:
    """An 'interpreter' that stays, whatever it is told."""
    path = tmp_path / 'stay'
    path.write_text('#!/bin/sh\nexec sleep 60\n')
    path.chmod(0o755)
    return path


def test_a_process_is_started_once_and_again_when_it_is_gone_with_growing_pauses(stay):
    now = [0.0]
    process = PolicyProcess(ServeConfig(policy='p'), str(stay), lambda: now[0])
    try:
        assert process.ensure()
        first = process.pid
        assert not process.ensure()
        pauses = []
        for _ in range(9):
            process.kill()
            assert process.pid is None
            began = now[0]
            while not process.ensure():
                now[0] += 0.25
            pauses.append(now[0] - began)
        assert process.pid not in (None, first)
        assert pauses == sorted(pauses)
        assert pauses[:3] == [0.5, 1.0, 2.0]
        assert pauses[-1] == MAX_BACKOFF_S
        process.is_well()
        process.kill()
        assert process.ensure()  # one that had answered is started at once
    finally:
        process.stop()
    assert process.pid is None
    assert not Path(process.address.path).parent.exists()


def test_the_socket_is_in_a_folder_that_nobody_else_enters(stay):
    process = PolicyProcess(ServeConfig(policy='p'), str(stay))
    try:
        assert os.stat(Path(process.address.path).parent).st_mode & 0o077 == 0
    finally:
        process.stop()


def test_an_interpreter_that_is_none_is_refused():
    with pytest.raises(BackendUnavailable, match='no program. Name one that has lerobot'):
        PolicyProcess(ServeConfig(), '/nowhere/python')


def test_what_a_process_is_told_comes_back_whole():
    request = ServeRequest(ServeConfig(policy='p', precision='bf16', flow_steps=3), 'unix:/s', 'key', 7)
    assert ServeRequest.from_json(request.to_json()) == request


def test_a_process_without_lerobot_says_so_in_one_sentence(tmp_path):
    request = ServeRequest(ServeConfig(policy=str(write_policy(tmp_path / 'p'))), f'unix:{tmp_path}/s')
    code = 'import sys; sys.modules["lerobot"] = None; from waymark.policy.__main__ import main; main(sys.argv[1:])'
    command = [sys.executable, '-c', code, 'serve', request.to_json()]
    done = subprocess.run(command, capture_output=True, text=True)

    assert 'policies need lerobot' in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_who_is_not_asked_or_still_loads_is_not_silent():
    silence = Silence()
    silence.unanswered(5.0)
    assert silence.seconds(100.0) == 0.0  # it has never answered: it may be loading
    silence.answered()
    assert silence.seconds(1000.0) == 0.0  # nobody asked meanwhile
    silence.unanswered(1000.0)
    silence.unanswered(1010.0)
    assert silence.seconds(1016.0) == 16.0  # since the first question
    silence.answered()
    assert silence.seconds(1016.0) == 0.0
    silence.unanswered(1020.0)
    silence.forget()
    assert silence.seconds(2000.0) == 0.0
