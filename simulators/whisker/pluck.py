"""A whisker bent by a force on its tip, and what follows when it is let go."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from .beams.chain import Chain
from .beams.mechanics import Mechanics
from .geometry.frames import base_rotation
from .geometry.whisker import Whisker

if TYPE_CHECKING:
    import xarray as xr

MOST_ITERATIONS = 200
LARGEST_TURN_RAD = 0.3


class StaticShape(NamedTuple):
    """A whisker in equilibrium.

    Parameters
    ----------
    angles_rad
        (n, 2) hinge angles about y and z; row 0 is 0.
    nodes_mm
        (n + 1, 3) link ends from the base point on.
    moment_un_m
        (3,) moment of the whisker on its base about the base point, uN.m.
    """

    angles_rad: np.ndarray
    nodes_mm: np.ndarray
    moment_un_m: np.ndarray


def static_shape(
    whisker: Whisker,
    mechanics: Mechanics | None = None,
    tip_force_mn: Sequence[float] | np.ndarray = (0.0, 0.0, 0.0),
    *,
    axes: Literal["whisker", "world"] = "whisker",
) -> StaticShape:
    """Equilibrium of a whisker under a force on its tip that keeps its direction, however far the whisker bends.

    Newton's method on the potential energy of the chain, each step no longer than a turn of 0.3 rad; where the energy
    curves down (a force that buckles the whisker) the step follows the slope to the equilibrium that is stable.

    Parameters
    ----------
    whisker
        The whisker.
    mechanics
        Mechanical model; ``None`` takes `Mechanics` as it stands.
    tip_force_mn
        (3,) force on the tip, mN.
    axes
        Of the force and of the result: ``whisker`` (x along the whisker at its base, bending towards -y) or ``world``
        (right, rostral, dorsal).

    Returns
    -------
    StaticShape
        Angles, link ends and moment.

    Raises
    ------
    ValueError
        If the force is not three finite numbers, the axes are unknown, or no equilibrium is found.

    References
    ----------
    Bisshopp & Drucker (1945), Quart. Appl. Math. 3, 272, for the cylinder bent far.
    """
    force = 1000.0 * np.asarray(tip_force_mn, dtype=float)
    if force.shape != (3,) or not np.isfinite(force).all():
        raise ValueError(f"tip_force_mn is {tip_force_mn}; give three finite numbers.")
    if axes not in ("whisker", "world"):
        raise ValueError(f"axes {axes!r} is not known; take 'whisker' or 'world'.")
    rotation = np.eye(3) if axes == "whisker" else _base_rotation(whisker)
    chain = (mechanics or Mechanics()).chain(whisker)
    angles = _equilibrium(chain, force @ rotation, whisker.name)
    nodes, _ = _hinges(chain, angles)
    moment = 1e-3 * np.cross(nodes[-1], force @ rotation)
    return StaticShape(angles, nodes @ rotation.T, rotation @ moment)


def pluck_whisker(
    whisker: Whisker,
    mechanics: Mechanics | None = None,
    *,
    tip_force_mn: float | None = None,
    deflection_mm: float | None = None,
    axis: Literal["y", "z"] = "z",
    duration_s: float | None = None,
    rate_hz: float | None = None,
) -> "xr.Dataset":
    """Free motion of a whisker that is let go at time 0 after its tip was pulled aside.

    Parameters
    ----------
    whisker
        The whisker, on a base at rest in the frame of its array.
    mechanics
        Mechanical model; ``None`` takes `Mechanics` as it stands.
    tip_force_mn
        Force that held the tip, along ``axis``; or else
    deflection_mm
        how far a force along ``axis`` has moved the tip along it. Without either, a hundredth of the length.
    axis
        Axis of the base frame: ``y`` in the plane of the intrinsic curvature, ``z`` across it.
    duration_s, rate_hz
        Time simulated and output intervals per second; ``None`` takes 12 periods of the lowest natural frequency across
        the plane of curvature, and 60 intervals per period.

    Returns
    -------
    xr.Dataset
        As from `simulate`; `analysis.ring_down` reads frequency and damping from its ``tip``.

    Raises
    ------
    ValueError
        If both force and deflection are given, or the tip cannot be moved so far.
    """
    from .beams.modes import natural_frequencies_hz
    from .geometry.array import WhiskerArray
    from .output.record import record_dataset
    from .scene import Scene
    from .simulation import _raw_record
    from .solver.plan import plan_scene

    if tip_force_mn is not None and deflection_mm is not None:
        raise ValueError(f"tip_force_mn is {tip_force_mn} and deflection_mm {deflection_mm}; give one of them.")
    if axis not in ("y", "z"):
        raise ValueError(f"axis {axis!r} is not known; take 'y' (in the plane of curvature) or 'z' (across it).")
    mechanics = mechanics or Mechanics()
    direction = np.array([0.0, axis == "y", axis == "z"], dtype=float)
    if tip_force_mn is None:
        aside_mm = 0.01 * whisker.length_mm if deflection_mm is None else float(deflection_mm)
        tip_force_mn = _force_for_mn(whisker, mechanics, direction, aside_mm)
    if duration_s is None or rate_hz is None:
        lowest_hz = float(natural_frequencies_hz(mechanics.chain(whisker), 1)[0])
        duration_s = 12 / lowest_hz if duration_s is None else duration_s
        rate_hz = 60 * lowest_hz if rate_hz is None else rate_hz
    held = static_shape(whisker, mechanics, tip_force_mn * direction)
    plan = plan_scene(Scene(WhiskerArray((whisker,)), duration_s=duration_s, rate_hz=rate_hz), mechanics)
    start = np.zeros((3, *held.angles_rad.shape))
    start[0] = held.angles_rad
    start[2] = _accelerations(plan.chains[0], held.angles_rad)
    plan.run(0, start)
    return record_dataset(_raw_record(plan, mechanics))


def _equilibrium(chain: Chain, force: np.ndarray, name: str) -> np.ndarray:
    """(n, 2) angles where the springs balance a force (uN, base frame) on the tip."""
    n = len(chain)
    rest = np.zeros((n, 2))
    rest[1:, 1] = chain.rest_angles_rad[1:]
    # Angles in units of sqrt(1 / K), in which the springs alone curve the energy by 1.
    scale = np.repeat(np.sqrt(chain.stiffness[1:]), 2)
    angles = rest.copy()
    # What is left of a moment beside the load's own, and beside the rounding of angles of the order of 1.
    small = 1e-11 * np.linalg.norm(force) * chain.lengths_mm.sum() + 1e-15 * chain.stiffness.sum()
    for _ in range(MOST_ITERATIONS):
        nodes, axes = _hinges(chain, angles)
        arms = np.repeat(nodes[-1] - nodes[1:-1], 2, axis=0)
        # Motion of the tip per angle; a hinge further out turns with those before it.
        moves = np.cross(axes, arms)
        slope = scale * (angles - rest)[1:].ravel() - moves @ force / scale
        first = np.minimum.outer(np.arange(2 * n - 2), np.arange(2 * n - 2))
        last = np.maximum.outer(np.arange(2 * n - 2), np.arange(2 * n - 2))
        curve = np.eye(2 * n - 2) - np.cross(axes[first], moves[last]) @ force / np.outer(scale, scale)
        values, vectors = np.linalg.eigh(curve)
        along = vectors.T @ slope
        if values[0] > 0 and np.linalg.norm(slope * scale) <= small:
            return angles
        # Off a saddle, where the slope is 0, by a push of fixed sign.
        push = np.where((values <= 0) & (np.abs(along) < 1e-6 * np.abs(values)), 1e-3, along)
        step = -(vectors @ (push / np.maximum(np.abs(values), 1e-3))) / scale
        angles[1:] += (step * min(1.0, LARGEST_TURN_RAD / np.abs(step).max(initial=1e-300))).reshape(-1, 2)
    raise ValueError(
        f"whisker {name} finds no equilibrium under {np.linalg.norm(force) / 1000:.4g} mN on its tip; lower the force."
    )


def _hinges(chain: Chain, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n + 1, 3) link ends and (2 n - 2, 3) hinge axes in the base frame."""
    n = len(chain)
    c, s = np.cos(chain.rest_angles_rad[0]), np.sin(chain.rest_angles_rad[0])
    x, y, z = np.array([c, s, 0.0]), np.array([-s, c, 0.0]), np.array([0.0, 0.0, 1.0])
    nodes, axes = np.zeros((n + 1, 3)), np.zeros((2 * n - 2, 3))
    for i in range(n):
        if i > 0:
            axes[2 * i - 2] = y
            c, s = np.cos(angles[i, 0]), np.sin(angles[i, 0])
            x, z = c * x - s * z, c * z + s * x
            axes[2 * i - 1] = z
            c, s = np.cos(angles[i, 1]), np.sin(angles[i, 1])
            x, y = c * x + s * y, c * y - s * x
        nodes[i + 1] = nodes[i] + chain.lengths_mm[i] * x
    return nodes, axes


def _force_for_mn(whisker: Whisker, mechanics: Mechanics, direction: np.ndarray, deflection_mm: float) -> float:
    """Force along ``direction`` that moves the tip by ``deflection_mm`` along it."""
    from scipy.optimize import brentq

    from .beams.modes import tip_compliance_mm_per_un

    if deflection_mm == 0:
        return 0.0
    rest = static_shape(whisker, mechanics).nodes_mm[-1] @ direction

    def missing(force: float) -> float:
        return float(
            static_shape(whisker, mechanics, force * direction).nodes_mm[-1] @ direction - rest - deflection_mm
        )

    small = 1e-3 * deflection_mm / tip_compliance_mm_per_un(mechanics.chain(whisker))
    large = small
    for _ in range(20):
        if missing(large) * deflection_mm > 0:
            return float(brentq(missing, 0.0, large, rtol=1e-10))
        large *= 2
    raise ValueError(
        f"the tip of whisker {whisker.name} cannot be moved by {deflection_mm} mm; the whisker is "
        f"{whisker.length_mm} mm long."
    )


def _accelerations(chain: Chain, angles: np.ndarray) -> np.ndarray:
    """(n, 2) accelerations of the hinges of a chain at rest in motion but not in shape."""
    from .solver.recursion import CHANGE_SIZE, EXTRA_SIZE, LINK_SIZE, WORK_SIZE, place_links, solve_links

    n = len(chain)
    base, link, none = np.zeros(19), np.zeros((n, LINK_SIZE)), np.zeros((n, 2))
    base[9] = 1.0
    inertia = (chain.lengths_mm, chain.masses_ug, chain.centroids, chain.inertias_ug_mm2)
    place_links(angles, none, none, *inertia, chain.rest_angles_rad[0], base, link)
    pull = -chain.stiffness[:, None] * angles
    pull[:, 1] += chain.stiffness * chain.rest_angles_rad
    change = np.zeros((n, CHANGE_SIZE))
    solve_links(
        pull, np.zeros(n), *inertia, link, np.zeros((n, EXTRA_SIZE)), np.zeros((n, WORK_SIZE)), change, np.zeros(6)
    )
    return np.ascontiguousarray(change[:, :2])


def _base_rotation(whisker: Whisker) -> np.ndarray:
    return base_rotation(whisker.azimuth_deg, whisker.elevation_deg, whisker.roll_deg)
