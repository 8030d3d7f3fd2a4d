"""Ceilings from subjects who predict each other, extrapolated to infinitely many of them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from ..correlation import pearson
from ..folds import Fold
from .extrapolation import Extrapolation, Method, extrapolate
from .halved_fits import cross_predictions


@dataclass(frozen=True)
class SubjectCeiling:
    """Extrapolated ceilings of the neuroids, with what they were extrapolated from.

    Attributes
    ----------
    values
        ``(neuroid,)`` extrapolated correlations; NaN where a fit failed.
    draws
        ``(boot, neuroid)``.
    sizes
        Numbers of subjects, the predicted one included.
    held_out
        Per size ``(subset, split, neuroid)`` correlations; NaN for neuroids of subjects outside the subset.
    n_undefined
        Neuroids without a value.
    """

    values: np.ndarray
    draws: np.ndarray
    sizes: tuple[int, ...]
    held_out: tuple[np.ndarray, ...]
    n_undefined: int

    @property
    def value(self) -> float:
        """Median over the neuroids that have a value."""
        finite = self.values[np.isfinite(self.values)]
        return float(np.median(finite)) if len(finite) else float("nan")

    def interval(self, level: float = 0.95) -> np.ndarray:
        """``(2, neuroid)`` percentile interval over the bootstrap of subsets and splits."""
        return np.quantile(self.draws, [(1 - level) / 2, (1 + level) / 2], axis=0)


def subject_extrapolation_ceiling(
    responses: npt.ArrayLike,
    subjects: npt.ArrayLike,
    folds: Sequence[Fold],
    mapping: BaseEstimator,
    *,
    groups: np.ndarray | None = None,
    max_subsets: int | None = None,
    n_boot: int = 100,
    seed: int = 0,
    method: Method = "global",
) -> SubjectCeiling:
    """How well all other subjects, if there were infinitely many, would predict a subject.

    For every number k of subjects from 2 to all, every subset of k and every member, the neuroids of the other members
    predict the member's, cross-validated. Per neuroid v0 (1 - exp(-k / tau)) is fitted to the mean correlations, on
    bootstraps over subsets and splits; the ceiling is the median v0. Averages of noisy subjects improve as 1 / k, slower
    than an exponential ends, so the extrapolated value is rather too low than too high.

    Parameters
    ----------
    responses
        ``(stimulus, neuroid)``, finite.
    subjects
        ``(neuroid,)`` whose neuroid it is; at least three subjects.
    folds
        Training and test rows.
    mapping
        From neuroids to neuroids; a `Mapping` or a scikit-learn regressor.
    groups
        ``(stimulus,)`` labels for the inner folds of a `Mapping`, or None.
    max_subsets
        So many random subsets per number instead of all, if there are more.
    n_boot, seed, method
        See `extrapolate`. ``method="curve_fit"`` is Brain-Score language's.

    Raises
    ------
    ValueError
        For fewer than three subjects or shapes that do not fit.

    References
    ----------
    Schrimpf et al. 2021, PNAS 118(45): e2105646118, SI "Ceilings".
    """
    y, who = np.asarray(responses, dtype=float), np.asarray(subjects)
    names = sorted(set(who.tolist()))
    if y.ndim != 2 or who.shape != y.shape[1:] or not np.isfinite(y).all():
        raise ValueError(
            f"responses must be finite (stimulus, neuroid) with a subject per neuroid, received {y.shape} and {who.shape} "
            f"with {int((~np.isfinite(y)).sum())} values that are not finite."
        )
    if len(names) < 3:
        raise ValueError(f"an extrapolation over subjects needs at least 3 of them, received {len(names)}: {names}.")
    rng = np.random.default_rng(seed)
    sizes = tuple(range(2, len(names) + 1))
    held_out = []
    for size in sizes:
        subsets = list(itertools.combinations(names, size))
        if max_subsets is not None and len(subsets) > max_subsets:
            subsets = [subsets[place] for place in np.sort(rng.choice(len(subsets), max_subsets, replace=False))]
        r = np.full((len(subsets), len(folds), y.shape[1]), np.nan)
        for row, subset in enumerate(subsets):
            for member in subset:
                mine, others = who == member, np.isin(who, [one for one in subset if one != member])
                made = cross_predictions(y[:, others], y[:, mine], folds, mapping, groups)
                for split, (fold, predicted) in enumerate(zip(folds, made, strict=True)):
                    r[row, split, mine] = pearson(predicted, y[np.ix_(fold.test, mine)])
        held_out.append(r)
    k = np.repeat(sizes, [r.shape[0] * r.shape[1] for r in held_out])
    samples = np.concatenate([r.reshape(-1, y.shape[1]) for r in held_out])
    found: Extrapolation = extrapolate(k, samples, n_boot=n_boot, seed=seed, method=method)
    n_undefined = int(np.isnan(found.asymptote).sum())
    return SubjectCeiling(found.asymptote, found.draws, sizes, tuple(held_out), n_undefined)
