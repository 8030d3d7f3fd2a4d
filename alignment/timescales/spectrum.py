"""Timescale from the knee of a power spectrum: a Lorentzian over a floor, by least squares of the log power."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import digamma

from .autocorrelations import Statistic, exponentials
from .counts import Noise, Recording
from .estimation import Method, Options, Units, attributes, estimated
from .profiles import Profile, tau_grid
from .surrogate_counts import Fluctuations, bin_factors

FLOORS = np.concatenate([[0.0], np.exp(np.linspace(np.log(1e-3), np.log(30.0), 40))])
STEP = 0.1  # of ln tau between neighbours of the grid
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

    The mean periodogram over trials (means of trials removed) is fitted by b (1 / (1 + (f / f_k)^e) + c) with least
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
            f"{int(kept.sum())} frequencies up to {top:g} Hz in trials of {units.n_bins * bin_ms:g} ms; at least "
            f"{LEAST_FREQUENCIES} are needed: raise max_hz or take longer trials."
        )
    if not (np.isfinite(exponent) and exponent > 0):
        raise ValueError(f"exponent must be positive, received {exponent}.")
    frequency = frequency[kept]
    grid = tau_grid(*units.bounds_ms, step=STEP)
    floors = FLOORS if floor else FLOORS[:1]
    plain = np.log(lorentzians(grid, floors, frequency, exponent))
    exact = plain if exponent != 2 else np.log(expected_power(grid, floors, units.n_bins, bin_ms, len(frequency)))
    way = Method(
        periodogram(units.n_bins, bin_ms, len(frequency)),
        lambda values: fit_log_power(values, grid, floors, exact),
        lambda values: fit_log_power(values, grid, floors, plain),
        lambda values: (values, 1.0),
    )
    found, _ = estimated(
        units,
        lambda n_trials: way,
        lambda one: SpectralFluctuations.over(one, len(frequency), floors, options),
        options,
    )
    found["power"] = (("unit", "frequency"), found.pop("shown")[1])
    found["knee_hz"] = ("unit", 1000 / (2 * np.pi * found["tau_ms_uncorrected"][1]))
    knee, b, c = (found[name][1][:, None] for name in ("knee_hz", "amplitude", "offset"))
    found["fitted"] = (("unit", "frequency"), b / (1 + (frequency / knee) ** exponent) + c)
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


def fit_log_power(power: np.ndarray, tau_ms: np.ndarray, floors: np.ndarray, log_shapes: np.ndarray) -> Profile:
    """Least squares of log power over a grid of timescales and floors; the factor b is the mean difference.

    Parameters
    ----------
    power
        ``(set, frequency)``.
    tau_ms, floors
        Grids: timescales [ms], and floors relative to the power at frequency zero.
    log_shapes
        ``(tau, floor, frequency)``.
    """
    n = power.shape[1]
    known = np.asarray((power > 0).all(axis=1))
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
    step = np.log(tau_ms[-1] / tau_ms[0]) / max(1, len(tau_ms) - 1)
    left, here, right = (profile[rows, np.clip(best + side, 0, len(tau_ms) - 1)] for side in (-1, 0, 1))
    bend = left - 2 * here + right
    inner = (best > 0) & (best < len(tau_ms) - 1) & (bend > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where(inner, np.clip((left - right) / (2 * bend), -0.5, 0.5), 0.0)
        r2 = 1 - here / (total**2).sum(axis=1)
    tau = tau_ms[best] * np.exp(shift * step)
    b = np.where(known, np.exp(log_b), np.nan)
    return Profile(np.where(known, tau, np.nan), b, b * floors[floor], r2, np.zeros(len(y), int), tau_ms, profile)


def lorentzians(tau_ms: np.ndarray, floors: np.ndarray, frequency: np.ndarray, exponent: float) -> np.ndarray:
    """Power 1 / (1 + (f / f_k)^e) + c, ``(tau, floor, frequency)``."""
    knee = (1000 / (2 * np.pi * tau_ms))[:, None, None]
    return np.asarray(1 / (1 + (frequency / knee) ** exponent) + floors[:, None])


def expected_power(
    tau_ms: np.ndarray, floors: np.ndarray, n_bins: int, bin_ms: float, n_frequencies: int
) -> np.ndarray:
    """Expected periodogram of samples of an exponential autocovariance in trials, over a floor, ``(tau, floor, frequency)``.

    The autocovariance weighted with the share of pairs that a trial holds of each lag, transformed: what short trials
    blur and sampling folds is in it. Relative to the power of an endless process at frequency zero, 2 tau.
    """
    rho = exponentials(tau_ms, n_bins, bin_ms) * (1 - np.arange(n_bins) / n_bins)
    power = 2 * np.fft.rfft(rho, axis=1).real[:, 1 : n_frequencies + 1] - rho[:, :1]
    return np.asarray((power * bin_ms / (2 * tau_ms[:, None]))[:, None, :] + floors[:, None])


@dataclass(frozen=True)
class SpectralFluctuations(Fluctuations):
    """As `Fluctuations`, from the spectrum: the floor stands out where the fluctuation has no power.

    Attributes
    ----------
    power
        ``(frequency,)`` mean periodogram.
    floors
        Floors considered, relative to the power at frequency zero.
    """

    power: np.ndarray
    floors: np.ndarray

    @classmethod
    def over(
        cls, trials: np.ndarray, n_frequencies: int, floors: np.ndarray, options: Options
    ) -> "SpectralFluctuations":
        """Moments of trials ``(trial, bin)``."""
        n_trials, n_bins = trials.shape
        power = periodogram(n_bins, options.bin_ms, n_frequencies).of(trials)
        mean = np.full(n_bins, trials.mean())
        return cls(mean, power[:0], "trial", n_trials, options.bin_ms, options.noise, power, floors)

    def assuming(self, tau_ms: float) -> tuple[float, float, float]:
        """Variance of the fluctuation with timescale tau, of the means of trials (removed: 0), and of noise in a bin."""
        tau, second = np.array([tau_ms]), self.bin_ms / 1000
        shapes = np.log(expected_power(tau, self.floors, len(self.mean), self.bin_ms, len(self.power)))
        fit = fit_log_power(self.power[None], tau, self.floors, shapes)
        # The mean of the logarithm of a periodogram of n trials lies below the logarithm of its mean.
        lifted = self.n_trials / np.exp(digamma(self.n_trials))
        inner, outer = bin_factors(tau_ms, self.bin_ms)
        variance = float(fit.amplitude[0]) * lifted / (4 * tau_ms / 1000)
        white = float(fit.offset[0]) * lifted / (2 * second) - variance * (inner / outer - 1)
        return variance / outer, 0.0, max(0.0, white - (float(self.mean.mean()) if self.noise == "poisson" else 0.0))
