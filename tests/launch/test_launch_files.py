# SPDX-License-Identifier: Apache-2.0
import importlib.util
import re
import sys
from pathlib import Path

import pytest

from waymark.environment import FASTDDS_VARIABLES
from waymark.pipeline.change import with_facts
from waymark.pipeline.load import load_pipeline
from waymark.pipeline.registry import NODE_CONFIGS
from waymark_ros.container import parse_arguments, pipeline_of

REPO = Path(__file__).resolve().parents[2]
FILES = sorted((REPO / 'launch').glob('*.launch.py'))
WITHOUT_ARGUMENTS = ('camera', 'demo', 'drone', 'robot', 'sim')


def load(name):
    """Import a module that lies beside this test."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f'{name}.py'))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


launched = load('recorded_launch').launched


def started(name, arguments=None, environ=None):
    """(the one process that a launch file starts, environment variables it gets)."""
    context = launched(REPO / 'launch' / f'{name}.launch.py', arguments or {}, environ or {})
    (node,) = context.nodes
    return node, context.environ


def executables():
    setup = REPO / 'src' / 'waymark_ros' / 'setup.py'
    named = re.findall(r"'(\w+) = waymark_ros", setup.read_text()) if setup.exists() else ['container']
    return {*named, *NODE_CONFIGS}


def test_every_launch_file_is_looked_at_here():
    assert {f.name.removesuffix('.launch.py') for f in FILES} == {*WITHOUT_ARGUMENTS, 'node', 'safety', 'waymark'}


@pytest.mark.parametrize('file', FILES, ids=lambda f: f.name)
def test_launch_file_is_small_and_says_how_to_use_it(file):
    lines = file.read_text().splitlines()
    assert len(lines) <= 80
    assert lines[0] == '# SPDX-License-Identifier: Apache-2.0'
    assert lines[1].startswith('"""')


@pytest.mark.parametrize('name', WITHOUT_ARGUMENTS)
def test_starts_an_executable_that_exists_with_arguments_that_it_takes(name):
    node, _ = started(name)
    assert node['package'] == 'waymark_ros'
    assert node['executable'] in executables()
    options, ros = parse_arguments([*node['arguments'], '--ros-args', *node['ros_arguments']])
    assert options.config == REPO / 'config' / f'{name}.yaml'
    assert pipeline_of(options) == with_facts(load_pipeline(options.config), [])
    assert ros == ['--ros-args', '--log-level', 'info']


@pytest.mark.parametrize('node_type', NODE_CONFIGS)
def test_each_node_can_be_started_alone(node_type):
    node, _ = started('node', {'node': node_type})
    options, _ = parse_arguments(node['arguments'])
    assert options.config.is_file()
    assert [entry.node for entry in pipeline_of(options).nodes] == [node_type]


def test_node_that_does_not_exist_is_refused():
    with pytest.raises(AssertionError):
        started('node', {'node': 'nonsense'})


def test_pipeline_is_required():
    with pytest.raises(AssertionError, match='argument config is required'):
        started('waymark')


def test_arguments_reach_the_container(tmp_path):
    recording = tmp_path / 'run.mcap'
    node, _ = started(
        'robot',
        {'input': 'topic:/front/image_raw/compressed', 'record': str(recording), 'log_level': 'debug'},
    )
    options, _ = parse_arguments(node['arguments'])
    entries = {entry.node: entry for entry in pipeline_of(options).nodes}
    assert entries['image_encoder'].remaps['image'] == '/front/image_raw'
    assert entries['image_encoder'].parameters['image_transport'] == 'compressed'
    assert entries['recorder'].parameters['path'] == str(recording)
    assert node['ros_arguments'] == ['--log-level', 'debug']


@pytest.mark.parametrize('name', WITHOUT_ARGUMENTS)
def test_all_take_another_pipeline_and_the_arguments_of_waymark_launch(name, tmp_path):
    mine = tmp_path / 'mine.yaml'
    mine.write_text('nodes: [{node: ego_motion}]\n')

    node, _ = started(name, {'config': str(mine), 'log_level': 'warn', 'namespace': 'robot1'})

    options, ros = parse_arguments([*node['arguments'], '--ros-args', *node['ros_arguments']])
    assert (options.config, node['namespace'], ros[-1]) == (mine, 'robot1', 'warn')


def test_namespace_is_pushed_only_when_given():
    assert started('robot')[0]['namespace'] == ''
    assert started('robot', {'namespace': 'robot1'})[0]['namespace'] == 'robot1'


def test_the_safety_filter_has_a_process_of_its_own_that_is_started_again():
    node, _ = started('safety', {'namespace': 'robot1'})
    options, ros = parse_arguments([*node['arguments'], '--ros-args', *node['ros_arguments']])
    assert [entry.node for entry in pipeline_of(options).nodes] == ['safety_filter']
    assert (node['respawn'], node['namespace'], ros[-1]) == (True, 'robot1', 'info')
    assert 0 < node['respawn_delay'] <= 1.0


def test_profile_is_set_where_the_user_has_none():
    _, environ = started('robot')
    ours = str(REPO / 'config' / 'fastdds.xml')
    assert {name: environ[name] for name in FASTDDS_VARIABLES} == dict.fromkeys(FASTDDS_VARIABLES, ours)
    assert Path(ours).is_file()


@pytest.mark.parametrize('variable', FASTDDS_VARIABLES)
def test_profile_of_the_user_wins(variable):
    _, environ = started('robot', environ={variable: '/mine.xml'})
    assert {environ[name] for name in FASTDDS_VARIABLES} == {'/mine.xml'}


def test_process_is_not_started_again_and_ends_with_its_launch():
    node, _ = started('robot')
    assert node['respawn'] is False
    assert node['prefix'] == 'setpriv --pdeathsig TERM'
    assert float(node['sigterm_timeout']) + 1.0 <= 3.0
