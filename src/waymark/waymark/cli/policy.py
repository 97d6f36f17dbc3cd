# SPDX-License-Identifier: Apache-2.0
"""`waymark policy ...`: policies of lerobot, looked at and served."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from waymark.policy.contract import Contract

app = typer.Typer(no_args_is_help=True)
_Policy = Annotated[str, typer.Argument(help='Folder that lerobot saved a policy to, or owner/name on its hub.')]


@app.callback()
def policy() -> None:
    """Policies of lerobot (SmolVLA, ACT, ...): look at one, serve it."""


@app.command()
def inspect(
    policy: _Policy,
    mapping: Annotated[Path | None, typer.Option(help='YAML of smolvla_policy to check it against.')] = None,
    dataset: Annotated[Path | None, typer.Option(help='LeRobotDataset it was trained on: names and fps.')] = None,
    json: Annotated[bool, typer.Option('--json', help='Print the contract as JSON.')] = False,
) -> None:
    """Print what a policy takes and gives; exit code 1 where it can't be used, or does not go with a mapping."""
    from waymark.policy.folder import with_dataset
    from waymark.policy.mapping import load_mapping, mismatches

    contract = _contract(policy)
    if dataset is not None:
        contract = with_dataset(contract, dataset)
    problems = list(contract.problems)
    if mapping is not None:
        problems += mismatches(contract, load_mapping(mapping))
    if json:
        _print_json(contract)
    else:
        _print_table(contract, policy)
    for problem in problems:
        typer.echo(f'problem: {problem}', err=True)
    raise typer.Exit(1 if problems else 0)


@app.command()
def serve(
    policy: _Policy,
    address: Annotated[str, typer.Option(help='unix:/PATH, or HOST:PORT.')] = '127.0.0.1:5757',
    key_file: Annotated[str, typer.Option(help='File with a secret; needed where others reach the address.')] = '',
    device: Annotated[str, typer.Option(help="torch's device.")] = 'cpu',
    precision: Annotated[str, typer.Option(help='fp32, bf16 or int8.')] = 'fp32',
    engine: Annotated[str, typer.Option(help='torch; openvino: faster for a smolvla on a CPU.')] = 'torch',
    vlm: Annotated[str, typer.Option(help='Folder or hub id of the tokenizer; default: as the policy says.')] = '',
    flow_steps: Annotated[int, typer.Option(help='Steps of flow matching; 0: as the policy says.')] = 0,
    max_distance: Annotated[
        float, typer.Option(help='Relative distance from the policy as saved that these may cost; 0: not tried.')
    ] = 0.15,
    threads: Annotated[int, typer.Option(help="torch's threads; 0: as many as it takes.")] = 0,
    python: Annotated[str, typer.Option(help='Interpreter that has lerobot; default: that of make models.')] = '',
) -> None:
    """Serve a policy until Ctrl-C. The node smolvla_policy starts one by itself; this is for another machine's."""
    import os

    from waymark.environments import run_in
    from waymark.policy.greeting import Address, read_key
    from waymark.policy.serving import ServeConfig, ServeRequest

    Address.parse(address).require_key(read_key(key_file))
    values: dict[str, object] = {'policy': policy, 'device': device, 'precision': precision, 'vlm': vlm}
    values |= {'engine': engine, 'flow_steps': flow_steps, 'threads': threads, 'max_distance': max_distance}
    config = ServeConfig.from_mapping(values)
    if python:
        os.environ['WAYMARK_MODELS_PYTHON'] = python
    sys.exit(run_in('models', 'waymark.policy', ['serve', ServeRequest(config, address, key_file).to_json()]))


def _contract(policy: str) -> Contract:
    """A folder is read here; a hub's policy by the interpreter that can fetch it."""
    from waymark.policy.folder import is_hub_name, read_contract

    return _contract_of_hub(policy) if is_hub_name(policy) else read_contract(Path(policy).expanduser())


def _contract_of_hub(policy: str) -> Contract:
    import json
    import os
    import subprocess

    from waymark.environments import find_interpreter, source_path
    from waymark.errors import PolicyError
    from waymark.policy.contract import Contract
    from waymark.policy.serving import ServeConfig, ServeRequest

    request = ServeRequest(ServeConfig(policy=policy), '')
    with source_path() as path:
        command = [str(find_interpreter('models')), '-m', 'waymark.policy', 'contract', request.to_json()]
        done = subprocess.run(command, env=os.environ | {'PYTHONPATH': path}, capture_output=True, text=True)
    if done.returncode:
        raise PolicyError(done.stderr.strip().splitlines()[-1].removeprefix('error: ') if done.stderr else policy)
    return Contract.from_plain(json.loads(done.stdout))


def _print_json(contract: Contract) -> None:
    import json

    typer.echo(json.dumps(contract.to_plain()))


def _print_table(contract: Contract, name: str) -> None:
    from rich.console import Console
    from rich.table import Table

    rate = 'fps unknown (--dataset)' if contract.fps is None else f'{contract.fps:g} fps'
    traits = [f'{contract.policy_type}', f'chunks of {contract.chunk_steps}', rate]
    traits += ['takes an instruction'] * contract.takes_instruction + ['continues chunks (RTC)'] * contract.has_rtc
    table = Table(title=f'{name}: {", ".join(traits)}', title_justify='left')
    for column in ('', 'key', 'shape', 'normalised', 'names'):
        table.add_column(column, overflow='fold')
    for camera in contract.cameras:
        width, height = camera.size_wh
        table.add_row('in', camera.key, f'{width}x{height} px, {camera.channels} channels', camera.mode, '')
    for way, vector in [*(('in', s) for s in contract.states), ('out', contract.action)]:
        table.add_row(way, vector.key, f'{vector.dim}', vector.mode, ', '.join(vector.names or ()) or 'unknown')
    Console(highlight=False).print(table)
