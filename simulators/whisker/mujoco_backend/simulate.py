"""The same scenes in MuJoCo: an independent engine for checks, slower and less general than the simulator's own."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from ..motion import BaseMotion
from ..motion.base import BasePose
from ..motion.quaternions import conjugate, rotate
from ..output.record import RawRecord
from .model import DRIVE_INERTIA, Drive, Integrator, WhiskerModel, build_model, largest_explicit_step_ms

if TYPE_CHECKING:
    from ..beams.mechanics import Mechanics
    from ..scene import Scene


def simulate_mujoco(
    scene: "Scene",
    mechanics: "Mechanics",
    *,
    step_ms: float = 0.005,
    contact_time_ms: float | None = None,
    integrator: Integrator = "discrete",
    progress: Callable[[int, int], None] | None = None,
) -> RawRecord:
    """Run a scene in MuJoCo, one model per whisker.

    Contacts approach rigid, inelastic ones as ``step_ms`` and ``contact_time_ms`` fall. The forces on the base follow
    from the change of momentum of the links and the forces of contact, so that their mean over an interval is exact for
    the motion computed.

    Parameters
    ----------
    scene
        Array, objects, motion, duration and rate.
    mechanics
        Gives each whisker's chain and the friction; its own contact stiffness and step are not used.
    step_ms
        Longest step; the output interval is divided into equal steps.
    contact_time_ms
        Time constant of MuJoCo's contact (critically damped); twice the step if ``None``.
    integrator
        ``discrete`` is implicit in springs, dampers and contacts (first order in the step); ``implicitfast`` is implicit
        in the dampers only and limits the step.
    progress
        Called with intervals done and intervals in all.

    Returns
    -------
    RawRecord
        As the simulator's own backend gives it.

    Raises
    ------
    ValueError
        If a step or time is not positive, the step exceeds the stability limit of ``implicitfast``, a whisker overlaps an
        object at the start, or a solid is not convex.

    References
    ----------
    Todorov, Erez & Tassa (2012), IROS, doi 10.1109/IROS.2012.6386109: the engine and its contact law.
    """
    if not (np.isfinite(step_ms) and step_ms > 0):
        raise ValueError(f"step_ms is {step_ms}; it must be positive and finite.")
    if contact_time_ms is not None and not (np.isfinite(contact_time_ms) and contact_time_ms > 0):
        raise ValueError(f"contact_time_ms is {contact_time_ms}; it must be positive and finite, or None.")
    if integrator not in ("discrete", "implicitfast"):
        raise ValueError(f"integrator {integrator!r} is not known; take 'discrete' or 'implicitfast'.")
    interval_ms = 1000.0 / scene.rate_hz
    n_rows = scene.n_intervals
    n_steps = int(np.ceil(interval_ms / step_ms * (1 - 1e-12)))
    step = interval_ms / n_steps
    runs = _start(scene, mechanics, step, contact_time_ms or 2 * step, integrator)
    n_nodes = max(len(run.chain) for run in runs) + 1
    record = _empty_record(scene, mechanics, n_rows, n_nodes, runs)
    for row in range(n_rows):
        times_s = (row * n_steps + np.arange(n_steps + 1)) * step * 1e-3
        objects = [item.motion.at(times_s)[:2] for item in scene.objects]
        bases = _base_poses(scene, times_s)
        for k, (positions, quaternions) in enumerate(objects):
            record.object_position_mm[row, k] = positions[-1]
            record.object_quaternion[row, k] = quaternions[-1]
        for w, run in enumerate(runs):
            run.advance(record, row, w, (bases.position_mm[:, w], bases.quaternion[:, w]), objects)
        for kept, now in ((record.protraction_deg, bases.protraction_deg), (record.phase_rad, bases.phase_rad)):
            if kept is not None and now is not None:
                kept[row] = now[-1]
        if progress is not None:
            progress(row + 1, n_rows)
    return record


class _Touch(NamedTuple):
    """A contact during one step: force on the whisker (uN), point, link and place along it, world axes."""

    step: int
    force_un: np.ndarray
    point_mm: np.ndarray
    link: int
    along_mm: float


class _Run:
    """State of one whisker between two intervals."""

    def __init__(self, built: WhiskerModel, names: tuple[str, list[str]]) -> None:
        self.built, self.chain, self.model = built, built.chain, built.model
        self.data = mujoco.MjData(self.model)
        self.whisker_name, self.object_names = names
        self.step = float(self.model.opt.timestep)
        hinges = np.flatnonzero(self.model.jnt_type == mujoco.mjtJoint.mjJNT_HINGE)
        self.data.qpos[self.model.jnt_qposadr[hinges]] = self.model.qpos_spring[self.model.jnt_qposadr[hinges]]
        self.started = False

    def advance(
        self, record: RawRecord, row: int, w: int, base: tuple[np.ndarray, np.ndarray], objects: list[tuple]
    ) -> None:
        """Integrate over one output interval and write what it gave."""
        data, model = self.data, self.model
        bodies = zip((self.built.base, *self.built.objects), (base, *objects), strict=True)
        driven = [(drive, p, q, _velocities(p, q, self.step)) for drive, (p, q) in bodies if drive.position >= 0]
        n_steps = len(base[0]) - 1
        # Momentum, centre of mass and angular momentum about it, before each step.
        moved = np.empty((n_steps + 1, 3, 3))
        touches: list[_Touch] = []
        for k in range(n_steps + 1):
            for drive, positions, quaternions, velocities in driven:
                place = drive.position
                data.qpos[place : place + 3], data.qpos[place + 3 : place + 7] = positions[k], quaternions[k]
                if k < n_steps:
                    # The push that makes the next step end on the path.
                    speed = slice(drive.velocity, drive.velocity + 6)
                    data.qfrc_applied[speed] = DRIVE_INERTIA * (velocities[k] - data.qvel[speed]) / self.step
            mujoco.mj_step1(model, data)
            mujoco.mj_subtreeVel(model, data)
            moved[k, 0], moved[k, 1], moved[k, 2] = data.subtree_linvel[1], data.subtree_com[1], data.subtree_angmom[1]
            if not self.started:
                self._refuse_overlap()
                self.started = True
            if k == n_steps:
                break
            mujoco.mj_step2(model, data)
            if data.ncon:
                touches.extend(self._touches(k))
        moved[:, 0] *= model.body_subtreemass[1]
        self._write_forces(record, row, w, base[0], moved, touches)
        self._write_shape(record, row, w, base)

    def _touches(self, step: int) -> list["_Touch"]:
        """Every contact that presses."""
        found = []
        local = np.zeros(6)
        for k in range(self.data.ncon):
            contact = self.data.contact[k]
            mujoco.mj_contactForce(self.model, self.data, k, local)
            if local[0] <= 0:
                continue
            # MuJoCo's normal points from the first geom to the second.
            links = self.built.geom_link[contact.geom]
            sign = 1.0 if links[1] >= 0 else -1.0
            link = int(links.max())
            along = (contact.pos - self.data.xpos[link + 2]) @ self.data.xmat[link + 2].reshape(3, 3)[:, 0]
            force = sign * contact.frame.reshape(3, 3).T @ local[:3]
            found.append(_Touch(step, force, contact.pos.copy(), link, float(along)))
        return found

    def _write_forces(
        self, record: RawRecord, row: int, w: int, base_point: np.ndarray, moved: np.ndarray, touches: list["_Touch"]
    ) -> None:
        """What the base must have exerted for the links to gain the momentum that the contacts do not explain."""
        force, moment = np.zeros((len(moved) - 1, 3)), np.zeros((len(moved) - 1, 3))
        if touches:
            steps = np.array([touch.step for touch in touches])
            forces, points = (np.stack([touch[part] for touch in touches]) for part in (1, 2))
            np.add.at(force, steps, forces)
            np.add.at(moment, steps, np.cross(points, forces))
            weights = np.linalg.norm(forces, axis=1)
            links = np.array([touch.link for touch in touches])
            along = np.clip([touch.along_mm for touch in touches], 0.0, self.chain.lengths_mm[links])
            record.contact[row, w] = True
            record.contact_point_mm[row, w] = np.average(points, axis=0, weights=weights)
            record.contact_arc_mm[row, w] = np.average(self.chain.node_arcs_mm[links] + along, weights=weights)
            record.contact_force_un[row, w] = force.mean(axis=0)
        momentum, centre, spin = moved.swapaxes(0, 1)
        angular = spin + np.cross(centre, momentum)
        on_whisker = np.diff(momentum, axis=0) / self.step - force
        turning = np.diff(angular, axis=0) / self.step - moment
        turning -= np.cross((base_point[1:] + base_point[:-1]) / 2, on_whisker)
        record.force_un[row, w], record.moment_un_mm[row, w] = -on_whisker.mean(axis=0), -turning.mean(axis=0)

    def _write_shape(self, record: RawRecord, row: int, w: int, base: tuple[np.ndarray, np.ndarray]) -> None:
        n = len(self.chain)
        nodes = self.data.xpos[2 : n + 2]
        tip = nodes[-1] + self.chain.lengths_mm[-1] * self.data.xmat[n + 1].reshape(3, 3)[:, 0]
        assert record.nodes_mm is not None
        record.nodes_mm[row, w, :n], record.nodes_mm[row, w, n] = nodes, tip
        record.tip_mm[row, w] = tip
        record.base_point_mm[row, w], record.base_quaternion[row, w] = base[0][-1], base[1][-1]

    def _refuse_overlap(self) -> None:
        for k in range(self.data.ncon):
            contact = self.data.contact[k]
            depth = contact.includemargin - contact.dist
            if depth > 1e-6:
                touched = self.object_names[int(self.built.geom_object[contact.geom].max())]
                raise ValueError(
                    f"whisker {self.whisker_name} overlaps {touched} by {depth:.3g} mm at the start; place the object "
                    "clear of the array."
                )


def _start(
    scene: "Scene", mechanics: "Mechanics", step: float, contact_time: float, integrator: Integrator
) -> list[_Run]:
    base = _base_poses(scene, np.zeros(1))
    object_names = [item.name or f"object{k}" for k, item in enumerate(scene.objects)]
    runs = []
    for w, whisker in enumerate(scene.array.whiskers):
        chain = mechanics.chain(whisker)
        limit = largest_explicit_step_ms(chain)
        if integrator == "implicitfast" and step > limit:
            raise ValueError(
                f"a step of {step:.3g} ms is unstable for whisker {whisker.name} with the integrator 'implicitfast', whose "
                f"limit is {limit:.3g} ms; take a shorter step, fewer links or the integrator 'discrete'."
            )
        built = build_model(
            chain,
            (base.position_mm[0, w], base.quaternion[0, w]),
            tuple(scene.objects),
            moving_base=scene.base_motion is not None,
            friction=mechanics.coefficient_of_friction,
            step_ms=step,
            contact_time_ms=contact_time,
            integrator=integrator,
        )
        run = _Run(built, (whisker.name, object_names))
        _start_moving(run.data, built.base, [values[0, w] for values in base[:4]])
        for drive, item in zip(built.objects, scene.objects, strict=True):
            _start_moving(run.data, drive, [values[0] for values in item.motion.at(np.zeros(1))])
        runs.append(run)
    return runs


def _start_moving(data: Any, drive: Drive, pose: list[np.ndarray]) -> None:
    """Velocities at the start, mm/s and rad/s in world axes, as MuJoCo keeps them: the angular one in the body's axes."""
    if drive.velocity < 0:
        return
    data.qvel[drive.velocity : drive.velocity + 3] = 1e-3 * pose[2]
    data.qvel[drive.velocity + 3 : drive.velocity + 6] = 1e-3 * rotate(conjugate(pose[1]), pose[3])


def _base_poses(scene: "Scene", times_s: np.ndarray) -> BasePose:
    motion = scene.base_motion if scene.base_motion is not None else BaseMotion.fixed(scene.array)
    return motion.at(times_s)


def _velocities(positions: np.ndarray, quaternions: np.ndarray, step: float) -> np.ndarray:
    """(K, 6) velocities that take each pose to the next in one step; the angular part in the body's axes."""
    turns = Rotation.from_quat(np.roll(quaternions, -1, axis=-1))
    angular = (turns[:-1].inv() * turns[1:]).as_rotvec()
    return np.concatenate([np.diff(positions, axis=0), angular], axis=1) / step


def _empty_record(scene: "Scene", mechanics: "Mechanics", n_rows: int, n_nodes: int, runs: list[_Run]) -> RawRecord:
    n_whiskers, n_objects = len(runs), len(scene.objects)
    base = _base_poses(scene, np.zeros(1))
    arcs = np.full((n_whiskers, n_nodes), np.nan)
    for w, run in enumerate(runs):
        arcs[w, : len(run.chain) + 1] = run.chain.node_arcs_mm
    vector = (n_rows, n_whiskers, 3)
    return RawRecord(
        names=tuple(whisker.name for whisker in scene.array.whiskers),
        rate_hz=scene.rate_hz,
        time_ms=np.arange(1, n_rows + 1) * 1000.0 / scene.rate_hz,
        force_un=np.zeros(vector),
        moment_un_mm=np.zeros(vector),
        contact=np.zeros(vector[:2], dtype=bool),
        contact_force_un=np.zeros(vector),
        contact_point_mm=np.full(vector, np.nan),
        contact_arc_mm=np.full(vector[:2], np.nan),
        tip_mm=np.zeros(vector),
        base_point_mm=np.zeros(vector),
        base_quaternion=np.zeros((n_rows, n_whiskers, 4)),
        object_position_mm=np.zeros((n_rows, n_objects, 3)),
        object_quaternion=np.zeros((n_rows, n_objects, 4)),
        object_names=tuple(item.name or f"object{k}" for k, item in enumerate(scene.objects)),
        nodes_mm=np.full((n_rows, n_whiskers, n_nodes, 3), np.nan),
        node_arc_mm=arcs,
        protraction_deg=None if base.protraction_deg is None else np.zeros(vector[:2]),
        phase_rad=None if base.phase_rad is None else np.zeros(vector[:2]),
        attributes={"backend": f"mujoco {mujoco.__version__}", "preset": mechanics.preset},
    )
