"""A scene as the arrays that the compiled time loop reads, and the run of one whisker of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

import numpy as np

from ..beams.chain import Chain
from ..beams.mechanics import Mechanics
from ..beams.modes import natural_frequencies_hz
from ..geometry.whisker import Whisker
from ..motion import Knots
from ..motion.rigid import MAX_SPEED_MM_S
from ..scene import Scene
from ..solids import Mesh, Plane, Solid, SolidTable, pack_solids

# A plane has no size; points of it this far from its origin bound its speed when it turns.
PLANE_REACH_MM = 200.0
# How deep a step may enter a solid without contact offset.
STEEP_MM = 0.02
# Deeper than a whisker is thick nothing that a contact says is meant.
DEEPEST_MM = 0.5
ENDINGS = {
    1: "its state is no longer finite",
    2: "it moves faster than the shortest step can follow near a surface",
    3: "it is pressed deeper into {object} than contact can hold, as into a thin one or between two",
    4: "{object} drives over its base, where it is clamped",
}
ADVICE = {
    1: "slow the motion, or lower max_step_ms",
    2: "slow the motion, or give the object a contact_offset_mm",
    3: "raise contact_stiffness_mn_per_mm, give a thin object a contact_offset_mm, or keep objects farther apart",
    4: "keep the path of the object clear of the base points",
}


def ending_sentence(whisker: str, time_ms: float, ending: int, touched: str) -> str:
    """Say why the run of a whisker ended before its time, and what to do."""
    return (
        f"whisker {whisker} cannot be followed at {time_ms / 1000:.4f} s: {ENDINGS[ending].format(object=touched)}; "
        f"{ADVICE[ending]}."
    )


@dataclass(frozen=True)
class Plan:
    """Everything that the time loop needs for one scene, and where it writes.

    Parameters
    ----------
    scene
        The scene.
    names
        W whiskers.
    chains, levels
        Per whisker its links and the halvings of the output interval that give its nominal step.
    bases
        Knots of the bases, (W, K, ...).
    table, solid_of, friction_of, speed_of, depth_of, limit_of
        The solids and per object its row, friction, highest speed (mm/ms), how deep (mm) a step may enter, and at which
        depth the run ends.
    first_knot, object_knots, object_dt
        Knots of all objects, one after another.
    settings
        rho, contact stiffness (uN/mm), relaxation (ms), slip speed (mm/ms).
    outputs, nodes, reports
        (W, T, 25), (W, T, P, 3) or ``None``, (W, 6).
    """

    scene: Scene
    names: tuple[str, ...]
    chains: tuple[Chain, ...]
    levels: tuple[int, ...]
    bases: Knots
    table: SolidTable
    solid_of: np.ndarray
    friction_of: np.ndarray
    speed_of: np.ndarray
    depth_of: np.ndarray
    limit_of: np.ndarray
    first_knot: np.ndarray
    object_knots: Knots
    object_dt: np.ndarray
    settings: tuple[float, float, float, float]
    outputs: np.ndarray
    nodes: np.ndarray | None
    reports: np.ndarray
    tip_force_un: np.ndarray = field(default_factory=lambda: np.zeros(3))
    tip_force_until_ms: float = 0.0

    @property
    def node_arcs(self) -> np.ndarray:
        """(W, P) arc length of the nodes, NaN-padded."""
        arcs = np.full((len(self.chains), max(len(chain) for chain in self.chains) + 1), np.nan)
        for row, chain in zip(arcs, self.chains, strict=True):
            row[: len(chain) + 1] = chain.node_arcs_mm
        return arcs

    def run(self, whisker: int, start: np.ndarray | None = None) -> None:
        """Simulate one whisker into ``outputs``.

        Parameters
        ----------
        whisker
            Which.
        start
            (3, n, 2) joint angles, rates and accelerations to start from, left at those of the end; ``None`` starts at
            rest.

        Raises
        ------
        FloatingPointError
            If it does not stay finite, moves too fast, or is buried in an object.
        """
        from . import kernel

        # The compiler's own types do not describe calls.
        run_whisker = cast(Callable[..., int], kernel.run_whisker)
        chain, bases, knots = self.chains[whisker], self.bases, self.object_knots
        if start is None:
            start = np.zeros((3, len(chain), 2))
            start[0, 1:, 1] = chain.rest_angles_rad[1:]
        nodes = np.zeros((0, 0, 0)) if self.nodes is None else self.nodes[whisker]
        ending = run_whisker(
            chain.lengths_mm, chain.masses_ug, chain.centroids, chain.inertias_ug_mm2, chain.radii_mm, chain.stiffness,
            chain.damping, chain.rest_angles_rad, start,
            bases.dt_ms, bases.position[whisker], bases.velocity[whisker], bases.quaternion[whisker],
            bases.angular_velocity[whisker],
            self.table, self.solid_of, self.friction_of, self.speed_of, self.depth_of, self.limit_of,
            self.first_knot, self.object_dt, knots.position, knots.velocity, knots.quaternion, knots.angular_velocity,
            self.tip_force_un, self.tip_force_until_ms,
            1000 / self.scene.rate_hz, self.scene.n_intervals, self.levels[whisker], *map(float, self.settings),
            self.outputs[whisker], nodes, self.reports[whisker],
        )  # fmt: skip
        if ending:
            report = self.reports[whisker]
            o = int(report[4])
            touched = (self.scene.objects[o].name or f"object {o}") if o >= 0 else ""
            raise FloatingPointError(ending_sentence(self.names[whisker], report[2], ending, touched))


def plan_scene(scene: Scene, mechanics: Mechanics, keep_nodes: bool = True) -> Plan:
    """Turn a scene into arrays.

    Raises
    ------
    ValueError
        If a motion does not cover the duration.
    """
    names = tuple(scene.array.names)
    interval = 1000 / scene.rate_hz
    built = [_chain_and_step(mechanics, whisker) for whisker in scene.array.whiskers]
    chains = tuple(chain for chain, _ in built)
    bases = _base_knots(scene)
    solids = [item.solid for item in scene.objects]
    table = pack_solids(solids)
    friction = np.where(np.isnan(table.friction), mechanics.coefficient_of_friction, table.friction)
    knots = [item.motion.knots(scene.duration_s) for item in scene.objects]
    # A motion is as fast as its knots are close: no step passes over one.
    closest = min((one.dt_ms for one in (bases, *knots) if one.position.shape[-2] > 2), default=math.inf)
    levels = tuple(max(0, math.ceil(math.log2(interval / min(step, closest)) - 1e-9)) for _, step in built)
    speeds = [
        1e-3 * item.motion.max_speed_mm_s(scene.duration_s, _reach_mm(item.solid.bounds_mm())) for item in scene.objects
    ]
    for item, speed in zip(scene.objects, speeds, strict=True):
        # A plane has no end that could be too fast.
        if speed > 1e-3 * MAX_SPEED_MM_S and not isinstance(item.solid, Plane):
            raise ValueError(
                f"{item.name or 'an object'} moves and turns so fast that its surface reaches {speed:.4g} m/s; at most "
                f"{1e-3 * MAX_SPEED_MM_S:g} m/s is accepted: slow it down."
            )
    thickness = np.array([_thickness_mm(solid) for solid in solids], dtype=float)
    limits = np.minimum(0.8 * (table.offset + thickness / 2), table.offset + DEEPEST_MM)
    count, points = scene.n_intervals, max(len(chain) for chain in chains) + 1
    return Plan(
        scene=scene,
        names=names,
        chains=chains,
        levels=levels,
        bases=bases,
        table=table,
        solid_of=np.arange(len(solids)),
        friction_of=friction,
        speed_of=np.array(speeds, dtype=float),
        depth_of=np.minimum(np.maximum(STEEP_MM, table.offset / 2), limits / 2),
        limit_of=limits,
        first_knot=np.concatenate([[0], np.cumsum([len(one.position) for one in knots])]).astype(np.int64),
        object_knots=_joined(knots),
        object_dt=np.array([one.dt_ms for one in knots], dtype=float),
        settings=(
            mechanics.rho,
            1000.0 * mechanics.contact_stiffness_mn_per_mm,
            mechanics.contact_relaxation_ms,
            1e-3 * mechanics.slip_speed_mm_s,
        ),
        outputs=np.zeros((len(chains), count, 25)),
        nodes=np.full((len(chains), count, points, 3), np.nan) if keep_nodes else None,
        reports=np.zeros((len(chains), 6)),
    )


def _reach_mm(bounds: np.ndarray) -> float:
    far = np.abs(np.asarray(bounds)).max(axis=0)
    return float(np.linalg.norm(np.where(np.isfinite(far), far, PLANE_REACH_MM)))


@lru_cache(maxsize=1024)
def _chain_and_step(mechanics: Mechanics, whisker: Whisker) -> tuple[Chain, float]:
    """Links of a whisker and its longest step (ms); thousands of scenes share one array."""
    chain = mechanics.chain(whisker)
    chain = Chain(**{name: np.ascontiguousarray(value, dtype=np.float64) for name, value in chain.__dict__.items()})
    fastest = natural_frequencies_hz(chain, 1)[0]
    return chain, min(mechanics.max_step_ms, 1000 / (mechanics.steps_per_period * fastest))


@lru_cache(maxsize=256)
def _thickness_mm(solid: Solid) -> float:
    """Twice the volume over the surface: the thickness of a plate or wall; 0 for a shell, which has no inside."""
    if isinstance(solid, Plane):
        return PLANE_REACH_MM
    if isinstance(solid, Mesh) and not solid.has_inside:
        return 0.0
    vertices, faces = solid.surface()
    first, second, third = (vertices[faces[:, k]] for k in range(3))
    normals = np.cross(second - first, third - first)
    return float(abs(np.einsum("ij,ij->", first, normals)) / 3 / (np.linalg.norm(normals, axis=1).sum() / 2))


def _joined(knots: list[Knots]) -> Knots:
    fields = []
    for name, width in (("position", 3), ("velocity", 3), ("quaternion", 4), ("angular_velocity", 3)):
        fields.append(np.concatenate([np.zeros((0, width)), *(getattr(one, name) for one in knots)]))
    return Knots(1.0, *fields)


def _base_knots(scene: Scene) -> Knots:
    if scene.base_motion is not None:
        return scene.base_motion.knots(scene.duration_s)
    from ..motion import BaseMotion

    return BaseMotion.fixed(scene.array).knots(scene.duration_s)
