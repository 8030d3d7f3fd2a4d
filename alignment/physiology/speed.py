"""Tuning to speed, and whether it holds whatever the spatial frequency."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from .conditions import arrange, bounded
from .curve_fits import explained, fit_curves
from .frequency import AXES, frequency_grids
from .rival_predictions import class_shares, rival_class, rival_z

CLASSES = ("speed-tuned", "independent", "unclassified")
WIDTHS = (0.15, 5.0)  # octaves, standard deviations


def speed_tuning(
    responses: xr.DataArray,
    *,
    average_over: Sequence[str] = (),
    n_boot: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """Speed curve of each unit and its Gaussian in log2 speed, b + a exp(-(log2 v - log2 v0)^2 / (2 sigma^2)).

    Parameters
    ----------
    responses
        ``(stimulus, unit)`` or ``(stimulus, repeat, unit)`` with ``speed_deg_per_s`` above 0: dots, textures, or gratings of
        one spatial frequency. For gratings of several see `speed_independence`.
    average_over, n_boot, seed
        As in `direction_tuning`.

    Returns
    -------
    xarray.Dataset
        Along ``unit``: ``preferred_speed_deg_per_s`` (v0, kept between the lowest and highest speed shown) and
        ``bandwidth_octaves`` (full width at half height, 2.355 sigma), each with bounds ``_low`` and ``_high`` (NaN for a
        single response to each stimulus), and ``r2``. Along ``speed`` and ``unit``: ``response``, ``fitted``.

    Raises
    ------
    ValueError
        If there are fewer than four speeds, or one is not above 0.

    References
    ----------
    Nover, Anderson & DeAngelis 2005, Journal of Neuroscience 25:10049 (Gaussians in log speed; here without an offset).
    """
    table = arrange(responses, ["speed_deg_per_s"], average_over=(*average_over, "temporal_frequency_hz"))
    speeds = table.axes["speed_deg_per_s"].astype(float)
    if len(speeds) < 4 or speeds.min() <= 0:
        raise ValueError(f"speed tuning needs at least 4 speeds above 0, received {speeds.tolist()}.")
    means, silent, draws = table.means(), table.constant(), table.draws(n_boot, seed)
    n_units, x = means.shape[1], np.log2(speeds)
    scale = np.where(np.abs(means).max(axis=0) > 0, np.abs(means).max(axis=0), 1.0)
    observed = (means / scale).T
    floor = observed.min(axis=1)
    low = np.tile([0.0, 0.0, x[0], np.log(WIDTHS[0])], (n_units, 1))
    low[floor < 0, 0] = -np.inf
    high = np.array([np.inf, np.inf, x[-1], np.log(WIDTHS[1])])
    starts = np.stack(
        [
            np.stack([floor, np.ptp(observed, axis=1), x[observed.argmax(axis=1)], np.full(n_units, np.log(width))], -1)
            for width in (0.5, 1.0, 2.0)
        ],
        axis=1,
    )

    def curve(parameters: np.ndarray) -> np.ndarray:
        b, a, place, log_width = (column[:, None] for column in parameters.T)
        return np.asarray(b + a * np.exp(-(((x - place) / np.exp(log_width)) ** 2) / 2))

    best, error = fit_curves(curve, observed, starts, low, high)
    drawn = np.tile(best, (len(draws), 1))
    if len(draws):
        rows = (draws / scale).transpose(0, 2, 1).reshape(-1, len(x))
        drawn, _ = fit_curves(curve, rows, drawn[:, None], np.tile(low, (len(draws), 1)), high)
    drawn = drawn.reshape(len(draws), n_units, 4)
    factor = table.factor if table.repeated else 1.0
    width = np.sqrt(8 * np.log(2))
    found = bounded("preferred_speed_deg_per_s", np.where(silent, np.nan, 2 ** best[:, 2]), 2 ** drawn[..., 2], factor)
    found |= bounded(
        "bandwidth_octaves", np.where(silent, np.nan, width * np.exp(best[:, 3])), width * np.exp(drawn[..., 3]), factor
    )
    at_end = (np.isclose(best[:, 2], x[0]) | np.isclose(best[:, 2], x[-1])) & ~silent
    if at_end.any():
        table.notes.append(
            f"{int(at_end.sum())} of {n_units} units prefer the lowest or highest speed shown, or one beyond."
        )
    found["r2"] = ("unit", np.where(silent, np.nan, explained(observed, error)))
    found["response"] = (("speed", "unit"), means)
    found["fitted"] = (("speed", "unit"), np.where(silent, np.nan, (curve(best) * scale[:, None]).T))
    return table.finish(found, {"speed_deg_per_s": ("speed", speeds)}, n_boot=len(draws), seed=seed)


def speed_independence(
    responses: xr.DataArray,
    *,
    average_over: Sequence[str] = (),
    n_boot: int = 200,
    seed: int = 0,
) -> xr.Dataset:
    """Whether units keep their preferred speed, or their preferred temporal frequency, when spatial frequency changes.

    The response to gratings, less that to a blank where one was shown, is fitted by::

        R(sf, tf) = A exp(-(log2 sf - log2 sf0)^2 / (2 s_sf^2)) exp(-(log2 tf - log2 tf_p(sf))^2 / (2 s_tf^2))
        log2 tf_p(sf) = (xi + 1) (log2 sf - log2 sf0) + log2 tf0

    xi = 0 keeps the preferred speed tf/sf at all sf, xi = -1 the preferred temporal frequency. Two more fits hold xi at each of
    these; partial correlations of the responses with both become Z and classes as in `pattern_component`.

    Parameters
    ----------
    responses
        As for `sf_tf_tuning`; a temporal frequency of 0 is left out.
    average_over, n_boot, seed
        As in `direction_tuning`; each draw is three fits of every unit.

    Returns
    -------
    xarray.Dataset
        Along ``unit``: ``xi`` (between -2 and 1), ``z_speed``, ``z_independent``, each with bounds ``_low`` and ``_high``
        (NaN for a single response to each stimulus); ``preferred_spatial_frequency_cpd``, ``preferred_temporal_frequency_hz``,
        ``preferred_speed_deg_per_s``, ``sf_width_octaves`` and ``tf_width_octaves`` (standard deviations) of the free fit, its
        ``r2``, and ``class``. Along ``class_name`` and ``unit``: ``class_share`` over resamples. Along ``sf``, ``tf`` and
        ``unit``: ``response``, ``fitted``, ``speed_prediction``, ``independent_prediction``.

    Raises
    ------
    ValueError
        As `sf_tf_tuning`, or if fewer than three of either frequency are above 0.

    References
    ----------
    Priebe, Cassanello & Lisberger 2003, Journal of Neuroscience 23:5650. Priebe, Lisberger & Movshon 2006, Journal of
    Neuroscience 26:2941, whose fit has a skew in temporal frequency besides.
    """
    moving = responses
    if AXES[1] in responses.coords:
        # Still gratings have no log frequency; the blank keeps its place whatever its frequency says.
        kept = ~(responses[AXES[1]].values.astype(float) <= 0)
        if "contrast" in responses.coords:
            kept |= responses["contrast"].values.astype(float) == 0
        moving = responses.isel(stimulus=np.flatnonzero(kept))
    table, grids, drawn, (sf, tf), direction = frequency_grids(moving, average_over, n_boot, seed)
    if min(len(sf), len(tf)) < 3 or sf.min() <= 0:
        raise ValueError(
            f"speed independence needs at least 3 spatial and 3 temporal frequencies above 0, received {sf.tolist()} and "
            f"{tf.tolist()}."
        )
    silent = table.constant()
    blank, blank_draws = np.nan_to_num(table.blank()), np.nan_to_num(table.blank_draws(len(drawn), seed))
    points, n_units = len(sf) * len(tf), grids.shape[-1]
    observed = (grids - blank).reshape(points, n_units).T
    rows = (
        (drawn - blank_draws[:, None, None]).reshape(len(drawn), points, n_units).transpose(0, 2, 1).reshape(-1, points)
    )
    model = _LogGaussian(sf, tf)
    free, held, error = model.fit(observed)
    fitted = {xi: model.curve(parameters) for xi, parameters in held.items()}
    z = rival_z(observed.T, fitted[0.0].T, fitted[-1.0].T)
    if len(drawn):
        drawn_free, drawn_held, _ = model.fit(rows, near=(free, held))
        shape = (len(drawn), n_units, points)
        made = [
            values.reshape(shape).transpose(0, 2, 1)
            for values in (rows, model.curve(drawn_held[0.0]), model.curve(drawn_held[-1.0]))
        ]
        drawn_z, drawn_xi = rival_z(*made), drawn_free[:, 5].reshape(len(drawn), n_units)
    else:
        drawn_z = {name: np.empty((0, n_units)) for name in z}
        drawn_xi = np.empty((0, n_units))
    factor = table.factor if table.repeated else 1.0
    z_speed, z_independent = (np.where(silent, np.nan, z[name]) for name in ("z_1", "z_2"))
    found = bounded("xi", np.where(silent, np.nan, free[:, 5]), drawn_xi, factor)
    found |= bounded("z_speed", z_speed, drawn_z["z_1"], factor)
    found |= bounded("z_independent", z_independent, drawn_z["z_2"], factor)
    found["class"] = ("unit", rival_class(z_speed, z_independent, CLASSES))
    classes = rival_class(drawn_z["z_1"], drawn_z["z_2"], CLASSES)
    found["class_share"] = (("class_name", "unit"), class_shares(classes, CLASSES))
    for name, values in (
        ("preferred_spatial_frequency_cpd", 2 ** free[:, 1]),
        ("preferred_temporal_frequency_hz", 2 ** free[:, 2]),
        ("preferred_speed_deg_per_s", 2 ** (free[:, 2] - free[:, 1])),
        ("sf_width_octaves", np.exp(free[:, 3])),
        ("tf_width_octaves", np.exp(free[:, 4])),
        ("r2", explained(observed, error)),
        ("direction_deg", direction),
    ):
        found[name] = ("unit", np.where(silent, np.nan, values))
    for name, values in (
        ("fitted", model.curve(free)),
        ("speed_prediction", fitted[0.0]),
        ("independent_prediction", fitted[-1.0]),
    ):
        found[name] = (("sf", "tf", "unit"), (values.T + blank).reshape(grids.shape))
    found["response"] = (("sf", "tf", "unit"), grids)
    coords = {AXES[0]: ("sf", sf), AXES[1]: ("tf", tf), "class_name": list(CLASSES)}
    return table.finish(found, coords, n_boot=len(drawn), seed=seed)


class _LogGaussian:
    """The surface of `speed_independence`, parameters (A, log2 sf0, log2 tf0, ln s_sf, ln s_tf, xi)."""

    def __init__(self, sf: np.ndarray, tf: np.ndarray) -> None:
        across, up = np.meshgrid(np.log2(sf), np.log2(tf), indexing="ij")
        self.sf, self.tf = across.ravel(), up.ravel()
        narrow, wide = np.log(WIDTHS)
        self.low = np.array([0.0, self.sf.min() - 1, self.tf.min() - 1, narrow, narrow, -2.0])
        self.high = np.array([np.inf, self.sf.max() + 1, self.tf.max() + 1, wide, wide, 1.0])

    def curve(self, parameters: np.ndarray) -> np.ndarray:
        height, sf0, tf0, log_s, log_t, xi = (column[:, None] for column in parameters.T)
        across = self.sf - sf0
        up = self.tf - ((xi + 1) * across + tf0)
        return np.asarray(height * np.exp(-((across / np.exp(log_s)) ** 2 + (up / np.exp(log_t)) ** 2) / 2))

    def fit(
        self, observed: np.ndarray, near: tuple[np.ndarray, dict[float, np.ndarray]] | None = None
    ) -> tuple[np.ndarray, dict[float, np.ndarray], np.ndarray]:
        """Free fit, fits with xi held at 0 and -1, and the error of the free one; ``near`` are the ends to begin draws at."""
        scale = np.abs(observed).max(axis=1)
        scale = np.where(scale > 0, scale, 1.0)[:, None]
        values = observed / scale
        times = 1 if near is None else len(observed) // len(near[0])
        held = {}
        for xi in (0.0, -1.0):
            starts = self._starts(values, xi) if near is None else self._again(near[1][xi], scale, times)
            low, high = self.low.copy(), self.high.copy()
            low[5] = high[5] = xi
            held[xi] = fit_curves(self.curve, values, starts, low, high)[0]
        if near is None:
            starts = np.stack([*held.values(), *self._starts(values, -0.5).transpose(1, 0, 2)], axis=1)
        else:
            starts = self._again(near[0], scale, times)
        free, error = fit_curves(self.curve, values, starts, self.low, self.high)
        for parameters in (free, *held.values()):
            parameters[:, :1] *= scale
        return free, held, error * scale[:, 0] ** 2

    def _starts(self, values: np.ndarray, xi: float) -> np.ndarray:
        best = values.argmax(axis=1)
        height = np.maximum(values.max(axis=1), 0)
        return np.stack(
            [
                np.stack(
                    [height, self.sf[best], self.tf[best], *np.full((2, len(best)), np.log(w)), np.full(len(best), xi)],
                    -1,
                )
                for w in (0.7, 1.5)
            ],
            axis=1,
        )

    def _again(self, parameters: np.ndarray, scale: np.ndarray, times: int) -> np.ndarray:
        start = np.tile(parameters, (times, 1))
        start[:, :1] /= scale
        return start[:, None]
