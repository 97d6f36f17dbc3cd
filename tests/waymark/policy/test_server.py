# SPDX-License-Identifier: Apache-2.0
"""Server and client over real sockets, and a server among peers that mean no good."""

from __future__ import annotations

import os
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from served_policy import KEY, QUICK, answers, connected, greeted, is_dropped, read
from tame_policy import CONTRACT, FRONT, STATE, TamePolicy, seen

from waymark.errors import ConfigError, PolicyError
from waymark.policy.client import PolicyClient, PolicyUnreachable
from waymark.policy.greeting import Address, read_key
from waymark.policy.observation import Overlap, Request, request_of
from waymark.policy.server import PolicyServer
from waymark.policy.wire import Message, encode


def test_a_chunk_comes_back_and_the_contract_is_known(serve, tmp_path):
    path = tmp_path / 'socket'
    served = serve(address=Address(path=str(path)))
    with closing(PolicyClient(Address.parse(f'unix:{path}'))) as client:
        assert client.contract == CONTRACT
        chunk = client.answer(request_of(seen(1.0, -1.0), seed=3))
        assert client.ping() == 0.0

    np.testing.assert_array_equal(chunk.actions, np.array([[1.0, -1.0]]) + np.arange(20)[:, None])
    np.testing.assert_array_equal(chunk.raw, chunk.actions / np.float32(10))
    assert (served.policy.asked[0].task, served.policy.asked[0].seed) == ('go', 3)
    assert path.stat().st_mode & 0o077 == 0  # nobody else may connect
    with pytest.raises(ConfigError, match='served by another process'):
        PolicyServer(TamePolicy(), Address(path=str(path))).run()


def test_what_is_left_of_a_chunk_reaches_a_policy_that_can_continue_it(serve):
    served = serve(TamePolicy(replace(CONTRACT, has_rtc=True)))
    plain = request_of(seen())
    with closing(PolicyClient(served.address)) as client:
        left = np.arange(8, dtype=np.float32).reshape(4, 2)
        client.answer(Request(plain.arrays, 'go', None, Overlap(left, 3)))

    got = served.policy.asked[0].overlap
    assert got.delay_steps == 3
    np.testing.assert_array_equal(got.raw, left)


@pytest.mark.parametrize(
    ('change', 'text'),
    [
        ({STATE: np.zeros(3, np.float32)}, 'observation.state: the policy takes float32 .2,., got float32 .3,.'),
        ({STATE: np.array([0, np.nan], np.float32)}, '1 of its values are not finite'),
        ({FRONT: np.zeros((48, 64), np.uint8)}, 'observation.images.front: the policy takes uint8'),
        ({'observation.images.fornt': np.zeros(1)}, 'unknown: observation.images.fornt'),
        ({'task': ' '}, 'takes an instruction'),
        ({'task': 'break'}, 'the policy failed: RuntimeError: out of memory'),
        ({'task': 'nan'}, 'not finite'),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_the_next_request_is_answered(serve, change, text):
    served = serve()
    with closing(PolicyClient(served.address)) as client:
        with pytest.raises(PolicyError, match=text):
            client.predict(seen() | change)
        assert client.predict(seen())[0].tolist() == [1.0, 2.0]


def test_the_server_checks_for_itself_what_a_client_sends(serve):
    served = serve()
    with closing(greeted(served)) as raw:
        raw.sendall(encode(Message('infer', {'id': 1, 'task': 'go'}, {STATE: np.zeros(2, np.float32)})))
        answer = read(raw)
        assert (answer.kind, answer.values['id']) == ('error', 1)
        assert f'missing: {FRONT}' in answer.values['text']
    assert served.policy.asked == []


def test_a_policy_that_hangs_is_noticed_at_both_ends(serve):
    served = serve(limits=replace(QUICK, hang_s=0.4))
    served.policy.go_on.clear()
    with closing(PolicyClient(served.address, timeout_s=0.2)) as client:
        with pytest.raises(PolicyUnreachable, match=r'no answer from .* within 0.2 s'):
            client.predict(seen())
        with pytest.raises(PolicyUnreachable, match='another request is being answered'):
            client.predict(seen())
        assert served.hangs.wait(10.0)
        served.policy.go_on.set()
        deadline = time.monotonic() + 10.0
        while client.ping() and time.monotonic() < deadline:
            pass
        assert client.predict(seen())[0].tolist() == [1.0, 2.0]


def test_a_client_finds_a_server_that_was_started_again_and_refuses_one_with_another_policy(serve, tmp_path):
    address = Address(path=str(tmp_path / 'socket'))
    first = serve(address=address)
    with closing(PolicyClient(address)) as client:
        client.predict(seen())
        first.end()
        with pytest.raises(PolicyUnreachable):
            client.predict(seen())
        serve(address=address)
        assert client.predict(seen())[0].tolist() == [1.0, 2.0]
        client.close()
        serve(TamePolicy(replace(CONTRACT, chunk_steps=5)), Address(path=str(tmp_path / 'other')))
        os.replace(tmp_path / 'other', tmp_path / 'socket')
        with pytest.raises(PolicyError, match='another policy is served'):
            client.predict(seen())


def test_only_who_knows_the_key_is_served(serve, tmp_path):
    served = serve(key=KEY)
    assert answers(served, KEY)
    for key, text in ((b'another key, 16 bytes', 'went away|no policy process'), (None, 'needs a key')):
        with closing(PolicyClient(served.address, key)) as client, pytest.raises(PolicyError, match=text):
            client.predict(seen())
    with closing(PolicyClient(serve().address, KEY)) as client, pytest.raises(PolicyError, match='has no key'):
        client.predict(seen())
    with closing(connected(served)) as raw:  # skips the greeting
        read(raw)
        raw.sendall(encode(Message('infer', {'id': 1, 'task': 'go'})))
        assert is_dropped(raw)
    assert len(served.policy.asked) == 1
    for make in (PolicyClient, lambda a: PolicyServer(TamePolicy(), a)):
        with pytest.raises(ConfigError, match='can be reached by others'):
            make(Address.parse('0.0.0.0:5757'))
    file = tmp_path / 'key'
    file.write_bytes(KEY)
    file.chmod(0o644)
    with pytest.raises(ConfigError, match='chmod 600'):
        read_key(str(file))
