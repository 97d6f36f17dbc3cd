# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from waymark.errors import ConfigError, MessageError
from waymark_ros.runner import RECENT_S, THROTTLE_S, Guard, Process, attempt, main_guard
from waymark_ros.spinning import Spinner


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def error(self, text: str) -> None:
        self.lines.append(text)


def test_the_guard_counts_every_problem_but_says_each_text_once_in_a_while():
    said: list[str] = []
    now = [0.0]
    guard = Guard(said.append, lambda: now[0])
    for _ in range(3):
        with guard('image'):
            raise MessageError('too short')
    assert said == ['image: too short (1 so far)']
    now[0] = THROTTLE_S
    with guard('image'):
        raise MessageError('too short')
    assert said[1:] == ['image: too short (4 so far)']
    assert (guard.errors, guard.last_error) == (4, 'image: too short')


def test_texts_that_differ_by_a_number_are_one_repeated_trouble():
    said: list[str] = []
    guard = Guard(said.append, lambda: 0.0)
    for late_ms in (3, 47, 1.5):
        guard.count(f'its stamp is {late_ms} ms behind the one before')
    assert said == ['its stamp is 3 ms behind the one before (1 so far)']
    assert guard.errors == 3


def test_what_is_guarded_inside_keeps_its_own_name():
    guard = Guard(lambda text: None)
    with guard('image'):
        with guard('camera_info'):
            raise MessageError('of another size')
        raise MessageError('too short')
    assert (guard.errors, guard.last_error) == (2, 'image: too short')


def test_a_problem_is_recent_for_a_while():
    now = [0.0]
    guard = Guard(lambda text: None, lambda: now[0])
    assert not guard.is_recent
    guard.count('too short')
    assert guard.is_recent
    now[0] = RECENT_S
    assert not guard.is_recent


def test_the_guard_names_an_unexpected_error_by_its_type():
    guard = Guard(lambda text: None)
    with guard('embedding'):
        raise KeyError('x')
    assert guard.last_error == "embedding: KeyError: 'x'"


def test_the_guard_tells_who_asked_the_sentence_alone():
    told: list[str] = []
    guard = Guard(lambda text: None)
    with guard('encode_text', told.append):
        raise MessageError('too short')
    with guard('encode_text', told.append):
        raise KeyError('x')
    assert told == ['too short', "KeyError: 'x'"]
    assert guard.last_error == "encode_text: KeyError: 'x'"


def test_the_guard_lets_ctrl_c_through():
    with pytest.raises(KeyboardInterrupt), Guard(lambda text: None)('image'):
        raise KeyboardInterrupt


def test_a_failed_transition_is_logged_as_one_sentence_when_the_user_can_fix_it():
    def body() -> None:
        raise ConfigError('rate_hz: must be at least 0, got -1')

    log = Log()
    assert attempt(log, 'configure', body) == 'rate_hz: must be at least 0, got -1'
    assert log.lines == ['can not configure: rate_hz: must be at least 0, got -1']
    assert attempt(log, 'configure', lambda: None) is None


def test_main_turns_a_user_error_into_one_sentence_and_exit_code_1(capsys):
    def body() -> int:
        raise ConfigError('demo.yaml: unknown key')

    with pytest.raises(SystemExit) as end:
        main_guard(body)
    assert end.value.code == 1
    assert capsys.readouterr().err == 'error: demo.yaml: unknown key\n'


def test_what_rclpy_itself_raises_on_a_message_is_said_and_the_process_goes_on(capsys):
    class FailsTwice:
        spins = 0
        has_spun, has_work = threading.Event(), threading.Event()
        context = SimpleNamespace(ok=lambda: True)

        def spin_once(self) -> None:
            self.spins += 1
            if self.spins < 3:
                raise RuntimeError('failed to take a message')
            self.has_spun.set()
            self.has_work.wait(10)

        def create_task(self, _task: object) -> None:
            self.has_work.set()

        def shutdown(self) -> None: ...

    executor = FailsTwice()
    spinner = Spinner(Process()._on_ros_error, executor=executor)
    spinner.start()
    assert executor.has_spun.wait(10)
    assert spinner.stop()
    assert executor.spins == 3
    said = capsys.readouterr().err
    assert said == 'warning: RuntimeError in a ROS callback: failed to take a message (1 so far)\n'


def test_what_rclpy_says_of_entities_that_go_while_the_process_ends_is_not_said(capsys):
    process = Process()
    process.request_stop()
    process._on_ros_error(RuntimeError('action server pointer is invalid'))
    assert capsys.readouterr().err == ''
