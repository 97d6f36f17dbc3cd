# SPDX-License-Identifier: Apache-2.0
"""What `waymark train detector` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from waymark.config import param
from waymark.errors import ConfigError
from waymark.training.detector.losses import BOX_LOSSES
from waymark.training.words import WordConfig


@dataclass(frozen=True)
class DetectorRequest(WordConfig):
    """One training of the embedded detector."""

    images: str = param('', 'Folder of pictures; none: generated scenes.', path=True)
    labels: str = param('', 'Folder of YOLO-OBB labels: class x1 y1 .. x4 y4 as shares, and classes.txt.', path=True)
    out: str = param('', 'Model folder to write; it must not exist yet, or be empty.', path=True)
    start: str = param('', "Model folder or name of a Waymark detector to begin from; '': from nothing.")
    scenes: int = param(1400, 'Generated scenes, without --images.', ge=2, le=1_000_000)
    steps: int = param(5000, 'Steps of the whole training.', ge=1, le=10_000_000)
    minutes: float = param(0.0, 'Stop after this time, to be resumed; 0: never.', ge=0.0, unit='min')
    batch: int = param(16, 'Crops in one step.', ge=1, le=512)
    input_px: int = param(640, 'Width and height of what the detector takes; a multiple of 32.', ge=64, le=4096)
    own_scale: bool = param(False, 'Learn at the own scale of pictures, for detection in tiles, not as letterboxed.')
    crop_px: int = param(320, 'Width and height of a crop; a multiple of 32.', ge=64, le=2048)
    learning_rate: float = param(
        0.0, 'Largest step width; it falls to 0 along half a cosine. 0: 2e-3, with --from 3e-4.', ge=0.0, le=1.0
    )
    box_loss: str = param('probiou', 'How far a box is from its label.', choices=BOX_LOSSES)
    strength: float = param(1.0, 'How strongly view and light are varied; 0 not at all.', ge=0.0, le=2.0)
    held_out: float = param(0.1, 'Share of the pictures that is only used for the report.', gt=0.0, lt=0.9)
    mixed: bool = param(False, 'Compute in bf16 where it does no harm: twice as fast on a CPU that has it.')
    seed: int = param(0, 'The same seed on the same machine gives the same weights.', ge=0)
    threads: int = param(1, 'CPU threads. Another number changes the last digits, and so the weights.', ge=1, le=256)
    resume: bool = param(False, 'Go on from the checkpoint beside the folder.')

    def __post_init__(self) -> None:
        super().__post_init__()
        if bool(self.images) != bool(self.labels):
            raise ConfigError('--images and --labels go together: give both, or --synthetic for generated scenes.')
        for name in ('crop_px', 'input_px'):
            if getattr(self, name) % 32:
                raise ConfigError(f'{name}: {getattr(self, name)} is not a multiple of 32.')

    @property
    def step_width(self) -> float:
        """Largest learning rate."""
        return self.learning_rate or (3e-4 if self.start else 2e-3)

    @property
    def out_path(self) -> Path:
        """The folder to write."""
        return Path(self.out)
