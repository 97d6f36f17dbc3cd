# SPDX-License-Identifier: Apache-2.0
"""Documents name only what there is: sentences of the code, files, launch files and their arguments."""

import ast
import re
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
DOCS = REPO / 'docs'
PAGES = sorted(DOCS.glob('*.md'))


def sentences():
    """Every text of our code as one line each; values of f-strings are '...'."""
    found = []
    for path in (REPO / 'src').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.append(''.join(v.value if isinstance(v, ast.Constant) else '...' for v in node.values))
    return found


CODE = sentences()
QUOTED = re.findall(r'^### `(.+)`$', (DOCS / 'troubleshooting.md').read_text(), re.MULTILINE)


@pytest.mark.parametrize('sentence', QUOTED)
def test_troubleshooting_quotes_what_the_code_says(sentence):
    parts = [part for part in sentence.split('...') if part.strip()]
    pattern = '.*'.join(re.escape(part) for part in parts)
    assert any(re.search(pattern, text, re.DOTALL) for text in CODE)


def test_every_reason_for_no_images_is_explained():
    reasons = {text.split('...')[0] for text in CODE if text.startswith('no images because')}
    page = (DOCS / 'troubleshooting.md').read_text()
    assert reasons
    assert [reason for reason in reasons if reason not in page] == []


@pytest.mark.parametrize('page', PAGES, ids=lambda p: p.name)
def test_links_and_files_exist(page):
    text = page.read_text()
    targets = [link for link in re.findall(r'\]\(([^)#]+)\)', text) if '://' not in link]
    assert [link for link in targets if not (page.parent / link).exists()] == []
    files = re.findall(r'(?<![\w/.])((?:config|docker|launch|docs|tests)/[\w./-]*\w)', text)
    assert [name for name in files if not (REPO / name).exists()] == []


def test_launch_commands_name_launch_files_and_arguments_that_exist():
    declared = set(re.findall(r"DeclareLaunchArgument\(\s*'(\w+)'", ''.join(
        path.read_text() for path in (REPO / 'launch').glob('*.py'))))  # fmt: skip
    commands = re.findall(r'ros2 launch waymark_bringup (\S+)(.*)', (DOCS / 'robot.md').read_text())
    assert commands
    for name, arguments in commands:
        assert (REPO / 'launch' / name).is_file()
        assert set(re.findall(r'(\w+):=', arguments.split('#')[0])) <= declared
