# SPDX-License-Identifier: Apache-2.0
"""How two ends of a connection begin: version, and where there is a key a proof from each that it knows it.

The key itself never travels, and from then on each message is sealed with a key of this session. What is sent is not
hidden: over a net that others can read, use a tunnel.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waymark.errors import ConfigError, PolicyError
from waymark.policy.wire import Sealer, WireError

KEY_VARIABLE = 'WAYMARK_POLICY_KEY_FILE'
MIN_KEY_BYTES = 16


@dataclass(frozen=True)
class Address:
    """Where a policy process listens: a unix socket, or host and port.

    Attributes:
        path: Of the unix socket; '' for TCP.
        host: Name or number; '' for a unix socket.
        port: TCP port, 0 for any that is free.
    """

    path: str = ''
    host: str = ''
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read 'unix:/path', 'HOST:PORT' or '[::1]:PORT'.

        Raises:
            ConfigError: It is neither.
        """
        if text.startswith('unix:') and len(text) > 5:
            return cls(path=text[5:])
        host, colon, port = text.rpartition(':')
        if not (colon and host.strip('[]') and port.isdecimal() and int(port) < 65536):
            raise ConfigError(f'{text!r} is no address: expected unix:/PATH, or HOST:PORT as 127.0.0.1:5757.')
        return cls(host=host.strip('[]'), port=int(port))

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        if self.path or self.host == 'localhost':
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def require_key(self, key: bytes | None) -> None:
        """Refuse an address that others reach, without a key.

        Raises:
            ConfigError: A key is needed.
        """
        if key is None and not self.is_local:
            raise ConfigError(
                f'{self} can be reached by others, who could move the vehicle: name a file with a secret key in '
                f'--key-file or {KEY_VARIABLE}, or use 127.0.0.1 or unix:/PATH.'
            )

    def __str__(self) -> str:
        if self.path:
            return f'unix:{self.path}'
        return f'[{self.host}]:{self.port}' if ':' in self.host else f'{self.host}:{self.port}'


def read_key(file: str) -> bytes | None:
    """Read a key; None where neither the file nor the variable names one.

    Raises:
        ConfigError: It can't be read, others can read it, or it is short.
    """
    path = file or os.environ.get(KEY_VARIABLE, '')
    if not path:
        return None
    try:
        key, mode = Path(path).read_bytes().strip(), Path(path).stat().st_mode
    except OSError as error:
        raise ConfigError(f'key file {path!r} can not be read ({error.strerror}).') from None
    if mode & 0o077:
        raise ConfigError(f'key file {path!r} can be read by others: chmod 600 it.')
    if len(key) < MIN_KEY_BYTES:
        raise ConfigError(f'key file {path!r} holds {len(key)} bytes: fill it with `openssl rand -hex 32`.')
    return key


def nonce() -> str:
    """A fresh number that nobody knows before."""
    return secrets.token_hex(16)


def proof(key: bytes | None, role: str, server: str, client: str) -> str:
    """What only who knows the key can say: HMAC-SHA256 over a role and both ends' numbers; '' without a key."""
    if key is None:
        return ''
    return hmac.new(key, f'{role}|{server}|{client}'.encode(), hashlib.sha256).hexdigest()


def require_proof(key: bytes | None, role: str, server: str, client: str, said: Any) -> None:
    """Check the other end's proof.

    Raises:
        WireError: It does not know our key, or has one where we have none.
    """
    if not isinstance(said, str) or not hmac.compare_digest(proof(key, role, server, client).encode(), said.encode()):
        raise WireError('the other end of the policy connection does not have the same key.')


def sealers(key: bytes | None, server: str, client: str) -> tuple[Sealer, Sealer]:
    """For what the server says, and for what the client says."""
    if key is None:
        return Sealer(None), Sealer(None)
    made = [bytes.fromhex(proof(key, f'session of {role}', server, client)) for role in ('server', 'client')]
    return Sealer(made[0]), Sealer(made[1])


def text_of(values: Mapping[str, Any], name: str) -> str:
    """A text of a message.

    Raises:
        PolicyError: It is missing or no text.
    """
    value = values.get(name)
    if not isinstance(value, str) or len(value) > 256:
        raise PolicyError(f'a message lacks the text {name!r}.')
    return value
