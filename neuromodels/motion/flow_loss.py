"""How far a sequence of flow predictions is from the truth, the later ones counting more."""

from collections.abc import Sequence

import torch
from torch import Tensor

GAMMA = 0.85
# Faster motion than this is not learned from.
LARGEST = 400.0


def valid_pixels(flow: Tensor, largest: float = LARGEST) -> Tensor:
    """Pixels ``(batch, row, col)`` whose flow ``(batch, 2, row, col)`` is defined and slower than ``largest``."""
    return flow.square().sum(dim=1) < largest**2


def sequence_loss(
    predictions: Sequence[Tensor], flow: Tensor, *, gamma: float = GAMMA, largest: float = LARGEST
) -> Tensor:
    """Mean absolute error per component of each prediction i of n, weighted by gamma^(n - i).

    Parameters
    ----------
    predictions
        Each ``(batch, 2, row, col)``, the last being the best; pixels per frame.
    flow
        Truth, ``(batch, 2, row, col)``; NaN where it is not known.
    gamma
        Above 0, at most 1.
    largest
        Pixels per frame from which on a pixel does not count.

    Returns
    -------
    Tensor
        A scalar; 0 where no pixel counts.

    Raises
    ------
    ValueError
        If there is no prediction, or its shape is not that of the truth.

    References
    ----------
    Teed & Deng 2020, arXiv 2003.12039, equation 7, with gamma 0.85 as in Sun et al. 2025.
    """
    if not predictions:
        raise ValueError("there is no prediction to judge; give at least one.")
    counted = valid_pixels(flow, largest)[:, None]
    components = (2 * counted.sum()).clamp_min(1)
    total = flow.new_zeros((), dtype=torch.float32)
    weights = [gamma ** (len(predictions) - number) for number in range(1, len(predictions) + 1)]
    for weight, prediction in zip(weights, predictions, strict=True):
        _same_shape(prediction, flow)
        # The truth is masked before the difference: the gradient of a NaN is NaN even where it is multiplied by 0.
        error = torch.where(counted, prediction.float() - torch.where(counted, flow, 0.0), 0.0).abs()
        total = total + weight * error.sum() / components
    return total / sum(weights)


def endpoint_error(prediction: Tensor, flow: Tensor, *, largest: float = LARGEST) -> Tensor:
    """Mean length of the difference of flow vectors over the pixels that count.

    Parameters
    ----------
    prediction, flow
        ``(batch, 2, row, col)``, pixels per frame.
    largest
        As in `sequence_loss`.

    Returns
    -------
    Tensor
        A scalar, pixels per frame; 0 where no pixel counts.
    """
    _same_shape(prediction, flow)
    counted = valid_pixels(flow, largest)
    lengths = (prediction.float() - flow).square().sum(dim=1).sqrt()
    return torch.where(counted, lengths, 0.0).sum() / counted.sum().clamp_min(1)


def _same_shape(prediction: Tensor, flow: Tensor) -> None:
    if prediction.shape != flow.shape or flow.shape[1] != 2:
        raise ValueError(
            f"flow must be (batch, 2, row, col) for prediction and truth alike, received {tuple(prediction.shape)} and "
            f"{tuple(flow.shape)}."
        )
