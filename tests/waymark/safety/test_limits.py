# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waymark.safety.braking import brake
from waymark.safety.limits import (
    AxisLimits,
    bounds,
    clamp,
    gain,
    is_viable,
    largest_acceleration,
    rate_bounds,
    settled,
    step,
)

DT = 0.02
STREAMS = 2000  # per example; with 50 examples 100,000
TICKS = 60
rates = st.floats(0.05, 20.0)


def limits(velocity=1.0, acceleration=2.0, jerk=10.0, **more):
    return AxisLimits.of([velocity], [acceleration], None if jerk is None else [jerk], DT, **more)


def play(lim, targets, velocity=0.0, acceleration=0.0):
    """Velocities (T,) of one axis that follows targets."""
    v, a, last, out = np.array([velocity]), np.array([acceleration]), np.array([velocity]), []
    for target in targets:
        goal = clamp(np.array([target]), -lim.velocity, lim.velocity)
        v, a = step(v, a, np.array([target]), (goal - last) / DT, lim)
        last = goal
        out.append(float(v[0]))
    return np.array(out)


def test_an_acceleration_adds_what_the_sum_says_and_the_inverse_finds_it_again():
    lim = limits(jerk=50.0)  # q = 1 m/s^2 per tick
    assert gain(np.array([3.5]), lim)[0] == pytest.approx(DT * (3.5 + 2.5 + 1.5 + 0.5))
    for a in (0.0, 0.3, 1.0, 1.7, 2.0, 9.9):
        assert largest_acceleration(gain(np.array([a]), lim), lim)[0] == pytest.approx(a, abs=1e-9)


def test_without_jerk_limit_a_step_takes_acceleration_alone():
    out = play(limits(jerk=None), [1.0] * 30)
    np.testing.assert_allclose(out, np.minimum(1.0, 0.04 * np.arange(1, 31)))


def test_a_step_up_with_jerk_limit_arrives_without_overshoot_and_stays():
    out = play(limits(), [0.8] * 100)
    assert out.max() == 0.8 == out[-1]
    assert (np.diff(out) >= 0).all()
    assert np.abs(np.diff(np.diff(out, prepend=0.0) / DT, prepend=0.0)).max() <= 10.0 * DT + 1e-9


@pytest.mark.parametrize('jerk', [None, 3.0, 10.0, 200.0])
def test_a_step_to_zero_never_reverses_the_vehicle(jerk):
    out = play(limits(jerk=jerk), [1.0] * 150 + [0.0] * 150)
    assert out.max() == 1.0
    assert out.min() == 0.0 == out[-1]


def test_a_stream_that_keeps_the_limits_goes_through_bit_for_bit():
    t = np.arange(500) * DT
    wave = 0.45 * (1.0 - np.cos(2.0 * t))  # from rest; 0.9 m/s^2, 1.8 m/s^3
    np.testing.assert_array_equal(play(limits(), wave), wave)


def test_a_target_beyond_any_number_is_the_limit():
    assert play(limits(jerk=None), [1e300] * 40)[-1] == 1.0
    assert play(limits(jerk=None), [-1e300] * 40)[-1] == -1.0


def test_deceleration_of_its_own_holds_towards_zero_and_the_smaller_rate_across_it():
    lim = limits(jerk=None, deceleration=[5.0])
    out = play(lim, [1.0] * 30 + [-1.0] * 30)
    assert np.diff(out[29:32]) == pytest.approx([-0.1, -0.1])
    lower, _ = rate_bounds(np.array([0.01]), lim)
    assert lower[0] == pytest.approx(-2.0)  # 0.01 m/s could go at 5 m/s^2, what lies behind 0 not


def test_other_rates_up_and_down_are_refused_where_jerk_is_limited():
    with pytest.raises(ValueError, match='deceleration must equal acceleration'):
        limits(jerk=10.0, deceleration=[5.0])


@pytest.mark.parametrize(
    'wrong', [{'velocity': -1.0}, {'velocity': np.nan}, {'acceleration': 0.0}, {'jerk': 0.0}, {'acceleration': -1.0}]
)
def test_limits_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match='at least 0|above 0'):
        limits(**wrong)


def test_an_axis_without_velocity_never_moves_whatever_its_other_limits():
    lim = AxisLimits.of([0.0, 1.0], [0.0, 1.0], [0.0, 5.0], DT)
    v, a = step(np.zeros(2), np.zeros(2), np.array([5.0, 0.0]), np.zeros(2), lim)
    assert (v == 0).all() and (a == 0).all()


@settings(max_examples=50, deadline=None)
@given(
    velocity=rates,
    acceleration=rates,
    jerk=st.one_of(st.none(), st.floats(0.5, 500.0)),
    deceleration=rates,
    period=st.sampled_from([0.005, 0.02, 0.05]),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_stream_of_targets_leads_past_a_limit_and_what_went_through_goes_through_again(
    velocity, acceleration, jerk, deceleration, period, seed
):
    rng = np.random.default_rng(seed)
    down = [deceleration] if jerk is None else None
    lim = AxisLimits.of([velocity], [acceleration], None if jerk is None else [jerk], period, down)
    v = a = last = target = np.zeros((STREAMS, 1))
    echo_v = echo_a = echo_last = v
    held = rng.uniform(0.3, 1.0, (STREAMS, 1))
    for _ in range(TICKS):
        target = np.where(rng.random((STREAMS, 1)) < held, target, rng.normal(0, 1.5 * velocity, (STREAMS, 1)))
        goal = clamp(target, -velocity, velocity)
        lower, upper, _ = bounds(v, a, goal - v, lim)
        assert (lower <= upper + 1e-9).all()
        new_v, new_a = step(v, a, target, (goal - last) / period, lim)
        assert (np.abs(new_v) <= velocity).all()
        low, high = rate_bounds(v, lim)
        assert (new_a >= low - 1e-7).all() and (new_a <= high + 1e-7).all()
        assert (np.abs(new_a - a) <= lim.change + 1e-7).all()
        assert is_viable(new_v, new_a, lim).all()
        echo_v, echo_a = step(echo_v, echo_a, new_v, (new_v - echo_last) / period, lim)
        np.testing.assert_array_equal(echo_v, new_v)
        v, a, last, echo_last = new_v, new_a, goal, new_v
    braked, stepped = brake(v, a, lim)[0], step(v, a, np.zeros_like(v), np.zeros_like(v), lim)[0]
    np.testing.assert_allclose(braked, stepped, atol=1e-9)


def test_a_state_outside_tighter_limits_is_led_into_them_at_the_old_rates():
    old, new = limits(), limits(velocity=0.3, acceleration=0.5, jerk=4.0)
    v, a, ticks = np.array([1.0]), np.array([0.0]), 0
    assert not is_viable(v, a, new).all()
    while not is_viable(v, a, new).all():
        v, a = step(v, a, settled(v, a, old, new), np.zeros(1), old)
        ticks += 1
    assert v[0] <= 0.3
    assert ticks == pytest.approx(0.7 / 2.0 / DT + 2 * 2.0 / 10.0 / DT / 2, abs=3)  # way down, and half a ramp each end
