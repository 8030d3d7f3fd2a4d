"""How a consistency grows with the number of subjects, animals or neuroids, and where it would end."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Method = Literal["global", "curve_fit"]

GRID = 200
REFINEMENTS = 60  # golden sections: the bracket shrinks by 3e-13
GOLDEN = (np.sqrt(5) - 1) / 2


def saturation(k: npt.ArrayLike, asymptote: npt.ArrayLike, tau: npt.ArrayLike) -> np.ndarray:
    """v0 (1 - exp(-k / tau)).

    Parameters
    ----------
    k
        Number of subjects, animals or neuroids.
    asymptote
        v0, the value for infinitely many.
    tau
        Number at which 63 % of it are reached.
    """
    return -np.asarray(asymptote) * np.expm1(-np.asarray(k, dtype=float) / np.asarray(tau))


def fit_saturation(
    k: npt.ArrayLike, values: npt.ArrayLike, *, method: Method = "global"
) -> tuple[np.ndarray, np.ndarray]:
    """Least squares of v0 (1 - exp(-k / tau)) with v0 between 0 and 1.

    Parameters
    ----------
    k
        ``(size,)`` at least two different numbers.
    values
        ``(..., size)`` mean value at each number.
    method
        ``"global"``: for each tau > 0 the best v0 is a division, so one search over tau finds the least error of all.
        ``"curve_fit"``: scipy's, started at v0 = 1/2, tau = 1 as Brain-Score language does; it may stop in another minimum,
        and gives NaN where it does not end.

    Returns
    -------
    tuple
        ``(...)`` asymptotes v0 and ``(...)`` constants tau.
    """
    sizes, y = np.asarray(k, dtype=float), np.asarray(values, dtype=float)
    if method not in get_args(Method):
        raise ValueError(f"method must be one of {', '.join(get_args(Method))}, received {method!r}.")
    if len(np.unique(sizes)) < 2 or y.shape[-1:] != sizes.shape or (sizes <= 0).any():
        raise ValueError(
            f"an extrapolation needs at least two different positive sizes with a value each, received {sizes.tolist()} and "
            f"values of shape {y.shape}."
        )
    if method == "curve_fit":
        fitted = np.array([_curve_fit(sizes, row) for row in y.reshape(-1, len(sizes))])
        return fitted[:, 0].reshape(y.shape[:-1]), fitted[:, 1].reshape(y.shape[:-1])

    def error(log_tau: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shape = -np.expm1(-sizes / np.exp(log_tau)[..., None])
        best = np.clip((shape * y).sum(axis=-1) / (shape * shape).sum(axis=-1), 0, 1)
        return ((y - best[..., None] * shape) ** 2).sum(axis=-1), best

    grid = np.linspace(np.log(1e-2 * sizes.min()), np.log(1e5 * sizes.max()), GRID)
    least, at = np.full(y.shape[:-1], np.inf), np.zeros(y.shape[:-1], dtype=int)
    for place, log_tau in enumerate(grid):
        found, _ = error(np.full(y.shape[:-1], log_tau))
        better = found < least
        least, at = np.where(better, found, least), np.where(better, place, at)
    low, high = grid[np.maximum(at - 1, 0)], grid[np.minimum(at + 1, GRID - 1)]
    for _ in range(REFINEMENTS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        descending = error(left)[0] < error(right)[0]
        low, high = np.where(descending, low, left), np.where(descending, right, high)
    log_tau = (low + high) / 2
    missing = np.isnan(y).any(axis=-1)
    return np.where(missing, np.nan, error(log_tau)[1]), np.where(missing, np.nan, np.exp(log_tau))


def _curve_fit(sizes: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    from scipy.optimize import curve_fit

    def curve(x: np.ndarray, asymptote: float, tau: float) -> np.ndarray:
        return np.asarray(asymptote * (1 - np.exp(-x / tau)))

    try:
        with np.errstate(all="ignore"):
            found, _ = curve_fit(curve, sizes, y, bounds=([0, -np.inf], [1, np.inf]))
    except (RuntimeError, ValueError):  # no end within the allowed evaluations, or NaN
        return float("nan"), float("nan")
    return float(found[0]), float(found[1])


@dataclass(frozen=True)
class Extrapolation:
    """Value for infinitely many subjects, animals or neuroids.

    Attributes
    ----------
    asymptote, tau
        ``(neuroid,)`` medians over the bootstrap, or single numbers; NaN if a fit of the bootstrap failed.
    draws
        ``(boot, neuroid)`` or ``(boot,)`` asymptotes.
    sizes
        ``(size,)`` numbers that were measured.
    means
        ``(size, neuroid)`` or ``(size,)`` mean of the measured values.
    """

    asymptote: np.ndarray
    tau: np.ndarray
    draws: np.ndarray
    sizes: np.ndarray
    means: np.ndarray

    def interval(self, level: float = 0.95) -> np.ndarray:
        """``(2, neuroid)`` or ``(2,)`` percentile interval of the asymptote; NaN if a fit failed."""
        return np.quantile(self.draws, [(1 - level) / 2, (1 + level) / 2], axis=0)

    def at(self, k: npt.ArrayLike) -> np.ndarray:
        """Fitted curve at a number ``k``, with the median parameters."""
        return saturation(k, self.asymptote, self.tau)


def extrapolate(
    k: npt.ArrayLike, values: npt.ArrayLike, *, n_boot: int = 100, seed: int = 0, method: Method = "global"
) -> Extrapolation:
    """Extrapolate measured values to infinitely many subjects, animals or neuroids, with a bootstrap.

    In each draw the values of every number k are resampled with replacement and averaged, and v0 (1 - exp(-k / tau)) is
    fitted to the means; the asymptote is the median v0.

    Parameters
    ----------
    k
        ``(sample,)`` number that each value was measured with.
    values
        ``(sample,)`` or ``(sample, neuroid)``; NaN are left out.
    n_boot
        Draws.
    seed
        Seed of ``RandomState``, begun anew for every neuroid, as Brain-Score language does.
    method
        See `fit_saturation`.

    Raises
    ------
    ValueError
        For fewer than two different numbers.

    References
    ----------
    Schrimpf et al. 2021, PNAS 118(45): e2105646118, SI "Ceilings".
    """
    sizes, measured = np.asarray(k), np.asarray(values, dtype=float)
    if len(sizes) != len(measured):
        raise ValueError(f"k and values must have the same length, received {len(sizes)} and {len(measured)}.")
    columns = measured.reshape(len(measured), -1)
    unique = np.unique(sizes)
    means = np.full((n_boot, len(unique), columns.shape[1]), np.nan)
    observed = np.full((len(unique), columns.shape[1]), np.nan)
    # Neuroids that have the same values at all share the draws, so one selection serves them all.
    patterns, which = np.unique(np.isfinite(columns), axis=1, return_inverse=True)
    for number, there in enumerate(patterns.T):
        mine = np.flatnonzero(which.reshape(-1) == number)
        rows = [np.flatnonzero((sizes == size) & there) for size in unique]
        if not all(map(len, rows)):
            continue
        rng = np.random.RandomState(seed)
        for place, chosen in enumerate(rows):
            observed[place, mine] = columns[np.ix_(chosen, mine)].mean(axis=0)
        for draw in range(n_boot):
            for place, chosen in enumerate(rows):
                means[draw, place, mine] = columns[np.ix_(rng.choice(chosen, size=len(chosen)), mine)].mean(axis=0)
    asymptotes, taus = fit_saturation(unique, means.transpose(0, 2, 1), method=method)
    shape = measured.shape[1:]
    return Extrapolation(
        asymptote=np.median(asymptotes, axis=0).reshape(shape),
        tau=np.median(taus, axis=0).reshape(shape),
        draws=asymptotes.reshape(n_boot, *shape),
        sizes=unique,
        means=observed.reshape(len(unique), *shape),
    )
