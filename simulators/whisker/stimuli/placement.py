"""From a sweep to a solid on its way: the published placement, and one that starts clear of the array.

References
----------
Chung et al. 2025 (arXiv:2505.18361): array pose and placement of their sweeps.
"""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..geometry.array import STANDARD_SWEEP_POSE, WHISKIT_OFFSET_MM, WhiskerArray
from ..geometry.frames import head_rotation
from ..scene import Scene, SceneObject
from .extent import turned_extent_mm
from .passage import clear_passage
from .sweeps import Sweep

if TYPE_CHECKING:
    from ..motion import RigidMotion
    from ..solids import Solid


@dataclass(frozen=True)
class PlacedSweep:
    """A solid with its path and what is known of it.

    Attributes
    ----------
    stimulus_id
        Of the sweep.
    solid
        In its own frame.
    motion
        Its pose over time.
    duration_s
        Of the sweep.
    labels
        Those of the sweep with its speed and duration, the start (``start_x_mm``, ``start_y_mm``, ``start_z_mm`` of the
        solid's origin), and for a clean start ``clearance_mm`` at time 0 and ``reaches_array``.
    """

    stimulus_id: str
    solid: "Solid"
    motion: "RigidMotion"
    duration_s: float
    labels: dict[str, str | int | float | bool]

    def scene(self, array: WhiskerArray, *, rate_hz: float = 1000.0) -> Scene:
        """The sweep past an array in its pose."""
        thing = SceneObject(self.solid, self.motion, str(self.labels["group"]))
        return Scene(array, (thing,), duration_s=self.duration_s, rate_hz=rate_hz)


def posed_for_sweeps(array: WhiskerArray) -> WhiskerArray:
    """The array in the head pose of the published sweeps, on the head of the published mouse."""
    return dataclasses.replace(array.posed(*STANDARD_SWEEP_POSE), array_offset_mm=WHISKIT_OFFSET_MM["mouse"])


def published_position_mm(
    solid: "Solid", rotation: np.ndarray, *, x_mm: float, y_mm: float, z_mm: float
) -> tuple[float, float, float]:
    """World position of the origin of a turned solid by the published rule.

    Parameters
    ----------
    solid
        Scaled, in its own frame.
    rotation
        ``(3, 3)``.
    x_mm
        Least x of the solid.
    y_mm
        y of the origin less the reach of the solid below it: the rostral end of a solid that is centred.
    z_mm
        z of the origin.
    """
    low = turned_extent_mm(solid, rotation)[0]
    return float(x_mm - low[0]), float(y_mm + low[1]), float(z_mm)


def place(sweep: Sweep, solid: "Solid", array: WhiskerArray | None = None, *, clearance_mm: float = 1.0) -> PlacedSweep:
    """Solid and path of a sweep.

    Parameters
    ----------
    sweep
        With ``start_mm``: placed by the published rule, which starts inside the array at many of the published sizes.
        Without: starts as near to the whiskers as the clearance allows and ends when no whisker can touch it any
        more, however bent.
    solid
        The sweep's object at the sweep's diagonal, as ``objects.solid(sweep.object_id, sweep.diagonal_mm)`` gives it.
    array
        In its pose; needed for a clean start.
    clearance_mm
        Least gap to every whisker at rest at time 0.

    Raises
    ------
    ValueError
        If the array is missing, the solid has not the sweep's size, or the duration is too short for the passage.
    """
    from ..motion import RigidMotion

    low, high = solid.bounds_mm()
    diagonal = float(np.linalg.norm(high - low))
    if not np.isclose(diagonal, sweep.diagonal_mm, rtol=1e-6):
        raise ValueError(
            f"the solid of sweep {sweep.stimulus_id!r} has a diagonal of {diagonal:.6g} mm, the sweep asks for "
            f"{sweep.diagonal_mm:.6g} mm; make the solid with the sweep's diagonal_mm."
        )
    orientation = (sweep.tilt_deg, 0.0, sweep.rotation_deg)
    rotation = head_rotation(orientation)
    known: dict[str, bool | float] = {}
    if sweep.start_mm is not None:
        if sweep.speed_mm_s is None or sweep.duration_s is None:
            raise ValueError(f"sweep {sweep.stimulus_id!r} has a fixed start; give it a speed and a duration.")
        speed, duration = sweep.speed_mm_s, sweep.duration_s
        position = published_position_mm(
            solid, rotation, x_mm=sweep.distance_mm, y_mm=sweep.start_mm, z_mm=sweep.height_mm
        )
    else:
        if array is None:
            raise ValueError(f"sweep {sweep.stimulus_id!r} starts clear of the array; give the array in its pose.")
        path = clear_passage(
            solid, rotation, array, distance_mm=sweep.distance_mm, height_mm=sweep.height_mm, clearance_mm=clearance_mm
        )
        position = path.start_mm
        speed, duration = _pace(sweep, path.length_mm)
        known = {"clearance_mm": path.clearance_mm, "reaches_array": path.reaches_array}
    motion = RigidMotion.linear(position, (0.0, -speed, 0.0), orientation)
    start = dict(zip(("start_x_mm", "start_y_mm", "start_z_mm"), position, strict=True))
    labels = sweep.labels | {"speed_mm_s": speed, "duration_s": duration} | start | known
    return PlacedSweep(sweep.stimulus_id, solid, motion, duration, labels)


def _pace(sweep: Sweep, length_mm: float) -> tuple[float, float]:
    """Speed and duration of a passage of this length."""
    if sweep.speed_mm_s is None:
        if sweep.duration_s is None:
            raise ValueError(f"sweep {sweep.stimulus_id!r} has neither speed nor duration; give one of them.")
        return length_mm / sweep.duration_s, sweep.duration_s
    needed = length_mm / sweep.speed_mm_s
    if sweep.duration_s is None:
        return sweep.speed_mm_s, needed
    if sweep.duration_s < needed:
        raise ValueError(
            f"sweep {sweep.stimulus_id!r} passes {length_mm:.4g} mm in {needed:.4g} s at {sweep.speed_mm_s:.4g} mm/s, "
            f"longer than its {sweep.duration_s:.4g} s; raise the speed or the duration, or leave one of them out."
        )
    return sweep.speed_mm_s, sweep.duration_s
