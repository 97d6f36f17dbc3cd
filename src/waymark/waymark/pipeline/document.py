# SPDX-License-Identifier: Apache-2.0
"""Write docs/parameters.md from the configuration classes: `python -m waymark.pipeline.document [FILE]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from waymark.config import Config, Limits, ParamSpec, specs
from waymark.pipeline.common import CommonConfig
from waymark.pipeline.registry import NODE_CONFIGS, config_class_of

PAGE = Path('docs/parameters.md')
HEAD = """# Parameters

Generated from the configuration classes by `make docs`; a test fails when this page is stale.

A parameter is set in a pipeline YAML (`parameters:` of its node), on the command line
(`waymark run PIPELINE.yaml --set NODE.PARAMETER=VALUE`), or as a ROS parameter before the node is configured.
An unknown name, a wrong type and a value out of range are refused by name. A relative `path` in a YAML is
relative to that YAML.
"""
COLUMNS = ('name', 'type', 'default', 'allowed', 'unit', 'meaning')


def parameters_page() -> str:
    """The whole page, as Markdown."""
    parts = [HEAD, section('Every node', CommonConfig)]
    parts += [section(f'`{node}`', config_class_of(node)) for node in NODE_CONFIGS]
    return '\n'.join(parts)


def section(title: str, config_class: type[Config]) -> str:
    """Heading, what the class is for, and a table of its parameters."""
    about = ' '.join((config_class.__doc__ or '').split())
    rows = [
        _row(COLUMNS),
        _row(['---'] * len(COLUMNS)),
        *(_row(_cells(spec)) for spec in specs(config_class)),
    ]
    return '\n'.join([f'## {title}', '', about, '', *rows, ''])


def allowed(limits: Limits) -> str:
    """The values that a parameter takes: '>= 0, <= 1', or its choices; '' for any."""
    if limits.choices:
        return ', '.join(f'`{choice}`' for choice in limits.choices)
    pairs = (('>=', limits.ge), ('>', limits.gt), ('<=', limits.le), ('<', limits.lt))
    return ', '.join(f'{sign} {bound:g}' for sign, bound in pairs if bound is not None)


def _cells(spec: ParamSpec) -> list[str]:
    default = f'`{_yaml(spec.default)}`'
    return [f'`{spec.name}`', spec.type_name, default, allowed(spec.limits), spec.unit, spec.doc]


def _yaml(value: Any) -> str:
    """A default as one would write it in YAML."""
    if isinstance(value, tuple):
        return f'[{", ".join(_yaml(v) for v in value)}]'
    if isinstance(value, bool):
        return str(value).lower()
    return value or "''" if isinstance(value, str) else str(value)


def _row(cells: Sequence[str]) -> str:
    return f'| {" | ".join(cell.replace("|", "&#124;") for cell in cells)} |'


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or with --check compare it. Returns the exit code."""
    parser = argparse.ArgumentParser('document', description=__doc__)
    parser.add_argument('file', nargs='?', type=Path, default=PAGE)
    parser.add_argument('--check', action='store_true', help='write nothing; exit code 1 when the file is stale')
    options = parser.parse_args(arguments)
    page = parameters_page()
    if not options.check:
        options.file.parent.mkdir(parents=True, exist_ok=True)
        options.file.write_text(page, encoding='utf-8')
        return 0
    if not options.file.is_file() or options.file.read_text(encoding='utf-8') != page:
        print(f'error: {options.file} is stale. Run `make docs` and commit it.', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
