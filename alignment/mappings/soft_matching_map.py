"""Soft matching: optimal transport between units, the generalisation of one-to-one matching to unequal numbers.

For p units x_i and m units y_j, centred over presentations and of unit length, with r_ij their Pearson correlations::

    U(1/p, 1/m) = {P >= 0 with row sums 1/p and column sums 1/m}
    d^2 = min over P in U of sum_ij P_ij ||x_i - y_j||^2 = 2 - 2 s,    s = max over P in U of sum_ij P_ij r_ij

d is a metric; with p = m the best P is a permutation (over p) and soft matching is the Hungarian one-to-one match.
"""

from math import gcd
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.optimize import linear_sum_assignment, linprog

from .base import Mapping
from .one_to_one_map import unit_columns, varies

if TYPE_CHECKING:
    from sklearn.utils import Tags

FIRST_PAIRS = 8  # pairs of each unit that the linear program starts with
DUAL_TOLERANCE = 1e-9  # gain in correlation below which a left-out pair of units is not worth adding


def soft_matching_correlation(X: np.ndarray, Y: np.ndarray) -> float:
    """Soft-matching correlation s of two populations.

    Parameters
    ----------
    X, Y
        ``(presentation, unit)`` activities of the two populations to the same presentations; finite, no unit constant.

    Returns
    -------
    float
        s = max sum_ij P_ij r_ij, at most 1, which is reached by equal populations up to scale, offset and order.

    References
    ----------
    Khosla & Williams (2024), Soft matching distance, arXiv:2311.09466.
    """
    x, y = _populations(X, Y)
    merit = x.T @ y
    return float((transport_plan(merit) * merit).sum())


def soft_matching_distance(X: np.ndarray, Y: np.ndarray) -> float:
    """Soft-matching distance d of two populations, a metric.

    Parameters
    ----------
    X, Y
        ``(presentation, unit)`` activities of the two populations to the same presentations; finite, no unit constant.

    Returns
    -------
    float
        d = sqrt(min sum_ij P_ij ||x_i - y_j||^2), from 0 (equal up to scale, offset and order of units) to 2.

    References
    ----------
    Khosla & Williams (2024), Soft matching distance, arXiv:2311.09466.
    """
    x, y = _populations(X, Y)
    plan = transport_plan(x.T @ y)
    # Differences of matched units, and not 2 - 2 s, so that equal populations are at 0 and not at 1e-8.
    total = sum(plan[i, j] * ((x[:, i] - y[:, j]) ** 2).sum() for i, j in zip(*np.nonzero(plan), strict=True))
    return float(np.sqrt(total))


def transport_plan(merit: np.ndarray) -> np.ndarray:
    """Optimal transport of equal masses, exactly.

    Where one number of units is a multiple of the other, this is an assignment with repeated units; else a linear
    program (HiGHS) that starts with few pairs and takes in others until the duals prove that none can add.

    Parameters
    ----------
    merit
        ``(p, m)`` merit of every pair.

    Returns
    -------
    numpy.ndarray
        ``(p, m)`` P, not negative, with row sums 1/p and column sums 1/m, that maximises sum P merit. One of them where
        several are equal.
    """
    p, m = merit.shape
    if p % m and m % p:
        return _linear_program(merit)
    size = max(p, m)
    rows, columns = np.repeat(np.arange(p), size // p), np.repeat(np.arange(m), size // m)
    first, second = linear_sum_assignment(merit[np.ix_(rows, columns)], maximize=True)
    plan = np.zeros((p, m))
    np.add.at(plan, (rows[first], columns[second]), 1 / size)
    return plan


class SoftMatching(Mapping):
    """Soft matching: each neuroid is predicted by the source units that optimal transport gives it.

    The transport plan P is fitted to correlations of the training presentations; every source unit gives away the same
    mass and every neuroid receives the same, so no unit can serve all neuroids. With standardised units z_i, the
    prediction is the average that P weights, in units of the neuroid::

        prediction for j = mean_j + sd_j sum_i m P_ij z_i

    Weights are never negative, so a unit serves neuroids with the sign that it has.

    Attributes
    ----------
    plan_ : numpy.ndarray
        ``(feature, neuroid)`` P; rows of constant features and columns of constant neuroids are 0.
    matching_correlation_ : float
        s = sum_ij P_ij r_ij on the training presentations.
    n_constant_features_, n_constant_neuroids_ : int
        Features without part in the plan, and neuroids whose mean is predicted, because they are constant in training.

    Notes
    -----
    The plan is exact, unique up to ties, and needs all p m correlations at once: 4096 x 200 or 1000 x 700 units take
    half a second on one thread. For much larger layers take a sample of units first.

    References
    ----------
    Khosla & Williams (2024), Soft matching distance, arXiv:2311.09466.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.mappings import SoftMatching
    >>> x = np.random.default_rng(0).standard_normal((50, 4))
    >>> model = SoftMatching().fit(x, 3 * x[:, [2, 0, 1, 3]] + 1)
    >>> bool(np.allclose(model.predict(x), 3 * x[:, [2, 0, 1, 3]] + 1))
    True
    """

    def describe(self) -> str:
        """The mapping in words, for protocols."""
        return "soft matching (optimal transport between units on training correlations)"

    def __sklearn_tags__(self) -> "Tags":
        """Tags of scikit-learn: weights are not fitted to reduce errors."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags

    def _more_tags(self) -> dict[str, bool]:  # scikit-learn before 1.6
        return {"poor_score": True}

    def _fit(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        x, y = x.astype(np.float64, copy=False), y.astype(np.float64, copy=False)
        usable, known = np.flatnonzero(varies(x)), np.flatnonzero(varies(y))
        if len(usable) == 0 and len(known) > 0:
            raise ValueError(
                f"all {x.shape[1]} source units are constant over the {len(x)} training presentations; at least one that "
                "varies is needed to match. Give other features or more presentations."
            )
        self.n_constant_features_, self.n_constant_neuroids_ = x.shape[1] - len(usable), y.shape[1] - len(known)
        self.plan_ = np.zeros((x.shape[1], y.shape[1]))
        self.matching_correlation_ = np.nan
        if len(known) > 0:
            merit = unit_columns(x[:, usable]).T @ unit_columns(y[:, known])
            plan = transport_plan(merit)
            self.plan_[np.ix_(usable, known)] = plan
            self.matching_correlation_ = float((plan * merit).sum())
        self._y_mean, self._x_mean = y.mean(axis=0), x.mean(axis=0)
        scale = np.ones(x.shape[1])
        scale[usable] = x[:, usable].std(axis=0)
        self._weights = self.plan_ * (len(known) * y.std(axis=0)) / scale[:, None]

    def _predict(self, x: np.ndarray) -> np.ndarray:
        return (x - self._x_mean) @ self._weights + self._y_mean


def _linear_program(merit: np.ndarray) -> np.ndarray:
    p, m = merit.shape
    common = gcd(p, m)
    # Whole numbers of mass have whole solutions, which rounding makes exact.
    masses = np.concatenate([np.full(p, m // common), np.full(m, p // common)]).astype(float)
    chosen = np.zeros((p, m), dtype=bool)
    chosen[_feasible_pairs(p, m, common)] = True
    _add_best(chosen, merit)
    while True:
        rows, columns = np.nonzero(chosen)
        number = np.arange(len(rows))
        incidence = sparse.csr_matrix(
            (np.ones(2 * len(rows)), (np.concatenate([rows, p + columns]), np.concatenate([number, number])))
        )
        # HiGHS's presolve takes many times longer than the solution of a transport problem.
        solution = linprog(
            -merit[rows, columns], A_eq=incidence, b_eq=masses, method="highs-ds", options={"presolve": False}
        )
        if not solution.success:
            raise RuntimeError(f"the transport between {p} and {m} units was not solved: {solution.message}")
        duals = -solution.eqlin.marginals
        gain = merit - duals[:p, None] - duals[p:]
        gain[chosen] = 0.0
        if gain.max() <= DUAL_TOLERANCE:
            plan = np.zeros((p, m))
            plan[rows, columns] = np.round(solution.x) * common / (p * m)
            return plan
        _add_best(chosen, np.where(gain > DUAL_TOLERANCE, gain, -np.inf))


def _feasible_pairs(p: int, m: int, common: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs over which the masses can be spread: unit i of p and j of m that overlap when both fill one line."""
    edges = np.union1d(np.arange(p) * (m // common), np.arange(m) * (p // common))
    return edges // (m // common), edges // (p // common)


def _add_best(chosen: np.ndarray, merit: np.ndarray) -> None:
    """Mark the best pairs of every unit, of those with a finite merit."""
    for axis in (0, 1):
        count = min(FIRST_PAIRS, merit.shape[axis])
        best = np.argpartition(-merit, count - 1, axis=axis).take(range(count), axis=axis)
        finite = np.isfinite(np.take_along_axis(merit, best, axis=axis))
        np.put_along_axis(chosen, best, np.take_along_axis(chosen, best, axis=axis) | finite, axis=axis)


def _populations(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centred units of unit length, after the checks of the public functions."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or len(x) < 2 or 0 in (x.shape[1], y.shape[1]):
        raise ValueError(
            f"soft matching compares X {x.shape} with Y {y.shape}; two arrays (presentation, unit) of the same 2 or more "
            "presentations are accepted. Give one row for each presentation in both."
        )
    for name, values in (("X", x), ("Y", y)):
        if not np.isfinite(values).all():
            raise ValueError(
                f"{name} holds {int((~np.isfinite(values)).sum())} values that are NaN or infinite; finite values are "
                "accepted. Remove or mend those units or presentations."
            )
        constant = int((~varies(values)).sum())
        if constant:
            raise ValueError(
                f"{constant} of {values.shape[1]} units of {name} are constant and have no correlation; units that vary "
                f"are accepted. Leave them out, as in {name}[:, {name}.std(axis=0) > 0], and report how many."
            )
    return unit_columns(x), unit_columns(y)
