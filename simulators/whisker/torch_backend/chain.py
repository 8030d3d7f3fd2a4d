"""Chains of rigid links as tensors, one row each, padded to the longest."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from simulators.whisker.beams.chain import Chain


class ChainBatch(NamedTuple):
    """Parameters of many chains, padded by links without length and mass; mm, ug, ms.

    Parameters
    ----------
    lengths, masses, centroids, inertias
        (chain, link) mm, ug, fraction of the length, ug.mm^2 about the centroid across the link.
    radii
        (chain, link + 1) at the nodes, mm.
    stiffness, damping
        (chain, link) of the joint before each link, uN.mm/rad and uN.mm.ms/rad.
    rest_angles
        (chain, link) turn about z before each link without load, rad.
    joints, links
        (chain, link) one for a joint that moves and for a link that exists, zero elsewhere.
    """

    lengths: Tensor
    masses: Tensor
    centroids: Tensor
    inertias: Tensor
    radii: Tensor
    stiffness: Tensor
    damping: Tensor
    rest_angles: Tensor
    joints: Tensor
    links: Tensor

    def rows(self, index: Tensor | slice) -> "ChainBatch":
        """Some of the chains."""
        return ChainBatch(*(value[index] for value in self))

    def to(self, device: torch.device | str, dtype: torch.dtype) -> "ChainBatch":
        """The same chains elsewhere or in another precision."""
        return ChainBatch(*(value.to(device=device, dtype=dtype) for value in self))


def stack_chains(chains: "Sequence[Chain]") -> ChainBatch:
    """Tensors of chains that may differ in their number of links.

    Parameters
    ----------
    chains
        At least one.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not chains:
        raise ValueError("no chain was given; give at least one whisker.")
    most = max(len(chain.lengths_mm) for chain in chains)

    def padded(name: str, size: int) -> Tensor:
        rows = np.zeros((len(chains), size))
        for row, chain in zip(rows, chains, strict=True):
            values = getattr(chain, name)
            row[: len(values)] = values
        return torch.from_numpy(rows)

    counts = torch.tensor([len(chain.lengths_mm) for chain in chains])
    links = (torch.arange(most) < counts[:, None]).double()
    joints = links.clone()
    joints[:, 0] = 0.0
    return ChainBatch(
        padded("lengths_mm", most),
        padded("masses_ug", most),
        padded("centroids", most),
        padded("inertias_ug_mm2", most),
        padded("radii_mm", most + 1),
        padded("stiffness", most),
        padded("damping", most),
        padded("rest_angles_rad", most),
        joints,
        links,
    )
