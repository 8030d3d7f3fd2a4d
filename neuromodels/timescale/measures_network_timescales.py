"""Network timescale of each unit: the decay of its autocorrelation, from one or two exponentials."""

from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .measures_exponential_fits import (
    LARGEST_TIMESCALE,
    SHORTEST_TIMESCALE,
    ExponentialFit,
    fit_best,
    fit_from,
)
from .measures_figure import axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Parameters of each model.
PARAMETERS = {"single": 2, "double": 4}
FITTED_LAGS = 30
# Sums of squared residuals below this are rounding, and say nothing for or against a model.
ROUNDING = 1e-16
# Units at or below this are left out of the published mean and standard deviation.
FILTER = 1.0

Array = NDArray[np.float64]


def network_timescales(
    autocorrelation: xr.Dataset,
    *,
    as_published: bool = False,
    criterion: Literal["aic", "bic"] = "aic",
    n_lags: int = FITTED_LAGS,
) -> xr.Dataset:
    """Network timescale of each unit from its autocorrelation at lags 0 to 30.

    A single and a double exponential are fitted and the one with the lower AIC (or BIC) is taken; the timescale is that of
    the single, or the longer one of the double. A window of 30 steps cannot tell timescales far above 30 steps.

    Parameters
    ----------
    autocorrelation
        From `autocorrelation`.
    as_published
        Fits from the middle of the bounds, as published; otherwise the best fit within the bounds, whatever the start.
    criterion
        ``"aic"`` (published) or ``"bic"``.
    n_lags
        Largest lag of the fit.

    Returns
    -------
    xarray.Dataset
        Along ``unit``: ``timescale`` (steps); ``model``, "single", "double", or "" where the unit never changes, both fits
        failed or the criteria of both are equal; ``at_bound``, within 1 % of the largest timescale or too short to be told
        from 0. ``autocorrelation`` (unit, lag) is what was fitted. Along ``unit, candidate`` the fits: ``short``, ``long``,
        ``weight`` of the shorter, ``amplitude``, ``residual``, ``aic``, ``bic``. ``attrs``: `timescale_summary`, and the share
        of units for which AIC and BIC agree.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927.
    """
    if criterion not in ("aic", "bic"):
        raise ValueError(f'criterion must be "aic" or "bic", received {criterion!r}.')
    last = int(autocorrelation["lag"][-1])
    if not 5 <= n_lags <= last:
        raise ValueError(
            f"n_lags must be from 5 to {last}, the largest lag there is, received {n_lags}; ask autocorrelation for more lags."
        )
    lags = np.arange(n_lags + 1.0)
    curves = autocorrelation["unit"].values[:, : n_lags + 1].astype(float)
    moving = np.isfinite(curves).all(1)
    fits = fit_from(curves[moving], lags) if as_published else fit_best(curves[moving], lags)
    columns = {name: _of_all_units(values, moving) for name, values in _columns(fits, len(lags)).items()}
    score = columns[criterion]
    undecided = ~np.isfinite(score).any(1) | (score[:, 0] == score[:, 1])
    double = score[:, 1] < score[:, 0]
    timescale = np.where(undecided, np.nan, np.where(double, columns["long"][:, 1], columns["long"][:, 0]))
    found = xr.Dataset(
        {
            "timescale": ("unit", timescale),
            "model": ("unit", np.where(undecided, "", np.where(double, "double", "single"))),
            "at_bound": ("unit", (timescale > 0.99 * LARGEST_TIMESCALE) | (timescale < 1.01 * SHORTEST_TIMESCALE)),
            "autocorrelation": (("unit", "lag"), curves),
            **{name: (("unit", "candidate"), values) for name, values in columns.items()},
        },
        coords={"candidate": list(PARAMETERS), "lag": autocorrelation["lag"].values[: n_lags + 1]},
        attrs={"as_published": int(as_published), "criterion": criterion, "n_lags": n_lags},
    )
    aic, bic = (columns[name][moving] for name in ("aic", "bic"))
    found.attrs |= timescale_summary(found)
    found.attrs["aic_and_bic_agree"] = float(((aic[:, 1] < aic[:, 0]) == (bic[:, 1] < bic[:, 0])).mean())
    return found


def timescale_summary(timescales: xr.Dataset) -> dict[str, float]:
    """What is told of the network timescales of a network.

    Parameters
    ----------
    timescales
        From `network_timescales`.

    Returns
    -------
    dict
        ``mean``, ``sd`` (population) and ``median`` in steps over the units above 1 step, which are the ones published;
        ``share_up_to_1`` of all units, which that leaves out; ``share_double`` of all units; ``share_at_largest``;
        ``median_of_all``.
    """
    values = timescales["timescale"].values
    values = values[np.isfinite(values)]
    kept = values[values > FILTER]
    return {
        "mean": float(kept.mean()) if kept.size else np.nan,
        "sd": float(kept.std()) if kept.size else np.nan,
        "median": float(np.median(kept)) if kept.size else np.nan,
        "median_of_all": float(np.median(values)) if values.size else np.nan,
        "share_up_to_1": float((values <= FILTER).mean()) if values.size else np.nan,
        "share_double": float((timescales["model"].values == "double").mean()),
        "share_at_largest": float((values > 0.99 * LARGEST_TIMESCALE).mean()) if values.size else np.nan,
    }


def population_timescale(autocorrelation: xr.Dataset, *, as_published: bool = False) -> xr.Dataset:
    """Network timescale of the sum of all units, as `network_timescales` of one unit."""
    summed = xr.Dataset({"unit": autocorrelation["population"].expand_dims("unit")})
    return network_timescales(summed, as_published=as_published)


def plot_network_timescales(data: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Histogram of the network timescales above 1 step, with the share that is not shown.

    Parameters
    ----------
    data
        From `network_timescales`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = axis(ax)
    values = data["timescale"].values
    shown = values[values > FILTER]
    ax.hist(shown, bins=np.geomspace(FILTER, max(shown.max(initial=2.0), 10.0), 25).tolist(), color="C0")
    ax.axvline(data.attrs["mean"], color="black", linestyle="--", label=f"mean {data.attrs['mean']:.2f}")
    ax.set_xscale("log")
    ax.set(xlabel="network timescale (steps)", ylabel="units")
    ax.legend(title=f"{data.attrs['share_up_to_1']:.0%} up to 1 step")
    return ax


def plot_autocorrelation_fit(data: xr.Dataset, unit: int = 0, *, ax: "Axes | None" = None) -> "Axes":
    """Autocorrelation of one unit with its single and its double exponential.

    Parameters
    ----------
    data
        From `network_timescales`.
    unit
        Number of the unit.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = axis(ax)
    one = data.isel(unit=unit)
    ax.plot(data["lag"], one["autocorrelation"], "o", color="grey", markersize=3, label=f"unit {unit}")
    lags = np.linspace(0, float(data["lag"][-1]), 300)
    for colour, name in zip(("C0", "C1"), PARAMETERS, strict=True):
        fit = one.sel(candidate=name)
        weights = np.array([float(fit["weight"]), 1 - float(fit["weight"])])
        decays = np.exp(-lags / np.array([[float(fit["short"])], [float(fit["long"])]]))
        chosen = ", chosen" if str(one["model"].item()) == name else ""
        ax.plot(lags, float(fit["amplitude"]) * weights @ decays, color=colour, label=f"{name}{chosen}")
    ax.set(xlabel="lag (steps)", ylabel="autocorrelation")
    ax.legend()
    return ax


def _columns(fits: dict[str, ExponentialFit], n_lags: int) -> dict[str, Array]:
    """Fits side by side, ``(curve, candidate)``, with their information criteria."""
    residual = np.stack([fit.residual for fit in fits.values()], axis=1)
    k = np.array([PARAMETERS[name] for name in fits])
    deviance = n_lags * np.log(np.maximum(residual, ROUNDING) / n_lags)
    return {
        "short": np.stack([fit.timescales[:, 0] for fit in fits.values()], axis=1),
        "long": np.stack([fit.timescales[:, -1] for fit in fits.values()], axis=1),
        "weight": np.stack([fit.weight for fit in fits.values()], axis=1),
        "amplitude": np.stack([fit.amplitude for fit in fits.values()], axis=1),
        "residual": residual,
        "aic": 2 * k + deviance,
        "bic": k * np.log(n_lags) + deviance,
    }


def _of_all_units(values: Array, moving: NDArray[np.bool_]) -> Array:
    """Rows of the units that were fitted among rows of NaN."""
    found = np.full((len(moving), values.shape[1]), np.nan)
    found[moving] = values
    return found
