"""Timescale from the knee of a power spectrum: a Lorentzian over a floor, by least squares of the log power."""

import numpy as np
import xarray as xr

from .autocorrelation import Statistic
from .counts import Noise, Recording
from .estimation import Method, Options, Units, attributes, estimated
from .profiles import Profile, tau_grid

FLOORS = np.concatenate([[0.0], np.exp(np.linspace(np.log(1e-3), np.log(30.0), 24))])
LEAST_FREQUENCIES = 5


def knee_timescale(
    signal: Recording,
    bin_ms: float,
    *,
    max_hz: float | None = None,
    exponent: float = 2.0,
    floor: bool = True,
    bounds_ms: tuple[float, float] | None = None,
    noise: Noise = "gaussian",
    level: float = 0.95,
    n_simulations: int = 300,
    seed: int = 0,
) -> xr.Dataset:
    """Timescale 1 / (2 pi f_k) of the knee frequency f_k of a power spectrum, as Gao et al. 2020 define it.

    The mean periodogram over trials (means of trials removed) is fitted by b (1 / (f_k^e + f^e) + c) with least
    squares of its logarithm. The exponent e is given: 2 for a process with exponential autocorrelation, which the
    simulations assume. The corrected timescale and the interval take into account that short trials blur the spectrum
    and that sampling folds it.

    Parameters
    ----------
    signal
        ``(trial, bin)`` of one unit or electrode, ``(unit, trial, bin)``, or per unit an array ``(trial, bin)``.
    bin_ms
        Time between samples, or width of a bin of counts [ms].
    max_hz
        Highest frequency that is fitted; half of the sampling rate by default.
    exponent
        Slope of the log power far above the knee.
    floor
        Whether power that is equal at all frequencies is fitted (Poisson counts, measurement noise).
    bounds_ms, level, n_simulations, seed
        As in `across_trial_timescale`.
    noise
        ``"gaussian"``, or ``"poisson"`` for spike counts.

    Returns
    -------
    xarray.Dataset
        Along ``unit`` as `across_trial_timescale`, with ``knee_hz`` of ``tau_ms_uncorrected``, ``amplitude`` b
        [signal^2 Hz^(e-1)], ``offset`` c b and ``r2`` of the log power. Along ``unit`` and ``frequency``: ``power``
        [signal^2 / Hz] and ``fitted``.

    Raises
    ------
    ValueError
        If the signal is malformed, fewer than 5 frequencies are below ``max_hz``, or options are out of range.

    References
    ----------
    Gao, van den Brink, Pfeffer, Voytek 2020, eLife 9:e61277.
    """
    options = Options(bin_ms, bounds_ms, noise, level, n_simulations, seed)
    units = Units.of(signal, options, 1)
    frequency = np.fft.rfftfreq(units.n_bins, bin_ms / 1000)[1:]
    top = frequency[-1] if max_hz is None else max_hz
    kept = frequency <= top * (1 + 1e-9)
    if kept.sum() < LEAST_FREQUENCIES:
        raise ValueError(
            f"{int(kept.sum())} frequencies up to {top:g} Hz in trials of {units.n_bins * bin_ms:g} ms; at least {LEAST_FREQUENCIES} are "
            "needed: raise max_hz or take longer trials."
        )
    if not (np.isfinite(exponent) and exponent > 0):
        raise ValueError(f"exponent must be positive, received {exponent}.")
    frequency = frequency[kept]
    grid = tau_grid(*units.bounds_ms)
    floors = FLOORS if floor else FLOORS[:1]
    log_shapes = np.log(_shapes(grid, floors, frequency, exponent))
    way = Method(
        periodogram(units.n_bins, bin_ms, int(kept.sum())),
        lambda values: fit_log_power(values, grid, floors, log_shapes, exponent),
        lambda values: fit_log_power(values, grid, floors, log_shapes, exponent),
        lambda values: (values, 1.0),
    )
    found, _ = estimated(units, lambda n_trials: way, "trial", units.n_bins // 2, options)
    found["power"] = (("unit", "frequency"), found.pop("shown")[1])
    found["knee_hz"] = ("unit", 1000 / (2 * np.pi * found["tau_ms_uncorrected"][1]))
    knee, b, c = (found[name][1][:, None] for name in ("knee_hz", "amplitude", "offset"))
    found["fitted"] = (("unit", "frequency"), b / (knee**exponent + frequency**exponent) + c)
    return xr.Dataset(
        found,
        coords={"frequency_hz": ("frequency", frequency)},
        attrs={**attributes(units, options), "exponent": exponent},
    )


def periodogram(n_bins: int, bin_ms: float, n_frequencies: int) -> Statistic:
    """One-sided power [signal^2 / Hz] at the lowest frequencies above zero, means of trials removed."""
    scale = 2 * bin_ms / 1000 / n_bins

    def features(trials: np.ndarray) -> np.ndarray:
        from scipy import fft

        spectrum = fft.rfft(trials - trials.mean(axis=1, keepdims=True), axis=1)[:, 1 : n_frequencies + 1]
        return np.asarray(scale * np.abs(spectrum) ** 2)

    return Statistic(features, lambda means: means)


def fit_log_power(
    power: np.ndarray, tau_ms: np.ndarray, floors: np.ndarray, log_shapes: np.ndarray, exponent: float
) -> Profile:
    """Least squares of log power over a grid of timescales and floors; the factor b is the mean difference.

    Parameters
    ----------
    power
        ``(set, frequency)``.
    tau_ms, floors
        Grids: timescales [ms], and floors relative to the power at frequency zero.
    log_shapes
        ``(tau, floor, frequency)``.
    exponent
        Of the shapes.
    """
    n = power.shape[1]
    known = (power > 0).all(axis=1)
    y = np.log(np.where(known[:, None], power, 1.0))
    shapes = log_shapes.reshape(-1, n)
    centred = shapes - shapes.mean(axis=1, keepdims=True)
    total = y - y.mean(axis=1, keepdims=True)
    error = (total**2).sum(axis=1)[:, None] - 2 * total @ centred.T + (centred**2).sum(axis=1)
    error = error.reshape(len(y), len(tau_ms), len(floors))
    rows = np.arange(len(y))
    profile = error.min(axis=2)
    best = profile.argmin(axis=1)
    floor = error[rows, best].argmin(axis=1)
    log_b = y.mean(axis=1) - log_shapes[best, floor].mean(axis=1)
    step = np.log(tau_ms[1] / tau_ms[0])
    left, here, right = (profile[rows, np.clip(best + side, 0, len(tau_ms) - 1)] for side in (-1, 0, 1))
    bend = left - 2 * here + right
    inner = (best > 0) & (best < len(tau_ms) - 1) & (bend > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where(inner, np.clip((left - right) / (2 * bend), -0.5, 0.5), 0.0)
        r2 = 1 - here / (total**2).sum(axis=1)
    tau = tau_ms[best] * np.exp(shift * step)
    knee = 1000 / (2 * np.pi * tau)
    b = np.exp(log_b)
    return Profile(
        np.where(known, tau, np.nan),
        np.where(known, b, np.nan),
        b * floors[floor] * knee**-exponent,
        r2,
        np.zeros(len(y), int),
    )


def _shapes(tau_ms: np.ndarray, floors: np.ndarray, frequency: np.ndarray, exponent: float) -> np.ndarray:
    """Power 1 / (f_k^e + f^e) + c / f_k^e, ``(tau, floor, frequency)``."""
    knee = (1000 / (2 * np.pi * tau_ms))[:, None, None]
    return np.asarray(1 / (knee**exponent + frequency**exponent) + floors[:, None] / knee**exponent)
