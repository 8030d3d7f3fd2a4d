"""Noise-ceiling signal-to-noise ratio, as the Natural Scenes Dataset defines it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from .estimates import CeilingEstimate
from .split_half import root_of_reliability
from .trial_arrays import checked_weights, flatten_trials, repetition_counts, trial_mean


def ncsnr(trials: npt.ArrayLike) -> np.ndarray:
    """Standard deviation of the signal over that of the noise.

    sigma_noise^2 = mean over stimuli of the variance over repetitions (ddof 1);
    sigma_signal^2 = variance of all responses - sigma_noise^2;   ncsnr = sigma_signal / sigma_noise

    Parameters
    ----------
    trials
        ``(repetition, stimulus, neuroid)`` and any further axes; NaN where a repetition is missing. The dataset z-scores
        each session first; a scale common to all responses of a neuroid does not change the ratio.

    Returns
    -------
    numpy.ndarray
        ``(neuroid, ...)``; NaN where the signal variance is negative (the dataset stores 0 there), infinite without noise.

    References
    ----------
    Allen et al. 2022, Nature Neuroscience 25:116, Methods, "Noise ceiling estimation".
    """
    values, units = flatten_trials(trials, "ncsnr")
    signal, noise, _ = _variances(values, np.ones((1, values.shape[1])))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.sqrt(np.where(signal >= 0, signal, np.nan) / noise)
    return ratio[0].reshape(units)


def noise_ceiling(ratio: npt.ArrayLike, n_repetitions: npt.ArrayLike) -> np.ndarray:
    """Percent of the variance of the mean response that a model could explain.

    NC = 100 ncsnr^2 / (ncsnr^2 + mean over stimuli of 1 / n_s)

    Parameters
    ----------
    ratio
        ``(neuroid, ...)`` `ncsnr`.
    n_repetitions
        One number, or ``(stimulus,)`` repetitions n_s of each stimulus that is scored.

    Returns
    -------
    numpy.ndarray
        ``(neuroid, ...)`` percent; the root of a hundredth of it is the ceiling as a correlation.

    References
    ----------
    Allen et al. 2022, Nature Neuroscience 25:116, Methods, "Noise ceiling estimation".
    """
    count = np.asarray(n_repetitions, dtype=float)
    if count.size == 0 or (count < 1).any():
        raise ValueError(f"every stimulus needs at least one repetition, received {n_repetitions!r}.")
    with np.errstate(divide="ignore"):
        noise_to_signal = np.mean(1 / count) / np.asarray(ratio, dtype=float) ** 2
    return np.asarray(100 / (1 + noise_to_signal))


def _variances(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signal variance, noise variance and mean of 1 / n_s, each ``(draw, unit)``."""
    values = values - np.nanmean(values, axis=(0, 1))  # keeps the sums of squares accurate
    count, mean = repetition_counts(values), trial_mean(values)
    repeated, there = count > 1, count > 0
    within = np.nansum((values - mean) ** 2, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = weights @ np.where(repeated, within / (count - 1), 0.0) / (weights @ repeated)
        share = weights @ np.where(there, 1 / count, 0.0) / (weights @ there)
        number = weights @ count
        centre = weights @ np.nansum(values, axis=0) / number
        total = (weights @ np.nansum(values**2, axis=0) - number * centre**2) / (number - 1)
    return total - noise, noise, share


@dataclass(frozen=True)
class NcsnrCeiling:
    """Largest correlation with the mean response, from the noise-ceiling signal-to-noise ratio.

    c = sqrt(ncsnr^2 / (ncsnr^2 + mean of 1 / n_s)), see `ncsnr`; unequal repetitions are taken as they are (NaN).

    References
    ----------
    Allen et al. 2022, Nature Neuroscience 25:116.
    """

    kind: str = "ncsnr"

    def describe(self) -> str:
        """Formula and source in one sentence."""
        return "sqrt of ncsnr^2 / (ncsnr^2 + mean of 1 / repetitions), ncsnr = signal over noise (Allen et al. 2022)"

    def estimate(self, trials: xr.DataArray, weights: np.ndarray) -> CeilingEstimate:
        """Ceilings from the repetitions; NaN where the signal variance is not positive."""
        values, units = flatten_trials(trials.values, "NcsnrCeiling")
        signal, noise, share = _variances(values, checked_weights(weights, values.shape[1]))
        with np.errstate(invalid="ignore", divide="ignore"):
            # Without any noise the ceiling is 1, though the ratio itself is infinite.
            ceilings = root_of_reliability(signal / (signal + noise * share)).reshape(-1, *units)
        return CeilingEstimate(ceilings[0], ceilings[1:])
