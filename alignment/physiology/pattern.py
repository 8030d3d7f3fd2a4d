"""Whether a unit sees the motion of a plaid or that of its gratings."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from .conditions import Conditions, Variables, arrange, bounded
from .direction import even_directions
from .responses import select_stimuli
from .rival_predictions import class_shares, rival_class, rival_z

CLASSES = ("pattern", "component", "unclassified")


def pattern_component(
    responses: xr.DataArray,
    *,
    plaid_angle_deg: float | None = None,
    average_over: Sequence[str] = (),
    n_boot: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """Pattern and component cells, from responses to gratings and to plaids in the same directions.

    With g(d) the response to a grating, p(d) that to a plaid whose pattern moves in direction d and whose gratings in
    d - 60 and d + 60 degrees, and b that to a blank, the two predictions of p are::

        pattern      g(d)
        component    [g(d - 60) - b] + [g(d + 60) - b] + b

    Partial correlations with them become Z_p and Z_c (see `rival_z`); a unit is a pattern cell if Z_p - max(Z_c, 0) > 1.28, a
    component cell if Z_c - max(Z_p, 0) > 1.28, else unclassified.

    Parameters
    ----------
    responses
        ``(stimulus, unit)`` or ``(stimulus, repeat, unit)`` with ``kind`` (``"grating"`` and ``"plaid"``; others are left out)
        and ``direction_deg``, for plaids that of the pattern. Stimuli of contrast 0 are the blank; without any b = 0.
    plaid_angle_deg
        Angle between the directions of a plaid's gratings; by default the coordinate ``angle_deg`` of the plaids, or
        120 degrees without it.
    average_over, n_boot, seed
        As in `direction_tuning`.

    Returns
    -------
    xarray.Dataset
        Along ``unit``: ``z_pattern``, ``z_component``, ``pattern_index`` (their difference), each with bounds ``_low`` and
        ``_high`` (NaN for a single response to each stimulus); ``partial_pattern``, ``partial_component``, ``class``, which is
        ``"undefined"`` for a unit that answers all directions alike. Along ``class_name`` and ``unit``: ``class_share``, how
        often resamples of the trials fall into each class. Along ``direction`` and ``unit``: ``grating``, ``plaid``,
        ``pattern_prediction``, ``component_prediction``.

    Raises
    ------
    ValueError
        If gratings or plaids are missing, directions differ between them or do not divide the circle evenly, or half the
        plaid's angle is no multiple of their spacing.

    References
    ----------
    Movshon, Adelson, Gizzi & Newsome 1985, in Pattern Recognition Mechanisms, 117-151. Smith, Majaj & Movshon 2005, Nature
    Neuroscience 8:220.
    """
    gratings = arrange(
        select_stimuli(responses, kind="grating"), ["direction_deg"], average_over=(*average_over, "angle_deg")
    )
    shown = select_stimuli(responses, kind="plaid", blank=False)
    plaids = arrange(shown, ["direction_deg"], average_over=average_over)
    degrees = even_directions(gratings.axes["direction_deg"])
    if not np.array_equal(degrees, plaids.axes["direction_deg"]):
        raise ValueError(
            f"gratings moved in {degrees.tolist()}, plaids in {plaids.axes['direction_deg'].tolist()} degrees; show both in "
            "the same directions."
        )
    shift = _shift(len(degrees), _angle(shown, plaid_angle_deg))
    if not len(gratings.blanks):
        gratings.notes.append("There was no blank; its response is taken to be 0.")
    silent = gratings.constant() | plaids.constant()
    gratings.notes.extend(plaids.notes)

    grating, plaid = gratings.means(), plaids.means()
    measures = _compared(grating, plaid, np.nan_to_num(gratings.blank()), shift)
    repeated = gratings.repeated and plaids.repeated
    n_draws = n_boot if repeated else 0
    drawn = _compared(
        gratings.draws(n_draws, seed),
        plaids.draws(n_draws, seed + 2),
        np.nan_to_num(gratings.blank_draws(n_draws, seed))[:, None] if n_draws else np.empty((0, 1, grating.shape[1])),
        shift,
    )
    factor = max(_factor(gratings), _factor(plaids)) if repeated else 1.0
    found: Variables = {}
    for name in ("z_pattern", "z_component", "pattern_index"):
        found |= bounded(name, np.where(silent, np.nan, measures[name]), drawn[name], factor)
    for name in ("partial_pattern", "partial_component"):
        found[name] = ("unit", np.where(silent, np.nan, measures[name]))
    z_pattern, z_component = (np.where(silent, np.nan, measures[name]) for name in ("z_pattern", "z_component"))
    found["class"] = ("unit", rival_class(z_pattern, z_component, CLASSES))
    found["class_share"] = (
        ("class_name", "unit"),
        class_shares(rival_class(drawn["z_pattern"], drawn["z_component"], CLASSES), CLASSES),
    )
    found |= {"grating": (("direction", "unit"), grating), "plaid": (("direction", "unit"), plaid)}
    for name in ("pattern_prediction", "component_prediction"):
        found[name] = (("direction", "unit"), measures[name])
    coords = {"direction_deg": ("direction", degrees), "class_name": list(CLASSES)}
    result = gratings.finish(found, coords, n_boot=n_draws, seed=seed)
    result.attrs["n_trials"] = len(gratings.trials) + len(plaids.trials)
    return result


def _factor(table: Conditions) -> float:
    return table.factor if table.repeated else 1.0


def _angle(plaids: xr.DataArray, given: float | None) -> float:
    if given is not None:
        return given
    if "angle_deg" not in plaids.coords:
        return 120.0
    angles = np.unique(plaids["angle_deg"].values)
    if len(angles) != 1:
        raise ValueError(f"plaids have the angles {angles.tolist()}; keep one with `select_stimuli`.")
    return float(angles[0])


def _shift(n_directions: int, angle_deg: float) -> int:
    steps = angle_deg / 2 / (360 / n_directions)
    if not np.isfinite(steps) or abs(steps - round(steps)) > 1e-6:
        raise ValueError(
            f"half of the plaid's angle, {angle_deg / 2:g} degrees, is no multiple of the {360 / n_directions:g} degrees "
            "between directions; show 12 or 24 directions for plaids of 120 degrees."
        )
    return round(steps)


def _compared(grating: np.ndarray, plaid: np.ndarray, blank: np.ndarray, shift: int) -> dict[str, np.ndarray]:
    """Predictions and their Z of curves ``(..., direction, unit)`` in ascending order of directions."""
    component = np.roll(grating, shift, axis=-2) + np.roll(grating, -shift, axis=-2) - blank
    compared = rival_z(plaid, grating, component)
    return {
        "pattern_prediction": grating,
        "component_prediction": component,
        "z_pattern": compared["z_1"],
        "z_component": compared["z_2"],
        "pattern_index": compared["z_1"] - compared["z_2"],
        "partial_pattern": compared["partial_1"],
        "partial_component": compared["partial_2"],
    }
