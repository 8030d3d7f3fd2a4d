"""One recording: what the arrays of a run become, labelled and with units."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr

RECORD_VERSION = 1
AXES = ("x", "y", "z")
QUATERNION_PARTS = ("w", "x", "y", "z")


@cache
def package_version() -> str:
    """Version of the installed package."""
    return version("neuromodels")


@dataclass(frozen=True)
class RawRecord:
    """Arrays of a run as a solver leaves them: mm, uN, ms; T intervals, W whiskers, K objects, world axes.

    Parameters
    ----------
    names
        W whisker names.
    rate_hz
        Output intervals per second.
    time_ms
        (T,) end of each output interval.
    force_un, moment_un_mm
        (T, W, 3) exerted by the whisker on its base, averaged over the interval; the moment about the base point.
    contact
        (T, W) whether anything touched the whisker during the interval.
    contact_force_un
        (T, W, 3) exerted by the objects on the whisker, averaged over the interval.
    contact_point_mm, contact_arc_mm
        (T, W, 3) and (T, W) mean over the contacts, weighted by force; the arc length from the base. Not read where
        ``contact`` is false.
    tip_mm
        (T, W, 3) tip at the end of the interval.
    base_point_mm, base_quaternion
        (T, W, 3) and (T, W, 4) pose (w, x, y, z) of link 0 at the end of the interval.
    object_position_mm, object_quaternion
        (T, K, 3) and (T, K, 4) at the end of the interval.
    object_names
        K names; numbered when empty.
    nodes_mm
        (T, W, P, 3) link ends from base to tip, NaN-padded for whiskers of fewer links.
    node_arc_mm
        (W, P) arc length of the nodes from the base, NaN-padded.
    protraction_deg, phase_rad
        (T, W) angle and phase of whisking.
    attributes
        Facts of the run: preset, parameters, version; plain values or mappings of them.
    """

    names: tuple[str, ...]
    rate_hz: float
    time_ms: np.ndarray
    force_un: np.ndarray
    moment_un_mm: np.ndarray
    contact: np.ndarray
    contact_force_un: np.ndarray
    contact_point_mm: np.ndarray
    contact_arc_mm: np.ndarray
    tip_mm: np.ndarray
    base_point_mm: np.ndarray
    base_quaternion: np.ndarray
    object_position_mm: np.ndarray
    object_quaternion: np.ndarray
    object_names: tuple[str, ...] = ()
    nodes_mm: np.ndarray | None = None
    node_arc_mm: np.ndarray | None = None
    protraction_deg: np.ndarray | None = None
    phase_rad: np.ndarray | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        steps, whiskers = len(self.time_ms), len(self.names)
        objects = self.object_position_mm.shape[1] if self.object_position_mm.ndim == 3 else 0
        if self.object_names and len(self.object_names) != objects:
            raise ValueError(f"{len(self.object_names)} object names for {objects} objects; give one each or none.")
        expected: dict[str, tuple[int, ...]] = {
            "force_un": (steps, whiskers, 3),
            "moment_un_mm": (steps, whiskers, 3),
            "contact": (steps, whiskers),
            "contact_force_un": (steps, whiskers, 3),
            "contact_point_mm": (steps, whiskers, 3),
            "contact_arc_mm": (steps, whiskers),
            "tip_mm": (steps, whiskers, 3),
            "base_point_mm": (steps, whiskers, 3),
            "base_quaternion": (steps, whiskers, 4),
            "object_position_mm": (steps, objects, 3),
            "object_quaternion": (steps, objects, 4),
        }
        if self.nodes_mm is not None:
            points = self.nodes_mm.shape[-2] if self.nodes_mm.ndim == 4 else 0
            expected["nodes_mm"] = (steps, whiskers, points, 3)
            expected["node_arc_mm"] = (whiskers, points)
        for name in ("protraction_deg", "phase_rad"):
            expected[name] = (steps, whiskers)
        for name, shape in expected.items():
            value = getattr(self, name)
            if value is not None and value.shape != shape:
                raise ValueError(f"{name} has the shape {value.shape}; {steps} intervals and these names need {shape}.")


def record_dataset(raw: RawRecord, *, si: bool = False) -> xr.Dataset:
    """Label the arrays of a run.

    Parameters
    ----------
    raw
        Arrays in mm, uN and ms.
    si
        Forces in N and moments in N m in place of mN and uN.m; lengths stay in mm.

    Returns
    -------
    xr.Dataset
        Dimensions ``time`` (s, end of each interval), ``whisker``, ``axis``, ``quaternion``, ``object`` and, where the
        solver kept them, ``node``. ``force`` and ``moment`` stand in world axes; ``force_whisker`` and
        ``moment_whisker`` in the axes of the base frame at the end of the interval, x along the whisker.
        ``contact_point`` and ``contact_arc`` are NaN without contact. Every variable has ``unit`` and ``long_name``.

    Raises
    ------
    ValueError
        If a force, moment or tip is not finite.
    """
    force_unit, moment_unit = ("N", "N m") if si else ("mN", "uN.m")
    force_scale, moment_scale = (1e-6, 1e-9) if si else (1e-3, 1e-3)
    vector = ("time", "whisker", "axis")
    to_whisker = _rotations(raw.base_quaternion)
    force, moment = raw.force_un * force_scale, raw.moment_un_mm * moment_scale
    touched = raw.contact.astype(bool)
    for name, value in (("force", force), ("moment", moment), ("tip", raw.tip_mm)):
        _require_finite(raw, name, value)
    variables: dict[str, tuple[tuple[str, ...], np.ndarray, str, str]] = {
        "force": (vector, force, force_unit, "force of the whisker on its base, world axes"),
        "moment": (vector, moment, moment_unit, "moment of the whisker on its base about the base point, world axes"),
        "force_whisker": (vector, _into(to_whisker, force), force_unit, "force on the base, axes of the base frame"),
        "moment_whisker": (
            vector,
            _into(to_whisker, moment),
            moment_unit,
            "moment on the base, axes of the base frame",
        ),
        "contact": (vector[:2], touched, "1", "whether an object touches the whisker"),
        "contact_force": (
            vector,
            raw.contact_force_un * force_scale,
            force_unit,
            "force of the objects on the whisker",
        ),
        "contact_point": (
            vector,
            np.where(touched[..., None], raw.contact_point_mm, np.nan),
            "mm",
            "mean point of contact, weighted by force",
        ),
        "contact_arc": (
            vector[:2],
            np.where(touched, raw.contact_arc_mm, np.nan),
            "mm",
            "arc length from the base to the contact",
        ),
        "tip": (vector, raw.tip_mm, "mm", "tip"),
        "base_point": (vector, raw.base_point_mm, "mm", "base point"),
        "base_quaternion": (
            (*vector[:2], "quaternion"),
            raw.base_quaternion,
            "1",
            "orientation of the base frame in the world",
        ),
        "object_position": (("time", "object", "axis"), raw.object_position_mm, "mm", "position of the object"),
        "object_quaternion": (
            ("time", "object", "quaternion"),
            raw.object_quaternion,
            "1",
            "orientation of the object",
        ),
    }
    if raw.nodes_mm is not None:
        variables["nodes"] = ((*vector[:2], "node", "axis"), raw.nodes_mm, "mm", "link ends from base to tip")
    if raw.node_arc_mm is not None:
        variables["node_arc"] = (("whisker", "node"), raw.node_arc_mm, "mm", "arc length of the nodes from the base")
    if raw.protraction_deg is not None:
        variables["protraction"] = (vector[:2], raw.protraction_deg, "deg", "protraction from rest")
    if raw.phase_rad is not None:
        variables["phase"] = (vector[:2], raw.phase_rad, "rad", "phase of the whisk")
    objects = raw.object_names or tuple(f"object{k}" for k in range(raw.object_position_mm.shape[1]))
    return xr.Dataset(
        {
            name: (dims, np.ascontiguousarray(values, dtype=bool if values.dtype == bool else np.float64),
                   {"unit": unit, "long_name": words})
            for name, (dims, values, unit, words) in variables.items()
        },
        coords={
            "time": ("time", raw.time_ms * 1e-3, {"unit": "s", "long_name": "end of the output interval"}),
            "whisker": ("whisker", np.array(raw.names, dtype=str)),
            "axis": ("axis", np.array(AXES)),
            "quaternion": ("quaternion", np.array(QUATERNION_PARTS)),
            "object": ("object", np.array(objects, dtype=str)),
        },
        attrs={"record_version": RECORD_VERSION, "version": package_version(), "rate_hz": float(raw.rate_hz)}
        | {key: _plain(value) for key, value in raw.attributes.items()},
    )  # fmt: skip


def _require_finite(raw: RawRecord, name: str, values: np.ndarray) -> None:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        step, whisker = bad[0][:2]
        raise ValueError(
            f"{name} of whisker {raw.names[whisker]} is not finite at {raw.time_ms[step] * 1e-3:g} s: the motion was not "
            "resolved; use a smaller time step."
        )


def _rotations(quaternion: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of unit quaternions (..., 4): columns are the frame's axes in the world."""
    w, x, y, z = np.moveaxis(quaternion / np.linalg.norm(quaternion, axis=-1, keepdims=True), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _into(rotations: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """World vectors (..., 3) in the axes of the frames."""
    return np.einsum("...ij,...i->...j", rotations, vectors)


def _plain(value: Any) -> str | int | float:
    """An attribute that netCDF can keep: text and numbers as they are, anything else as JSON."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | float) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return json.dumps(value)
