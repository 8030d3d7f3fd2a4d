"""The planar shape of a whisker at rest: a parabola, by arc length, and as a chain of straight links.

In the base frame of a whisker the x axis leaves the face along the whisker and the whisker bends towards -y:
the centre line is (x, -A x^2, 0). All lengths are in mm, angles in rad.
"""

from typing import Literal, NamedTuple

import numpy as np

Convention = Literal["chord", "program"]
WHISKIT_TABLE_LINKS = 20


class LinkAngles(NamedTuple):
    """A whisker at rest as straight links.

    Attributes
    ----------
    offset_rad
        Turn of link 0 about the local z axis from the emergence axis (the x axis of the base frame).
    rest_rad
        ``(link,)`` turn about the local z axis before each link; the first is 0.
    lengths_mm
        ``(link,)`` lengths of the links.
    """

    offset_rad: float
    rest_rad: np.ndarray
    lengths_mm: np.ndarray


def parabola_arc_length(curvature_per_mm: float | np.ndarray, abscissa_mm: float | np.ndarray) -> np.ndarray:
    """Arc length of y = A x^2 from the apex, s = x/2 (sqrt(1 + u^2) + asinh(u)/u) with u = 2 A x.

    Parameters
    ----------
    curvature_per_mm
        Coefficient A, any sign; broadcast against the abscissa.
    abscissa_mm
        x, any sign.
    """
    abscissa = np.asarray(abscissa_mm, dtype=float)
    slope = 2 * np.asarray(curvature_per_mm, dtype=float) * abscissa
    # asinh(u)/u is 1 to rounding below 1e-8, where the quotient of tiny numbers would be 0/0
    small = np.abs(slope) < 1e-8
    ratio = np.where(small, 1.0, np.arcsinh(slope) / np.where(small, 1.0, slope))
    return abscissa / 2 * (np.sqrt(1 + slope**2) + ratio)


def parabola_abscissa(curvature_per_mm: float | np.ndarray, arc_mm: float | np.ndarray) -> np.ndarray:
    """Abscissa x of y = A x^2 at an arc length from the apex; the inverse of `parabola_arc_length`.

    Newton's method on a convex function, started above the root, where it cannot overshoot.

    Parameters
    ----------
    curvature_per_mm
        Coefficient A, any sign; broadcast against the arc length.
    arc_mm
        Arc length, not negative.

    Raises
    ------
    ValueError
        If an arc length is negative, or a value is not finite.
    """
    arc, curvature = np.broadcast_arrays(
        np.asarray(arc_mm, dtype=float), np.abs(np.asarray(curvature_per_mm, dtype=float))
    )
    if not (np.isfinite(arc).all() and np.isfinite(curvature).all() and (arc >= 0).all()):
        raise ValueError("arc lengths must be finite and not negative and the curvature finite; check the whisker.")
    # s >= x and s >= |A| x^2, so both bounds lie at or above the root
    with np.errstate(divide="ignore", over="ignore"):
        abscissa = np.minimum(arc, np.sqrt(arc / np.where(curvature > 0, curvature, 1e-300)))
    for _ in range(60):
        excess = parabola_arc_length(curvature, abscissa) - arc
        step = excess / np.sqrt(1 + (2 * curvature * abscissa) ** 2)
        abscissa = abscissa - step
        if (np.abs(step) <= 4e-16 * (1 + np.abs(abscissa))).all():
            break
    return abscissa


def inclination_rad(curvature_per_mm: float | np.ndarray, arc_mm: float | np.ndarray) -> np.ndarray:
    """Inclination atan(2 A x) of the parabola against its tangent at the apex, at an arc length.

    Parameters
    ----------
    curvature_per_mm
        Coefficient A, any sign.
    arc_mm
        Arc length from the apex, not negative.
    """
    return np.arctan(2 * np.asarray(curvature_per_mm) * parabola_abscissa(curvature_per_mm, arc_mm))


def centre_line_mm(curvature_per_mm: float | np.ndarray, arc_mm: float | np.ndarray) -> np.ndarray:
    """Points (x, -A x^2, 0) of the centre line in the base frame, ``(..., axis)``, at arc lengths from the base.

    Parameters
    ----------
    curvature_per_mm
        Coefficient A, broadcast against the arc lengths.
    arc_mm
        ``(...)`` arc lengths, not negative.
    """
    abscissa = parabola_abscissa(curvature_per_mm, arc_mm)
    return np.stack((abscissa, -np.asarray(curvature_per_mm) * abscissa**2, np.zeros_like(abscissa)), axis=-1)


def link_angles(curvature_per_mm: float, node_arcs_mm: np.ndarray, *, convention: Convention = "chord") -> LinkAngles:
    """Rest angles of a chain of straight links whose ends lie on the parabola.

    Parameters
    ----------
    curvature_per_mm
        Coefficient A.
    node_arcs_mm
        ``(link + 1,)`` arc lengths of the ends of the links, from 0, increasing; any spacing.
    convention
        ``chord``: every link is a chord, so all nodes of the chain lie on the parabola; link 0 leaves the base at
        ``offset_rad`` to the emergence axis. ``program``: the chain of the published simulators; link 0 lies along
        the emergence axis and joint 1 takes the whole inclination of chord 1; links are as long as their arcs.

    Returns
    -------
    LinkAngles
        Angles about the local z axis; negative where the whisker bends towards -y.

    Raises
    ------
    ValueError
        If the convention is unknown or the arc lengths are not increasing from 0.

    References
    ----------
    .. [1] Zweifel et al. (2021) PNAS 118, e2011905118: chain with the emergence axis along link 0.
    """
    arcs = np.asarray(node_arcs_mm, dtype=float)
    if arcs.ndim != 1 or len(arcs) < 2 or arcs[0] != 0 or not np.isfinite(arcs).all() or (np.diff(arcs) <= 0).any():
        raise ValueError(
            f"node_arcs_mm must increase from 0 over at least two nodes, received {np.array2string(arcs, threshold=8)}."
        )
    points = centre_line_mm(curvature_per_mm, arcs)
    chords = np.diff(points[:, :2], axis=0)
    direction = np.arctan2(chords[:, 1], chords[:, 0])
    if convention == "chord":
        return LinkAngles(float(direction[0]), np.diff(direction, prepend=direction[0]), np.hypot(*chords.T))
    if convention == "program":
        direction[0] = 0.0
        return LinkAngles(0.0, np.diff(direction, prepend=0.0), np.diff(arcs))
    raise ValueError(f"convention {convention!r} is not known; give chord or program.")


def whiskit_link_angles(curvature_per_mm: float, length_mm: float, n_links: int = WHISKIT_TABLE_LINKS) -> np.ndarray:
    """Link angles as the published simulators tabulate them, ``(link,)`` rad about the local z axis.

    The tables do not lie exactly on the parabola: 21 points equally spaced in x, the polygon through them as long as
    the whisker, are twice moved to equal spacing along the polygon by linear interpolation; link 0 lies along the
    emergence axis. A chain of fewer links takes the first angles of the same table, so that it bends too little;
    the 21st link, for which the table has no entry, repeats the 20th.

    Parameters
    ----------
    curvature_per_mm
        Coefficient A.
    length_mm
        Arc length of the whisker.
    n_links
        Links, 1 to 21.

    Raises
    ------
    ValueError
        If the number of links is outside 1 to 21, or the length is not positive.

    References
    ----------
    .. [1] Zweifel et al. (2021) PNAS 118, e2011905118, and its mouse version, Chung et al. (2025) arXiv 2505.18361.
    """
    if not 1 <= n_links <= WHISKIT_TABLE_LINKS + 1:
        raise ValueError(
            f"n_links is {n_links}; the published tables serve 1 to {WHISKIT_TABLE_LINKS + 1} links; "
            "use link_angles for other numbers."
        )
    if not length_mm > 0:
        raise ValueError(f"length_mm is {length_mm}; it must be positive.")
    x = _polygon_tip(curvature_per_mm, length_mm) * np.linspace(0, 1, WHISKIT_TABLE_LINKS + 1)
    y = curvature_per_mm * x**2
    for _ in range(2):
        along = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
        even = np.linspace(0, along[-1], len(x))
        x, y = np.interp(even, along, x), np.interp(even, along, y)
    direction = np.arctan2(np.diff(y), np.diff(x))
    direction[0] = 0.0
    angles = -np.diff(direction, prepend=0.0)
    return np.append(angles, angles[-1])[:n_links]


def _polygon_tip(curvature_per_mm: float, length_mm: float) -> float:
    """Abscissa of the last of 21 points equally spaced in x whose polygon is as long as the whisker."""
    middles = (np.arange(WHISKIT_TABLE_LINKS) + 0.5) / WHISKIT_TABLE_LINKS
    tip = float(length_mm)
    for _ in range(60):
        slope = 2 * curvature_per_mm * tip * middles
        length = tip * np.mean(np.sqrt(1 + slope**2))
        gradient = np.mean((1 + 2 * slope**2) / np.sqrt(1 + slope**2))
        step = float((length - length_mm) / gradient)
        tip -= step
        if abs(step) <= 1e-15 * tip:
            break
    return tip
