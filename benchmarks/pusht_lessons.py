# SPDX-License-Identifier: Apache-2.0
"""Episodes of gym-pusht to teach a policy with, made by the expert without a memory; those that fail are left out.

python benchmarks/pusht_lessons.py lessons.npz --episodes 400
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from waymark_ros.pusht_topics import observed
from waymark_sim.pusht import PushTable, PushWorld, ServoExpert

FIRST_SEED = 1000  # those below are for judging
MAX_STEPS = 220
STUCK_STEPS = 45  # in which the T was not moved: this will come to nothing
SAVED = 10
STUMBLE_PX = 8.0  # the disc is sent a little astray now and then: what is taught is how to go on from there
STUMBLES = 0.3


def lesson(world: PushWorld, table: PushTable, seed: int) -> tuple[np.ndarray, np.ndarray] | None:
    """An episode: states (T, 8) and actions (T, 2); None where it did not succeed."""
    expert, rng = ServoExpert(world.mark, table), np.random.default_rng(seed)
    seen, states, actions = world.reset(seed), [], []
    moved, tee = 0, seen.tee
    while len(states) < MAX_STEPS and not seen.is_success and len(states) - moved < STUCK_STEPS:
        action = np.clip(expert.act(seen), 0.0, 512.0)
        states.append(observed(seen))
        actions.append(action)
        astray = rng.normal(0.0, STUMBLE_PX, 2) if rng.random() < STUMBLES else 0.0
        seen = world.step(action + astray)
        if np.abs(seen.tee - tee).max() > 0.01:
            moved, tee = len(states), seen.tee
    return (np.array(states, np.float32), np.array(actions, np.float32)) if seen.is_success else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out', type=Path)
    parser.add_argument('--episodes', type=int, default=400)
    parser.add_argument('--first-seed', type=int, default=FIRST_SEED)
    arguments = parser.parse_args()
    world, table = PushWorld(), PushTable.tried()
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.episodes)
    for number, seed in enumerate(seeds, 1):
        if (found := lesson(world, table, seed)) is not None:
            kept.append(found)
        if kept and (number % SAVED == 0 or seed == seeds[-1]):
            save(kept, arguments.out)
            print(f'{len(kept)} of {number} episodes succeeded: {sum(len(s) for s, _ in kept)} steps', flush=True)


def save(kept: list[tuple[np.ndarray, np.ndarray]], out: Path) -> None:
    states, actions = (np.concatenate(part) for part in zip(*kept, strict=True))
    np.savez(out, states=states, actions=actions, lengths=np.array([len(s) for s, _ in kept]))


if __name__ == '__main__':
    main()
