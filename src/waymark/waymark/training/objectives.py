# SPDX-License-Identifier: Apache-2.0
"""Objectives of self-supervised learning on pairs of views; losses and heads are those of `lightly` (MIT).

infonce   the other view of a place among all views of the batch: NT-Xent, Chen et al., ICML 2020
moco      the same against a queue of vectors of a slow copy: He et al., CVPR 2020
simsiam   predict the other view, gradient stopped: Chen and He, CVPR 2021
byol      predict the other view of a slow copy: Grill et al., NeurIPS 2020
dino      agree with the centred, sharpened softmax of a slow copy: Caron et al., ICCV 2021
distill   keep a teacher's similarities between all pairs of the batch: Tung and Mori, ICCV 2019, with the
          softmax and divergence of Fang et al. (SEED), ICLR 2021
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from waymark.errors import BackendUnavailable
from waymark.training.layout import PlaceNetLayout

if TYPE_CHECKING:
    from torch import Tensor, nn

TEMPERATURE = 0.07
_TEACHER_TEMPERATURE = 0.05
_QUEUE = 2048
_HIDDEN, _PREDICTED, _PROTOTYPES = 512, 128, 512
SLOW = ('moco', 'byol', 'dino')  # objectives that compare with a slow copy of network and heads


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a network gave for both views of B places, as (2, B, ...) tensors.

    Attributes:
        learned: (2, B, L) the learned part.
        whole: (2, B, D) the whole vector.
    """

    learned: Tensor
    whole: Tensor


def build_heads(names: tuple[str, ...], layout: PlaceNetLayout) -> nn.ModuleDict:
    """Make the heads and losses of objectives; they are thrown away after training."""
    from torch import nn

    parts = {name: _BUILDERS[name](layout) for name in names if name in _BUILDERS}
    return nn.ModuleDict(parts)


def total_loss(
    names: tuple[str, ...],
    heads: nn.ModuleDict,
    slow_heads: Any,
    fast: Outputs,
    slow: Outputs | None,
    teacher: Tensor | None,
) -> Tensor:
    """Sum the objectives' losses.

    Args:
        names: Of the objectives.
        heads: Of the network that learns.
        slow_heads: Their slow copy, None where no objective needs it.
        fast: Outputs of the network that learns.
        slow: Of its slow copy.
        teacher: (2, B, T) unit vectors of the teacher, for distill.
    """
    losses = [_LOSSES[name](heads, slow_heads, fast, slow, teacher) for name in names]
    return sum(losses[1:], losses[0])


def _lightly() -> tuple[Any, Any]:
    try:
        from lightly import loss
        from lightly.models.modules import heads
    except ModuleNotFoundError as error:
        raise BackendUnavailable(f'objectives need {error.name}: run make models in the repository.') from None
    return loss, heads


def _build_infonce(layout: PlaceNetLayout) -> nn.Module:
    return _lightly()[0].NTXentLoss(temperature=TEMPERATURE)


def _build_moco(layout: PlaceNetLayout) -> nn.Module:
    return _lightly()[0].NTXentLoss(temperature=TEMPERATURE, memory_bank_size=(_QUEUE, layout.learned_dim))


def _build_simsiam(layout: PlaceNetLayout) -> nn.Module:
    from torch import nn

    loss, heads = _lightly()
    project = heads.SimSiamProjectionHead(layout.learned_dim, _HIDDEN, _HIDDEN)
    predict = heads.SimSiamPredictionHead(_HIDDEN, _PREDICTED, _HIDDEN)
    return nn.ModuleDict({'project': project, 'predict': predict, 'loss': loss.NegativeCosineSimilarity()})


def _build_byol(layout: PlaceNetLayout) -> nn.Module:
    from torch import nn

    loss, heads = _lightly()
    project = heads.BYOLProjectionHead(layout.learned_dim, _HIDDEN, _PREDICTED)
    predict = heads.BYOLPredictionHead(_PREDICTED, _HIDDEN, _PREDICTED)
    return nn.ModuleDict({'project': project, 'predict': predict, 'loss': loss.NegativeCosineSimilarity()})


def _build_dino(layout: PlaceNetLayout) -> nn.Module:
    from torch import nn

    loss, heads = _lightly()
    project = heads.DINOProjectionHead(layout.learned_dim, _HIDDEN, _PREDICTED, _PROTOTYPES)
    return nn.ModuleDict({'project': project, 'loss': loss.DINOLoss(_PROTOTYPES, warmup_teacher_temp_epochs=0)})


def _infonce(heads: Any, slow_heads: Any, fast: Outputs, slow: Outputs | None, teacher: Any) -> Tensor:
    return heads['infonce'](*fast.learned)


def _moco(heads: Any, slow_heads: Any, fast: Outputs, slow: Any, teacher: Any) -> Tensor:
    (a, b), (slow_a, slow_b) = fast.learned, slow.learned
    return 0.5 * (heads['moco'](a, slow_b) + heads['moco'](b, slow_a))


def _simsiam(heads: Any, slow_heads: Any, fast: Outputs, slow: Any, teacher: Any) -> Tensor:
    head = heads['simsiam']
    a, b = (head['project'](x) for x in fast.learned)
    loss = head['loss']
    return 0.5 * (loss(head['predict'](a), b.detach()) + loss(head['predict'](b), a.detach()))


def _byol(heads: Any, slow_heads: Any, fast: Outputs, slow: Any, teacher: Any) -> Tensor:
    head = heads['byol']
    a, b = (head['predict'](head['project'](x)) for x in fast.learned)
    goal_a, goal_b = (slow_heads['byol']['project'](x).detach() for x in slow.learned)
    return 0.5 * (head['loss'](a, goal_b) + head['loss'](b, goal_a))


def _dino(heads: Any, slow_heads: Any, fast: Outputs, slow: Any, teacher: Any) -> Tensor:
    head = heads['dino']
    goals = [slow_heads['dino']['project'](x).detach() for x in slow.learned]
    return head['loss'](goals, [head['project'](x) for x in fast.learned], epoch=0)


def _distill(heads: Any, slow_heads: Any, fast: Outputs, slow: Any, teacher: Any) -> Tensor:
    from torch.nn import functional

    own = functional.normalize(fast.whole.flatten(0, 1), dim=1)
    hers = teacher.flatten(0, 1)
    own, hers = ((v @ v.T).fill_diagonal_(-1.0) for v in (own, hers))
    goal = functional.softmax(hers / _TEACHER_TEMPERATURE, dim=1)
    return functional.kl_div(functional.log_softmax(own / TEMPERATURE, dim=1), goal, reduction='batchmean')


_BUILDERS: dict[str, Callable[[PlaceNetLayout], Any]] = {
    'infonce': _build_infonce,
    'moco': _build_moco,
    'simsiam': _build_simsiam,
    'byol': _build_byol,
    'dino': _build_dino,
}
_LOSSES: dict[str, Callable[..., Any]] = {
    'infonce': _infonce,
    'moco': _moco,
    'simsiam': _simsiam,
    'byol': _byol,
    'dino': _dino,
    'distill': _distill,
}
