"""Families of objects with edges: boxes, extruded outlines, blocks put together, random hulls.

Each builder takes the scale in mm of a shape described by ratios. Outlines lie in the plane of x and y, extruded
along z; ridges, steps and openings look towards -x, where a right whisker array stands.
"""

import numpy as np

from ..solids import Box, Extrusion
from .surfaces import Surface, centred, convex_hull, union_of_blocks


def box(scale_mm: float, *, width: float, depth: float) -> Box:
    """Box of height 1."""
    return Box((width * scale_mm, depth * scale_mm, scale_mm))


def slab(scale_mm: float, *, depth: float, thickness: float) -> Box:
    """Upright plate of height 1 that shows its broad side to the whiskers."""
    return Box((thickness * scale_mm, depth * scale_mm, scale_mm))


def wedge(scale_mm: float, *, length: float, height: float) -> Extrusion:
    """Right-angled wedge whose slope has depth ``length`` for a rise of 1."""
    return _extruded(scale_mm, [(0, 0), (1, 0), (1, length)], height)


def prism(scale_mm: float, *, n_sides: int, height: float) -> Extrusion:
    """Regular prism of circumradius 1."""
    turn = 2 * np.pi * np.arange(n_sides) / n_sides
    return _extruded(scale_mm, np.column_stack([np.cos(turn), np.sin(turn)]), height)


def star(scale_mm: float, *, n_points: int, inner: float, height: float) -> Extrusion:
    """Star of outer radius 1, extruded."""
    turn = np.pi * np.arange(2 * n_points) / n_points
    radius = np.where(np.arange(2 * n_points) % 2 == 0, 1.0, inner)
    return _extruded(scale_mm, radius[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]), height)


def cross(scale_mm: float, *, arm_width: float, arm_ratio: float, height: float) -> Extrusion:
    """Plus sign: one bar of half length 1, one of ``arm_ratio``, extruded."""
    w, a = arm_width / 2, arm_ratio
    outline = [
        (1, -w),
        (1, w),
        (w, w),
        (w, a),
        (-w, a),
        (-w, w),
        (-1, w),
        (-1, -w),
        (-w, -w),
        (-w, -a),
        (w, -a),
        (w, -w),
    ]
    return _extruded(scale_mm, outline, height)


def bracket(scale_mm: float, *, arm_ratio: float, thickness: float, height: float) -> Extrusion:
    """L of arms 1 and ``arm_ratio``, extruded."""
    t = thickness
    return _extruded(scale_mm, [(0, 0), (1, 0), (1, arm_ratio), (1 - t, arm_ratio), (1 - t, t), (0, t)], height)


def stairs(scale_mm: float, *, n_steps: int, rise: float, height: float) -> Extrusion:
    """Flight of steps of tread 1 / n, extruded."""
    outline = [(rise, 0.0), (rise, 1.0)]
    for step in reversed(range(n_steps)):
        face = rise * (1 - (step + 1) / n_steps)
        outline += [(face, (step + 1) / n_steps), (face, step / n_steps)]
    return _extruded(scale_mm, outline, height)


def grating(scale_mm: float, *, n_ridges: int, ridge_share: float, ridge_depth: float, height: float) -> Extrusion:
    """Wall of length 1 with ridges along z on the side that the whiskers sweep."""
    period = 1 / (n_ridges - 1 + ridge_share)
    outline = [(0.1, 0.0), (0.1, 1.0)]
    for ridge in reversed(range(n_ridges)):
        low, high = ridge * period, ridge * period + ridge_share * period
        outline += [(-ridge_depth, high), (-ridge_depth, low)]
        if ridge:
            outline += [(0.0, low), (0.0, low - (1 - ridge_share) * period)]
    return _extruded(scale_mm, outline, height)


def arch(scale_mm: float, *, leg: float, thickness: float, height: float) -> Extrusion:
    """Half ring of outer radius 1 on two legs, open towards the whiskers, extruded."""
    turn = np.linspace(-np.pi / 2, np.pi / 2, 25)
    arc = np.column_stack([np.cos(turn), np.sin(turn)])
    inner = (1 - thickness) * arc[::-1]
    outline = np.concatenate([[(-leg, -1)], arc, [(-leg, 1), (-leg, 1 - thickness)], inner, [(-leg, thickness - 1)]])
    return _extruded(scale_mm, outline, height)


def jack(scale_mm: float, *, bar: float, second: float, third: float) -> Surface:
    """Three bars of half lengths 1, ``second`` and ``third`` through one point."""
    blocks = [((-1, -bar, -bar), (1, bar, bar)), ((-bar, -second, -bar), (bar, second, bar))]
    return centred(scale_mm, union_of_blocks([*blocks, ((-bar, -bar, -third), (bar, bar, third))]))


def table(scale_mm: float, *, depth: float, height: float, leg: float, top: float) -> Surface:
    """Plate of width 1 on four legs."""
    return centred(scale_mm, union_of_blocks([((0, 0, height - top), (1, depth, height)), *_legs(depth, height, leg)]))


def chair(scale_mm: float, *, depth: float, seat: float, back: float, leg: float) -> Surface:
    """Seat of width 1 on four legs, with a back."""
    blocks = [((0, 0, seat - leg), (1, depth, seat)), ((0, depth - leg, seat), (1, depth, seat + back))]
    return centred(scale_mm, union_of_blocks([*blocks, *_legs(depth, seat, leg)]))


def shelf(scale_mm: float, *, depth: float, height: float, n_boards: int, board: float) -> Surface:
    """Two sides of distance 1, boards between them, no back."""
    gap = (height - board) / (n_boards - 1)
    sides = [((0, 0, 0), (depth, board, height)), ((0, 1 - board, 0), (depth, 1, height))]
    boards = [((0, 0, number * gap), (depth, 1, number * gap + board)) for number in range(n_boards)]
    return centred(scale_mm, union_of_blocks([*sides, *boards]))


def hull(scale_mm: float, *, n_points: int, flatness: float, shape_seed: int) -> Surface:
    """Convex hull of random directions, pressed along z."""
    rng = np.random.default_rng(shape_seed)
    points = rng.normal(size=(n_points, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return centred(scale_mm, convex_hull(points * rng.uniform(0.7, 1.0, (n_points, 1)) * (1, 1, flatness)))


def _legs(depth: float, height: float, leg: float) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    return [((x, y, 0.0), (x + leg, y + leg, height)) for x in (0.0, 1.0 - leg) for y in (0.0, depth - leg)]


def _extruded(scale_mm: float, outline: np.ndarray | list[tuple[float, float]], height: float) -> Extrusion:
    """Outline with the middle of its bounding box on the axis."""
    points = np.array(outline, dtype=np.float64)
    points -= (points.min(axis=0) + points.max(axis=0)) / 2
    return Extrusion(scale_mm * points, height * scale_mm)
