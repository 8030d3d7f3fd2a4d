"""Parts of explained variance with their intervals, and how they follow from models of fewer feature spaces."""

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from .inference.resampling import interval

if TYPE_CHECKING:
    import pandas as pd

NEUROIDS_PER_BLOCK = 500

Spaces = tuple[str, ...]


@dataclass(frozen=True)
class Share:
    """A part of the explained variance, with 95 % intervals over presentations.

    Attributes
    ----------
    r2, low, high
        ``(neuroid,)``; NaN for a neuroid whose responses do not vary.
    mean, mean_low, mean_high
        Mean over neuroids and its interval.
    draws
        ``(boot,)`` the mean in each bootstrap draw.
    """

    r2: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: float
    mean_low: float
    mean_high: float
    draws: np.ndarray


@dataclass(frozen=True)
class VariancePartition:
    """Result of `partition_variance`.

    Attributes
    ----------
    method
        ``nested`` or ``product``.
    spaces
        Names of the feature spaces.
    shares
        Spaces to the part that they hold: one space for a unique part (``nested``) or its product measure
        (``product``), several for what exactly they share. They sum to ``full``.
    full
        Variance explained by all spaces together.
    models
        Spaces to the R2 ``(neuroid,)`` of the model that was fitted to them.
    factor
        By how much intervals were widened because folds share training presentations.
    protocol
        What was done, in words.
    """

    method: str
    spaces: Spaces
    shares: dict[Spaces, Share]
    full: Share
    models: dict[Spaces, np.ndarray]
    factor: float
    protocol: str

    @property
    def unique(self) -> dict[str, Share]:
        """Space to the part that it alone holds; for the product measure, to its part of the sum."""
        return {spaces[0]: share for spaces, share in self.shares.items() if len(spaces) == 1}

    @property
    def shared(self) -> dict[Spaces, Share]:
        """Two or more spaces to the part that exactly they share; empty for the product measure."""
        return {spaces: share for spaces, share in self.shares.items() if len(spaces) > 1}

    def table(self, neuroid: int | None = None) -> "pd.DataFrame":
        """One row per part and one for all spaces together, ready for a bar plot.

        Parameters
        ----------
        neuroid
            Number of a neuroid; None for the mean over neuroids.

        Returns
        -------
        pandas.DataFrame
            ``part`` (such as ``form & motion``), ``kind`` (``unique``, ``shared``, ``product``, ``full``), ``n_spaces``,
            ``r2``, ``ci_low``, ``ci_high``, and ``of_full``, the part divided by the variance that all spaces explain.
        """
        import pandas as pd

        rows = []
        total = self.full.mean if neuroid is None else self.full.r2[neuroid]
        for spaces, share in [*self.shares.items(), (self.spaces, self.full)]:
            if share is self.full:
                kind = "full"
            elif self.method == "product":
                kind = "product"
            else:
                kind = "unique" if len(spaces) == 1 else "shared"
            numbers = (
                (share.mean, share.mean_low, share.mean_high)
                if neuroid is None
                else (share.r2[neuroid], share.low[neuroid], share.high[neuroid])
            )
            rows.append(
                ("all" if kind == "full" else " & ".join(spaces), kind, len(spaces), *numbers, numbers[0] / total)
            )
        return pd.DataFrame(rows, columns=["part", "kind", "n_spaces", "r2", "ci_low", "ci_high", "of_full"])


def subsets(spaces: Spaces) -> list[Spaces]:
    """All combinations, single spaces first, all spaces last."""
    return [chosen for size in range(1, len(spaces) + 1) for chosen in combinations(spaces, size)]


def commonality(spaces: Spaces) -> np.ndarray:
    """Coefficients ``(part, subset)`` that turn the R2 of subsets into the parts that exactly those spaces share."""
    every = subsets(spaces)
    place = {chosen: number for number, chosen in enumerate(every)}
    recipe = np.zeros((len(every), len(every)))
    for row, part in enumerate(every):
        for size in range(len(part) + 1):
            for taken in combinations(part, size):
                sign = (-1) ** (len(part) - size)
                recipe[row, -1] += sign
                rest = tuple(name for name in spaces if name not in taken)
                if rest:
                    recipe[row, place[rest]] -= sign
    return recipe


def estimate_shares(
    recipe: np.ndarray, parts: np.ndarray, total: np.ndarray, weights: np.ndarray, factor: float
) -> tuple[np.ndarray, list[Share]]:
    """R2 of the models ``(model, neuroid)``, and value and interval of each combination of them.

    Parameters
    ----------
    recipe
        ``(quantity, model)`` coefficients.
    parts, total
        ``(model, presentation, neuroid)`` explained and ``(presentation, neuroid)`` total squares.
    weights
        ``(boot, presentation)`` counts of the bootstrap.
    factor
        Widening of intervals.
    """
    n_neuroids = total.shape[1]
    squares = total.sum(axis=0)
    r2 = parts.sum(axis=1) / np.where(squares > 0, squares, np.nan)
    values = recipe @ r2
    defined = np.isfinite(r2).all(axis=0)
    low, high = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    draws = np.zeros((len(recipe), len(weights)))
    for start in range(0, n_neuroids, NEUROIDS_PER_BLOCK):
        block = np.flatnonzero(defined[start : start + NEUROIDS_PER_BLOCK]) + start
        with np.errstate(invalid="ignore", divide="ignore"):
            models = np.stack([weights @ one[:, block] for one in parts]) / (weights @ total[:, block])
        drawn = np.tensordot(recipe, models, axes=1)  # (quantity, boot, neuroid)
        draws += drawn.sum(axis=2)
        for row in range(len(recipe)):
            for place, neuroid in enumerate(block):
                low[row, neuroid], high[row, neuroid] = interval(drawn[row, :, place], values[row, neuroid], factor)
    shares = []
    count = int(defined.sum())
    for row in range(len(recipe)):
        each = draws[row] / count if count else np.full(len(weights), np.nan)
        mean = float(values[row, defined].mean()) if count else float("nan")
        bounds = interval(each, mean, factor)
        shares.append(Share(values[row], low[row], high[row], mean, *bounds, each))
    return r2, shares
