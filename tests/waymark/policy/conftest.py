# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from served_policy import LOOPBACK, QUICK, Served
from tame_policy import TamePolicy


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    served: list[Served] = []

    def begin(policy=None, address=LOOPBACK, key=None, limits=QUICK) -> Served:
        served.append(Served(policy or TamePolicy(), address, key, limits))
        return served[-1]

    yield begin
    for one in served:
        one.end()
