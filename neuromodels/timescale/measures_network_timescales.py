"""Network timescale of each unit: the decay of its autocorrelation, from one or two exponentials."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .measures_exponential_fits import (
    LARGEST_TIMESCALE,
    SHORTEST_TIMESCALE,
    ExponentialFit,
    curves_of,
    fit_as_published,
    fit_double,
    fit_single,
)
from .measures_figure import axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Parameters of the single and the double exponential.
PARAMETERS = {"single": 2, "double": 4}
PUBLISHED_LAGS = 30


def network_timescales(
    autocorrelation: xr.Dataset,
    *,
    as_published: bool = False,
    criterion: str = "aic",
    n_lags: int = PUBLISHED_LAGS,
) -> xr.Dataset:
    """Network timescale of each unit from its autocorrelation at lags 0 to 30.

    A single and a double exponential are fitted and the one with the lower AIC (or BIC) is taken; the timescale is that of
    the single, or the longer one of the double. A lag beyond which nothing decays is not seen: a window of 30 steps cannot
    tell timescales far above 30.

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
        Along ``unit``: ``timescale`` (steps), ``model`` ("single", "double", or "" where the unit never changes or the two
        criteria tie), ``at_bound`` (timescale within 1 % of the largest, or shorter than any that can be told apart), and
        along ``unit, model_name`` the fits: ``short``, ``long``, ``weight``, ``amplitude``, ``residual``, ``aic``, ``bic``.
        ``attrs``: what `timescale_summary` gives.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, section 3 and appendix.
    """
    if criterion not in ("aic", "bic"):
        raise ValueError(f'criterion must be "aic" or "bic", received {criterion!r}.')
    if n_lags < 5 or n_lags > int(autocorrelation["lag"][-1]):
        raise ValueError(
            f"n_lags must be from 5 to the largest lag there is, {int(autocorrelation['lag'][-1])}, received {n_lags};"
            " compute the autocorrelation up to a larger lag."
        )
    lags = np.arange(n_lags + 1.0)
    values = autocorrelation["unit"].values[:, : n_lags + 1].astype(float)
    alive = np.isfinite(values).all(1)
    fits: dict[str, ExponentialFit] = (
        fit_as_published(values[alive], lags)
        if as_published
        else {"single": fit_single(values[alive], lags), "double": fit_double(values[alive], lags)}
    )
    columns = {name: _everywhere(_columns(fits, name, len(lags)), alive) for name in
               ("short", "long", "weight", "amplitude", "residual", "aic", "bic")}
    score = columns[criterion]
    tied = ~np.isfinite(score).any(1) | (score[:, 0] == score[:, 1])
    chosen = np.where(tied, -1, np.where(score[:, 1] < score[:, 0], 1, 0))
    timescale = np.where(tied, np.nan, np.where(chosen == 1, columns["long"][:, 1], columns["long"][:, 0]))
    found = xr.Dataset(
        {
            "timescale": ("unit", timescale),
            "model": ("unit", np.array(["single", "double", ""])[chosen]),
            "at_bound": ("unit", (timescale > 0.99 * LARGEST_TIMESCALE) | (timescale < 1.01 * SHORTEST_TIMESCALE)),
            **{name: (("unit", "model_name"), column) for name, column in columns.items()},
        },
        coords={"model_name": list(PARAMETERS)},
        attrs={"as_published": int(as_published), "criterion": criterion, "n_lags": n_lags},
    )
    other = found["bic" if criterion == "aic" else "aic"].values
    found.attrs |= timescale_summary(found)
    found.attrs["criteria_agree"] = float((other.argmin(1) == chosen)[alive].mean()) if alive.any() else np.nan
    return found
