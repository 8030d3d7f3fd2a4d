"""Time-binned mappings on flat responses, where every neuroid and time bin is a column."""

from collections.abc import Sequence

import numpy as np

from ..folds import Fold
from .base import CrossPrediction, Mapping
from .time_bins import PerTimeBin, SharedOverTime


class FlatBins(Mapping):
    """A mapping over time bins for responses ``(presentation, neuroid x time_bin)``, bins of a neuroid side by side.

    Parameters
    ----------
    mapping
        `SharedOverTime` or `PerTimeBin`.
    n_bins
        Time bins per neuroid.

    Notes
    -----
    Features have no time axis here: they are the same in every bin, so shared weights predict the same course for each.
    """

    def __init__(self, mapping: "SharedOverTime | PerTimeBin", n_bins: int) -> None:
        self.mapping = mapping
        self.n_bins = n_bins

    def describe(self) -> str:
        """The mapping in words, for protocols."""
        return self.mapping.describe()

    def cross_predict(
        self,
        features: np.ndarray,
        responses: np.ndarray,
        folds: Sequence[Fold],
        groups: np.ndarray | None = None,
        *,
        inner: bool = True,
        n_inner: int = 5,
    ) -> CrossPrediction:
        """As the mapping does, with the bins folded out and in again."""
        if responses.shape[1] % self.n_bins:
            raise ValueError(
                f"responses have {responses.shape[1]} columns, which {self.n_bins} time bins do not divide."
            )
        cube = responses.reshape(len(responses), -1, self.n_bins)
        made = self.mapping.cross_predict(features, cube, folds, groups, inner=inner, n_inner=n_inner)
        flat = [part.reshape(len(part), -1) for part in made.predictions]
        quality = np.repeat(made.inner_r2, self.n_bins, axis=1)
        chosen = {
            key: value.reshape(len(value), -1) if value.ndim == 3 else np.repeat(value, self.n_bins, axis=1)
            for key, value in made.chosen.items()
        }
        return CrossPrediction(flat, quality, chosen)
