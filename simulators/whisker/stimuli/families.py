"""Labelled families of procedural objects: a category and a seed give one solid of a stated size."""

import importlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..solids import Solid

Number = int | float
_SEEDS = (0, 2**31 - 1)


@dataclass(frozen=True)
class Family:
    """A category of objects.

    Attributes
    ----------
    description
        What the objects have in common.
    module
        Where the builder stands.
    builder
        Name of the function that makes the solid from a scale and the parameters.
    ranges
        Parameter to its lowest and highest value. Two whole numbers draw whole numbers, both ends included;
        otherwise uniform. Lengths are ratios of the shape.
    """

    description: str
    module: str
    builder: str
    ranges: Mapping[str, tuple[Number, Number]] = field(default_factory=dict)


def _families_of(module: str) -> Callable[..., Family]:
    def family(description: str, builder: str, **ranges: tuple[Number, Number]) -> Family:
        return Family(description, module, builder, MappingProxyType(ranges))

    return family


_round, _angular, _mug = (_families_of(module) for module in ("shapes_round", "shapes_angular", "mug"))

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "arch": _angular("half ring on legs", "arch", leg=(0.1, 0.8), thickness=(0.15, 0.4), height=(0.4, 1.5)),
        "ball": _round("ball, radii within 15 %", "ellipsoid", width=(0.85, 1.0), depth=(0.85, 1.0)),
        "blobs": _round(
            "union of balls", "blobs", n_balls=(3, 7), spread=(0.6, 0.95), shape_seed=_SEEDS
        ),
        "bottle": _round(
            "bottle with shoulder and neck", "bottle", radius=(0.14, 0.28), neck_share=(0.25, 0.5), shoulder=(0.4, 0.65)
        ),
        "bowl": _round("hollow part of a ball", "bowl", opening_deg=(60.0, 120.0), thickness=(0.06, 0.15)),
        "box": _angular("box, no side under half another", "box", width=(0.5, 1.0), depth=(0.5, 1.0)),
        "bracket": _angular("L", "bracket", arm_ratio=(0.5, 1.0), thickness=(0.12, 0.3), height=(0.3, 1.0)),
        "chair": _angular(
            "seat on four legs with a back", "chair",
            depth=(0.8, 1.1), seat=(0.8, 1.2), back=(0.6, 1.3), leg=(0.08, 0.16),
        ),
        "cone": _round("cone", "cone", radius=(0.25, 0.8)),
        "cross": _angular(
            "plus sign", "cross", arm_width=(0.2, 0.5), arm_ratio=(0.6, 1.0), height=(0.3, 1.2)
        ),
        "curved_plate": _round(
            "bent plate", "curved_plate", angle_deg=(40.0, 150.0), height=(0.4, 1.2), thickness=(0.03, 0.1)
        ),
        "cylinder": _round("cylinder, longer than wide", "cylinder", radius=(0.2, 0.45)),
        "disc": _round("flat cylinder", "cylinder", radius=(1.5, 5.0)),
        "dumbbell": _round(
            "two balls and a bar", "dumbbell", bar_radius=(0.2, 0.45), bar_length=(0.4, 2.0), end_ratio=(0.6, 1.0)
        ),
        "egg": _round("egg, one end wider", "egg", width=(0.6, 0.8), asymmetry=(0.15, 0.35)),
        "ellipsoid": _round("long or flat ellipsoid", "ellipsoid", width=(0.25, 0.6), depth=(0.25, 0.6)),
        "frustum": _round("cut cone", "frustum", radius=(0.4, 0.9), top_share=(0.35, 0.75)),
        "grating": _angular(
            "wall with ridges", "grating",
            n_ridges=(4, 9), ridge_share=(0.3, 0.7), ridge_depth=(0.08, 0.25), height=(0.4, 1.0),
        ),
        "helix": _round("coil", "helix", n_turns=(1.5, 4.0), rise=(0.5, 1.0), wire=(0.12, 0.2)),
        "hull": _angular("random convex body", "hull", n_points=(8, 24), flatness=(0.6, 1.0), shape_seed=_SEEDS),
        "jack": _angular("three crossed bars", "jack", bar=(0.1, 0.25), second=(0.6, 1.0), third=(0.6, 1.0)),
        "mug": _mug("cup with a handle", "mug", radius=(0.35, 0.5), wall=(0.06, 0.1), handle=(0.2, 0.32)),
        "prism": _angular("regular prism", "prism", n_sides=(5, 8), height=(0.8, 3.0)),
        "pyramid": _round("pyramid of three to five sides", "pyramid", n_sides=(3, 5), radius=(0.4, 0.9)),
        "ring_plate": _round("flat ring", "ring_plate", hole_share=(0.35, 0.75), thickness=(0.1, 0.35)),
        "rod": _round("thin rod with round ends", "rod", radius=(0.03, 0.1)),
        "rounded_box": _round(
            "superquadric with round edges", "superquadric",
            width=(0.6, 1.0), depth=(0.6, 1.0), polar=(0.2, 0.6), equatorial=(0.2, 0.6),
        ),
        "shelf": _angular(
            "boards between two sides", "shelf", depth=(0.25, 0.5), height=(1.0, 2.0), n_boards=(3, 6), board=(0.04, 0.08)
        ),
        "slab": _angular("thin upright plate", "slab", depth=(0.6, 1.4), thickness=(0.04, 0.15)),
        "spindle": _round(
            "superquadric with edges where a ball is round", "superquadric",
            width=(0.6, 1.0), depth=(0.6, 1.0), polar=(1.5, 1.9), equatorial=(1.5, 1.9),
        ),
        "stairs": _angular("flight of steps", "stairs", n_steps=(3, 6), rise=(0.5, 1.0), height=(0.4, 1.0)),
        "star": _angular("star, extruded", "star", n_points=(4, 7), inner=(0.35, 0.6), height=(0.3, 1.2)),
        "table": _angular(
            "plate on four legs", "table", depth=(0.5, 1.0), height=(0.4, 0.9), leg=(0.06, 0.14), top=(0.05, 0.12)
        ),
        "torus": _round("torus", "torus", tube_radius=(0.15, 0.45)),
        "vase": _round("closed body with a waved outline", "vase", radius=(0.25, 0.4), waist=(0.3, 0.6), n_waves=(1.0, 2.0)),
        "wedge": _angular("right-angled wedge", "wedge", length=(0.8, 2.5), height=(0.4, 1.5)),
    }
)  # fmt: skip


def categories() -> tuple[str, ...]:
    """Names of the procedural categories, sorted; the label of a category is its place."""
    return tuple(FAMILIES)


def make_object(category: str, seed: int, diagonal_mm: float = 40.0) -> "tuple[Solid, dict[str, Number]]":
    """One object of a category.

    Parameters
    ----------
    category
        A name of `categories`.
    seed
        Number of the object, 0 or more. Category and seed give the same object for ever, whatever else is drawn.
    diagonal_mm
        Diagonal of its bounding box.

    Returns
    -------
    solid
        In its own frame, the middle of its bounding box at the origin.
    parameters
        What was drawn; `build_object` makes the same solid from them.

    Raises
    ------
    ValueError
        If the category is unknown, or the seed or the diagonal is out of range.
    """
    family = _family(category)
    if seed < 0:
        raise ValueError(f"seed is {seed}; the number of an object is 0 or more.")
    rng = np.random.default_rng([zlib.crc32(category.encode()), seed])
    parameters: dict[str, Number] = {}
    for name, (low, high) in family.ranges.items():
        if isinstance(low, int) and isinstance(high, int):
            parameters[name] = int(rng.integers(low, high + 1))
        else:
            parameters[name] = float(rng.uniform(low, high))
    return build_object(category, parameters, diagonal_mm), parameters


def build_object(category: str, parameters: Mapping[str, Number], diagonal_mm: float = 40.0) -> "Solid":
    """Object of a category with chosen parameters, which may lie outside the ranges that are drawn from.

    Parameters
    ----------
    category
        A name of `categories`.
    parameters
        All parameters of the family, ratios of the shape.
    diagonal_mm
        Diagonal of its bounding box.

    Raises
    ------
    ValueError
        If the category is unknown, a parameter is missing or unknown, or the diagonal is not positive.
    """
    from ..solids import Mesh

    family = _family(category)
    if set(parameters) != set(family.ranges):
        raise ValueError(
            f"parameters of {category!r} are {sorted(family.ranges)}, received {sorted(parameters)}; give all of them."
        )
    if not (np.isfinite(diagonal_mm) and diagonal_mm > 0):
        raise ValueError(f"diagonal_mm is {diagonal_mm}; the diagonal of the bounding box must be positive and finite.")
    build = getattr(importlib.import_module(f".{family.module}", __package__), family.builder)
    shape = build(1.0, **parameters)
    low, high = (shape[0].min(axis=0), shape[0].max(axis=0)) if isinstance(shape, tuple) else shape.bounds_mm()
    shape = build(diagonal_mm / float(np.linalg.norm(high - low)), **parameters)
    # Closed, so that contact may begin at the surface itself, as for the solids with a formula.
    return Mesh(*shape, contact_offset_mm=0.0) if isinstance(shape, tuple) else shape


def _family(category: str) -> Family:
    if category not in FAMILIES:
        close = get_close_matches(category, FAMILIES, n=3)
        hint = f" Close: {', '.join(close)}." if close else ""
        raise ValueError(f"category {category!r} is not known.{hint} categories() lists all {len(FAMILIES)}.")
    return FAMILIES[category]
