# SPDX-License-Identifier: Apache-2.0
"""Print the type hash (RIHS01) of every interface of a package installed beside this interpreter, as JSON.

Two programs talk, and a recording replays, only where these are equal.
"""

import json
import sys
from pathlib import Path


def installed_hashes(package: str) -> dict[str, str]:
    """Map 'package/msg/Name' to its hash, requests, responses, goals and feedback included."""
    found = {}
    for file in (Path(sys.prefix) / 'share' / package).glob('*/*.json'):
        for entry in json.loads(file.read_text())['type_hashes']:
            if entry['type_name'].startswith(f'{package}/'):
                found[entry['type_name']] = entry['hash_string']
    return dict(sorted(found.items()))


if __name__ == '__main__':
    print(json.dumps(installed_hashes(sys.argv[1]), indent=2))
