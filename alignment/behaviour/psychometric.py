"""Psychometric functions: the level at which a task can be done, and how near a model's is to that of people.

The function is a cumulative Gaussian between guessing and lapses::

    psi(x) = gamma + (1 - gamma - lapse) Phi(alpha (x - beta))

fitted by maximum likelihood. Brain-Score gives every level the same weight; here a level counts as often as it was
shown, which is the same where levels are shown equally often.
"""

from dataclasses import dataclass, replace

import numpy as np

LEAST_REMAINING = 1 / 3
STARTS = 10


@dataclass(frozen=True)
class PsychometricFit:
    """A fitted psychometric function and the threshold read from it.

    Attributes
    ----------
    threshold
        Level at which ``accuracy`` is reached; NaN if the fit was rejected.
    accuracy
        Accuracy at the threshold.
    alpha, beta, lapse, gamma
        Slope per unit of level, level of the steepest place, lapse rate, accuracy of guessing.
    r2
        Share of the variance of accuracy over the levels used that the function explains.
    levels, rates, counts
        ``(level,)`` levels that were fitted, accuracy and number of trials at each.
    n_levels_left_out
        Levels beyond the largest accuracy where all further ones are lower by a standard deviation or more.
    rejected
        Why there is no threshold, in words; empty if there is one.
    """

    threshold: float
    accuracy: float
    alpha: float
    beta: float
    lapse: float
    gamma: float
    r2: float
    levels: np.ndarray
    rates: np.ndarray
    counts: np.ndarray
    n_levels_left_out: int
    rejected: str = ""

    def predict(self, levels: np.ndarray) -> np.ndarray:
        """Accuracy at other levels."""
        return _psi(np.asarray(levels, dtype=float), self.alpha, self.beta, self.lapse, self.gamma)

    def level_at(self, accuracy: float) -> float:
        """Level at which an accuracy is reached; NaN where it never is, or not between the fitted levels."""
        from scipy.special import ndtri

        height = 1 - self.gamma - self.lapse
        if not 0 < accuracy - self.gamma < height:
            return float("nan")
        share = (accuracy - self.gamma) / height
        level = float(self.beta + ndtri(share) / self.alpha)
        return level if self.levels.min() <= level <= self.levels.max() else float("nan")


def fit_threshold(
    levels: np.ndarray,
    correct: np.ndarray,
    *,
    accuracy: float | None = None,
    gamma: float = 0.5,
    lapse_range: tuple[float, float] = (0.03, 0.5),
    least_accuracy: float = 0.6,
    least_r2: float = 0.4,
) -> PsychometricFit:
    """Fit a psychometric function to right and wrong answers and read a threshold from it.

    There is no threshold, and ``rejected`` says why, if the mean accuracy is below ``least_accuracy``, if fewer than a
    third of the levels remain after those are left out beyond which accuracy only falls, if the fit explains less than
    ``least_r2`` of the variance, or if the threshold lies outside the fitted levels.

    Parameters
    ----------
    levels
        ``(trial,)`` what makes the task easier as it grows, in any unit.
    correct
        ``(trial,)`` whether the answer was right.
    accuracy
        Accuracy that defines the threshold; by default half-way between the fitted accuracies at the lowest and the
        highest level shown.
    gamma
        Accuracy of guessing.
    lapse_range
        Smallest and largest lapse rate.
    least_accuracy, least_r2
        Limits below which the fit is rejected.

    References
    ----------
    Wichmann & Hill 2001, Perception & Psychophysics 63:1293, equation 1; brain-score/vision, metric ``threshold``
    (limits, lapse range, levels left out).
    """
    x, y = np.array(levels, dtype=float), np.array(correct, dtype=float)
    if x.ndim != 1 or x.shape != y.shape or not np.isfinite(x).all() or not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"levels and answers must be (trial,), finite, and right (1) or wrong (0), received {x.shape} and {y.shape}."
        )
    low, high = lapse_range
    if not 0 <= gamma < 1 or not 0 <= low <= high < 1 - gamma + 1e-12:
        raise ValueError(
            f"guessing {gamma} and lapses {lapse_range} leave no psychometric function; gamma + lapse must be at most 1."
        )
    shown, code = np.unique(x, return_inverse=True)
    if len(shown) < 3:
        raise ValueError(f"a psychometric function needs at least 3 levels, received {len(shown)}.")
    counts = np.bincount(code).astype(float)
    rates = np.bincount(code, weights=y) / counts
    kept = _before_the_fall(rates)
    none = float("nan")
    fit = PsychometricFit(
        threshold=none,
        accuracy=none if accuracy is None else accuracy,
        alpha=none,
        beta=none,
        lapse=none,
        gamma=gamma,
        r2=none,
        levels=shown[:kept],
        rates=rates[:kept],
        counts=counts[:kept],
        n_levels_left_out=len(shown) - kept,
    )
    if y.mean() < least_accuracy:
        return replace(fit, rejected=f"mean accuracy is {y.mean():.3f}, below {least_accuracy:g}")
    if kept / len(shown) < LEAST_REMAINING or kept < 2:
        return replace(fit, rejected=f"accuracy does not rise with the level: {kept} of {len(shown)} levels are left")
    alpha, beta, lapse = _most_likely(fit.levels, fit.rates, fit.counts, gamma, lapse_range)
    fit = replace(fit, alpha=alpha, beta=beta, lapse=lapse)
    if accuracy is None:
        fit = replace(fit, accuracy=float(fit.predict(shown[[0, -1]]).mean()))
    spread = float(((fit.rates - fit.rates.mean()) ** 2).sum())
    if spread > 0:
        fit = replace(fit, r2=1 - float(((fit.rates - fit.predict(fit.levels)) ** 2).sum()) / spread)
    threshold = fit.level_at(fit.accuracy)
    if not fit.r2 >= least_r2:
        return replace(fit, rejected=f"the fit explains {fit.r2:.3f} of the variance, below {least_r2:g}")
    if np.isnan(threshold):
        ends = f"{fit.levels[0]:g} and {fit.levels[-1]:g}"
        return replace(fit, rejected=f"accuracy {fit.accuracy:.3f} is not reached between levels {ends}")
    return replace(fit, threshold=threshold)


def threshold_elevation(baseline: PsychometricFit, test: PsychometricFit) -> float:
    """Ratio of two thresholds at the accuracy of the baseline's; NaN if a fit was rejected or does not reach it."""
    if baseline.rejected or test.rejected:
        return float("nan")
    if not baseline.threshold > 0:
        raise ValueError(f"a ratio needs a positive baseline threshold, received {baseline.threshold}.")
    return test.level_at(baseline.accuracy) / baseline.threshold


@dataclass(frozen=True)
class ThresholdSimilarity:
    """How near a model's threshold is to those of people.

    Attributes
    ----------
    value
        Mean of ``raw``; 0 for a model without a threshold.
    raw
        ``(person,)``, or one value where people were pooled.
    ceiling
        Mean of ``ceiling_raw``; NaN with one person.
    ceiling_raw
        ``(person,)`` the same for each person against the others.
    """

    value: float
    raw: np.ndarray
    ceiling: float
    ceiling_raw: np.ndarray


def threshold_similarity(model: float, people: np.ndarray, *, pooled: bool = False) -> ThresholdSimilarity:
    """Nearness of thresholds (or elevations): mean over people h of max(0, 1 - |t_h - t_model| / t_h).

    Parameters
    ----------
    model
        Threshold of the model; NaN for a rejected fit, which scores 0.
    people
        ``(person,)`` positive thresholds.
    pooled
        Compare with the mean threshold of people instead of with each; Brain-Score's default.

    References
    ----------
    brain-score/vision, metrics ``threshold`` and ``threshold_elevation``. Their ceiling draws people at random and may
    draw one twice; here every person is left out once.
    """
    thresholds = np.array(people, dtype=float).ravel()
    if not len(thresholds) or not (np.isfinite(thresholds) & (thresholds > 0)).all():
        raise ValueError(
            f"thresholds of people must be positive, received {thresholds.tolist()}; leave out failed fits."
        )
    raw = _nearness(float(model), thresholds, pooled)
    others = [
        _nearness(one, np.delete(thresholds, number), pooled).mean()
        for number, one in enumerate(thresholds)
        if len(thresholds) > 1
    ]
    ceiling = float(np.mean(others)) if others else float("nan")
    return ThresholdSimilarity(float(raw.mean()), raw, ceiling, np.array(others))


def _nearness(one: float, thresholds: np.ndarray, pooled: bool) -> np.ndarray:
    against = thresholds.mean(keepdims=True) if pooled else thresholds
    return np.maximum(0.0, np.nan_to_num(1 - np.abs(against - one) / against))


def _psi(x: np.ndarray, alpha: float, beta: float, lapse: float, gamma: float) -> np.ndarray:
    from scipy.special import ndtr

    return np.asarray(gamma + (1 - gamma - lapse) * ndtr(alpha * (x - beta)))


def _before_the_fall(rates: np.ndarray) -> int:
    """Levels up to the first after the maximum from which on all are a standard deviation below it."""
    best, spread = int(rates.argmax()), rates.std()
    for number in range(best + 1, len(rates)):
        if (rates[best] - rates[number:] >= spread).all():
            return number
    return len(rates)


def _most_likely(
    x: np.ndarray, y: np.ndarray, n: np.ndarray, gamma: float, lapse_range: tuple[float, float]
) -> tuple[float, float, float]:
    """Slope, place and lapse of largest likelihood, from the best places of a grid."""
    from scipy.optimize import minimize
    from scipy.special import ndtr

    centre, scale = x.mean(), x.std()
    u = (x - centre) / scale  # so that the grid fits any unit

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        alpha, beta, lapse = parameters
        height, inside = 1 - gamma - lapse, alpha * (u - beta)
        phi = ndtr(inside)
        p = np.clip(gamma + height * phi, 1e-12, 1 - 1e-12)
        slope = n * (p - y) / (p * (1 - p))  # d loss / d p
        bell = height * np.exp(-(inside**2) / 2) / np.sqrt(2 * np.pi)
        gradient = np.array([slope @ (bell * (u - beta)), -alpha * (slope @ bell), -(slope @ phi)])
        return float(-(n * (y * np.log(p) + (1 - y) * np.log1p(-p))).sum()), gradient

    lapse = float(np.clip(1 - y.max(), *lapse_range))
    grid = [(alpha, beta, lapse) for alpha in np.logspace(-2, 2, 50) for beta in u]
    starts = sorted(grid, key=lambda start: loss(np.array(start))[0])[:STARTS]
    bounds = [(1e-6, 1e3), (None, None), lapse_range]
    found = [minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds) for start in starts]
    alpha, beta, lapse = min(found, key=lambda one: one.fun).x
    return float(alpha / scale), float(beta * scale + centre), float(lapse)
