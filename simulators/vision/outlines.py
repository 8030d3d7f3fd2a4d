"""Outlines of objects as masks: how much of each pixel lies within."""

import numpy as np

DRAWN = ("rectangle", "line", "trapezoid", "ellipse")
OUTLINES = (*DRAWN, "blob")
# Harmonics of the radius of a blob.
_N_HARMONICS = 5


def outline(kind: str, radius: float, rng: np.random.Generator, *, hollow: bool = False) -> np.ndarray:
    """A random outline.

    Parameters
    ----------
    kind
        One of `OUTLINES`: drawn ones with random proportions and orientation, or a blob, whose radius is a random smooth
        function of the angle.
    radius
        Of the circle around it, pixels.
    rng
        Of its shape.
    hollow
        Leave a band along the border.

    Returns
    -------
    numpy.ndarray
        ``(side, side)`` float32 between 0 and 1, the centre in the middle; side is ``2 ceil(radius) + 3``.

    Raises
    ------
    ValueError
        If the kind is unknown, or the radius not positive.
    """
    if kind not in OUTLINES:
        raise ValueError(f"outline {kind!r} is not known; give one of {', '.join(OUTLINES)}.")
    if not (np.isfinite(radius) and radius > 0):
        raise ValueError(f"the radius of an outline is {radius}; give a positive number of pixels.")
    half = int(np.ceil(radius)) + 1
    along = np.arange(-half, half + 1, dtype=np.float32)
    across, down = along[None, :], along[:, None]
    angle = rng.uniform(0, 2 * np.pi)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    inside = _DEPTHS[kind](c * across + s * down, c * down - s * across, radius, rng)
    if hollow:
        width = max(1.5, radius * rng.uniform(0.1, 0.3))
        inside = np.minimum(inside, width - inside)
    return np.clip(inside + 0.5, 0, 1, dtype=np.float32)


def padded(masks: list[np.ndarray]) -> np.ndarray:
    """Masks of several sizes in one array ``(mask, side, side)``, centres in the middle."""
    side = max(len(mask) for mask in masks)
    array = np.zeros((len(masks), side, side), dtype=np.float32)
    for place, mask in zip(array, masks, strict=True):
        margin = (side - len(mask)) // 2
        place[margin : side - margin, margin : side - margin] = mask
    return array


# Depth of a point below the border in pixels, negative outside; near the border it is the distance to it.


def _rectangle(x: np.ndarray, y: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    corner = rng.uniform(0.15, 0.85) * np.pi / 2
    return np.minimum(radius * np.cos(corner) - abs(x), radius * np.sin(corner) - abs(y))


def _line(x: np.ndarray, y: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    thickness = max(1.2, radius * rng.uniform(0.03, 0.1))
    return np.minimum(np.sqrt(max(radius**2 - thickness**2, 1.0)) - abs(x), thickness - abs(y))


def _trapezoid(x: np.ndarray, y: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    corner = rng.uniform(0.3, 0.7) * np.pi / 2
    wide, high = radius * np.cos(corner), radius * np.sin(corner)
    slope = wide * (1 - rng.uniform(0.2, 0.8)) / (2 * high)
    return np.minimum(high - abs(y), (wide - slope * (high - y) - abs(x)) / np.sqrt(1 + slope**2))


def _ellipse(x: np.ndarray, y: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    a, b = radius, radius * rng.uniform(0.35, 1)
    r = np.sqrt((x / a) ** 2 + (y / b) ** 2)
    steepness = np.sqrt((x / a**2) ** 2 + (y / b**2) ** 2) / np.maximum(r, 1e-6)
    return (1 - r) / np.maximum(steepness, 1 / a)


def _blob(x: np.ndarray, y: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    orders = np.arange(1, _N_HARMONICS + 1)
    sizes = rng.normal(size=_N_HARMONICS) * 0.35 / orders
    phases = rng.uniform(0, 2 * np.pi, _N_HARMONICS)
    angles = np.linspace(-np.pi, np.pi, 257)
    edge = np.exp((sizes[:, None] * np.cos(orders[:, None] * angles + phases[:, None])).sum(0))
    edge *= radius / edge.max()
    return np.interp(np.arctan2(y, x), angles, edge).astype(np.float32) - np.sqrt(x**2 + y**2)


_DEPTHS = {"rectangle": _rectangle, "line": _line, "trapezoid": _trapezoid, "ellipse": _ellipse, "blob": _blob}
