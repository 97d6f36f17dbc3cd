# SPDX-License-Identifier: Apache-2.0
"""gym-pusht: a disc pushes a T onto its mark. A closed loop for policies, without hardware."""

from __future__ import annotations

from waymark_sim.pusht.expert import PushExpert
from waymark_sim.pusht.servo import PushTable, ServoExpert
from waymark_sim.pusht.world import PushWorld, Seen

__all__ = ['PushExpert', 'PushTable', 'PushWorld', 'Seen', 'ServoExpert']
