"""Several solids of any kind as plain arrays, one type for compiled code whatever they are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .bvh import N_BOX_COLUMNS, N_COLUMNS
from .kinds import N_PARAMETERS

if TYPE_CHECKING:
    from .base import Solid


class SolidTable(NamedTuple):
    """Solids for `segment_gap` and `point_distance`.

    Parameters
    ----------
    kind
        (K,) number of the kind.
    parameters
        (K, 6) sizes [mm]; of a mesh the first is 1 if it has an inside.
    offset
        (K,) contact offset [mm].
    friction
        (K,) coefficient of friction, NaN for the default of the mechanics.
    root
        (K,) first node of a mesh.
    nodes, boxes, triangles, normals
        Hierarchies of all meshes, one behind the other; see `bvh.Hierarchy`.
    """

    kind: np.ndarray
    parameters: np.ndarray
    offset: np.ndarray
    friction: np.ndarray
    root: np.ndarray
    nodes: np.ndarray
    boxes: np.ndarray
    triangles: np.ndarray
    normals: np.ndarray


def pack_solids(solids: Sequence["Solid"]) -> SolidTable:
    """Table of solids, in their order.

    Parameters
    ----------
    solids
        Any number, none included.
    """
    n_solids = len(solids)
    parameters = np.zeros((n_solids, N_PARAMETERS))
    root = np.zeros(n_solids, dtype=np.int64)
    nodes, boxes = [np.zeros((0, 4), dtype=np.int64)], [np.zeros((0, N_BOX_COLUMNS))]
    triangles, normals = [np.zeros((0, N_COLUMNS))], [np.zeros((0, 18))]
    n_nodes = n_triangles = 0
    for k, solid in enumerate(solids):
        values = solid.kernel_parameters()
        parameters[k, : len(values)] = values
        hierarchy = solid.hierarchy()
        if hierarchy is None:
            continue
        root[k] = n_nodes
        shifted = hierarchy.nodes.copy()
        shifted[:, 0] += np.where(shifted[:, 0] > 0, n_nodes, 0)
        shifted[:, 1] += n_triangles
        shifted[:, 3] += n_nodes
        nodes.append(shifted)
        boxes.append(hierarchy.boxes)
        triangles.append(hierarchy.triangles)
        normals.append(hierarchy.normals)
        n_nodes += len(hierarchy.nodes)
        n_triangles += len(hierarchy.triangles)
    return SolidTable(
        np.array([solid.kind for solid in solids], dtype=np.int64),
        parameters,
        np.array([solid.contact_offset_mm for solid in solids], dtype=np.float64),
        np.array([np.nan if solid.friction is None else solid.friction for solid in solids], dtype=np.float64),
        root,
        np.concatenate(nodes),
        np.concatenate(boxes),
        np.concatenate(triangles),
        np.concatenate(normals),
    )
