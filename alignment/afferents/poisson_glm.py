"""Poisson regression with a ridge, by Newton's method: the likelihood of spike counts given features.

With counts y_t, features x_t, weights w, offset b and mu_t = exp(b + x_t w), minimised is::

    J = sum over t of (mu_t - y_t log mu_t) + alpha / 2 |w|^2

which is convex, so that the minimum is the same from any start.
"""

from dataclasses import dataclass

import numpy as np

MAX_STEPS = 100
# Newton's decrement is twice the distance of J from its minimum: far below what a spike more or less would change.
TOLERANCE = 1e-9
MAX_HALVINGS = 40


@dataclass(frozen=True, eq=False)
class PoissonGlm:
    """Fitted regression.

    Attributes
    ----------
    weights
        ``(feature,)``.
    offset
        Log of the expected count where all features are 0.
    alpha
        Ridge on the weights; the offset is free.
    objective
        J at the minimum.
    """

    weights: np.ndarray
    offset: float
    alpha: float
    objective: float

    def log_mean(self, features: np.ndarray) -> np.ndarray:
        """Log of the expected counts ``(sample,)`` at features ``(sample, feature)``."""
        return np.asarray(features @ self.weights + self.offset)


def fit_poisson(
    features: np.ndarray, counts: np.ndarray, alpha: float = 0.0, *, start: PoissonGlm | None = None
) -> PoissonGlm:
    """Weights and offset at the minimum of J.

    Parameters
    ----------
    features
        ``(sample, feature)``, finite.
    counts
        ``(sample,)`` spikes, not negative, at least one.
    alpha
        Ridge, not negative. The same for every feature, so bring features to one scale.
    start
        A fit at another ``alpha`` to start from; the result is the same, sooner.

    Raises
    ------
    ValueError
        If there is no spike, a count is negative, shapes do not fit, or no minimum is found, as with features that depend on
        each other and no ridge.

    Notes
    -----
    Without a ridge, a feature that tells silence for certain has no best weight; it stops where J would fall by less than 1e-9.

    References
    ----------
    Paninski 2004, Network 15:243, section 2 (concavity). Boyd & Vandenberghe 2004, algorithm 9.5.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.afferents import fit_poisson
    >>> x = np.repeat([[0.0], [1.0]], 4, axis=0)
    >>> fit = fit_poisson(x, np.array([1, 1, 1, 1, 2, 2, 2, 2]))
    >>> round(float(np.exp(fit.weights[0])), 6)
    2.0
    """
    features, counts = np.asarray(features, dtype=float), np.asarray(counts, dtype=float)
    if features.ndim != 2 or counts.shape != features.shape[:1]:
        raise ValueError(
            f"features must be (sample, feature) and counts (sample,), received {features.shape} and {counts.shape}."
        )
    if not np.isfinite(features).all() or not (counts >= 0).all() or not counts.sum() > 0 or not alpha >= 0:
        raise ValueError(
            "a Poisson regression needs finite features, counts that are not negative with at least one spike, and alpha of "
            f"at least 0; received {int(np.nansum(counts))} spikes in {len(counts)} samples and alpha {alpha}."
        )
    beta = np.append(np.zeros(features.shape[1]), np.log(counts.mean()))
    if start is not None:
        beta = np.append(start.weights, start.offset)
    value, gradient, hessian = objective(beta, features, counts, alpha)
    for _ in range(MAX_STEPS):
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            break
        decrement = float(gradient @ step)
        if decrement < TOLERANCE:
            beta = beta - step
            return PoissonGlm(beta[:-1], float(beta[-1]), alpha, value - decrement / 2)
        size = _step_size(beta, step, decrement, value, features, counts, alpha)
        if size == 0:
            break
        beta = beta - size * step
        value, gradient, hessian = objective(beta, features, counts, alpha)
    raise ValueError(
        f"the Poisson regression on {features.shape[1]} features found no minimum with alpha {alpha}; features that depend on "
        "each other have none: use a larger alpha."
    )


def objective(
    beta: np.ndarray, features: np.ndarray, counts: np.ndarray, alpha: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """J with gradient ``(feature + 1,)`` and Hessian; ``beta`` holds the weights, then the offset."""
    weights = beta[:-1]
    mean, value = _value(beta, features, counts, alpha)
    gradient, hessian = np.empty_like(beta), np.empty((len(beta), len(beta)))
    gradient[:-1], gradient[-1] = features.T @ (mean - counts) + alpha * weights, (mean - counts).sum()
    weighted = features * mean[:, None]
    hessian[:-1, :-1] = features.T @ weighted + alpha * np.eye(len(weights))
    hessian[-1, :-1] = hessian[:-1, -1] = weighted.sum(axis=0)
    hessian[-1, -1] = mean.sum()
    return value, gradient, hessian


def _value(beta: np.ndarray, features: np.ndarray, counts: np.ndarray, alpha: float) -> tuple[np.ndarray, float]:
    log_mean = features @ beta[:-1] + beta[-1]
    with np.errstate(over="ignore"):
        mean = np.exp(log_mean)
    return mean, float(mean.sum() - counts @ log_mean + 0.5 * alpha * beta[:-1] @ beta[:-1])


def _step_size(
    beta: np.ndarray,
    step: np.ndarray,
    decrement: float,
    value: float,
    features: np.ndarray,
    counts: np.ndarray,
    alpha: float,
) -> float:
    """Largest of 1, 1/2, 1/4, ... that lowers J by a quarter of what its slope promises; 0 if none does."""
    size = 1.0
    rounding = 1e-12 * abs(value)
    for _ in range(MAX_HALVINGS):
        reached = _value(beta - size * step, features, counts, alpha)[1]
        if reached <= value - 0.25 * size * decrement + rounding:
            return size
        size /= 2
    return 0.0
