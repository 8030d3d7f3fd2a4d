"""One timescale by least squares over a grid of all that are allowed: many autocorrelations at once and no start values."""

from dataclasses import dataclass

import numpy as np

STEP = 0.05  # of ln tau between neighbours of the grid; a parabola through three of them refines the minimum


def tau_grid(low_ms: float, high_ms: float, step: float = STEP) -> np.ndarray:
    """Timescales from ``low_ms`` to ``high_ms``, evenly spaced on a log axis [ms]."""
    return np.exp(np.linspace(np.log(low_ms), np.log(high_ms), int(np.ceil(np.log(high_ms / low_ms) / step)) + 1))


@dataclass(frozen=True)
class Profile:
    """Best exponentials ``A m(tau) + B`` with A and B not negative.

    Attributes
    ----------
    tau_ms, amplitude, offset, r2
        ``(set,)``; NaN where the autocorrelation is undefined. r2 is over the fitted lags; tau is NaN where A is 0.
    first
        ``(set,)`` index of the first fitted lag.
    grid_ms, errors
        Timescales ``(tau,)`` and the sum of squares that is left at each, ``(set, tau)``.
    """

    tau_ms: np.ndarray
    amplitude: np.ndarray
    offset: np.ndarray
    r2: np.ndarray
    first: np.ndarray
    grid_ms: np.ndarray
    errors: np.ndarray

    def root(self, tau_ms: float) -> np.ndarray:
        """How much worse a timescale fits than the best one, signed: negative where the best is shorter, ``(set,)``.

        The signed root of the difference of the sums of squares. Where no timescale is found it is zero: all fit
        alike.
        """
        place = np.interp(np.log(tau_ms), np.log(self.grid_ms), np.arange(len(self.grid_ms)))
        left = min(int(place), max(0, len(self.grid_ms) - 2))
        right = min(left + 1, len(self.grid_ms) - 1)
        here = self.errors[:, left] + (place - left) * (self.errors[:, right] - self.errors[:, left])
        size = np.sqrt(np.maximum(here - self.errors.min(axis=1), 0.0))
        side = np.sign(np.nan_to_num(np.log(self.tau_ms), nan=np.log(tau_ms)) - np.log(tau_ms))
        return np.asarray(side * size)


def first_decrease(values: np.ndarray, smooth: int = 1) -> np.ndarray:
    """Index of the first lag that is followed by a smaller value, ``(set,)``; 0 where there is none.

    Short intervals between spikes are rare after a spike (refractoriness), so that autocorrelations may rise at
    first; the fit starts where they begin to fall.

    Parameters
    ----------
    values
        ``(set, lag)``.
    smooth
        Neighbouring lags that are averaged before.
    """
    if smooth > 1:
        from scipy.ndimage import uniform_filter1d

        values = uniform_filter1d(values, smooth, axis=1, mode="nearest")
    return np.asarray((np.diff(values, axis=1) < 0).argmax(axis=1))


def fit_profile(values: np.ndarray, tau_ms: np.ndarray, curves: np.ndarray, first: np.ndarray, offset: bool) -> Profile:
    """Least squares over a grid of timescales, the amplitude and offset of each solved for.

    Parameters
    ----------
    values
        ``(set, lag)`` autocorrelations.
    tau_ms, curves
        Grid ``(tau,)`` [ms] and its curves ``(tau, lag)``.
    first
        ``(set,)`` index of the first lag that counts.
    offset
        Whether B is fitted; 0 otherwise.
    """
    known = np.isfinite(values).all(axis=1)
    inside = np.arange(values.shape[1]) >= first[:, None]
    r = np.where(inside & known[:, None], values, 0.0)
    n = values.shape[1] - first
    squares = (r**2).sum(axis=1)
    total = r.sum(axis=1)
    a, b, error = _solved(r @ curves.T, total, squares, n, *(_tails(curves, first)), offset)
    # Beyond the grid nothing is better; where A is 0 all timescales are alike and none is found.
    best = error.argmin(axis=1)
    rows = np.arange(len(values))
    log_tau = np.log(tau_ms)
    place = log_tau[best]
    inner = (best > 0) & (best < len(tau_ms) - 1)
    left, here, right = (error[rows, np.clip(best + side, 0, len(tau_ms) - 1)] for side in (-1, 0, 1))
    bend = left - 2 * here + right
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where(inner & (bend > 0), np.clip((left - right) / (2 * bend), -0.5, 0.5), 0.0)
        r2 = 1 - here / (squares - total**2 / n)
    place = place + shift * (np.ptp(log_tau) / max(1, len(tau_ms) - 1))
    none = ~known | (a[rows, best] <= 0)
    return Profile(
        np.where(none, np.nan, np.exp(place)),
        np.where(known, a[rows, best], np.nan),
        np.where(known, b[rows, best], np.nan),
        np.where(known, r2, np.nan),
        first,
        tau_ms,
        error,
    )


def _tails(curves: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of curves and of their squares from the first lag on, ``(set, tau)`` each."""
    tails = [np.cumsum(one[:, ::-1], axis=1)[:, ::-1] for one in (curves, curves**2)]
    return tails[0][:, first].T, tails[1][:, first].T


def _solved(
    product: np.ndarray,
    total: np.ndarray,
    squares: np.ndarray,
    n: np.ndarray,
    curve: np.ndarray,
    curve_squares: np.ndarray,
    offset: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    total, squares, n = total[:, None], squares[:, None], n[:, None].astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        alone = np.nan_to_num(product / curve_squares)
    a, b = alone, np.zeros_like(alone)
    if offset:
        spread = curve_squares - curve**2 / n
        with np.errstate(invalid="ignore", divide="ignore"):
            both = np.where(spread > 1e-12 * curve_squares, (product - curve * total / n) / spread, 0.0)
        level = (total - both * curve) / n
        use = (level > 0) & (both > 0)
        flat = (both <= 0) & (total > 0)
        a = np.where(use, both, np.where(flat, 0.0, alone))
        b = np.where(use, level, np.where(flat, total / n, 0.0))
    a = np.maximum(a, 0.0)
    error = squares - 2 * a * product - 2 * b * total + a**2 * curve_squares + 2 * a * b * curve + b**2 * n
    return a, b, np.maximum(error, 0.0)
