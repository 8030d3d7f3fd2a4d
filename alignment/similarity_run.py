"""Similarities of representations subject by subject: whole set, resampled, permuted, and nested over layers."""

from collections.abc import Mapping as Table
from dataclasses import replace

import numpy as np

from .baselines import Baseline
from .ceilings import CeilingEstimate
from .folds import Fold
from .measurement import Measurement, p_values
from .metrics import Rsa, Similarity

MOST_DRAWN = 300


class SimilarityRun:
    """Responses per subject, resamples and permutations that all layers and null models of one score share.

    The "neuroids" of such a score are the subjects: a similarity belongs to a population.

    Parameters
    ----------
    relations
        Subject to what `Similarity.relate` made of its neuroids.
    folds
        Used for the nested choice of a layer only.
    metric
        The similarity.
    ceiling
        Ceilings of the subjects.
    weights
        ``(boot, stimulus)`` counts of the resamples.
    orders
        ``(permutation, stimulus)`` permuted rows; may be empty.
    groups
        ``(stimulus,)`` labels that were resampled whole, or None.
    """

    def __init__(
        self,
        relations: Table[str, np.ndarray],
        folds: list[Fold],
        metric: Similarity,
        *,
        ceiling: CeilingEstimate,
        weights: np.ndarray,
        orders: np.ndarray,
        groups: np.ndarray | None = None,
    ) -> None:
        self.subject = np.array(list(relations))
        self.relations = list(relations.values())
        self.folds, self.metric, self.ceiling = folds, metric, ceiling
        self.weights, self.orders = weights, orders
        labels = np.arange(weights.shape[1]) if groups is None else np.unique(groups, return_inverse=True)[1]
        self._left_out = (labels != np.arange(labels.max() + 1)[:, None]).astype(float)

    def measure(self, features: np.ndarray, *, choose: bool = True) -> Measurement:
        """Compare features with every subject."""
        return self._measure(self.metric.relate(features), choose=choose)

    def measure_null(self, null: Baseline, features: np.ndarray) -> Measurement:
        """The same for a null model; with fewer than three columns its distances are euclidean."""
        if null.standardised:
            spread = features.std(axis=0)
            features = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
        metric = self.metric
        if isinstance(metric, Rsa) and features.shape[1] < 3:
            metric = replace(metric, method="euclidean")
        return self._measure(metric.relate(features), choose=False)

    def _measure(self, mine: np.ndarray, *, choose: bool) -> Measurement:
        metric = self.metric
        raw = np.array([[metric.compare(mine, theirs) for theirs in self.relations]])
        draws = np.stack([self._draws(mine, theirs) for theirs in self.relations], axis=1)
        permuted = np.stack([metric.null(mine, theirs, self.orders) for theirs in self.relations], axis=1)
        parts: dict[str, np.ndarray] = {"draws": draws, "permuted": permuted, "relation": mine}
        if choose:
            for side in ("train", "test"):
                parts[side] = np.array(
                    [
                        [metric.compare(metric.select(mine, at), metric.select(one, at)) for one in self.relations]
                        for at in (getattr(fold, side) for fold in self.folds)
                    ]
                )
        return self._measurement(raw, draws, permuted, parts)

    def _draws(self, mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        """Resampled similarities, drawn in to the spread over samples of stimuli (pairs make the bootstrap too wide)."""
        from .similarity import corrected_draws

        draws = self.metric.draws(mine, theirs, self.weights)
        if not np.isfinite(draws).any() or len(self._left_out) < 4:
            return draws
        left = self.metric.draws(mine, theirs, self._left_out)
        return corrected_draws(draws, self.metric.compare(mine, theirs), left)

    def nested(self, layers: Table[str, Measurement]) -> tuple[Measurement, list[str]]:
        """The layer most similar on training stimuli, measured on test stimuli, mean over folds.

        Resamples are those of the chosen layers over all stimuli, shifted to the nested value; for the null distribution
        the largest layer of each permutation is taken, which can only make p larger.
        """
        names, each = list(layers), list(layers.values())
        best = np.stack([one.parts["train"].mean(axis=1) for one in each]).argmax(axis=0)  # (fold,)
        raw = np.mean([each[layer].parts["test"][k] for k, layer in enumerate(best)], axis=0)[None]
        draws = np.mean([each[layer].parts["draws"] for layer in best], axis=0)
        draws = draws + raw - np.mean([each[layer].raw for layer in best], axis=0)
        permuted = np.max([one.parts["permuted"] for one in each], axis=0)
        parts = {"relation": np.full_like(self.relations[0], np.nan)}
        return self._measurement(raw, draws, permuted, parts), [names[layer] for layer in best]

    def described(self, layers: Table[str, Measurement]) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
        """Upper triangles of the relations for figures, while they are few enough to be looked at."""
        n_stimuli = len(self.relations[0])
        if n_stimuli > MOST_DRAWN or not isinstance(self.metric, Rsa):
            return {}
        upper = np.triu_indices(n_stimuli, 1)
        return {
            "relation_model": (("layer", "pair"), np.stack([one.parts["relation"][upper] for one in layers.values()])),
            "relation_subject": (("neuroid", "pair"), np.stack([one[upper] for one in self.relations])),
        }

    def _measurement(
        self, raw: np.ndarray, draws: np.ndarray, permuted: np.ndarray, parts: dict[str, np.ndarray]
    ) -> Measurement:
        ceilings = self.ceiling.values if self.ceiling.draws is None else self.ceiling.draws
        return Measurement(
            raw,
            draws.mean(axis=1),
            (draws / ceilings).mean(axis=1),
            np.full(raw.shape, np.nan),
            {},
            permuted.mean(axis=1) if len(permuted) else np.empty(0),
            p_values(raw[0], permuted),
            parts,
        )
