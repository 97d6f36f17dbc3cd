# SPDX-License-Identifier: Apache-2.0
"""Descriptions by a tiny SmolVLM with random weights, in .venv-models, without a network."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from waymark.environments import find_interpreter
from waymark.errors import BackendUnavailable, ConfigError, ModelError
from waymark.labelling.describing import DescribeRequest, describe, main


@pytest.fixture(scope='module')
def pictures(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp('pictures')
    noise = np.random.default_rng(0)
    for number in range(3):
        picture = noise.integers(0, 256, (40, 60 + 20 * number, 3), np.uint8)
        cv2.imwrite(str(folder / f'{number}.jpg'), cv2.GaussianBlur(picture, (0, 0), 1 + number))
    return sorted(folder.iterdir())


@pytest.fixture(scope='module')
def vlm(repo, pictures, tmp_path_factory) -> tuple[str, list[str]]:
    """The model's folder, and the first words that it says of each picture."""
    try:
        python = find_interpreter('models')
    except BackendUnavailable as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp('model') / 'vlm'
    command = [python, repo / 'tests' / 'support' / 'tiny_vlm.py', folder, *pictures]
    done = subprocess.run(command, env=os.environ | {'HF_HUB_OFFLINE': '1'}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return str(folder), [line.strip() for line in done.stdout.splitlines()]


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')


@pytest.mark.models
@pytest.mark.timeout(600)
def test_pictures_are_described_with_the_words_that_the_model_finds_likeliest(vlm, pictures):
    model, words = vlm
    request = DescribeRequest(model=model, prompt='a photo of', max_tokens=6, threads=1)

    assert describe(request, [p.read_bytes() for p in pictures]) == words
    assert len(words) == 3 and any(words)


@pytest.mark.models
@pytest.mark.timeout(600)
def test_classify_puts_the_descriptions_into_the_table_of_stretches(vlm, paint, colours, tmp_path):
    command = [sys.executable, '-m', 'waymark.cli', 'classify', paint('photos', 'red', 'green')]
    command += ['--classes', 'red, GREEN', '--encoder', colours, '--describe', vlm[0], '--out', tmp_path / 'out']
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    with (tmp_path / 'out' / 'stretches.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['label'] for row in rows] == ['red', 'GREEN']
    assert all(row['description'] for row in rows)


@pytest.mark.models
@pytest.mark.timeout(600)
def test_a_model_without_safetensors_or_of_another_kind_is_refused_in_a_sentence(vlm, tmp_path, capfd):
    pickled = shutil.copytree(vlm[0], tmp_path / 'pickled')
    (pickled / 'model.safetensors').rename(pickled / 'pytorch_model.bin')
    for model, said in [
        (str(pickled), 'has only pickled weights'),
        (str(tmp_path / 'nowhere'), 'there is no such folder'),
        ('nobody/nothing', 'the hub did not answer or does not have it'),
    ]:
        with pytest.raises(ModelError, match='were not described by'):
            describe(DescribeRequest(model=model), [])
        shown = capfd.readouterr().err
        assert shown.startswith('error: model ') and said in shown and shown.count('\n') == 1


def test_what_runs_there_is_not_for_people(capsys):
    assert main([]) == 1
    assert 'use that' in capsys.readouterr().err
    with pytest.raises(ConfigError, match='max_tokens'):
        DescribeRequest(max_tokens=0)
