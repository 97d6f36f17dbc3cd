# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tame_policy import CONTRACT, FRONT, STATE, TamePolicy

from waymark.errors import PolicyError
from waymark.policy.config import PilotConfig
from waymark.policy.mapping import mapping_of
from waymark.policy.pilot import Pilot
from waymark.types import Frame, Header

MS = 1_000_000
PLAIN = {
    'fps': 10,
    'images': {FRONT: {'topic': 'image'}},
    'state': {STATE: [{'name': 'x', 'odometry': 'x'}, {'name': 'y', 'joint': 'lift', 'unit': 'cm'}]},
    'action': {
        'output': 'twist',
        'values': [{'name': 'forward', 'to': 'linear.x'}, {'name': 'turn', 'to': 'angular.z'}],
    },
}


class Flight:
    """A pilot with a clock of its own."""

    def __init__(self, policy: TamePolicy | None = None, plain: dict = PLAIN, **limits: float) -> None:
        self.now_ns = 1_000_000 * MS
        self.policy = policy or TamePolicy()
        config = PilotConfig(**{'replan_s': 0.0, 'blend_s': 0.0} | limits)
        self.pilot = Pilot(config, mapping_of(plain), self.policy, lambda: self.now_ns)
        self.pilot.meet()

    def pass_ms(self, ms: int) -> None:
        self.now_ns += ms * MS

    def look(self, x: float = 0.0, lift_m: float = 0.02, size_wh: tuple[int, int] = (64, 48)) -> None:
        frame = Frame(Header(self.now_ns), np.full((*size_wh[::-1], 3), 7, np.uint8))
        self.pilot.senses.see(FRONT, self.now_ns, lambda: frame)
        self.pilot.senses.sense('odometry', self.now_ns, {'x': x})
        self.pilot.senses.sense('joint', self.now_ns, {'lift position': lift_m})

    def due(self) -> list[float] | None:
        found = self.pilot.tick()
        return None if found is None else found.action.tolist()


def test_what_is_seen_becomes_what_is_due():
    flight = Flight()
    flight.pilot.begin('go')
    flight.look(x=5.0)
    assert flight.due() is None
    assert flight.pilot.think()

    assert flight.due() == [5.0, 2.0]  # 2 cm
    flight.pass_ms(250)
    assert flight.due() == [7.5, 4.5]
    request = flight.policy.asked[0]
    assert (request.task, request.arrays[FRONT].shape, int(request.arrays[FRONT].max())) == ('go', (48, 64, 3), 7)
    assert flight.pilot.state().chunks == 1
    assert not flight.pilot.think()  # nothing new was seen


def test_without_a_task_nothing_is_asked_and_nothing_is_due():
    flight = Flight()
    flight.look()
    assert not flight.pilot.think()
    flight.pilot.begin('go')
    flight.pilot.think()
    flight.pilot.stop()
    assert flight.due() is None
    assert flight.pilot.state().reason == 'no task'


def test_what_is_old_is_not_shown_to_the_policy():
    flight = Flight(max_observation_age_s=0.3)
    flight.pilot.begin('go')
    assert not flight.pilot.think()
    assert flight.pilot.state().reason == f'nothing has come of: image {FRONT}, joint, odometry'
    flight.look()
    flight.pass_ms(301)
    assert not flight.pilot.think()
    assert flight.pilot.state().reason == f'image {FRONT} is 0.3 s old'
    assert flight.policy.asked == []


def test_when_the_policy_falls_silent_the_actions_end_with_the_watchdog_and_come_back_with_it():
    flight = Flight(watchdog_s=1.0)
    flight.pilot.begin('go')
    flight.look()
    flight.pilot.think()
    flight.pass_ms(1000)
    assert flight.due() is not None
    flight.pass_ms(1)
    assert flight.due() is None
    flight.look(x=3.0)
    flight.pilot.think()
    assert flight.due() == [3.0, 2.0]


def test_an_answer_that_fails_is_counted_and_the_next_may_go_well():
    flight = Flight()
    flight.pilot.begin('break')
    flight.look()
    with pytest.raises(RuntimeError):
        flight.pilot.think()
    flight.pilot.begin('go')
    flight.pass_ms(10)
    flight.look(size_wh=(32, 24))
    with pytest.raises(PolicyError, match='images of image are 32x24 px, the policy was trained on 64x48'):
        flight.pilot.think()
    assert flight.pilot.state().drops == 1
    flight.pass_ms(10)
    flight.look()
    assert flight.pilot.think()


def test_a_chunk_that_was_asked_for_another_task_is_not_used():
    class Changing(TamePolicy):
        def answer(self, request):
            flight.pilot.begin('stop here')
            return super().answer(request)

    flight = Flight(Changing())
    flight.pilot.begin('go')
    flight.look()
    flight.pilot.think()
    assert flight.due() is None


def test_a_policy_slower_than_its_chunks_never_moves_anything():
    class Slow(TamePolicy):
        def answer(self, request):
            flight.pass_ms(2500)
            return super().answer(request)

    flight = Flight(Slow(), watchdog_s=10.0)
    flight.pilot.begin('go')
    flight.look()
    flight.pilot.think()
    assert flight.due() is None
    assert flight.pilot.state().reason == 'the policy is slower than its chunks are long'


def test_what_is_being_carried_out_is_told_to_a_policy_that_continues_it():
    flight = Flight(TamePolicy(replace(CONTRACT, has_rtc=True)))
    flight.pilot.begin('go')
    flight.look(x=0.0)
    flight.pilot.think()
    flight.pass_ms(500)
    flight.look(x=100.0)
    flight.pilot.think()

    first, second = flight.policy.asked
    assert first.overlap is None
    np.testing.assert_allclose(second.overlap.raw[:, 0], np.arange(5, 20) / 10, rtol=1e-6)


def test_when_time_goes_back_what_was_seen_and_planned_is_forgotten():
    flight = Flight()
    flight.pilot.begin('go')
    flight.look()
    flight.pilot.think()
    flight.pass_ms(100)
    assert flight.due() is not None
    flight.now_ns -= 50_000 * MS
    assert flight.due() is None
    assert not flight.pilot.think()
    flight.look(x=4.0)
    assert flight.pilot.think()
    assert flight.due() == [4.0, 2.0]


def test_policies_that_look_back_get_what_was_seen_then():
    flight = Flight(TamePolicy(replace(CONTRACT, observation_steps=2)))
    flight.policy.answer = lambda request: (_ for _ in ()).throw(PolicyError(str(request.arrays[STATE].tolist())))
    flight.pilot.begin('go')
    for x in (1.0, 2.0, 3.0):
        flight.look(x=x)
        flight.pass_ms(50)
    with pytest.raises(PolicyError, match=r'\[\[1.0, 2.0\], \[3.0, 2.0\]\]'):
        flight.pilot.think()


def test_images_are_fitted_as_the_mapping_says():
    for fit, rows in (('resize', 48), ('pad', 32)):
        flight = Flight(plain=PLAIN | {'images': {FRONT: {'topic': 'image', 'fit': fit}}})
        flight.pilot.begin('go')
        flight.look(size_wh=(128, 64))
        flight.pilot.think()
        image = flight.policy.asked[0].arrays[FRONT]
        assert image.shape == (48, 64, 3)
        assert (image[:rows] == 7).all()
        assert not image[rows:].any()
