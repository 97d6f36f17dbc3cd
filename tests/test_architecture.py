# SPDX-License-Identifier: Apache-2.0
"""The import rules of the design and the sizes of the house style, checked on every file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import pytest

REPO = Path(__file__).resolve().parents[1]
SRC = REPO / 'src'
CORE = SRC / 'waymark' / 'waymark'
NODES = SRC / 'waymark_ros' / 'waymark_ros' / 'nodes'

GROUND = ('types', 'config', 'errors', 'checks', 'environments')
SHARED = ('backends', 'boxes', 'image', 'manifest', 'masks', 'similarity', 'maps', 'contact_sheet', 'listing')
TASKS = ('encoding', 'detection', 'tracking', 'places', 'policy', 'safety', 'sources', 'report')
TASKS += ('classification', 'shots', 'ego_motion', 'routes', 'geo', 'vehicles', 'voice')
HEAVY = ('torch', 'openvino', 'tensorrt', 'rknn', 'rknnlite', 'tensorflow', 'transformers', 'timm', 'lerobot')
HEAVY += ('usearch', 'qdrant_client')

# Lines above which HOUSE_STYLE asks to look again. Each exception says why it reads better whole.
LIMITS = {'module': 300, 'node': 120, 'launch': 80, 'test': 250, 'function': 40}
EXCEPTIONS: dict[str, str] = {}


def python_files(root: Path) -> list[Path]:
    return sorted(p for p in root.rglob('*.py') if not any(part.startswith('.') for part in p.parts))


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding='utf-8'), str(path))


def imports(tree: ast.AST, package: str = '') -> Iterator[str]:
    """Dotted names that a file imports anywhere, functions included; relative ones from `package`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split('.')[: len(package.split('.')) - node.level + 1] if node.level else []
            base = '.'.join([*parents, *([node.module] if node.module else [])])
            yield base
            yield from (f'{base}.{alias.name}' for alias in node.names)


def module_level(tree: ast.Module) -> Iterator[str]:
    """Dotted names that importing the file imports at once: not those inside functions or TYPE_CHECKING."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imports(node)
        waiting.extend(ast.iter_child_nodes(node))


def is_ros(name: str) -> bool:
    top = name.split('.')[0]
    return top in ('rclpy', 'rosidl_runtime_py', 'builtin_interfaces', 'waymark_ros') or top.endswith('_msgs')


def rank(part: str) -> int:
    """Lower layers have lower numbers; whatever is not named (pipeline, cli) stands on top of all."""
    return 0 if part in GROUND else 1 if part in SHARED else 2 if part in TASKS else 3


def part_of(name: str) -> str | None:
    parts = name.split('.')
    return parts[1] if parts[0] == 'waymark' and len(parts) > 1 else None


def layer_breaches(part: str, names: Iterator[str]) -> list[str]:
    breaches = []
    for other in {p for p in map(part_of, names) if p and (CORE / p).exists() | (CORE / f'{p}.py').exists()}:
        is_sibling_task = rank(part) == rank(other) == 2 and part != other
        if rank(other) > rank(part) or is_sibling_task:
            breaches.append(f'{part} imports {other}')
    return breaches


def core_modules() -> list[tuple[Path, str]]:
    """Files of the core with the part (first name below waymark) they belong to."""
    files = [p for p in python_files(CORE) if p.parent != CORE or p.stem != '__init__']
    return [(p, p.relative_to(CORE).parts[0].removesuffix('.py')) for p in files]


def package_of(path: Path, root: Path) -> str:
    return '.'.join(path.relative_to(root).parent.parts)


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding='utf-8').splitlines())


def kind_of(path: Path) -> str:
    if path.parent == NODES:
        return 'node'
    if path.name.endswith('.launch.py'):
        return 'launch'
    return 'test' if path.is_relative_to(REPO / 'tests') else 'module'


def long_functions(tree: ast.Module) -> list[tuple[str, int]]:
    found = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    sizes = [(n.name, body_lines(n)) for n in found]
    return [(name, size) for name, size in sizes if size > LIMITS['function']]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring: saying what it does is not what makes it long."""
    total = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return total - ((first.end_lineno or 0) - first.lineno + 1 if is_doc else 0)


def all_files() -> list[Path]:
    roots = [REPO / name for name in ('src', 'tests', 'benchmarks', 'launch') if (REPO / name).is_dir()]
    return [p for root in roots for p in python_files(root)]


def test_the_core_imports_no_ros():
    found = {(str(p), n) for p, _ in core_modules() for n in imports(parse(p), package_of(p, CORE.parent)) if is_ros(n)}
    assert found == set()


def test_each_layer_imports_only_layers_below_and_tasks_leave_each_other_alone():
    breaches = {
        str(p): b
        for p, part in core_modules()
        if (b := layer_breaches(part, imports(parse(p), package_of(p, CORE.parent))))
    }
    assert breaches == {}


def test_only_waymark_ros_and_launch_files_import_rclpy():
    others = [p for p in python_files(SRC) if p.relative_to(SRC).parts[0] != 'waymark_ros']
    files = [p for p in others if not p.name.endswith('.launch.py')]
    assert [p for p in files if 'rclpy' in {n.split('.')[0] for n in imports(parse(p))}] == []


def test_node_files_import_no_arrays_and_no_other_node():
    found = []
    for path in python_files(NODES):
        names = set(imports(parse(path), 'waymark_ros.nodes'))
        arrays = {n for n in names if n.split('.')[0] in ('numpy', 'cv2', 'torch')}
        nodes = {n for n in names if n.startswith('waymark_ros.nodes.')}
        if arrays or nodes:
            found.append((path.name, sorted(arrays | nodes)))
    assert found == []


def test_heavy_libraries_are_imported_inside_functions():
    found = {str(p): n for p in python_files(SRC) for n in module_level(parse(p)) if n.split('.')[0] in HEAVY}
    assert found == {}


def test_files_and_functions_keep_their_size_or_say_why():
    long = {}
    for path in all_files():
        name = path.relative_to(REPO).as_posix()
        if (size := lines_of(path)) > LIMITS[kind_of(path)]:
            long[name] = f'{size} lines'
        long |= {f'{name}:{f}': f'{n} lines' for f, n in long_functions(parse(path))}
    assert {n: s for n, s in long.items() if n not in EXCEPTIONS} == {}
    assert {n for n in EXCEPTIONS if n not in long} == set(), 'no longer needed'


def test_every_file_begins_with_its_licence():
    starts = {p: p.read_text(encoding='utf-8')[:120] for p in all_files()}
    missing = [str(p) for p, s in starts.items() if s and 'SPDX-License-Identifier: Apache-2.0' not in s]
    assert missing == []


def test_opencv_has_akaze():
    assert hasattr(cv2, 'AKAZE_create'), 'OpenCV 5 moved AKAZE out of the main wheel: keep opencv below 5'


@pytest.mark.parametrize(
    'source',
    ['import waymark.places', 'from waymark import places', 'def f():\n    from ..places import keyframes'],
)
def test_the_rules_see_a_task_that_imports_another(source):
    names = imports(ast.parse(source), 'waymark.tracking')
    assert layer_breaches('tracking', names) == ['tracking imports places']


def test_the_rules_see_a_lower_layer_that_imports_a_higher_one():
    assert layer_breaches('image', iter(['waymark.encoding.hog'])) == ['image imports encoding']
    assert layer_breaches('encoding', iter(['waymark.image.features', 'waymark.types', 'numpy'])) == []


def test_the_rules_tell_module_level_from_inside_a_function():
    tree = ast.parse('try:\n    import torch\nexcept ImportError:\n    pass\ndef f():\n    import openvino')
    assert list(module_level(tree)) == ['torch']
