"""Circular shifts of one series against another: every shift there is, so that the null is exact in form."""

import numpy as np

# Shifts whose statistic is smaller by less than this share are equal but for rounding of the Fourier transform.
ROUNDING = 1e-9


def shifted_sums(series: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums over t of ``series[t + shift] weights[..., t]`` for every circular shift.

    Parameters
    ----------
    series
        ``(time,)``.
    weights
        ``(..., time)``.

    Returns
    -------
    numpy.ndarray
        ``(..., shift)``, shift 0 first.
    """
    spectrum = np.fft.rfft(series) * np.fft.rfft(weights).conj()
    return np.asarray(np.fft.irfft(spectrum, n=len(series)))


def shift_p(statistics: np.ndarray) -> float:
    """Share of all shifts whose statistic is at least that of shift 0, which is the first; NaN if that is NaN.

    Exact for a series whose distribution no circular shift changes, whatever its autocorrelation.
    """
    observed = statistics[0]
    if np.isnan(observed):
        return float("nan")
    return float(np.mean(statistics >= observed - ROUNDING * np.nanmax(np.abs(statistics))))
