"""MuJoCo models of one whisker and the objects around it, in mm, ug and ms."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import mujoco
import numpy as np

from ..beams.chain import Chain
from ..solids import Box, Capsule, Cylinder, Mesh, Plane, Sphere

if TYPE_CHECKING:
    from ..scene import SceneObject

Integrator = Literal["discrete", "implicitfast"]

_INTEGRATORS = {
    "discrete": mujoco.mjtIntegrator.mjINT_DISCRETE,
    "implicitfast": mujoco.mjtIntegrator.mjINT_IMPLICITFAST,
}

# Inertia of a driven body: so large that a whisker cannot hold it up, and still far from the rounding of the solver.
DRIVE_INERTIA = 1e10
_NO_MASS = 1e-9
_AXIAL_SHARE = 1e-3
_PLANE_HALF_SIZE_MM = 1e3
_CONVEX_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Drive:
    """Where the state of a driven body lies.

    Parameters
    ----------
    body
        Number of the body.
    position, velocity
        First index of its seven coordinates and of its six velocities; -1 for a body at rest.
    """

    body: int
    position: int
    velocity: int


@dataclass(frozen=True)
class WhiskerModel:
    """A compiled model: body 1 is the base, bodies 2 to n + 1 the links, then the objects.

    Parameters
    ----------
    model
        MuJoCo's model.
    chain
        The whisker in it.
    base
        Base frame of the whisker.
    objects
        One drive per object.
    geom_link, geom_object
        Number of the link or object that a geom belongs to, -1 where it is the other kind.
    """

    model: Any
    chain: Chain
    base: Drive
    objects: tuple[Drive, ...]
    geom_link: np.ndarray
    geom_object: np.ndarray


def build_model(
    chain: Chain,
    base_pose: tuple[np.ndarray, np.ndarray],
    objects: tuple["SceneObject", ...] = (),
    *,
    moving_base: bool,
    friction: float,
    step_ms: float,
    contact_time_ms: float,
    integrator: Integrator,
) -> WhiskerModel:
    """Write a chain and its objects as a MuJoCo model.

    Parameters
    ----------
    chain
        The whisker: two hinges per joint with linear springs and dampers, links with their own masses and moments of
        inertia, capsules of the links' mean radii.
    base_pose
        Position (3,) mm and quaternion (4,) of the base frame at the start.
    objects
        Solids and their motions. A whisker is not touched by other whiskers.
    moving_base
        Whether the base frame is driven.
    friction
        Coulomb coefficient of solids that give none.
    step_ms, contact_time_ms, integrator
        Numerics, as in `simulate_mujoco`.

    Returns
    -------
    WhiskerModel
        Ready to be stepped.

    Raises
    ------
    ValueError
        If a solid is of a kind that MuJoCo does not know, or a mesh is not convex.
    """
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    # Links weigh 0.01 to 100 ug: the automatic lower bounds of masses and inertias would change them.
    spec.compiler.boundmass = spec.compiler.boundinertia = 0.0
    spec.compiler.balanceinertia = False
    option = spec.option
    option.timestep, option.integrator, option.gravity = step_ms, _INTEGRATORS[integrator], [0.0, 0.0, 0.0]
    option.cone, option.impratio = mujoco.mjtCone.mjCONE_ELLIPTIC, 10.0
    option.tolerance, option.iterations = 1e-14, 200
    # A diverging run must be seen as such, not be set back to the start.
    option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    _add_whisker(spec, chain, base_pose, moving_base)
    moving = [_moves(item) for item in objects]
    for number, (item, moves) in enumerate(zip(objects, moving, strict=True)):
        _add_object(spec, item, number, moves, friction, contact_time_ms)
    model = spec.compile()
    # The default scale of the solver's tolerance would be that of the driven bodies.
    model.stat.meaninertia = float(np.mean(chain.inertias_ug_mm2))
    n = len(chain)
    bodies = model.geom_bodyid
    return WhiskerModel(
        model,
        chain,
        _drive(model, 1, moving_base),
        tuple(_drive(model, n + 2 + k, moves) for k, moves in enumerate(moving)),
        np.where((bodies >= 2) & (bodies < n + 2), bodies - 2, -1),
        np.where(bodies >= n + 2, bodies - n - 2, -1),
    )


def largest_explicit_step_ms(chain: Chain) -> float:
    """Longest stable step of an integrator that is explicit in the springs: 2 / largest natural frequency."""
    from ..beams.modes import natural_frequencies_hz

    highest = natural_frequencies_hz(chain, len(chain) - 1)[-1]
    return 2 / (2 * np.pi * highest * 1e-3)


def _drive(model: Any, body: int, moves: bool) -> Drive:
    if not moves:
        return Drive(body, -1, -1)
    joint = model.body_jntadr[body]
    return Drive(body, int(model.jnt_qposadr[joint]), int(model.jnt_dofadr[joint]))


def _moves(item: "SceneObject") -> bool:
    return len(item.motion.knots(1e-3, 1e-3).position) > 1


def _add_driven_body(spec: Any, name: str, pose: tuple[np.ndarray, np.ndarray], moves: bool) -> Any:
    body = spec.worldbody.add_body(name=name, pos=pose[0], quat=pose[1])
    if moves:
        joint = body.add_joint()
        joint.type, joint.armature = mujoco.mjtJoint.mjJNT_FREE, DRIVE_INERTIA
        body.explicitinertial, body.mass, body.inertia = True, _NO_MASS, [_NO_MASS] * 3
    return body


def _add_whisker(spec: Any, chain: Chain, pose: tuple[np.ndarray, np.ndarray], moving_base: bool) -> None:
    body = _add_driven_body(spec, "base", pose, moving_base)
    for i, length in enumerate(chain.lengths_mm):
        body = body.add_body(name=f"link{i}", pos=[chain.lengths_mm[i - 1] if i else 0.0, 0.0, 0.0])
        body.explicitinertial, body.mass = True, chain.masses_ug[i]
        body.ipos = [chain.centroids[i] * length, 0.0, 0.0]
        across = chain.inertias_ug_mm2[i]
        body.inertia = [_AXIAL_SHARE * across, across, across]
        if i == 0:
            turn = chain.rest_angles_rad[0]
            body.quat = [np.cos(turn / 2), 0.0, 0.0, np.sin(turn / 2)]
        else:
            for axis, rest in (([0.0, 1.0, 0.0], 0.0), ([0.0, 0.0, 1.0], chain.rest_angles_rad[i])):
                hinge = body.add_joint()
                hinge.type, hinge.axis, hinge.springref = mujoco.mjtJoint.mjJNT_HINGE, axis, rest
                hinge.stiffness, hinge.damping = [chain.stiffness[i], 0.0, 0.0], [chain.damping[i], 0.0, 0.0]
        geom = body.add_geom()
        geom.type, geom.fromto = mujoco.mjtGeom.mjGEOM_CAPSULE, [0.0, 0.0, 0.0, length, 0.0, 0.0]
        geom.size = [(chain.radii_mm[i] + chain.radii_mm[i + 1]) / 2, 0.0, 0.0]
        geom.contype, geom.conaffinity, geom.condim, geom.friction = 1, 2, 1, [0.0, 0.0, 0.0]


def _add_object(
    spec: Any, item: "SceneObject", number: int, moves: bool, friction: float, contact_time_ms: float
) -> None:
    pose = item.motion.at(np.zeros(1))
    body = _add_driven_body(spec, f"object{number}", (pose.position_mm[0], pose.quaternion[0]), moves)
    geom = body.add_geom()
    _shape(spec, geom, item.solid, number, moves)
    geom.contype, geom.conaffinity, geom.priority, geom.margin = 2, 1, 1, item.solid.contact_offset_mm
    coefficient = friction if item.solid.friction is None else item.solid.friction
    geom.condim, geom.friction = (3 if coefficient > 0 else 1), [coefficient, 0.0, 0.0]
    geom.solref, geom.solimp = [contact_time_ms, 1.0], [0.99, 0.99, 1e-6, 0.5, 2.0]


def _shape(spec: Any, geom: Any, solid: object, number: int, moves: bool) -> None:
    kinds, far = mujoco.mjtGeom, _PLANE_HALF_SIZE_MM
    if isinstance(solid, Plane) and moves:
        # MuJoCo's planes cannot move: the top of a large box stands for them.
        geom.type, geom.size, geom.pos = kinds.mjGEOM_BOX, [far, far, far], [0.0, 0.0, -far]
    elif isinstance(solid, Plane):
        geom.type, geom.size = kinds.mjGEOM_PLANE, [far, far, 1.0]
    elif isinstance(solid, Sphere):
        geom.type, geom.size = kinds.mjGEOM_SPHERE, [solid.radius_mm, 0.0, 0.0]
    elif isinstance(solid, Box):
        geom.type, geom.size = kinds.mjGEOM_BOX, [extent / 2 for extent in solid.size_mm]
    elif isinstance(solid, Cylinder):
        geom.type, geom.size = kinds.mjGEOM_CYLINDER, [solid.radius_mm, solid.length_mm / 2, 0.0]
    elif isinstance(solid, Capsule):
        geom.type, geom.size = kinds.mjGEOM_CAPSULE, [solid.radius_mm, solid.length_mm / 2, 0.0]
    elif isinstance(solid, Mesh):
        vertices, faces = solid.surface()
        _require_convex(vertices, faces)
        mesh = spec.add_mesh(name=f"mesh{number}")
        mesh.uservert, mesh.userface = np.ascontiguousarray(vertices).ravel(), np.ascontiguousarray(faces).ravel()
        # The mesh keeps its own origin: without this MuJoCo would move it to the centre of mass and turn it.
        geom.type, geom.meshname = kinds.mjGEOM_MESH, f"mesh{number}"
    else:
        raise ValueError(
            f"MuJoCo has no {type(solid).__name__}; it takes planes, spheres, boxes, cylinders, capsules and convex meshes: "
            "simulate this scene with the backend 'numba', or pass the surface as a convex Mesh."
        )


def _require_convex(vertices: np.ndarray, faces: np.ndarray) -> None:
    from scipy.spatial import ConvexHull

    hull = ConvexHull(vertices)
    planes, size = hull.equations, float(np.ptp(vertices, axis=0).max())
    centres = vertices[faces].mean(axis=1)
    # A triangle of a convex surface lies in a face of the hull, so its centre does.
    depth = -(centres @ planes[:, :3].T + planes[:, 3]).max(axis=1)
    if depth.max() > _CONVEX_TOLERANCE * size:
        raise ValueError(
            f"the mesh is not convex: a triangle lies {depth.max():.3g} mm inside its convex hull, and MuJoCo would collide "
            "with the hull; use the backend 'numba' or split the mesh into convex parts."
        )
