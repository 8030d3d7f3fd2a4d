"""Counts of a unit whose rate fluctuates with one timescale: the generative model behind intervals and corrections."""

from dataclasses import dataclass

import numpy as np

from .autocorrelations import Mean, after_removal, autocovariance, exponentials, white_curve, without_noise
from .counts import Noise
from .profiles import fit_profile

GAUSSIAN_UP_TO = 1 / 9  # squared coefficient of variation: below zero is three standard deviations away


@dataclass(frozen=True)
class Fluctuations:
    """Second moments of a unit, from which its fluctuations with any assumed timescale follow.

    Attributes
    ----------
    mean
        ``(bin,)`` mean count.
    covariance
        ``(lag,)`` autocovariance at lags from 0 on.
    kind
        How means were removed for the covariance.
    n_trials, bin_ms, noise
        Of the recording.
    """

    mean: np.ndarray
    covariance: np.ndarray
    kind: Mean
    n_trials: int
    bin_ms: float
    noise: Noise

    @classmethod
    def of(cls, trials: np.ndarray, n_lags: int, bin_ms: float, noise: Noise, kind: Mean) -> "Fluctuations":
        """Moments of trials ``(trial, bin)`` after the removal of means ``kind``; a mean for each bin with ``"across"``."""
        n_trials, n_bins = trials.shape
        evoked = kind == "across"
        mean = trials.mean(axis=0) if evoked else np.full(n_bins, trials.mean())
        residual = trials - mean
        scale = n_trials / max(1, n_trials - 1) if evoked else 1.0
        covariance = scale * autocovariance("none" if evoked else kind, n_bins, n_lags).of(residual)
        return cls(mean, covariance, kind, n_trials, bin_ms, noise)

    def assuming(self, tau_ms: float) -> tuple[float, float, float]:
        """Variance of the fluctuation with timescale tau, of the means of trials, and of independent noise in a bin.

        The first two by least squares on the autocovariance, neither negative; the last is what the variance of a bin
        leaves (for counts, beyond Poisson).
        """
        n_bins, n_lags, tau = len(self.mean), len(self.covariance) - 1, np.array([tau_ms])
        white = white_curve(self.kind, self.n_trials, n_bins, n_lags)
        curve = after_removal(self.kind, exponentials(tau, n_bins, self.bin_ms), self.n_trials, n_lags)
        observed = without_noise(self.covariance[None], white)
        offset = self.kind in ("across", "pooled")
        fit = fit_profile(observed, tau, without_noise(curve, white), np.zeros(1, dtype=int), offset)
        variance, gain = float(np.nan_to_num(fit.amplitude[0])), float(np.nan_to_num(fit.offset[0]))
        inner, outer = bin_factors(tau_ms, self.bin_ms)
        left = (float(self.covariance[0]) - gain - variance * float(curve[0, 0])) / float(white[0])
        left -= variance * (inner / outer - 1)
        return variance / outer, gain, max(0.0, left - (float(self.mean.mean()) if self.noise == "poisson" else 0.0))

    def simulate(self, tau_ms: float, n_trials: int, rng: np.random.Generator) -> np.ndarray:
        """Trials ``(trial, bin)`` of a unit like this one whose fluctuation has the timescale ``tau_ms`` [ms]."""
        variance, gain, extra = self.assuming(tau_ms)
        n_bins, steps = len(self.mean), _steps(tau_ms, self.bin_ms)
        keep = np.exp(-self.bin_ms / steps / tau_ms)
        if self.noise == "gaussian":
            path = _gaussian_path(keep, n_trials, n_bins * steps, rng) * np.sqrt(variance)
            binned = path.reshape(n_trials, n_bins, steps).mean(axis=2)
            trial = np.sqrt(gain) * rng.standard_normal((n_trials, 1))
            return np.asarray(
                self.mean + trial + binned + np.sqrt(extra) * rng.standard_normal((n_trials, n_bins)),
            )
        # Shares of the squared mean: fluctuations scale with the rate of the bin, as the gains of trials do. A product of
        # both has the covariance (1 + s rho)(1 + g) - 1, hence the division.
        square = max(float((self.mean**2).mean()), 1e-300)
        gains = gain / square
        spread = variance / square / (1 + gains)
        if spread <= GAUSSIAN_UP_TO:
            path = 1 + np.sqrt(spread) * _gaussian_path(keep, n_trials, n_bins * steps, rng)
        else:
            path = _gamma_path(keep, spread, n_trials, n_bins * steps, rng)
        rate = np.maximum(path, 0).reshape(n_trials, n_bins, steps).mean(axis=2) * self.mean
        if gains > 0:
            rate = rate * rng.standard_gamma(1 / gains, (n_trials, 1)) * gains
        if extra > 0:
            shape = square * (1 + spread) * (1 + gains) / extra
            rate = rate * rng.standard_gamma(shape, (n_trials, n_bins)) / shape
        return rng.poisson(rate).astype(float)


def _steps(tau_ms: float, bin_ms: float) -> int:
    """Steps in a bin: two in a timescale at least, so that bins average over what fluctuates within them."""
    return max(1, int(np.ceil(2 * bin_ms / tau_ms - 1e-9)))


def bin_factors(tau_ms: float, bin_ms: float) -> tuple[float, float]:
    """Variance of the mean of a bin's steps, and covariance of two bins relative to exp(-t/tau), of a process of variance 1."""
    steps = _steps(tau_ms, bin_ms)
    apart = np.arange(steps) * bin_ms / steps / tau_ms
    inner = np.exp(-np.abs(apart[:, None] - apart)).mean()
    return float(inner), float(np.exp(apart).mean() * np.exp(-apart).mean())


def _gaussian_path(keep: float, n_trials: int, n_steps: int, rng: np.random.Generator) -> np.ndarray:
    """Ornstein-Uhlenbeck process of variance 1 at discrete times, exact, ``(trial, step)``."""
    from scipy.signal import lfilter

    noise = rng.standard_normal((n_trials, n_steps))
    noise[:, 1:] *= np.sqrt(1 - keep**2)
    return np.asarray(lfilter([1.0], [1.0, -keep], noise, axis=1))


def _gamma_path(keep: float, spread: float, n_trials: int, n_steps: int, rng: np.random.Generator) -> np.ndarray:
    """Square-root diffusion of mean 1 and variance ``spread``, exact: gamma given a Poisson number of terms."""
    shape = 1 / spread
    pull = shape * keep / (1 - keep)
    path = np.empty((n_steps, n_trials))
    path[0] = rng.standard_gamma(shape, n_trials) / shape
    for step in range(1, n_steps):
        terms = rng.poisson(pull * path[step - 1])
        path[step] = rng.standard_gamma(shape + terms) * (1 - keep) / shape
    return path.T
