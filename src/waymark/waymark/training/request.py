# SPDX-License-Identifier: Apache-2.0
"""What `waymark train encoder` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from waymark.config import param
from waymark.errors import ConfigError
from waymark.training.words import WordConfig

OBJECTIVES = ('infonce', 'moco', 'simsiam', 'byol', 'dino', 'distill')


@dataclass(frozen=True)
class TrainRequest(WordConfig):
    """One training of a place encoder on a user's own recordings."""

    images: str = param('', 'Recording without labels: folder of images, video, rosbag2 or simulator URI.')
    out: str = param('', 'Model folder to write; it must not exist yet, or be empty.', path=True)
    objective: str = param('infonce', f'One of {", ".join(OBJECTIVES)}, or several joined by +, as infonce+distill.')
    teacher: str = param('', 'Model folder of a bigger encoder, for distill.', path=True)
    start: str = param(
        'waymark-place-1', 'Name of an embedded encoder, or model folder of one of its kind, to begin from.'
    )
    epochs: int = param(40, 'Times that all images are seen.', ge=0, le=10000)
    minutes: float = param(0.0, 'Stop after this time, to be resumed; 0: never.', ge=0.0, unit='min')
    batch: int = param(32, 'Places in one step, each seen twice.', ge=2, le=512)
    learning_rate: float = param(1e-3, 'Largest step width; it falls to 0 along half a cosine.', gt=0.0, le=1.0)
    neighbours: int = param(1, 'Frames to either side that count as the same place.', ge=0, le=1000)
    strength: float = param(1.0, 'How strongly light and camera are varied; 0 not at all.', ge=0.0, le=2.0)
    most: int = param(2000, 'Frames used; of longer recordings evenly spread ones.', ge=16, le=100000)
    held_out: float = param(0.2, 'Share of the frames, at the end, that is only used for the report.', gt=0.0, lt=0.9)
    truth: str = param('', 'CSV with the columns frame, x, y (m), for the report; frame counts from 0.', path=True)
    radius_m: float = param(5.0, 'With truth: a match within this distance is right.', gt=0.0, unit='m')
    seed: int = param(0, 'The same seed on the same machine gives the same weights.', ge=0)
    threads: int = param(1, 'CPU threads. Another number changes the last digits, and so the weights.', ge=1, le=256)
    resume: bool = param(False, 'Go on from the checkpoint beside the folder.')

    def __post_init__(self) -> None:
        super().__post_init__()
        wrong = [name for name in self.objectives if name not in OBJECTIVES]
        if wrong:
            raise ConfigError(f'objective: {wrong[0]!r} is none of {", ".join(OBJECTIVES)}. Join several by +.')
        if ('distill' in self.objectives) != bool(self.teacher):
            raise ConfigError('objective distill and --teacher go together: give both or none.')

    @property
    def out_path(self) -> Path:
        """The folder to write."""
        return Path(self.out)

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names, one by one."""
        return tuple(self.objective.split('+'))
