"""Signal and noise variance from repetitions without any halving, and the ceilings that follow from them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from .estimates import CeilingEstimate
from .split_half import root_of_reliability
from .trial_arrays import checked_weights, flatten_trials, repetition_counts, trial_mean


@dataclass(frozen=True)
class VarianceComponents:
    """Variances over stimuli, each ``(neuroid, ...)`` in squared units of the response and unbiased.

    Attributes
    ----------
    signal
        Of the expected response; may be negative, since it is a difference.
    noise
        Of a single response around its expectation.
    noise_of_mean
        Of the mean over repetitions around its expectation: noise / R, or the mean of noise / n_s.
    response
        Of the mean over repetitions, as recorded.
    draws_signal, draws_response
        ``(draw, neuroid, ...)`` signal and response for each weighting of the stimuli, or None.
    n_missing
        Absent responses among all places of the trials.
    """

    signal: np.ndarray
    noise: np.ndarray
    noise_of_mean: np.ndarray
    response: np.ndarray
    draws_signal: np.ndarray | None
    draws_response: np.ndarray | None
    n_missing: int

    @property
    def reliability(self) -> np.ndarray:
        """``(neuroid, ...)`` share of the variance of the mean response that is signal."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.response > 0, self.signal / self.response, np.nan)

    @property
    def draws(self) -> np.ndarray | None:
        """``(draw, neuroid, ...)`` reliability for each weighting of the stimuli, or None."""
        if self.draws_signal is None or self.draws_response is None:
            return None
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.draws_response > 0, self.draws_signal / self.draws_response, np.nan)


def variance_components(trials: npt.ArrayLike, *, weights: np.ndarray | None = None) -> VarianceComponents:
    """Split the variance over stimuli into signal and noise.

    With R repetitions of every stimulus (Sahani & Linden 2003, equation 1; variances over stimuli, ddof 1)::

        signal = [Var(sum_r y_r) - sum_r Var(y_r)] / (R (R - 1))
        noise  = mean_r Var(y_r) - signal

    which leaves a drift of the mean over repetitions out of both. With n_s repetitions of stimulus s and the pooled
    variance W within stimuli, sum_s sum_r (y_rs - ybar_s)^2 / sum_s (n_s - 1)::

        signal = Var(ybar_s) - W mean(1 / n_s);   noise = W

    Parameters
    ----------
    trials
        ``(repetition, stimulus, neuroid)`` and any further axes; NaN where a repetition is missing.
    weights
        ``(draw, stimulus)`` bootstrap counts for the draws, or None.

    References
    ----------
    Sahani & Linden 2003, Advances in Neural Information Processing Systems 15.
    """
    values, units = flatten_trials(trials, "variance_components")
    rows = checked_weights(weights, values.shape[1])
    values = values - np.nanmean(values, axis=(0, 1))
    n_missing = int(np.isnan(values).sum())
    signal, noise, of_mean, response = (_unequal if n_missing else _equal)(values, rows)
    return VarianceComponents(
        signal=signal[0].reshape(units),
        noise=noise[0].reshape(units),
        noise_of_mean=of_mean[0].reshape(units),
        response=response[0].reshape(units),
        draws_signal=None if weights is None else signal[1:].reshape(-1, *units),
        draws_response=None if weights is None else response[1:].reshape(-1, *units),
        n_missing=n_missing,
    )


def weighted_variance(values: np.ndarray, weights: np.ndarray, there: np.ndarray | None = None) -> np.ndarray:
    """Variance over rows with counts as weights and one degree of freedom less, ``(draw, unit)``.

    ``there (row, unit)`` marks the rows that a unit has; all if None.
    """
    total = weights.sum(axis=1, keepdims=True) if there is None else weights @ there
    filled = values if there is None else np.where(there, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = weights @ filled / total
        return np.asarray(
            np.maximum(weights @ filled**2 - total * mean**2, 0.0) / np.where(total > 1, total - 1, np.nan)
        )


def _equal(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n = len(values)
    response = weighted_variance(values.mean(axis=0), weights)
    single = sum(weighted_variance(one, weights) for one in values) / n
    signal = (n * response - single) / (n - 1)
    noise = single - signal
    return signal, noise, noise / n, response


def _unequal(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    count, mean = repetition_counts(values), trial_mean(values)
    there = count > 0
    squares = np.nansum((values - mean) ** 2, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = weights @ squares / (weights @ np.maximum(count - 1, 0))
        share = weights @ np.where(there, 1 / count, 0.0) / (weights @ there)
    response = weighted_variance(mean, weights, there)
    return response - noise * share, noise, noise * share, response


def signal_power(trials: npt.ArrayLike) -> np.ndarray:
    """Variance over stimuli of the expected response, ``(neuroid, ...)``; see `variance_components` for the equation.

    Parameters
    ----------
    trials
        ``(repetition, stimulus, neuroid)`` and any further axes; NaN where a repetition is missing.
    """
    return variance_components(trials).signal


def explainable_variance(trials: npt.ArrayLike, *, zscore: bool = True, bias_correction: bool = True) -> np.ndarray:
    """Share of the variance of single responses that a model could explain.

    EV = Var(mean over repetitions) / mean over repetitions of Var,  corrected EV - (1 - EV) / (R - 1)

    The corrected value is signal power over total power, so it refers to one repetition, not to their mean.

    Parameters
    ----------
    trials
        ``(repetition, stimulus, neuroid)`` and any further axes (for a film, stimuli are its time points), without NaN.
    zscore
        Z-score every repetition over stimuli first, as the voxelwise tutorials do.
    bias_correction
        Remove the variance that noise leaves in the mean; without it pure noise has EV = 1 / R.

    Returns
    -------
    numpy.ndarray
        ``(neuroid, ...)``; negative values are kept, NaN for a constant neuroid.

    References
    ----------
    Dupre la Tour et al. 2025, Imaging Neuroscience, imag_a_00575; Hsu et al. 2004; Sahani & Linden 2003.
    """
    values, units = flatten_trials(trials, "explainable_variance", complete=True)
    values = values - values.mean(axis=1, keepdims=True)
    variance = values.var(axis=1, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        if zscore:
            values, variance = values / np.sqrt(variance)[:, None], np.where(variance > 0, 1.0, np.nan)
        ratio = values.mean(axis=0).var(axis=0, ddof=1) / variance.mean(axis=0)
    if bias_correction:
        ratio = ratio - (1 - ratio) / (len(values) - 1)
    return np.asarray(ratio).reshape(units)


@dataclass(frozen=True)
class SignalPowerCeiling:
    """Largest correlation with the mean response, from signal power.

    c = CCmax = sqrt(SP / Var(ybar)), SP of `variance_components`; unequal repetitions are taken as they are (NaN).

    References
    ----------
    Sahani & Linden 2003; Schoppe et al. 2016, Frontiers in Computational Neuroscience 10:10, equation 5.
    """

    kind: str = "signal power"

    def describe(self) -> str:
        """Formula and source in one sentence."""
        return "sqrt of signal power over the variance of the mean response (Sahani & Linden 2003; Schoppe et al. 2016)"

    def estimate(self, trials: xr.DataArray, weights: np.ndarray) -> CeilingEstimate:
        """Ceilings from the repetitions; NaN where the signal power is not positive."""
        found = variance_components(trials.values, weights=weights)
        draws = found.draws if found.draws is not None else found.reliability[None][:0]
        return CeilingEstimate(root_of_reliability(found.reliability), root_of_reliability(draws))
