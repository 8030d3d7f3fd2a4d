"""Growth of the response with contrast."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from .conditions import Variables, arrange, bounded
from .curve_fits import explained, fit_curves

EXPONENTS = (0.2, 10.0)
LEAST_CONTRAST = 1e-3


def contrast_response(
    responses: xr.DataArray,
    *,
    average_over: Sequence[str] = (),
    n_boot: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """Contrast response of each unit and its hyperbolic ratio b + Rmax c^n / (c^n + c50^n).

    Rmax is not negative, n between 0.2 and 10, c50 between 0.001 and 1. Where a response does not saturate below full contrast,
    c50 is at its upper bound and Rmax means nothing by itself; the notes count such units.

    Parameters
    ----------
    responses
        ``(stimulus, unit)`` or ``(stimulus, repeat, unit)`` with ``contrast`` from 0 to 1; contrast 0 counts if it was shown.
    average_over, n_boot, seed
        As in `direction_tuning`.

    Returns
    -------
    xarray.Dataset
        Along ``unit``: ``r_max``, ``c50``, ``exponent``, ``baseline``, each with bounds ``_low`` and ``_high`` (NaN for a
        single response to each stimulus), and ``r2``. Along ``contrast`` and ``unit``: ``response``, ``fitted``;
        ``n_trials`` along ``contrast``.

    Raises
    ------
    ValueError
        If there are fewer than four contrasts, or one is outside 0 to 1.

    References
    ----------
    Albrecht & Hamilton 1982, Journal of Neurophysiology 48:217.
    """
    has_blank = "contrast" in responses.coords and (responses["contrast"].values.astype(float) == 0).any()
    table = arrange(responses, ["contrast"], average_over=average_over, blank_is_condition=True)
    contrast = table.axes["contrast"].astype(float)
    if len(contrast) < 4 or contrast.min() < 0 or contrast.max() > 1:
        raise ValueError(
            f"a contrast response needs at least 4 contrasts from 0 to 1, received {contrast.tolist()}"
            f"{'; in per cent they must be divided by 100' if contrast.max() > 1 else ''}."
        )
    _refuse_other_stimuli(responses, average_over)
    if not has_blank:
        table.notes.append("Contrast 0 was not shown; the baseline rests on the curve alone.")
    means, silent, draws = table.means(), table.constant(), table.draws(n_boot, seed)
    n_units = means.shape[1]
    scale = np.where(np.abs(means).max(axis=0) > 0, np.abs(means).max(axis=0), 1.0)
    observed = (means / scale).T
    low = np.array([-np.inf, 0.0, np.log(LEAST_CONTRAST), np.log(EXPONENTS[0])])
    high = np.array([np.inf, np.inf, 0.0, np.log(EXPONENTS[1])])
    places = np.exp(np.linspace(np.log(max(contrast[contrast > 0].min(), LEAST_CONTRAST)), 0, 4))
    starts = np.stack(
        [
            np.stack([observed[:, 0], np.ptp(observed, axis=1), np.full(n_units, np.log(c50)), np.full(n_units, n)], -1)
            for c50 in places
            for n in (0.3, 1.0)
        ],
        axis=1,
    )

    def curve(parameters: np.ndarray) -> np.ndarray:
        return hyperbolic_ratio(parameters, contrast)

    best, error = fit_curves(curve, observed, starts, low, high)
    rows = (draws / scale).transpose(0, 2, 1).reshape(-1, len(contrast))
    drawn = np.tile(best, (len(draws), 1))
    if len(draws):
        drawn, _ = fit_curves(curve, rows, drawn[:, None], low, high)
    at_bound = (best[:, 2] >= -1e-6) & ~silent
    if at_bound.any():
        table.notes.append(
            f"{int(at_bound.sum())} of {n_units} units do not saturate: c50 at its bound, Rmax without meaning."
        )
    found: Variables = {}
    factor = table.factor if table.repeated else 1.0
    for name, values, every in zip(
        ("baseline", "r_max", "c50", "exponent"),
        _plain(best, scale),
        _plain(drawn, np.tile(scale, len(draws))),
        strict=True,
    ):
        found |= bounded(name, np.where(silent, np.nan, values), every.reshape(len(draws), n_units), factor)
    found["r2"] = ("unit", np.where(silent, np.nan, explained(observed, error)))
    found["response"] = (("contrast", "unit"), means)
    found["fitted"] = (("contrast", "unit"), np.where(silent, np.nan, (curve(best) * scale[:, None]).T))
    found["n_trials"] = ("contrast", table.counts)
    return table.finish(found, {"contrast": contrast}, n_boot=len(draws), seed=seed)


def hyperbolic_ratio(parameters: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Response b + Rmax c^n / (c^n + c50^n) for rows (b, Rmax, ln c50, ln n), ``(fit, contrast)``."""
    b, r_max, log_c50, log_n = (column[:, None] for column in parameters.T)
    with np.errstate(divide="ignore", over="ignore"):
        share = 1 / (1 + np.exp(-np.exp(log_n) * (np.log(contrast)[None] - log_c50)))
    return np.asarray(b + r_max * share)


def _plain(parameters: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, ...]:
    b, r_max, log_c50, log_n = parameters.T
    return b * scale, r_max * scale, np.exp(log_c50), np.exp(log_n)


def _refuse_other_stimuli(responses: xr.DataArray, average_over: Sequence[str]) -> None:
    """A contrast series is of one stimulus: what moves where may not change along it."""
    seen = responses.isel(stimulus=np.flatnonzero(responses["contrast"].values.astype(float) > 0))
    whole = seen.assign_coords(series=("stimulus", np.zeros(seen.sizes["stimulus"])))
    arrange(whole, ["series"], average_over=(*average_over, "contrast"))
