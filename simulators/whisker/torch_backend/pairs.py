"""The solids of many scenes beside the chains that may touch them, by kind of solid."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from simulators.whisker.solids.kinds import MESH, SUPERQUADRIC
from simulators.whisker.torch_backend.contact import Law
from simulators.whisker.torch_backend.distances import FIELDS
from simulators.whisker.torch_backend.meshes import Meshes, pack_meshes
from simulators.whisker.torch_backend.paths import Paths

if TYPE_CHECKING:
    from simulators.whisker.solids import Solid
    from simulators.whisker.solver.plan import Plan


class Pairs(NamedTuple):
    """Chains and the solids of one kind in their scenes.

    Parameters
    ----------
    kind
        Of all solids.
    n_chains
        Chains in the batch.
    chain, body
        (pair,) which chain; which path of the objects.
    parameters
        Numbers of the solids, (pair,) each.
    offset, friction, speed, depth, limit
        (pair,) contact offset (mm), coefficient of friction, highest speed of any point of the object (mm/ms), how deep
        (mm) a step may enter it, and at which depth the run ends.
    mesh
        (pair,) row of the meshes.
    meshes
        All meshes; none for other kinds.
    """

    kind: int
    n_chains: int
    chain: Tensor
    body: Tensor
    parameters: tuple[Tensor, ...]
    offset: Tensor
    friction: Tensor
    speed: Tensor
    depth: Tensor
    limit: Tensor
    mesh: Tensor
    meshes: Meshes | None

    def of(self, chains: Tensor) -> tuple[Tensor, Tensor]:
        """Pairs of some of the chains, and the place of each pair's chain among these."""
        if len(chains) == self.n_chains:
            return torch.arange(len(self.chain), device=chains.device), self.chain
        place = torch.full((self.n_chains,), -1, dtype=torch.long, device=chains.device)
        place = place.index_copy(0, chains, torch.arange(len(chains), device=chains.device))[self.chain]
        kept = (place >= 0).nonzero()[:, 0]
        return kept, place[kept]

    def some(self, index: Tensor) -> "Pairs":
        """A part of the pairs."""
        return self._replace(
            chain=self.chain[index],
            body=self.body[index],
            parameters=tuple(values[index] for values in self.parameters),
            offset=self.offset[index],
            friction=self.friction[index],
            speed=self.speed[index],
            depth=self.depth[index],
            limit=self.limit[index],
            mesh=self.mesh[index],
        )


class Surroundings(NamedTuple):
    """Solids, their paths and the law of contact.

    Parameters
    ----------
    groups
        One for every kind of solid.
    paths
        Of all objects.
    law
        Of all contacts.
    """

    groups: tuple[Pairs, ...]
    paths: Paths
    law: Law


def pack_pairs(plans: "list[Plan]", device: torch.device | str, dtype: torch.dtype) -> tuple[Pairs, ...]:
    """Every whisker of every scene with every object of its scene, by kind of solid.

    Parameters
    ----------
    plans
        The scenes; chains count through all of them, and so do objects.
    device, dtype
        Of the tensors.

    Raises
    ------
    ValueError
        If a solid has neither a formula here nor triangles.
    """
    rows: dict[int, list[tuple[float, ...]]] = {}
    meshes: dict[int, tuple[int, Solid]] = {}
    first_chain = first_body = 0
    for plan in plans:
        for o, item in enumerate(plan.scene.objects):
            kind = int(plan.table.kind[plan.solid_of[o]])
            if kind == SUPERQUADRIC:
                raise ValueError(
                    "a Superquadric has no distance formula in the torch backend; give Mesh(*solid.surface()), or take "
                    "backend='numba'."
                )
            row = 0
            if kind == MESH:
                row, _ = meshes.setdefault(id(item.solid), (len(meshes), item.solid))
            solid = int(plan.solid_of[o])
            numbers = (
                *plan.table.parameters[solid],
                plan.table.offset[solid],
                plan.friction_of[o],
                plan.speed_of[o],
                plan.depth_of[o],
                plan.limit_of[o],
            )
            rows.setdefault(kind, []).extend(
                (first_chain + w, first_body + o, row, *numbers) for w in range(len(plan.names))
            )
        first_chain += len(plan.names)
        first_body += len(plan.scene.objects)
    groups = []
    for kind in sorted(rows):
        table = np.array(rows[kind], dtype=np.float64)
        index = torch.from_numpy(table[:, :3]).long().to(device)
        columns = torch.from_numpy(table[:, 3:].T.copy()).to(device, dtype)
        is_mesh = kind == MESH
        groups.append(
            Pairs(
                kind=kind,
                n_chains=first_chain,
                chain=index[:, 0],
                body=index[:, 1],
                parameters=tuple(columns[: 0 if is_mesh else FIELDS[kind][1]]),
                offset=columns[6],
                friction=columns[7],
                speed=columns[8],
                depth=columns[9],
                limit=columns[10],
                mesh=index[:, 2],
                meshes=pack_meshes([solid for _, solid in meshes.values()], device, dtype) if is_mesh else None,
            )
        )
    return tuple(groups)
