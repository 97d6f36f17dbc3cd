# SPDX-License-Identifier: Apache-2.0
"""Models, maps and recordings come from others: no file that Waymark reads may run code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
MODULES = ('pickle', 'cPickle', '_pickle', 'dill', 'cloudpickle', 'joblib', 'shelve', 'marshal')
KEYWORDS = ('weights_only', 'Loader', 'allow_pickle', 'trust_remote_code')
CALLS = ('read_pickle', 'to_pickle', 'unsafe_load', 'full_load')


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def called(tree: ast.AST) -> Iterator[tuple[str, dict[str, str]]]:
    """Dotted name and keyword arguments (as source) of each call; a positional Loader counts as one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            keywords = {str(k.arg): ast.unparse(k.value) for k in node.keywords if k.arg in KEYWORDS}
            if len(node.args) > 1:
                keywords.setdefault('Loader', dotted(node.args[1]))
            yield dotted(node.func), keywords


def dotted(node: ast.AST) -> str:
    """`a.b.c` as written; '' for what is not named, `.c` for an attribute of that."""
    if isinstance(node, ast.Attribute):
        return f'{dotted(node.value)}.{node.attr}'
    return node.id if isinstance(node, ast.Name) else ''


def safe_loaders(tree: ast.AST) -> set[str]:
    """Loaders of YAML that make plain values only: PyYAML's, and what the file makes of them."""
    classes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    safe = {'SafeLoader', 'CSafeLoader', 'yaml.SafeLoader', 'yaml.CSafeLoader'}
    return safe | {c.name for c in classes if c.bases and {ast.unparse(b) for b in c.bases} <= safe}


def dangers(tree: ast.AST) -> list[str]:
    """What in a file would run code that hides in data."""
    loaders = safe_loaders(tree)
    found = [name for name in imported(tree) if set(name.split('.')) & set(MODULES)]
    for name, keywords in called(tree):
        module, _, last = name.rpartition('.')
        is_torch = module.split('.')[0] == 'torch' and last == 'load'
        is_yaml = module == 'yaml' and last == 'load'
        rules = {
            'torch.load without weights_only': is_torch and keywords.get('weights_only') != 'True',
            'torch.hub.load': name == 'torch.hub.load',
            'yaml.load without a safe loader': is_yaml and keywords.get('Loader') not in loaders,
            'allow_pickle': keywords.get('allow_pickle', 'False') != 'False',
            'trust_remote_code': keywords.get('trust_remote_code', 'False') != 'False',
            'weights_only': keywords.get('weights_only', 'True') != 'True',
            last: last in CALLS,
        }
        found += [rule for rule, is_broken in rules.items() if is_broken]
    return found


def python_files() -> list[Path]:
    roots = [REPO / name for name in ('src', 'tests', 'benchmarks', 'launch', 'packaging')]
    return [p for r in roots for p in sorted(r.rglob('*.py')) if not any(n[0] == '.' for n in p.parts if n)]


def test_no_file_is_read_that_could_run_code():
    files = python_files()
    found = {str(p): d for p in files if (d := dangers(ast.parse(p.read_text(encoding='utf-8'))))}
    assert files and found == {}


@pytest.mark.parametrize(
    'source',
    [
        'import pickle',
        'def f():\n    from joblib import load',
        'from multiprocessing import pickle',
        'torch.load(path)',
        'torch.load(path, weights_only=False)',
        'lightly.load(path, weights_only=flag)',
        "torch.hub.load('a/b', 'c')",
        'np.load(path, allow_pickle=True)',
        'np.savez(path, allow_pickle=flag)',
        'AutoModel.from_pretrained(name, trust_remote_code=True)',
        'pandas.read_pickle(path)',
        'yaml.load(text, Loader=yaml.Loader)',
        'yaml.load(text, Loader)',
    ],
)
def test_the_rule_sees_what_could_run_code(source):
    assert dangers(ast.parse(source))


@pytest.mark.parametrize(
    'source',
    [
        'torch.load(path, weights_only=True)',
        'np.load(path)',
        'np.load(path, allow_pickle=False)',
        'yaml.load(text, Loader=SafeLoader)',
        'class Own(yaml.SafeLoader): ...\nyaml.load(text, Loader=Own)',
        'json.load(file)',
        'safetensors.torch.load_file(path)',
    ],
)
def test_the_rule_lets_data_be_read(source):
    assert dangers(ast.parse(source)) == []
