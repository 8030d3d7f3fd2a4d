"""Arrays of trials ``(repetition, stimulus, neuroid[, time_bin])`` as all ceilings take them; NaN is a missing repetition."""

import numpy as np
import numpy.typing as npt

MIN_STIMULI = 3


def flatten_trials(trials: npt.ArrayLike, what: str, *, complete: bool = False) -> tuple[np.ndarray, tuple[int, ...]]:
    """Trials with all axes after the stimulus in one.

    Parameters
    ----------
    trials
        ``(repetition, stimulus, neuroid)`` and any further axes, such as time bins; NaN where a repetition is missing.
    what
        Who asks, for messages.
    complete
        Refuse NaN.

    Returns
    -------
    tuple
        ``(repetition, stimulus, unit)`` in float64, and the shape of the axes behind ``unit``.

    Raises
    ------
    ValueError
        For fewer than two repetitions or three stimuli, infinite values, and NaN if ``complete``.
    """
    values = np.asarray(trials, dtype=np.float64)
    if values.ndim < 3:
        raise ValueError(f"{what} needs trials (repetition, stimulus, neuroid), received shape {values.shape}.")
    if np.isinf(values).any():
        raise ValueError(f"{what} received {int(np.isinf(values).sum())} infinite responses; mend the data.")
    # A repetition that nobody has is only padding.
    values = values[np.isfinite(values).any(axis=tuple(range(1, values.ndim)))]
    if len(values) < 2:
        raise ValueError(f"{what} needs at least 2 repetitions, received {len(values)}.")
    if values.shape[1] < MIN_STIMULI:
        raise ValueError(f"{what} needs at least {MIN_STIMULI} stimuli, received {values.shape[1]}.")
    missing = int(np.isnan(values).sum())
    if complete and missing:
        raise ValueError(
            f"{what} needs the same repetitions of every stimulus, received {missing} NaN among {values.size} responses; use "
            "split_half_reliability or variance_components, which take unequal repetitions."
        )
    return values.reshape(*values.shape[:2], -1), values.shape[2:]


def checked_weights(weights: np.ndarray | None, n_stimuli: int) -> np.ndarray:
    """Bootstrap weights ``(draw, stimulus)`` with a first row of ones for the estimate itself."""
    everything = np.ones((1, n_stimuli))
    if weights is None:
        return everything
    weights = np.asarray(weights, dtype=np.float64)
    if weights.ndim != 2 or weights.shape[1] != n_stimuli:
        raise ValueError(f"weights must be (draw, stimulus) with {n_stimuli} stimuli, received shape {weights.shape}.")
    return np.concatenate([everything, weights])


def repetition_counts(values: np.ndarray) -> np.ndarray:
    """Repetitions that are there, ``(stimulus, unit)``."""
    return np.isfinite(values).sum(axis=0)


def trial_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the repetitions that are there, ``(stimulus, unit)``; NaN where there is none."""
    count = repetition_counts(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.isfinite(values), values, 0.0).sum(axis=0) / count
