"""Permutation tests: exact where the permutations can be counted out, random otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .pooling import Pooling
from .schemes import CircularShifts, Scheme, SchemeName, make_scheme

MAX_EXACT = 100_000
ROUNDING = 1e-12  # statistics closer than this share of the largest one are equal but for rounding
MAX_BLOCK = 1 << 17  # numbers gathered at once: 1 MB, which stays in a processor's cache

Alternative = Literal["greater", "less", "two-sided"]


@dataclass(frozen=True, eq=False)
class PermutationResult:
    """A statistic beside its values under permutation.

    Attributes
    ----------
    observed
        ``()`` or ``(unit,)`` statistic of the data as they are.
    null
        ``(permutation, ...)``; the first is the observed one where ``exact``.
    p
        Of the shape of ``observed``.
    exact
        Whether ``null`` holds every permutation of the scheme.
    alternative
        Side that counts as extreme.
    scheme
        What was permuted, in words.
    """

    observed: np.ndarray
    null: np.ndarray
    p: np.ndarray
    exact: bool
    alternative: Alternative
    scheme: str

    def describe(self) -> str:
        """How p was obtained, in one sentence."""
        if self.exact:
            return f"exact permutation test ({self.alternative}) over all {len(self.null)} permutations: {self.scheme}."
        return (
            f"permutation test ({self.alternative}) with {len(self.null)} random permutations, p = (b + 1) / (B + 1): "
            f"{self.scheme}."
        )


def permutation_p(null: np.ndarray, observed: np.ndarray, *, exact: bool, alternative: Alternative) -> np.ndarray:
    """Share of permutations as extreme as observed: p under their permutation distribution.

    With b of B permutations at least as extreme: p = b / B if ``exact`` (null holds every permutation and so the observed
    one), else p = (b + 1) / (B + 1). Two-sided: twice the smaller one-sided p, at most 1.

    Parameters
    ----------
    null
        ``(permutation, ...)``.
    observed
        ``(...)``.
    exact
        Whether null holds every permutation.
    alternative
        ``"greater"``, ``"less"`` or ``"two-sided"``.

    Returns
    -------
    numpy.ndarray
        ``(...)``; NaN where observed is NaN. Permutations that are NaN count as extreme.

    References
    ----------
    Phipson & Smyth 2010 (Stat. Appl. Genet. Mol. Biol. 9:39), equation 2.
    """
    if alternative not in ("greater", "less", "two-sided"):
        raise ValueError(f"alternative must be 'greater', 'less' or 'two-sided', received {alternative!r}.")
    seen = np.asarray(observed, dtype=float)
    with np.errstate(invalid="ignore"):
        slack = ROUNDING * np.fmax(np.fmax.reduce(np.abs(null), axis=0), np.abs(seen))
    added = 0 if exact else 1
    one_sided = [
        ((~compare).sum(axis=0) + added) / (len(null) + added) for compare in (null < seen - slack, null > seen + slack)
    ]
    greater, less = one_sided
    p = {"greater": greater, "less": less, "two-sided": np.minimum(1.0, 2 * np.minimum(greater, less))}[alternative]
    return np.where(np.isnan(seen), np.nan, p)


def permutation_test(
    statistic: Callable[[np.ndarray], np.ndarray | float],
    n_items: int,
    *,
    scheme: SchemeName = "exchange",
    groups: np.ndarray | None = None,
    min_shift: int | None = None,
    block_length: int | None = None,
    n_permutations: int = 10_000,
    alternative: Alternative = "greater",
    vectorised: bool = False,
    batch: int = 256,
    seed: int = 0,
) -> PermutationResult:
    """Test of a statistic against its values after permutations that the null hypothesis allows.

    All permutations are evaluated if there are at most 100 000 of them; otherwise ``n_permutations`` random ones.

    Parameters
    ----------
    statistic
        Function of an index array ``(item,)`` that says which item takes each place, such as ``lambda index:
        score(features[index], responses)``; returns a number or ``(unit,)``. If ``vectorised`` it takes stacks
        ``(permutation, item)`` and returns ``(permutation,)`` or ``(permutation, unit)``.
    n_items
        Items: stimuli, or time points in order.
    scheme, groups, min_shift, block_length
        See `make_scheme`. Series that remember themselves need ``"circular-shift"`` or ``"block"``: shuffling their
        time points gives p far too small.
    n_permutations
        Random permutations where they are too many to count out.
    alternative
        ``"greater"``, ``"less"`` or ``"two-sided"``.
    vectorised
        Whether ``statistic`` takes stacks.
    batch
        Permutations per stack.
    seed
        Seed of the random permutations.

    Notes
    -----
    Refit inside ``statistic`` where a mapping was fitted: permuting fixed cross-validated predictions leaves out that
    each training set saw the other folds' responses. Circular shifts with a minimum are no group of permutations and real
    series have ends, so their p is approximate; it is never below one over the number of shifts.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.inference import permutation_test
    >>> x = np.arange(7.0)
    >>> result = permutation_test(lambda index: x[index] @ x, 7)
    >>> result.exact, float(result.p) == 1 / 5040
    (True, True)
    """
    if n_permutations < 1 or batch < 1:
        raise ValueError(f"n_permutations and batch must be at least 1, received {n_permutations} and {batch}.")
    chosen = make_scheme(scheme, n_items, groups=groups, min_shift=min_shift, block_length=block_length)

    def evaluate(stack: np.ndarray) -> np.ndarray:
        if vectorised:
            found = np.asarray(statistic(stack), dtype=float)
        else:
            found = np.asarray([statistic(index) for index in stack], dtype=float)
        if len(found) != len(stack) or found.ndim > 2:
            raise ValueError(
                f"for {len(stack)} permutations the statistic returned {found.shape}; it must return a number or (unit,) for "
                "each."
            )
        return found

    observed = evaluate(np.arange(n_items)[None])[0]
    return _tested(evaluate, observed, chosen, n_permutations, alternative, batch, seed)


def permutation_test_correlation(
    predicted: np.ndarray,
    observed: np.ndarray,
    *,
    scheme: SchemeName = "exchange",
    groups: np.ndarray | None = None,
    min_shift: int | None = None,
    block_length: int | None = None,
    pool: Literal["none", "median", "mean"] = "none",
    n_permutations: int = 10_000,
    alternative: Alternative = "greater",
    seed: int = 0,
) -> PermutationResult:
    """Permutation test of the correlation of each neuroid, or of their pool, with the rows of the predictions permuted.

    One permutation serves all neuroids, so the null keeps their dependence and suits `max_statistic`.

    Parameters
    ----------
    predicted, observed
        ``(stimulus, neuroid)`` or ``(time, neuroid)``, finite.
    scheme, groups, min_shift, block_length, n_permutations, alternative, seed
        As in `permutation_test`. For predictions over folds use ``"within-groups"`` with the folds.
    pool
        ``"none"`` tests each neuroid; ``"median"`` or ``"mean"`` tests that of all neuroids.

    Returns
    -------
    PermutationResult
        ``observed`` is Pearson r: 0 for a constant prediction, NaN for a constant observation (counted out of pools).
    """
    p, o = np.asarray(predicted, dtype=float), np.asarray(observed, dtype=float)
    if p.ndim != 2 or p.shape != o.shape:
        raise ValueError(f"predicted {p.shape} and observed {o.shape} must both be (stimulus, neuroid).")
    if not (np.isfinite(p).all() and np.isfinite(o).all()):
        raise ValueError("predicted and observed must be finite; leave out stimuli or neuroids with NaN first.")
    chosen = make_scheme(scheme, len(p), groups=groups, min_shift=min_shift, block_length=block_length)
    pooling = None if pool == "none" else Pooling(None, p.shape[1], pool)
    p, o = _normalised(p, constant=0.0), _normalised(o, constant=np.nan)

    def pooled(r: np.ndarray) -> np.ndarray:
        return r if pooling is None else pooling.value(r)

    seen = pooled((p * o).sum(axis=0))
    if isinstance(chosen, CircularShifts) and chosen.count <= MAX_EXACT:
        null = pooled(_all_rotations(p, o)[chosen.shifts])
        null[0] = seen
        return _result(seen, null, True, alternative, chosen)
    return _tested(
        lambda stack: pooled(_correlations(p, o, stack)), seen, chosen, n_permutations, alternative, 256, seed
    )


def sign_flip_test(
    differences: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    n_permutations: int = 10_000,
    alternative: Alternative = "two-sided",
    seed: int = 0,
) -> PermutationResult:
    """Paired test of mean differences: under the null each difference could as well have the other sign.

    All 2^n sign patterns are evaluated if there are at most 100 000 of them, otherwise random ones.

    Parameters
    ----------
    differences
        ``(item,)`` or ``(item, unit)``, finite: per stimulus, animal or neuroid, model A minus model B.
    groups
        ``(item,)`` labels; a group keeps one sign, because its members are not independent.
    n_permutations, alternative, seed
        As in `permutation_test`.
    """
    values = np.asarray(differences, dtype=float)
    if values.ndim not in (1, 2) or len(values) < 1 or not np.isfinite(values).all():
        raise ValueError(f"differences must be finite (item,) or (item, unit), received {values.shape}.")
    labels = np.arange(len(values)) if groups is None else np.asarray(groups)
    if labels.shape != (len(values),):
        raise ValueError(f"groups has shape {labels.shape}, but there are {len(values)} items; give one label each.")
    codes = np.unique(labels, return_inverse=True)[1]
    sums = np.zeros((int(codes.max()) + 1, *values.shape[1:]))
    np.add.at(sums, codes, values)
    observed, n_units = sums.sum(axis=0) / len(values), len(sums)
    exact = 2**n_units <= MAX_EXACT
    if exact:
        patterns = (np.arange(2**n_units)[:, None] >> np.arange(n_units)) & 1
    else:
        patterns = np.random.default_rng(seed).integers(0, 2, size=(n_permutations, n_units))
    null = (1.0 - 2.0 * patterns) @ sums / len(values)
    p = permutation_p(null, observed, exact=exact, alternative=alternative)
    words = f"signs of {n_units} {'items' if groups is None else 'groups'} flipped"
    return PermutationResult(observed, null, p, exact, alternative, words)


def _tested(
    evaluate: Callable[[np.ndarray], np.ndarray],
    observed: np.ndarray,
    scheme: Scheme,
    n_permutations: int,
    alternative: Alternative,
    batch: int,
    seed: int,
) -> PermutationResult:
    exact = scheme.count <= MAX_EXACT
    if exact:
        null = np.concatenate([evaluate(stack) for stack in scheme.every(batch)])
    else:
        rng = np.random.default_rng(seed)
        sizes = [min(batch, n_permutations - start) for start in range(0, n_permutations, batch)]
        null = np.concatenate([evaluate(scheme.random(rng, size)) for size in sizes])
    return _result(observed, null, exact, alternative, scheme)


def _result(
    observed: np.ndarray, null: np.ndarray, exact: bool, alternative: Alternative, scheme: Scheme
) -> PermutationResult:
    p = permutation_p(null, observed, exact=exact, alternative=alternative)
    return PermutationResult(np.asarray(observed), null, p, exact, alternative, scheme.describe())


def _normalised(values: np.ndarray, constant: float) -> np.ndarray:
    """Columns of mean 0 and length 1; columns that are constant but for rounding become ``constant``."""
    centred = values - values.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    varies = length > 1e-10 * np.sqrt(len(values)) * np.abs(values).max(axis=0)
    return np.where(varies, centred / np.where(varies, length, 1.0), constant)


def _correlations(p: np.ndarray, o: np.ndarray, stack: np.ndarray) -> np.ndarray:
    """``(permutation, neuroid)``; narrow blocks of neuroids keep the gathered rows in the cache."""
    found = np.empty((len(stack), p.shape[1]))
    width = max(1, MAX_BLOCK // len(p))
    for start in range(0, p.shape[1], width):
        block = slice(start, start + width)
        made, seen = np.ascontiguousarray(p[:, block]), np.ascontiguousarray(o[:, block])
        for row, index in enumerate(stack):
            found[row, block] = np.einsum("in,in->n", made[index], seen)
    return found


def _all_rotations(p: np.ndarray, o: np.ndarray) -> np.ndarray:
    """``(shift, neuroid)`` sums over i of p[(i + shift) mod n] o[i], by Fourier transform."""
    n_items = len(p)
    defined = ~np.isnan(o).any(axis=0)
    product = np.fft.rfft(p, axis=0) * np.fft.rfft(np.where(defined, o, 0.0), axis=0).conj()
    return np.where(defined, np.fft.irfft(product, n=n_items, axis=0), np.nan)
