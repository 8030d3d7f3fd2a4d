"""Many tests at once: maximum statistic, false discovery rate, Holm."""

from typing import Literal

import numpy as np

from .permutation import ROUNDING, Alternative


def max_statistic(
    null: np.ndarray,
    observed: np.ndarray,
    *,
    exact: bool = False,
    step_down: bool = False,
    alternative: Alternative = "greater",
) -> np.ndarray:
    """Family-wise corrected p of many units from the permutation distribution of their maximum.

    p_u = (b + 1) / (B + 1) with b the permutations whose largest statistic over all units reaches that of unit u (b / B if
    ``exact``). The chance of any false positive is then at most alpha whatever the dependence between units, as long as
    every permutation was applied to all units together. Stepping down, the maximum for the unit of rank j runs
    only over units of rank j and below, and p never falls with rank: as safe and never larger.

    Parameters
    ----------
    null
        ``(permutation, unit)`` statistics; units are layers, neuroids or both flattened, on one comparable scale.
    observed
        ``(unit,)``.
    exact
        Whether ``null`` holds every permutation and so the observed one.
    step_down
        Give the step-down p.
    alternative
        ``"two-sided"`` takes absolute values, ``"less"`` minima.

    Returns
    -------
    numpy.ndarray
        ``(unit,)`` corrected p.

    References
    ----------
    Westfall & Young 1993, algorithm 2.8 (step-down); Nichols & Holmes 2002 (Hum. Brain Mapp. 15:1).
    """
    drawn, seen = np.asarray(null, dtype=float), np.asarray(observed, dtype=float)
    if drawn.ndim != 2 or seen.shape != drawn.shape[1:] or len(drawn) == 0:
        raise ValueError(f"null {drawn.shape} must be (permutation, unit) and observed {seen.shape} (unit,).")
    if not (np.isfinite(drawn).all() and np.isfinite(seen).all()):
        raise ValueError("null and observed must be finite; leave out units without a statistic first.")
    if alternative == "two-sided":
        drawn, seen = np.abs(drawn), np.abs(seen)
    elif alternative == "less":
        drawn, seen = -drawn, -seen
    elif alternative != "greater":
        raise ValueError(f"alternative must be 'greater', 'less' or 'two-sided', received {alternative!r}.")
    slack = ROUNDING * max(float(np.abs(drawn).max(initial=0.0)), float(np.abs(seen).max(initial=0.0)))
    order = np.argsort(-seen, kind="stable")
    if step_down:
        # Largest over the units of this rank and all lower ones.
        largest = np.maximum.accumulate(drawn[:, order[::-1]], axis=1)[:, ::-1]
    else:
        largest = np.broadcast_to(drawn.max(axis=1, keepdims=True), drawn.shape)
    added = 0 if exact else 1
    ranked = ((largest >= seen[order] - slack).sum(axis=0) + added) / (len(drawn) + added)
    p = np.empty_like(ranked)
    p[order] = np.maximum.accumulate(ranked)
    return p


def false_discovery_rate(p: np.ndarray, *, method: Literal["bh", "by"] = "bh") -> np.ndarray:
    """Adjust p for the expected share of false positives among all positives.

    For the i-th smallest of m: min over j >= i of m c p_(j) / j, at most 1; c = 1 (``"bh"``: independent or positively
    dependent tests) or the sum of 1 / k for k to m (``"by"``: any dependence).

    Parameters
    ----------
    p
        Of any shape, between 0 and 1; all of them are one family.
    method
        ``"bh"`` or ``"by"``.

    References
    ----------
    Benjamini & Hochberg 1995 (J. R. Stat. Soc. B 57:289); Benjamini & Yekutieli 2001 (Ann. Stat. 29:1165), theorem 1.3.
    """
    if method not in ("bh", "by"):
        raise ValueError(f"method must be 'bh' or 'by', received {method!r}.")
    values, order = _sorted(p)
    rank = np.arange(1, len(values) + 1)
    scale = len(values) * (1.0 if method == "bh" else float((1 / rank).sum()))
    adjusted = np.minimum.accumulate((scale * values[order] / rank)[::-1])[::-1]
    return _unsorted(adjusted, order, np.shape(p))


def holm_correction(p: np.ndarray) -> np.ndarray:
    """Adjust p for the chance of any false positive, for any dependence between the tests.

    For the i-th smallest of m: max over j <= i of (m - j + 1) p_(j), at most 1.

    Parameters
    ----------
    p
        Of any shape, between 0 and 1; all of them are one family.

    References
    ----------
    Holm 1979 (Scand. J. Stat. 6:65).
    """
    values, order = _sorted(p)
    adjusted = np.maximum.accumulate(np.arange(len(values), 0, -1) * values[order])
    return _unsorted(adjusted, order, np.shape(p))


def _sorted(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(p, dtype=float).reshape(-1)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(
            f"p must lie between 0 and 1, received {int((~((values >= 0) & (values <= 1))).sum())} of {len(values)} outside or "
            "NaN; leave those out first, they are no part of the family."
        )
    return values, np.argsort(values, kind="stable")


def _unsorted(adjusted: np.ndarray, order: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    found = np.empty_like(adjusted)
    found[order] = np.minimum(adjusted, 1.0)
    return found.reshape(shape)
