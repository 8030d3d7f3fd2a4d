"""Dual bootstrap: the variance of a statistic over new stimuli and new subjects together."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from .resampling import CI_LEVEL, bootstrap_weights

BATCH = 64


@dataclass(frozen=True, eq=False)
class DualBootstrapResult:
    """Variance over stimuli and subjects, with the three bootstraps that it is made from.

    Attributes
    ----------
    value
        ``()`` or ``(model,)`` statistic of the sample.
    covariance
        ``(model, model)`` corrected as `dual_bootstrap` says, not bounded; of differences ask `difference`.
    variance
        Corrected variance, bounded; of the shape of ``value``.
    of_stimuli, of_subjects, of_both
        ``(model, model)`` covariances when only stimuli, only subjects, or both are resampled.
    low, high
        Interval value -+ t sqrt(variance).
    df
        Degrees of freedom of t: the smaller number of stimuli (groups) and subjects, less one.
    level
        Nominal coverage.
    n_undefined
        Draws that were NaN (too few different stimuli) and left out.
    """

    value: np.ndarray
    covariance: np.ndarray
    variance: np.ndarray
    of_stimuli: np.ndarray
    of_subjects: np.ndarray
    of_both: np.ndarray
    low: np.ndarray
    high: np.ndarray
    df: int
    level: float
    n_undefined: int

    def difference(self, first: int, second: int) -> tuple[float, float, float]:
        """Difference of two models with its standard error and two-sided p.

        Parameters
        ----------
        first, second
            Positions of the models in ``value``.

        Returns
        -------
        difference, standard_error, p : float
            From the covariances of the models in the same draws; p is NaN if the models never differ.
        """
        if self.value.ndim != 1:
            raise ValueError("the statistic has one value; differences need a statistic (draw, model).")
        contrast = np.zeros(len(self.value))
        contrast[first] += 1
        contrast[second] -= 1
        spread = [float(contrast @ part @ contrast) for part in (self.of_stimuli, self.of_subjects, self.of_both)]
        error = float(np.sqrt(dual_variance(*spread)))
        gap = float(contrast @ self.value)
        p = float(2 * stdtr(self.df, -abs(gap) / error)) if error > 0 else float("nan")
        return gap, error, p


def dual_variance(
    of_stimuli: np.ndarray | float, of_subjects: np.ndarray | float, of_both: np.ndarray | float
) -> np.ndarray:
    """Corrected variance 2 (stimuli + subjects) - both, kept between the larger single one and that of both.

    Resampling both counts the variance of their interaction (and of single measurements) three times, each single
    bootstrap counts it once: with V_s = S + E, V_p = P + E and V_sp = S + P + 3 E the combination gives S + P + E.

    Parameters
    ----------
    of_stimuli, of_subjects, of_both
        Variances of the statistic when these are resampled.

    References
    ----------
    Schuett, Kipnis, Diedrichsen & Kriegeskorte 2023 (eLife 12:e82566), Methods, corrected 2-factor bootstrap.
    """
    corrected = 2 * (np.asarray(of_stimuli) + of_subjects) - of_both
    return np.minimum(np.maximum(corrected, np.maximum(of_stimuli, of_subjects)), of_both)


def dual_bootstrap(
    statistic: Callable[[np.ndarray, np.ndarray], np.ndarray],
    n_stimuli: int,
    n_subjects: int,
    *,
    groups: np.ndarray | None = None,
    n_boot: int = 1000,
    level: float = CI_LEVEL,
    seed: int = 0,
) -> DualBootstrapResult:
    """Variance and interval of a statistic for new stimuli and new subjects at once.

    Three bootstraps are run, over stimuli, over subjects and over both, and combined by `dual_variance`. The interval is
    value -+ t sqrt(variance) with t of min(stimuli, subjects) - 1 degrees of freedom.

    Parameters
    ----------
    statistic
        Function of counts ``(draw, stimulus)`` and ``(draw, subject)``, how often each one was drawn, that returns ``(draw,)``
        or ``(draw, model)``. For RDMs a pair of stimuli has the product of their counts as weight; the distance of a
        stimulus to its own copy is 0 by construction and must be left out.
    n_stimuli, n_subjects
        Sizes of the sample.
    groups
        ``(stimulus,)`` labels of stimuli drawn as wholes.
    n_boot
        Draws of each of the three bootstraps.
    level
        Nominal coverage.
    seed
        Seed of the draws.
    """
    if n_stimuli < 2 or n_subjects < 2 or n_boot < 2:
        raise ValueError(
            f"a dual bootstrap needs at least 2 stimuli, subjects and draws, received {n_stimuli}, {n_subjects}, {n_boot}."
        )
    one_stimuli, one_subjects = np.ones((1, n_stimuli)), np.ones((1, n_subjects))
    value = np.asarray(statistic(one_stimuli, one_subjects), dtype=float)
    if value.ndim not in (1, 2) or len(value) != 1 or not np.isfinite(value).all():
        raise ValueError(
            f"the statistic must return finite (draw,) or (draw, model), received {value.shape} for one draw."
        )
    stimuli = bootstrap_weights(n_stimuli, groups, n_boot, seed)
    subjects = np.random.default_rng([seed, 1]).multinomial(
        n_subjects, np.full(n_subjects, 1 / n_subjects), size=n_boot
    )
    fixed_stimuli, fixed_subjects = (
        np.broadcast_to(one_stimuli, stimuli.shape),
        np.broadcast_to(one_subjects, subjects.shape),
    )
    parts, undefined = [], 0
    for over_stimuli, over_subjects in ((stimuli, fixed_subjects), (fixed_stimuli, subjects), (stimuli, subjects)):
        blocks = [slice(start, start + BATCH) for start in range(0, n_boot, BATCH)]
        draws = np.concatenate([np.asarray(statistic(over_stimuli[at], over_subjects[at])) for at in blocks])
        table = draws.reshape(n_boot, -1)
        known = np.isfinite(table).all(axis=1)
        undefined += int((~known).sum())
        if known.sum() < 2:
            raise ValueError(
                "the statistic is NaN in nearly all draws; use more stimuli, or check that it takes counts."
            )
        parts.append(np.atleast_2d(np.cov(table[known], rowvar=False)))
    of_stimuli, of_subjects, of_both = parts
    variance = dual_variance(*(np.diag(part) for part in parts)).reshape(value.shape[1:])
    n_units = n_stimuli if groups is None else len(np.unique(groups))
    df = min(n_units, n_subjects) - 1
    reach = float(stdtrit(df, (1 + level) / 2)) * np.sqrt(variance)
    centre = value[0]
    covariance = 2 * (of_stimuli + of_subjects) - of_both
    return DualBootstrapResult(
        np.asarray(centre),
        covariance,
        variance,
        of_stimuli,
        of_subjects,
        of_both,
        centre - reach,
        centre + reach,
        df,
        level,
        undefined,
    )
