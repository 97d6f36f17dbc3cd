# SPDX-License-Identifier: Apache-2.0
"""The benchmarks of images, scores and encoders, one script after the other; results into out/bench/.

    make bench-encoder [ARGS='preprocess backends']

Leave the machine alone meanwhile: ten minutes for all. Each script's JSON is kept whole; what is printed is short.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / 'out' / 'bench'
SCRIPTS = ('preprocess', 'image_metrics', 'token_metrics', 'backends')


def main() -> int:
    """Run the scripts named, or all; the number of those that failed."""
    names = sys.argv[1:] or SCRIPTS
    OUT.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in names:
        print(f'== {name}', flush=True)
        done = subprocess.run([sys.executable, str(HERE / f'{name}.py')], stdout=subprocess.PIPE, text=True)
        if done.returncode:
            print(f'{name} failed with {done.returncode}', file=sys.stderr)
            failed += 1
            continue
        path = OUT / f'{name}.json'
        path.write_text(done.stdout, encoding='utf-8')
        for line in shortened(json.loads(done.stdout)):
            print('  ' + line)
        print(f'  -> {path.relative_to(HERE.parent)}', flush=True)
    return failed


def shortened(found: Any, place: str = '') -> list[str]:
    """Every ratio, cosine and fidelity of a result, with the place where it stands."""
    if not isinstance(found, dict):
        return []
    lines = []
    for key, value in found.items():
        here = f'{place} / {key}' if place else str(key)
        if key in ('ratio', 'cpu_ratio', 'cosine', 'psnr_db', 'median_ms', 'met', 'error'):
            lines.append(f'{here}: {value}')
        else:
            lines += shortened(value, here)
    return lines


if __name__ == '__main__':
    sys.exit(main())
