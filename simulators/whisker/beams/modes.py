"""Small motions of a chain about its rest shape: stiffness, mass, natural frequencies, compliance."""

import numpy as np
from scipy.linalg import eigh

from .chain import Chain


def rest_inclinations_rad(chain: Chain) -> np.ndarray:
    """(n,) angle of every link about the base frame's z axis at rest."""
    return np.cumsum(chain.rest_angles_rad)


def mass_matrix(chain: Chain, plane: str = "out") -> np.ndarray:
    """Mass matrix of the joint angles about the rest shape, ug mm^2.

    Parameters
    ----------
    chain
        The chain.
    plane
        ``out``: hinges about y (bending out of the plane of the intrinsic curvature); ``in``: hinges about z.

    Returns
    -------
    ndarray
        (n - 1, n - 1).

    Raises
    ------
    ValueError
        If the plane is unknown.
    """
    moves, turns = _jacobians(chain, plane)
    weighted = chain.masses_ug[:, None, None] * moves
    turned = chain.inertias_ug_mm2[:, None, None] * turns
    return np.einsum("ija,ika->jk", weighted, moves) + np.einsum("ija,ika->jk", turned, turns)


def natural_frequencies_hz(chain: Chain, count: int = 3, plane: str = "out") -> np.ndarray:
    """Lowest undamped natural frequencies, Hz; independent of any time step.

    Parameters
    ----------
    chain
        The chain.
    count
        How many, at most the number of joints.
    plane
        ``out`` or ``in`` the plane of the intrinsic curvature.

    Returns
    -------
    ndarray
        (count,) ascending.
    """
    squares = eigh(np.diag(chain.stiffness[1:]), mass_matrix(chain, plane), eigvals_only=True)
    return np.sqrt(squares[:count]) / (2 * np.pi) * 1000


def damping_ratios(chain: Chain, count: int = 3, plane: str = "out") -> np.ndarray:
    """Damping ratios of the lowest modes (damping forces projected on the undamped modes).

    Parameters
    ----------
    chain
        The chain.
    count
        How many.
    plane
        ``out`` or ``in`` the plane of the intrinsic curvature.

    Returns
    -------
    ndarray
        (count,).
    """
    squares, shapes = eigh(np.diag(chain.stiffness[1:]), mass_matrix(chain, plane))
    projected = np.einsum("jk,j,jk->k", shapes, chain.damping[1:], shapes)
    return projected[:count] / (2 * np.sqrt(squares[:count]))


def tip_compliance_mm_per_un(chain: Chain, plane: str = "out") -> float:
    """Deflection of the tip per transverse force at the tip, mm/uN, small loads.

    Parameters
    ----------
    chain
        The chain.
    plane
        ``out`` or ``in`` the plane of the intrinsic curvature; transverse to the last link.

    Returns
    -------
    float
        The compliance.
    """
    inclination = rest_inclinations_rad(chain)
    nodes = _nodes(chain)
    arm = nodes[-1] - nodes[1:-1]
    if plane == "out":
        # Hinge j's y axis lies along the inclination of the link before it.
        lever = arm[:, 0] * np.cos(inclination[:-1]) + arm[:, 1] * np.sin(inclination[:-1])
    else:
        lever = arm[:, 0] * np.cos(inclination[-1]) + arm[:, 1] * np.sin(inclination[-1])
    return float(np.sum(lever**2 / chain.stiffness[1:]))


def _nodes(chain: Chain) -> np.ndarray:
    inclination = rest_inclinations_rad(chain)
    steps = chain.lengths_mm[:, None] * np.stack([np.cos(inclination), np.sin(inclination)], axis=1)
    return np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])


def _jacobians(chain: Chain, plane: str) -> tuple[np.ndarray, np.ndarray]:
    """Velocity of every centroid and transverse rotation of every link per joint rate: (n, n - 1, 3) each."""
    if plane not in ("out", "in"):
        raise ValueError(f"plane {plane!r} is not known; give 'out' or 'in' (of the plane of the intrinsic curvature).")
    n = len(chain)
    inclination = rest_inclinations_rad(chain)
    direction = np.stack([np.cos(inclination), np.sin(inclination), np.zeros(n)], axis=1)
    nodes = np.concatenate([_nodes(chain), np.zeros((n + 1, 1))], axis=1)
    centres = nodes[:-1] + (chain.centroids * chain.lengths_mm)[:, None] * direction
    if plane == "out":
        axes = np.stack([-np.sin(inclination[:-1]), np.cos(inclination[:-1]), np.zeros(n - 1)], axis=1)
    else:
        axes = np.tile([0.0, 0.0, 1.0], (n - 1, 1))
    beyond = (np.arange(n)[:, None] > np.arange(n - 1)[None])[..., None]
    moves = np.cross(axes[None], centres[:, None] - nodes[None, 1:-1]) * beyond
    along = np.einsum("ja,ia->ij", axes, direction)
    turns = (axes[None] - along[..., None] * direction[:, None]) * beyond
    return moves, turns
