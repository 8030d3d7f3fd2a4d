"""Sums of exponentials fitted to an autocorrelation, and how many of them it takes."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr
from scipy.optimize import least_squares, nnls

from .profiles import first_decrease

LEAST_WEIGHT = 0.01
LEAST_R2 = 0.5
LEAST_RATIO = 1.2  # two timescales nearer than this are one
MOST_TERMS = 4

Criterion = Literal["aic", "bic"]


def fit_exponentials(
    autocorrelation: np.ndarray,
    lag_ms: np.ndarray,
    *,
    n_timescales: int = 1,
    offset: bool = False,
    first_lag: Literal["first decrease", "first"] | float = "first",
    max_lag_ms: float | None = None,
    bounds_ms: tuple[float, float] | None = None,
) -> xr.Dataset:
    """Least squares of A sum_i c_i exp(-t / tau_i) + B, weights c that sum to 1, nothing negative.

    The search starts from the best combination of a grid of timescales, whose amplitudes are solved for by
    non-negative least squares, and ends by refining all parameters together: no random starts, and no symmetric ones
    that cannot split.

    Parameters
    ----------
    autocorrelation
        ``(lag,)``; not necessarily normalised. Bias by short trials is not corrected here: see
        `within_trial_timescale`.
    lag_ms
        ``(lag,)`` lags [ms], rising; lag 0 is left out.
    n_timescales
        Exponentials, 1 to 4.
    offset
        Whether B is fitted.
    first_lag
        ``"first"`` above 0; ``"first decrease"`` for the first that is followed by a smaller value (refractoriness);
        or a lag [ms].
    max_lag_ms
        Longest lag that is fitted; all by default.
    bounds_ms
        Shortest and longest timescale; by default half of the first to ten times the longest fitted lag.

    Returns
    -------
    xarray.Dataset
        Along ``timescale``, from short to long: ``tau_ms``, ``weight``. ``amplitude`` A, ``offset`` B, ``r2``,
        ``aic``, ``bic`` (n ln(RSS / n) plus 2 or ln n for each of the parameters), ``tau_mean_ms`` (weighted), and
        ``status``: empty, or why the fit should not be used (r2 below 0.5, a timescale at its bound, a weight below
        0.01, two timescales within 20 %). Along ``lag``: ``autocorrelation``, ``fitted``.

    Raises
    ------
    ValueError
        If lags and values do not fit, are not finite in the fitted range or too few, or options are out of range.

    References ---------- Murray et al. 2014, Nature Neuroscience 17:1661 (one, with offset, from the first decrease
    on); Zeraati, Engel & Levina 2022, Nature Computational Science 2:193 (two).
    """
    values, lags = np.asarray(autocorrelation, float), np.asarray(lag_ms, float)
    if values.ndim != 1 or values.shape != lags.shape or not (np.diff(lags) > 0).all():
        raise ValueError(
            f"autocorrelation and lag_ms must be of equal length with rising lags, received {values.shape}, {lags.shape}."
        )
    if n_timescales not in range(1, MOST_TERMS + 1):
        raise ValueError(f"n_timescales must be 1 to {MOST_TERMS}, received {n_timescales}.")
    used = _used(values, lags, first_lag, max_lag_ms)
    t, y = lags[used], values[used]
    n_parameters = 2 * n_timescales + offset
    if len(t) <= n_parameters:
        raise ValueError(f"{len(t)} lags are too few for {n_parameters} parameters; fit more lags or fewer timescales.")
    low, high = (t[0] / 2, 10 * t[-1]) if bounds_ms is None else bounds_ms
    if not 0 < low < high < np.inf:
        raise ValueError(f"bounds_ms must be two positive rising timescales, received {bounds_ms}.")
    size = float(np.abs(y).max()) or 1.0
    tau, amplitudes, level = _fitted(t, y / size, n_timescales, offset, low, high)
    amplitudes, level = amplitudes * size, level * size
    order = np.argsort(tau)
    tau, amplitudes = tau[order], amplitudes[order]
    curve = np.exp(-lags[:, None] / tau) @ amplitudes + level
    rss = float(((curve[used] - y) ** 2).sum())
    total = float(((y - y.mean()) ** 2).sum())
    weight = amplitudes / amplitudes.sum() if amplitudes.sum() > 0 else np.full(n_timescales, np.nan)
    r2 = 1 - rss / total if total > 0 else np.nan
    log_error = len(t) * np.log(max(rss, 1e-300) / len(t))
    return xr.Dataset(
        {
            "tau_ms": ("timescale", tau),
            "weight": ("timescale", weight),
            "amplitude": float(amplitudes.sum()),
            "offset": float(level),
            "tau_mean_ms": float(weight @ tau),
            "r2": r2,
            "aic": 2 * n_parameters + log_error,
            "bic": n_parameters * np.log(len(t)) + log_error,
            "status": _status(tau, weight, r2, low, high),
            "autocorrelation": ("lag", values),
            "fitted": ("lag", np.where(used, curve, np.nan)),
        },
        coords={"lag_ms": ("lag", lags)},
        attrs={"n_lags": len(t), "n_parameters": n_parameters, "shortest_ms": low, "longest_ms": high},
    )


def select_exponentials(
    autocorrelation: np.ndarray,
    lag_ms: np.ndarray,
    *,
    n_timescales: Sequence[int] = (1, 2),
    criterion: Criterion = "bic",
    offset: bool = False,
    first_lag: Literal["first decrease", "first"] | float = "first",
    max_lag_ms: float | None = None,
    bounds_ms: tuple[float, float] | None = None,
) -> xr.Dataset:
    """The fit of `fit_exponentials` with the lowest AIC or BIC; fits that should not be used are left out if another can be.

    Parameters
    ----------
    autocorrelation, lag_ms, offset, first_lag, max_lag_ms, bounds_ms
        As there.
    n_timescales
        Numbers that are tried.
    criterion
        ``"aic"`` or ``"bic"``. Neighbouring lags of an autocorrelation are not independent, as both assume: they
        favour more terms than the data hold.

    Returns
    -------
    xarray.Dataset
        As `fit_exponentials`, with ``tried``, ``tried_aic`` and ``tried_bic`` along ``model``.

    Raises
    ------
    ValueError
        As `fit_exponentials`, or if the criterion is another.
    """
    if criterion not in ("aic", "bic"):
        raise ValueError(f"criterion must be 'aic' or 'bic', received {criterion!r}.")
    fits = [
        fit_exponentials(
            autocorrelation,
            lag_ms,
            n_timescales=number,
            offset=offset,
            first_lag=first_lag,
            max_lag_ms=max_lag_ms,
            bounds_ms=bounds_ms,
        )
        for number in n_timescales
    ]
    usable = [fit for fit in fits if not fit["status"].item()] or fits
    best = min(usable, key=lambda fit: float(fit[criterion]))
    return best.assign(
        tried=("model", list(n_timescales)),
        tried_aic=("model", [float(fit["aic"]) for fit in fits]),
        tried_bic=("model", [float(fit["bic"]) for fit in fits]),
    )


def _used(values: np.ndarray, lags: np.ndarray, first_lag: str | float, max_lag_ms: float | None) -> np.ndarray:
    used = (lags > 0) & (lags <= (np.inf if max_lag_ms is None else max_lag_ms * (1 + 1e-9)))
    if isinstance(first_lag, str):
        if first_lag not in ("first decrease", "first"):
            raise ValueError(f"first_lag must be 'first decrease', 'first' or a lag in ms, received {first_lag!r}.")
        if first_lag == "first decrease" and used.any():
            used &= lags >= lags[used][int(first_decrease(values[used][None])[0])]
    else:
        used &= lags >= first_lag * (1 - 1e-9)
    if not np.isfinite(values[used]).all():
        bad = lags[used][~np.isfinite(values[used])]
        raise ValueError(
            f"the autocorrelation is not finite at {len(bad)} fitted lags (first: {bad[0]:g} ms); set max_lag_ms below."
        )
    return used


def _fitted(
    t: np.ndarray, y: np.ndarray, n_terms: int, offset: bool, low: float, high: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Timescales, their amplitudes and the offset."""
    grid = np.exp(np.linspace(np.log(low), np.log(high), 60 if n_terms == 1 else 16 if n_terms == 2 else 9))
    starts = [np.array(one) for one in _combinations(grid, n_terms)]
    errors = [_solved(t, y, one, offset)[1] for one in starts]
    best: tuple[float, np.ndarray] | None = None
    for number in np.argsort(errors)[:3]:
        refined = least_squares(
            lambda log_tau: _residual(t, y, np.exp(log_tau), offset),
            np.log(starts[number]),
            bounds=(np.log(low) - 1e-12, np.log(high) + 1e-12),
            xtol=1e-12,
            ftol=1e-12,
            gtol=1e-12,
        )
        if best is None or refined.cost < best[0]:
            best = (refined.cost, np.exp(refined.x))
    assert best is not None
    solution, _ = _solved(t, y, best[1], offset)
    return best[1], solution[:n_terms], float(solution[n_terms]) if offset else 0.0


def _combinations(grid: np.ndarray, n_terms: int) -> list[tuple[float, ...]]:
    from itertools import combinations

    return [tuple(map(float, one)) for one in combinations(grid, n_terms)]


def _columns(t: np.ndarray, tau: np.ndarray, offset: bool) -> np.ndarray:
    columns = np.exp(-t[:, None] / tau)
    return np.concatenate([columns, np.ones((len(t), 1))], axis=1) if offset else columns


def _solved(t: np.ndarray, y: np.ndarray, tau: np.ndarray, offset: bool) -> tuple[np.ndarray, float]:
    return nnls(_columns(t, tau, offset), y)


def _residual(t: np.ndarray, y: np.ndarray, tau: np.ndarray, offset: bool) -> np.ndarray:
    """Residuals with the amplitudes at their best for these timescales (variable projection)."""
    columns = _columns(t, tau, offset)
    return np.asarray(columns @ nnls(columns, y)[0] - y)


def _status(tau: np.ndarray, weight: np.ndarray, r2: float, low: float, high: float) -> str:
    if not np.isfinite(weight).all():
        return "nothing decays"
    if (tau <= low * 1.01).any() or (tau >= high / 1.01).any():
        return f"a timescale is at its bound of {low:g} to {high:g} ms"
    if not r2 >= LEAST_R2:
        return f"r2 is {r2:.2f}, below {LEAST_R2}"
    if len(tau) > 1 and weight.min() < LEAST_WEIGHT:
        return f"a weight is {weight.min():.3f}, below {LEAST_WEIGHT}"
    if len(tau) > 1 and (tau[1:] / tau[:-1]).min() < LEAST_RATIO:
        return "two timescales are within 20 %"
    return ""
