# SPDX-License-Identifier: Apache-2.0
from dataclasses import dataclass

import pytest

from waymark.config import Config, Limits, param, specs
from waymark.pipeline.document import allowed, main, parameters_page, section
from waymark.pipeline.registry import NODE_CONFIGS, config_class_of


@dataclass(frozen=True)
class ToyConfig(Config):
    """What a toy
    can do."""

    speed: float = param(0.5, 'How fast.', ge=0, lt=2, unit='m/s')
    names: tuple[str, ...] = param(('a', 'b'), 'Who | what.')
    mode: str = param('', 'Which way.', choices=('', 'fast'))
    is_loud: bool = param(False, 'Whether it beeps.')
    photo: str = param('', 'Its picture.', path=True)


def test_section_is_a_table_with_a_row_for_each_field():
    assert section('Toy', ToyConfig).splitlines() == [
        '## Toy',
        '',
        'What a toy can do.',
        '',
        '| name | type | default | allowed | unit | meaning |',
        '| --- | --- | --- | --- | --- | --- |',
        '| `speed` | float | `0.5` | >= 0, < 2 | m/s | How fast. |',
        '| `names` | str[] | `[a, b]` |  |  | Who &#124; what. |',
        "| `mode` | str | `''` | ``, `fast` |  | Which way. |",
        '| `is_loud` | bool | `false` |  |  | Whether it beeps. |',
        "| `photo` | path | `''` |  |  | Its picture. |",
    ]


@pytest.mark.parametrize(
    ('limits', 'text'),
    [
        (Limits(), ''),
        (Limits(gt=0), '> 0'),
        (Limits(ge=-1, le=1), '>= -1, <= 1'),
        (Limits(choices=('a',)), '`a`'),
    ],
)
def test_allowed_values_in_short(limits, text):
    assert allowed(limits) == text


def test_page_holds_every_parameter_of_every_node():
    page = parameters_page()
    for node in NODE_CONFIGS:
        part = page.split(f'## `{node}`\n')[1].split('\n## ')[0]
        assert all(f'| `{spec.name}` |' in part for spec in specs(config_class_of(node)))


def test_page_in_docs_is_up_to_date(repo):
    assert main(['--check', str(repo / 'docs' / 'parameters.md')]) == 0, 'run `make docs` and commit docs/parameters.md'


def test_check_notices_a_change_and_a_missing_page(tmp_path, capsys):
    page = tmp_path / 'docs' / 'parameters.md'
    assert main(['--check', str(page)]) == 1
    assert main([str(page)]) == 0
    assert main(['--check', str(page)]) == 0
    page.write_text(page.read_text() + ' ')
    assert main(['--check', str(page)]) == 1
    assert f'error: {page} is stale' in capsys.readouterr().err
