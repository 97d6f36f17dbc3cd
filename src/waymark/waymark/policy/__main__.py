# SPDX-License-Identifier: Apache-2.0
"""The half of `waymark policy` that runs where lerobot is: `python -m waymark.policy serve|contract REQUEST`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

from waymark.errors import ConfigError, WaymarkError
from waymark.policy.greeting import Address, read_key
from waymark.policy.lerobot_policy import LerobotPolicy, find_folder, keep_quiet
from waymark.policy.server import PolicyServer, ServerLimits
from waymark.policy.serving import ServeRequest

LISTENING = 'listening'


def main(arguments: list[str]) -> int:
    """Serve a policy, or print the contract of one on a hub; exit code 1 and one sentence for what a user can fix."""
    keep_quiet()
    try:
        if len(arguments) != 2 or arguments[0] not in ('serve', 'contract'):
            raise ConfigError('this is run by `waymark policy`: use that.')
        request = ServeRequest.from_json(arguments[1])
        if arguments[0] == 'contract':
            from waymark.policy.folder import read_contract

            print(json.dumps(read_contract(find_folder(request.config.policy)).to_plain()))
        else:
            serve(request)
    except WaymarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def serve(request: ServeRequest) -> None:
    """Load and serve until SIGTERM, Ctrl-C, or the parent's end.

    Raises:
        WaymarkError: It can't be loaded or listened on.
    """
    if request.parent:
        threading.Thread(target=_follow, args=(request.parent,), daemon=True).start()
    address, key = Address.parse(request.address), read_key(request.key_file)
    address.require_key(key)
    began_s = time.perf_counter()
    policy = LerobotPolicy(find_folder(request.config.policy), request.config)
    loaded_s = time.perf_counter() - began_s
    server = PolicyServer(policy, address, key, ServerLimits(hang_s=request.config.hang_s))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    kind, far = policy.contract.policy_type, policy.distance
    how = '' if far is None else f', chunk {far:.2g} from that of the policy as saved (relative)'
    server.run(lambda at: print(f'{LISTENING} {at}: {kind}, loaded in {loaded_s:.1f} s{how}', flush=True))
    sys.stdout.flush()
    os._exit(0)  # an inference that still runs is not waited for


def _follow(parent: int) -> None:
    """End with the process that started this one, however it ended."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
