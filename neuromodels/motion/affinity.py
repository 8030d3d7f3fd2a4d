"""Weights between all places of a map, and what flows along them: at once, or in blocks that are never all in memory."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

# A vector of all zeros has no direction; its cosine with everything is 0.
SHORTEST = 1e-6
# Added to the root of a degree, as published.
DEGREE_FLOOR = 1e-6
# Up to this many places, a picture of 512 x 512 pixels, the whole matrix (64 MB) is made once: making it twice takes longer.
DENSE_PLACES = 4096
# Numbers of the matrix that are in memory at a time in the streamed form.
BLOCK = 2**22


def affinity_parts(embedding: Tensor, scale: Tensor, *, coupled: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Directions, scale and offset with A_ij = exp(scale cos_ij - offset), whose largest value is 1.

    Parameters
    ----------
    embedding
        ``(batch, place, channel)``.
    scale
        ``(batch, 1, 1)``.
    coupled
        One offset for the whole batch, as published; otherwise one per sample.

    Returns
    -------
    tuple of Tensor
        Unit vectors ``(batch, place, channel)``, scale and offset ``(batch, 1, 1)``, in float32.
    """
    directions = functional.normalize(embedding.float(), dim=-1, eps=SHORTEST)
    scale = scale.float()
    # The cosine of a place with itself is 1, so the largest weight is exp(scale).
    return directions, scale, (scale.amax(dim=0, keepdim=True).expand_as(scale) if coupled else scale)


def normalised_affinity(embedding: Tensor, scale: Tensor, *, coupled: bool = False) -> Tensor:
    """A_hat_ij = d_i A_ij d_j with A_ij = exp(scale cos(q_i, q_j)) / max A and d_i = 1 / (sqrt(sum_j A_ij) + 1e-6).

    Parameters
    ----------
    embedding
        q, ``(batch, place, channel)``.
    scale
        ``(batch, 1, 1)``.
    coupled
        Whether max A is that of the whole batch, as published, or of each sample.

    Returns
    -------
    Tensor
        ``(batch, place, place)``, symmetric.
    """
    with torch.autocast(embedding.device.type, enabled=False):
        weights = _weights(*affinity_parts(embedding, scale, coupled=coupled))
        degree = _inverse_root(weights.sum(dim=-1, keepdim=True))
        return degree * weights * degree.mT


def spread_along(
    embedding: Tensor, scale: Tensor, values: Tensor, *, coupled: bool = False, streamed: bool | None = None
) -> Tensor:
    """A_hat v for the matrix of `normalised_affinity`.

    The streamed form makes the matrix twice, a block of rows at a time: for the sums of its rows, and for the product.
    In the backward pass each block is made again. Memory grows with the number of places, not with its square.
    Both forms compute in float32 under autocast: an error of the cosine grows with the exponential.

    Parameters
    ----------
    embedding
        q, ``(batch, place, channel)``.
    scale
        ``(batch, 1, 1)``.
    values
        v, ``(batch, place, channel)``.
    coupled
        See `normalised_affinity`.
    streamed
        None for the whole matrix up to `DENSE_PLACES` places and the streamed form beyond.

    Returns
    -------
    Tensor
        ``(batch, place, channel)``.
    """
    if streamed is None:
        streamed = embedding.shape[1] > DENSE_PLACES
    with torch.autocast(embedding.device.type, enabled=False):
        directions, scale, offset = affinity_parts(embedding, scale, coupled=coupled)
        values = values.float()
        if not streamed:
            weights = _weights(directions, scale, offset)
            degree = _inverse_root(weights.sum(dim=-1, keepdim=True))
            return degree * (weights @ (degree * values))
        rows = max(1, BLOCK // (directions.shape[0] * directions.shape[1]))
        blocks = directions.split(rows, dim=1)
        sums = [_remade(_row_sums, block, directions, scale, offset) for block in blocks]
        degree = _inverse_root(torch.cat(sums, dim=1))
        scaled = degree * values
        return degree * torch.cat(
            [_remade(_product, block, directions, scale, offset, scaled) for block in blocks], dim=1
        )


def _weights(directions: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
    return _block(directions, directions, scale, offset)


def _block(rows: Tensor, directions: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
    """Some rows of A, ``(batch, row, place)``."""
    return torch.exp(torch.baddbmm(-offset, scale * rows, directions.mT))


def _row_sums(rows: Tensor, directions: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
    return _block(rows, directions, scale, offset).sum(dim=-1, keepdim=True)


def _product(rows: Tensor, directions: Tensor, scale: Tensor, offset: Tensor, scaled: Tensor) -> Tensor:
    return _block(rows, directions, scale, offset) @ scaled


def _inverse_root(degree: Tensor) -> Tensor:
    return 1 / (degree.sqrt() + DEGREE_FLOOR)


def _remade(compute: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
    """The result, keeping none of what lies between for the backward pass."""
    if not torch.is_grad_enabled():
        return compute(*tensors)
    return checkpoint(compute, *tensors, use_reentrant=False, preserve_rng_state=False)
