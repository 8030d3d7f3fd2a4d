"""Whether a scene starts clear of the whiskers, and how it is made to."""

from collections.abc import Callable
from functools import partial
from typing import Literal, cast

import numpy as np

from ..beams.mechanics import Mechanics
from ..scene import Scene, SceneObject

CLEAR_MM = 1.0
LONGEST_PUSH_MM = 1000.0


def start_gaps_mm(scene: Scene, mechanics: Mechanics) -> np.ndarray:
    """Gap between every whisker at rest and every object at time 0.

    Parameters
    ----------
    scene
        The scene.
    mechanics
        Says how the whiskers are divided into links.

    Returns
    -------
    ndarray
        (whisker, object) mm; negative where they overlap, exact below 1 mm, a lower bound above.
    """
    from . import kernel
    from .plan import plan_scene

    first_gaps = cast(Callable[..., None], kernel.first_gaps)
    plan = plan_scene(scene, mechanics, keep_nodes=False)
    n_objects = len(scene.objects)
    poses = np.zeros((n_objects, 19))
    for o in range(n_objects):
        first = plan.first_knot[o]
        poses[o, 0:3] = plan.object_knots.position[first]
        poses[o, 9:13] = plan.object_knots.quaternion[first]
    gaps = np.zeros((len(plan.names), n_objects))
    base = np.zeros(19)
    for w, chain in enumerate(plan.chains):
        base[0:3], base[9:13] = plan.bases.position[w, 0], plan.bases.quaternion[w, 0]
        first_gaps(
            chain.lengths_mm, chain.masses_ug, chain.centroids, chain.inertias_ug_mm2, chain.radii_mm,
            chain.rest_angles_rad, base, plan.table, plan.solid_of, poses, gaps[w],
        )  # fmt: skip
    return gaps


def cleared(scene: Scene, mechanics: Mechanics, overlap: Literal["refuse", "push"] = "refuse") -> Scene:
    """The scene, its objects clear of the whiskers at time 0.

    Parameters
    ----------
    scene
        The scene.
    mechanics
        Says how the whiskers are divided into links.
    overlap
        ``refuse`` an object that touches a whisker at the start, or ``push`` it back along its path until 1 mm clear.

    Returns
    -------
    Scene
        The scene itself where nothing overlaps.

    Raises
    ------
    ValueError
        If something overlaps and ``overlap`` is ``refuse``, or the object has no path to be pushed back along.
    """
    if overlap not in ("refuse", "push"):
        raise ValueError(f"overlap {overlap!r} is not known; take 'refuse' or 'push'.")
    if not scene.objects:
        return scene
    gaps = start_gaps_mm(scene, mechanics)
    if (gaps >= 0).all():
        return scene
    objects = list(scene.objects)
    for o in np.flatnonzero((gaps < 0).any(axis=0)):
        item = scene.objects[o]
        name = item.name or f"object {o}"
        touched = [scene.array.names[w] for w in np.flatnonzero(gaps[:, o] < 0)]
        if overlap == "refuse":
            raise ValueError(
                f"{name} starts inside the array: it overlaps {len(touched)} whiskers ({', '.join(touched[:6])}) by up to "
                f"{-gaps[:, o].min():.2f} mm; start it farther away, or ask for overlap='push'."
            )
        velocity = item.motion.at(np.zeros(1)).velocity_mm_s[0]
        speed = np.linalg.norm(velocity)
        if speed == 0:
            raise ValueError(
                f"{name} starts inside the array and does not move, so it cannot be pushed back; place it elsewhere."
            )
        back = -velocity / speed
        objects[o] = _pushed(item, back, partial(_gap_alone, scene, mechanics), name)
    return Scene(scene.array, tuple(objects), scene.base_motion, scene.duration_s, scene.rate_hz)


def _gap_alone(scene: Scene, mechanics: Mechanics, item: SceneObject) -> float:
    alone = Scene(scene.array, (item,), scene.base_motion, scene.duration_s, scene.rate_hz)
    return float(start_gaps_mm(alone, mechanics).min())


def _pushed(item: SceneObject, back: np.ndarray, gap: Callable[[SceneObject], float], name: str) -> SceneObject:
    far = 0.0
    while far < LONGEST_PUSH_MM:
        moved = SceneObject(item.solid, item.motion.shifted(back * far), item.name)
        here = gap(moved)
        if here >= CLEAR_MM - 1e-6:
            return moved
        # The gap grows by no more than the shift.
        far += max(CLEAR_MM - here, 0.05)
    raise ValueError(
        f"{name} is not clear of the array within {LONGEST_PUSH_MM:.0f} mm back along its path; place it elsewhere."
    )
