"""Features to responses over folds: fit, predict, correlate, resample, permute; shared by layers and null models."""

import hashlib
from collections.abc import Mapping as Table

import numpy as np
from sklearn.base import clone

from .baselines import Baseline
from .ceilings import CeilingEstimate
from .correlation import pearson, weighted_pearson
from .folds import Fold
from .inference.pooling import median_draws
from .mappings import CrossPrediction, LeastSquares, Mapping, NeuroidRidge
from .measurement import Measurement, p_values
from .result import aggregate, nan_mean

NEUROIDS_PER_BLOCK = 2000
NULLS_REMEMBERED = 16
LARGEST_REMEMBERED = 1 << 22  # numbers: larger predictions would fill the memory for little
_nulls: dict[str, CrossPrediction] = {}
# Fit every column as if it stood alone. In all other mappings columns may share components, units or penalties.
COLUMN_BY_COLUMN = (NeuroidRidge, LeastSquares)


class CrossValidation:
    """Targets, folds, resamples and permutations that all layers and null models of one score share.

    Parameters
    ----------
    responses
        ``(stimulus, neuroid)`` what is predicted.
    subject
        ``(neuroid,)``.
    folds
        Training and test rows.
    groups
        ``(stimulus,)`` labels that inner folds keep together, or None.
    mapping
        Fitted anew in each fold.
    ceiling
        Ceilings of the neuroids.
    weights
        ``(boot, stimulus)`` counts of the resamples.
    orders
        ``(permutation, stimulus)`` permuted rows; may be empty.
    factor
        How much wider than the resamples the score scatters; see `alignment.inference.fold_factor`.
    """

    def __init__(
        self,
        responses: np.ndarray,
        subject: np.ndarray,
        folds: list[Fold],
        groups: np.ndarray | None,
        mapping: Mapping,
        *,
        ceiling: CeilingEstimate,
        weights: np.ndarray,
        orders: np.ndarray,
        factor: float = 1.0,
    ) -> None:
        self.responses, self.subject, self.folds, self.groups = responses, subject, folds, groups
        self.mapping, self.ceiling, self.weights, self.orders = mapping, ceiling, weights, orders
        self.factor = factor

    def measure(self, features: np.ndarray, *, choose: bool = True) -> Measurement:
        """Map features to all targets and permuted targets; ``choose`` False skips what only a choice of layers needs."""
        made = self.predicted(self.mapping, features, self.responses, choose=choose)
        permuted = self._permuted(features, choose) if len(self.orders) else None
        return self._measured(made, permuted)

    def measure_null(self, null: Baseline, features: np.ndarray) -> Measurement:
        """The same for a null model; small ones are remembered, since all models on a benchmark meet the same ones."""
        mapping = self.null_mapping(null)
        if len(features) * self.responses.shape[1] > LARGEST_REMEMBERED:
            return self._measured(self.predicted(mapping, features, self.responses), None)
        key = self._key(features, mapping)
        if key not in _nulls:
            while len(_nulls) >= NULLS_REMEMBERED:
                del _nulls[next(iter(_nulls))]
            _nulls[key] = self.predicted(mapping, features, self.responses)
        return self._measured(_nulls[key], None)

    def null_mapping(self, null: Baseline) -> Mapping:
        """The score's own ridge where it is one; else the default ridge, which suits any number of features."""
        mapping: Mapping = clone(self.mapping) if isinstance(self.mapping, NeuroidRidge) else NeuroidRidge()
        return mapping if null.standardised else mapping.set_params(standardise=False)

    def nested(self, layers: Table[str, Measurement]) -> tuple[Measurement, list[str]]:
        """Per fold, the layer with the best inner quality: chosen without its test rows, so not biased by the choice."""
        names = list(layers)
        each = list(layers.values())
        quality = np.stack([aggregate(one.quality, self.subject) for one in each])  # (layer, split)
        best = np.nan_to_num(quality, nan=-np.inf).argmax(axis=0)
        chosen = {
            key: np.stack([each[layer].chosen[key][k] for k, layer in enumerate(best)])
            for key in each[0].chosen
            if all(key in one.chosen for one in each)
        }
        made = CrossPrediction(
            [each[layer].parts["predictions"][k] for k, layer in enumerate(best)],
            np.stack([each[layer].quality[k] for k, layer in enumerate(best)]),
            chosen,
        )
        return self._measured(made, self._nested_null(each)), [names[layer] for layer in best]

    def _nested_null(self, each: list[Measurement]) -> tuple[np.ndarray, np.ndarray] | None:
        """The choice made anew in every permutation, as it would have been with those labels."""
        if not len(self.orders):
            return None
        quality = np.stack([one.parts["permuted"][1] for one in each])  # (layer, split, permutation)
        best = np.nan_to_num(quality, nan=-np.inf).argmax(axis=0)[None, ..., None]
        values = np.stack([one.parts["permuted"][0] for one in each])  # (layer, split, permutation, neuroid)
        return np.take_along_axis(values, best, axis=0)[0], np.take_along_axis(quality, best[..., 0], axis=0)[0]

    def predicted(
        self, mapping: Mapping, features: np.ndarray, targets: np.ndarray, *, choose: bool = False
    ) -> CrossPrediction:
        """Test rows of every fold, predicted by a mapping that was fitted on its training rows."""
        return mapping.cross_predict(features, targets, self.folds, self.groups, inner=choose)

    def correlations(self, fold: Fold, predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Agreement ``(column,)`` of predicted test rows with ``targets (stimulus, column)`` in one fold."""
        return pearson(predicted, targets[fold.test])

    def weighted_correlations(
        self, fold: Fold, predicted: np.ndarray, targets: np.ndarray, weights: np.ndarray
    ) -> np.ndarray:
        """The same for many weightings ``(draw, stimulus)`` of the stimuli, ``(draw, column)``."""
        return weighted_pearson(predicted, targets[fold.test], weights[:, fold.test])

    def _permuted(self, features: np.ndarray, choose: bool) -> tuple[np.ndarray, np.ndarray]:
        """Correlations ``(split, permutation, neuroid)`` and inner quality ``(split, permutation)`` of permuted targets.

        Everything is fitted and chosen anew for each: permuted targets are further columns of one regression where the
        mapping fits column by column, and a regression of their own where it does not.
        """
        if not isinstance(self.mapping, COLUMN_BY_COLUMN) and len(self.orders) > 1:
            each = [self._permuted_together(features, choose, order[None]) for order in self.orders]
            return np.concatenate([r for r, _ in each], axis=1), np.concatenate([one for _, one in each], axis=1)
        return self._permuted_together(features, choose, self.orders)

    def _permuted_together(
        self, features: np.ndarray, choose: bool, orders: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        n_permutations, n_neuroids = len(orders), self.responses.shape[1]
        targets = self.responses[orders].transpose(1, 0, 2).reshape(len(self.responses), -1)
        made = self.predicted(self.mapping, features, targets, choose=choose)
        shape = (len(self.folds), n_permutations, n_neuroids)
        r = np.stack(
            [self.correlations(fold, part, targets) for fold, part in zip(self.folds, made.predictions, strict=True)]
        )
        return r.reshape(shape), aggregate(made.inner_r2.reshape(shape), self.subject)

    def _measured(self, made: CrossPrediction, permuted: tuple[np.ndarray, np.ndarray] | None) -> Measurement:
        raw = np.stack(
            [
                self.correlations(fold, part, self.responses)
                for fold, part in zip(self.folds, made.predictions, strict=True)
            ]
        )
        draws_raw, draws_ceiled = self._draws(made.predictions, nan_mean(raw, axis=0))
        per_neuroid = np.empty((0, raw.shape[1])) if permuted is None else nan_mean(permuted[0], axis=0)
        parts = {"predictions": made.predictions, "permuted": permuted}
        return Measurement(
            raw,
            draws_raw,
            draws_ceiled,
            made.inner_r2,
            made.chosen,
            aggregate(per_neuroid, self.subject) if len(per_neuroid) else np.empty(0),
            p_values(nan_mean(raw, axis=0), per_neuroid),
            parts,
        )

    def _draws(self, predictions: list[np.ndarray], values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Raw and ceiled score of every resample, each ``(boot,)``, scattering as medians over neuroids do."""
        n_neuroids = self.responses.shape[1]
        raw = np.empty((len(self.weights), n_neuroids))
        for start in range(0, n_neuroids, NEUROIDS_PER_BLOCK):
            block = slice(start, start + NEUROIDS_PER_BLOCK)
            total = np.zeros((len(self.weights), raw[:, block].shape[1]))
            count = np.zeros_like(total)
            for fold, made in zip(self.folds, predictions, strict=True):
                r = self.weighted_correlations(fold, made[:, block], self.responses[:, block], self.weights)
                total += np.nan_to_num(r)
                count += ~np.isnan(r)
            raw[:, block] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        ceilings = self.ceiling.values if self.ceiling.draws is None else self.ceiling.draws
        with np.errstate(invalid="ignore", divide="ignore"):
            ceiled_values, ceiled = values / self.ceiling.values, raw / ceilings
        return (
            median_draws(values, raw, self.subject, factor=self.factor),
            median_draws(ceiled_values, ceiled, self.subject, factor=self.factor),
        )

    def _key(self, features: np.ndarray, mapping: Mapping) -> str:
        kind = type(self).__name__
        digest = hashlib.sha256(f"{kind} {sorted(mapping.get_params().items(), key=str)} {features.shape}".encode())
        rows = [part for fold in self.folds for part in (fold.train, fold.test)]
        for array in (features, self.responses, np.asarray(getattr(mapping, "alphas", 0)), *rows):
            digest.update(np.ascontiguousarray(array).data)
        digest.update(repr(None if self.groups is None else self.groups.tolist()).encode())
        return digest.hexdigest()
