# SPDX-License-Identifier: Apache-2.0
"""Every file of config/ is one that its reader takes, and names only what there is."""

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

from waymark.config import specs
from waymark.errors import ConfigError
from waymark.pipeline.load import load_pipeline
from waymark.pipeline.registry import NODE_CONFIGS, config_class_of

REPO = Path(__file__).resolve().parents[2]
CONFIG = REPO / 'config'
PIPELINES = sorted([*CONFIG.glob('*.yaml'), *CONFIG.glob('nodes/*.yaml')])
NODES = REPO / 'src' / 'waymark_ros' / 'waymark_ros' / 'nodes'
MESSAGES = REPO / 'src' / 'waymark_msgs' / 'msg'


def published() -> dict[str, str]:
    """Topic to message type, of all that our nodes publish in the root namespace."""
    found = {
        '/diagnostics': 'DiagnosticArray',
        '/image/compressed': 'CompressedImage',
    }  # base class; recorder
    for path in NODES.parent.rglob('*.py'):
        for call in ast.walk(ast.parse(path.read_text())):
            is_offer = isinstance(call, ast.Call) and getattr(call.func, 'attr', '') == 'create_publisher'
            if is_offer and isinstance(call.args[1], ast.Constant):
                found['/' + call.args[1].value.lstrip('/')] = call.args[0].id
    return found


def fields_of(type_name: str) -> dict[str, str]:
    """Field to type, without brackets and package."""
    rows = [row.split('#')[0].split() for row in (MESSAGES / f'{type_name}.msg').read_text().splitlines()]
    return {row[1]: re.sub(r'\[.*|.*/', '', row[0]) for row in rows if len(row) == 2 and '=' not in row[1]}


def texts(value) -> list[str]:
    """Every text in a JSON or YAML document, keys included."""
    if isinstance(value, dict):
        return [t for k, v in value.items() for t in [*texts(k), *texts(v)]]
    if isinstance(value, list):
        return [t for v in value for t in texts(v)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize('path', PIPELINES, ids=lambda p: p.stem)
def test_pipeline_loads_and_names_only_files_that_exist(path):
    for entry in load_pipeline(path).nodes:
        pictures = entry.parameters.get('target_images', ())
        assert [p for p in pictures if not Path(p).is_file()] == []


@pytest.mark.parametrize('path', PIPELINES, ids=lambda p: p.stem)
def test_pipeline_says_what_it_is_and_repeats_no_default(path):
    assert path.read_text().startswith('# ')
    for entry in load_pipeline(path).nodes:
        defaults = {spec.name: spec.default for spec in specs(config_class_of(entry.node))}
        repeated = {k for k, v in entry.parameters.items() if defaults.get(k) == v}
        assert repeated - {'learn_first_frame'} == set()  # input.yaml says it, because so much hangs on it


@pytest.mark.parametrize('path', PIPELINES, ids=lambda p: p.stem)
def test_unknown_key_in_it_would_be_refused_by_name(path, tmp_path):
    document = yaml.safe_load(path.read_text())
    document['nodes'][0].setdefault('parameters', {})['no_such_key'] = 1
    changed = tmp_path / path.name
    changed.write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigError, match="unknown parameter 'no_such_key'"):
        load_pipeline(changed)


def test_every_node_has_a_pipeline_of_its_own():
    assert {p.stem for p in CONFIG.glob('nodes/*.yaml')} == set(NODE_CONFIGS)
    for node in NODE_CONFIGS:
        assert [e.node for e in load_pipeline(CONFIG / 'nodes' / f'{node}.yaml').nodes] == [node]


def test_every_node_is_a_module_and_can_be_launched_by_name():
    assert {p.stem for p in NODES.glob('[a-z]*.py')} == set(NODE_CONFIGS)  # setup.py makes executables of these
    launch = ast.parse((REPO / 'launch' / 'node.launch.py').read_text(encoding='utf-8'))
    [listed] = [n.value for n in launch.body if isinstance(n, ast.Assign) and n.targets[0].id == 'NODES']
    assert ast.literal_eval(listed) == sorted(NODE_CONFIGS)


@pytest.mark.parametrize('name', ['robot', 'drone'])
def test_every_node_of_a_live_pipeline_reads_the_same_camera(name):
    entries = load_pipeline(CONFIG / f'{name}.yaml').nodes
    assert 'image_source' not in {entry.node for entry in entries}
    (image,) = {entry.remaps['image'] for entry in entries}
    infos = {entry.remaps['camera_info'] for entry in entries if 'camera_info' in entry.remaps}
    assert infos == {image.rpartition('/')[0] + '/camera_info'}


def test_rviz_layout_names_only_what_we_publish():
    layout = yaml.safe_load((CONFIG / 'rviz' / 'waymark.rviz').read_text())
    displays = layout['Visualization Manager']['Displays']
    topics = {d['Topic']['Value']: d['Class'] for d in displays if 'Topic' in d}
    types = {
        'rviz_default_plugins/Image': ('Image', 'CompressedImage'),
        'rviz_default_plugins/MarkerArray': ('MarkerArray',),
        'rviz_default_plugins/Odometry': ('Odometry',),
    }
    assert topics
    assert {t: c for t, c in topics.items() if published().get(t) not in types[c]} == {}


def test_foxglove_layout_names_only_what_we_publish():
    layout = json.loads((CONFIG / 'foxglove' / 'waymark.json').read_text())
    paths = [t for t in texts(layout) if t.startswith('/')]
    assert {'/image', '/image/compressed', '/targets', '/localization', '/ground_truth', '/diagnostics'} <= {
        re.split(r'[.\[]', path)[0] for path in paths
    }
    for path in paths:
        topic, *steps = path.split('.')
        assert topic in published()
        type_name = published()[topic]
        for step in steps:
            fields = fields_of(type_name)
            assert step.removesuffix('[:]') in fields, path
            type_name = fields[step.removesuffix('[:]')]


def test_foxglove_layout_shows_every_panel_that_it_configures():
    layout = json.loads((CONFIG / 'foxglove' / 'waymark.json').read_text())
    shown = texts(layout['layout']) + texts(list(layout['configById'].values()))
    assert [panel for panel in layout['configById'] if panel not in shown] == []
