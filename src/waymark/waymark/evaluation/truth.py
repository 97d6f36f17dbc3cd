# SPDX-License-Identifier: Apache-2.0
"""Which reference images show the same place as a query: truth.json, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError

FORM = '{"query_to_references": {"0": [3, 4], "1": []}}'


@dataclass(frozen=True, eq=False)
class Truth:
    """What is right.

    Attributes:
        same: (Q, D) bool: query and database image show one place.
        known: (Q,) bool: the file says something about this query; others are left out of the figures.
    """

    same: NDArray[np.bool_]
    known: NDArray[np.bool_]


def read_truth(path: Path, queries: int, database: int) -> Truth:
    """Read a truth file.

    Args:
        path: JSON, `{"query_to_references": {"0": [3, 4], "1": []}}`: numbers count files in sorted order from 0; an
            empty list says that no database image is right.
        queries: Number of query images.
        database: Number of database images.

    Raises:
        ConfigError: The file is missing, no JSON, of another form, or names an image that there is not.
    """
    truth = Truth(np.zeros((queries, database), np.bool_), np.zeros(queries, np.bool_))
    for name, references in _mapping(path).items():
        query = _number(name, queries, f'{path}: query', 'queries')
        if not isinstance(references, list):
            raise ConfigError(f'{path}: query {name}: expected a list of numbers, got {references!r}. Write {FORM}.')
        truth.known[query] = True
        for reference in references:
            where = f'{path}: query {name}: reference'
            truth.same[query, _number(reference, database, where, 'database images')] = True
    return truth


def _mapping(path: Path) -> Mapping[str, Any]:
    try:
        said = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise ConfigError(f'{path}: no such file. Give the truth as JSON: {FORM}.') from None
    except OSError as error:
        raise ConfigError(f'{path}: can not be read ({error.strerror}). Give a JSON file: {FORM}.') from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ConfigError(f'{path}: not JSON ({error}). Write {FORM}.') from None
    mapping = said.get('query_to_references') if isinstance(said, dict) else None
    if not isinstance(mapping, dict) or not mapping:
        raise ConfigError(f'{path}: has no "query_to_references" with queries in it. Write {FORM}.')
    return mapping


def _number(said: Any, count: int, where: str, things: str) -> int:
    is_text = isinstance(said, str) and said.isdecimal()
    if isinstance(said, bool) or not (is_text or isinstance(said, int)):
        raise ConfigError(f'{where} {said!r} is no number. Files are counted in sorted order from 0: {FORM}.')
    if not 0 <= int(said) < count:
        raise ConfigError(
            f'{where} {said} is not there: the folder holds {count} {things}, counted from 0. Correct the truth file.'
        )
    return int(said)
