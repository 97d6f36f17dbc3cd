# SPDX-License-Identifier: Apache-2.0
"""A tame policy's server as a process of its own: says its port, ends with its input, says how often it was asked."""

from __future__ import annotations

import sys
import threading

from tame_policy import TamePolicy

from waymark.policy.greeting import Address
from waymark.policy.server import PolicyServer, ServerLimits


def main() -> None:
    policy = TamePolicy()
    server = PolicyServer(policy, Address(host='127.0.0.1'), None, ServerLimits())

    def wait() -> None:
        sys.stdin.read()
        server.stop()

    threading.Thread(target=wait, daemon=True).start()
    server.run(lambda at: print(at.port, flush=True), lambda: None)
    print(len(policy.asked))


if __name__ == '__main__':
    main()
