"""From a model and a recording of several animals to a `Score` whose parts are animals, with the whole matrix in it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from data.dataset import NeuralDataset

from ..activations import constant_note, record_activations
from ..baselines import Baseline, ModelInput, RandomFeatures
from ..benchmark import Benchmark
from ..cache import ActivationCache
from ..ceilings import CeilingEstimate
from ..ceilings.rdm_predictivity import correlation_rdms
from ..inference.resampling import bootstrap_weights, small_sample_factor
from ..measurement import Measurement, assemble
from ..notes import left_out_notes
from ..protocol import RecordableModel
from ..provenance import headline_layer, identity
from ..result import NESTED, Score, nan_mean, weighted_mean
from .animals import animals_of, check_repeated, check_shown
from .matrix import LayerTargetMatrix
from .metric import OTHERS
from .targets import POOLED

PREFIX = "matrix_"
# Random features: draws that the null model is a mean over. Six stimuli have so few distances that one draw says little.
N_RANDOM, N_RANDOM_FITTED = 50, 5
# Below this ceiling the correction for noise magnifies whatever an animal's score is off by.
LOW_CEILING = 0.5


def score_animals(
    model: RecordableModel,
    bench: Benchmark,
    dataset: NeuralDataset,
    *,
    layers: Sequence[str] | None,
    batch_size: int,
    cache: ActivationCache | bool,
    drop_invalid: bool,
    n_boot: int,
    n_permutations: int | None,
    seed: int,
) -> Score:
    """Score every layer with every animal; see `alignment.score` for the parameters.

    The value of a layer is the mean over animals of the noise-corrected score, weighed by their squared ceilings, its
    interval a bootstrap over animals. The
    ``nested`` layer of an animal is the best one of the others, so that its choice saw none of the animal's responses.
    """
    metric = bench.layer_target
    check_shown(dataset)
    trials = bench.trials(dataset, drop_invalid=drop_invalid)
    check_repeated(trials.values, dataset.name)
    animals = animals_of(trials.values, dataset.name)
    stimuli = dataset.stimuli
    activations = record_activations(model, bench.shown(stimuli), layers, batch_size=batch_size, cache=cache)
    features = {name: np.asarray(one.values, dtype=np.float64) for name, one in activations.items()}
    notes = [constant_note(model, name, one) for name, one in features.items()]
    width = max(one.shape[1] for one in features.values())
    n_random = N_RANDOM_FITTED if metric.fits else N_RANDOM
    nulls: dict[str, list[Baseline]] = {"random features": [RandomFeatures(width, seed + k) for k in range(n_random)]}
    if stimuli.arrays is not None:
        nulls["model input"] = [ModelInput()]
    of_nulls = {
        f"null: {name} {k}": null.features(stimuli) for name, draws in nulls.items() for k, null in enumerate(draws)
    }
    rows = features | of_nulls
    without = [] if metric.fits else [name for name, one in features.items() if not _has_rdm(one)]
    # Where no layer has an RDM, the comparison itself says so.
    compared = {name: one for name, one in rows.items() if name not in without or len(without) == len(features)}
    everything = metric.matrix(compared, animals, n_permutations=n_permutations or 1000).with_layers(list(rows))
    matrix = everything.only(list(features))
    scored = [name not in matrix.undefined for name in animals]
    n_scored = sum(scored)
    run = _AnimalRun(list(animals), bootstrap_weights(len(animals), None, n_boot, seed), scored)
    measured = {name: run.of_layer(matrix, name) for name in features}
    choice: list[str] = []
    if len(features) > 1:
        measured[NESTED], choice = run.nested(matrix)
    headline = headline_layer(model, list(features))
    measured_nulls = {
        name: run.of_layers(everything, [f"null: {name} {k}" for k in range(len(draws))])
        for name, draws in nulls.items()
    }
    names = np.array(run.animals)
    data = assemble(measured, measured_nulls, CeilingEstimate(run.ceiling(matrix), None), names, {"neuroid_id": names})
    corrected, corrected_nulls = (
        np.stack([one.parts["corrected"] for one in each.values()]) for each in (measured, measured_nulls)
    )
    data = data.assign(
        corrected=(("layer", "neuroid"), corrected),
        baseline_corrected=(("baseline", "neuroid"), corrected_nulls),
        other_animals=("neuroid", metric.between_animals(animals)),
        **_relations(features, animals, nested=len(features) > 1),
    )
    stored = matrix.to_dataset()
    renamed = stored.rename({name: f"{PREFIX}{name}" for name in (*stored.data_vars, *stored.dims)})
    notes += [*left_out_notes(dataset), *trials.notes, *_notes(matrix, dataset)]
    if n_scored == 1:
        notes.append("one animal alone has a score, so that there is no interval over animals.")
    if n_permutations is not None and matrix.exact:
        notes.append(
            f"all {len(matrix.null)} orders of the stimuli were counted out, whatever number of permutations was asked for "
            f"({n_permutations})."
        )
    if without:
        notes.append(
            f"no score of {', '.join(without)}: all features have the same value for some stimulus, which then has no "
            "correlation distance from others."
        )
    n_others = len(matrix.null) - matrix.exact
    provenance = {
        **identity(model, bench, dataset, "halves20" if metric.fits else "none"),
        "model_revision": next(iter(activations.values())).attrs["revision"] or "not keyed",
        "n_presentations": len(stimuli),
        "stimuli": stimuli.ids,
        "n_neuroids_compared": int(trials.values.sizes["neuroid"]),
        "n_repetitions": int(trials.values.sizes["repetition"]),
        "n_missing_responses": trials.n_missing,
        "n_boot": n_boot,
        "n_permutations": n_others,
        "scoring_seed": seed,
        "interval_factor": small_sample_factor(n_scored) if n_scored > 1 else float("nan"),
        "bootstrap_over": "animals",
        "nested_choice": choice,
        "neuroids_left_out": list(trials.left_out),
        "metric": metric.describe(),
        "measure": metric.name,
        "matrix": {key: value for key, value in stored.attrs.items()},
        "baselines": {
            name: draws[0].describe() + (f"; mean of {len(draws)} draws" if len(draws) > 1 else "")
            for name, draws in nulls.items()
        },
        "published": [vars(number) for number in bench.published],
    }
    return Score(
        data=xr.Dataset({**data.data_vars, **renamed.data_vars}, {**data.coords, **renamed.coords}),
        headline=headline,
        normalisation=bench.normalisation,
        ceiling_kind="halves of repetitions",
        protocol=(*bench.protocol(None), *_words(n_scored, n_boot, n_others, exact=matrix.exact)),
        warnings=tuple(note for note in notes if note),
        provenance=provenance,
    )


class _AnimalRun:
    """Rows of matrices as measurements: animals in the place of neuroids, the pooled target left out."""

    def __init__(self, animals: list[str], weights: np.ndarray, scored: list[bool]) -> None:
        self.animals = animals
        # One animal alone says nothing about the spread over animals: no draws, and so no interval.
        self.weights = weights if sum(scored) > 1 else np.full_like(weights, np.nan)

    def ceiling(self, matrix: LayerTargetMatrix) -> np.ndarray:
        """``(animal,)``; NaN of an animal without a score, so that all means are over the same animals."""
        columns = self._columns(matrix)
        return np.where(self._scored(matrix), matrix.ceiling[columns], np.nan)

    def of_layer(self, matrix: LayerTargetMatrix, layer: str) -> Measurement:
        """One row of the matrix."""
        return self.of_layers(matrix, [layer])

    def of_layers(self, matrix: LayerTargetMatrix, layers: list[str]) -> Measurement:
        """Mean of some rows; resamples draw a row besides the animals, so that the interval holds the spread over rows."""
        rows, columns = np.array([matrix.layers.index(layer) for layer in layers]), self._columns(matrix)
        there = self._scored(matrix)
        raw, values = (np.where(there, one[np.ix_(rows, columns)], np.nan) for one in (matrix.raw, matrix.values))
        null = np.where(there, nan_mean(matrix.raw_null[:, rows][:, :, columns], axis=1), np.nan)
        p = matrix.p[rows[0], columns] if len(rows) == 1 else np.full(len(columns), np.nan)
        return self._measurement(raw, values, null[int(matrix.exact) :], p, self._weight(matrix))

    def nested(self, matrix: LayerTargetMatrix) -> tuple[Measurement, list[str]]:
        """For each animal the layer that is best on average over the others, in the data and under every permutation."""
        columns = self._columns(matrix)
        values = np.concatenate([matrix.values[None], matrix.null])[:, :, columns]
        raw = np.concatenate([matrix.raw[None], matrix.raw_null])[:, :, columns]
        others = np.where(
            np.eye(len(columns), dtype=bool), np.nan, values[..., None, :]
        )  # (order, layer, animal, other)
        mean = weighted_mean(others, self._weight(matrix))
        best = np.where(np.isnan(mean), -np.inf, mean).argmax(axis=1)[:, None]
        values, raw = (np.take_along_axis(one, best, axis=1)[:, 0] for one in (values, raw))
        p = np.full(len(columns), np.nan)
        raw = np.where(self._scored(matrix), raw, np.nan)
        made = self._measurement(raw[:1], values[:1], raw[1 + int(matrix.exact) :], p, self._weight(matrix))
        return made, [matrix.layers[place] for place in best[0, 0]]

    def _columns(self, matrix: LayerTargetMatrix) -> np.ndarray:
        return np.array([place for place, name in enumerate(matrix.targets) if name != POOLED])

    def _scored(self, matrix: LayerTargetMatrix) -> np.ndarray:
        """Animals whose halves agree; the others have no score, raw or corrected, and no ceiling."""
        return np.array([name not in matrix.undefined for name in self.animals])

    def _weight(self, matrix: LayerTargetMatrix) -> np.ndarray:
        """Squared ceilings ``(animal,)``: a corrected score is off by as much more as the ceiling is lower."""
        return np.square(self.ceiling(matrix))

    def _measurement(
        self, raw: np.ndarray, corrected: np.ndarray, null: np.ndarray, p: np.ndarray, weight: np.ndarray
    ) -> Measurement:
        """From ``(row, animal)`` scores and the ``(permutation, animal)`` raw null."""
        draws_raw, draws = self._draws(raw, np.ones_like(weight)), self._draws(corrected, weight)
        nothing = np.full((1, raw.shape[1]), np.nan)
        parts = {"corrected": nan_mean(corrected, axis=0)}
        return Measurement(nan_mean(raw, axis=0)[None], draws_raw, draws, nothing, {}, nan_mean(null, axis=1), p, parts)

    def _draws(self, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Means over resampled animals, of the rows in turn; those without a score are left out."""
        return weighted_mean(values[np.arange(len(self.weights)) % len(values)], self.weights * weight)


def _has_rdm(features: np.ndarray) -> bool:
    return bool(np.isfinite(correlation_rdms(features)).all())


def _relations(features: dict[str, np.ndarray], animals: dict[str, np.ndarray], *, nested: bool) -> dict[str, Any]:
    """RDMs of the layers and of the animals' mean responses, for figures."""
    rows = [correlation_rdms(one) for one in features.values()]
    if nested:
        rows.append(np.full_like(rows[0], np.nan))
    theirs = [correlation_rdms(nan_mean(one, axis=0)) for one in animals.values()]
    return {
        "relation_model": (("layer", "pair"), np.stack(rows)),
        "relation_subject": (("neuroid", "pair"), np.stack(theirs)),
    }


def _notes(matrix: LayerTargetMatrix, dataset: NeuralDataset) -> list[str]:
    found, (layer, target) = matrix.maximum, matrix.best
    several = f"{len(matrix.layers)} layer(s) and {len(matrix.targets)} targets"
    notes = [
        f"the largest of {several} is {found.maximum:.3f} ({layer}, {target}); with {len(dataset.stimuli)} stimuli it is "
        f"{found.expected_null_maximum:.3f} on average when the stimuli are exchanged (corrected p = {found.p:.3g}): a maximum "
        "is no score."
    ]
    if matrix.undefined:
        notes.append(
            f"no score with {', '.join(matrix.undefined)}: halves of the repetitions do not agree; all means are over the "
            "others."
        )
    weak = [
        f"{name} ({ceiling:.2f})"
        for name, ceiling in zip(matrix.targets, matrix.ceiling, strict=True)
        if name not in (*matrix.undefined, POOLED) and ceiling < LOW_CEILING
    ]
    if weak:
        notes.append(
            f"ceiling below {LOW_CEILING:g}: {', '.join(weak)}; there the correction for noise magnifies errors, and single "
            "scores far beyond 1 or -1 are possible. Look at the raw scores, or leave these animals out."
        )
    return notes


def _words(n_animals: int, n_boot: int, n_permutations: int, *, exact: bool) -> list[str]:
    kind = "all other orders" if exact else "random orders"
    return [
        f"Interval: 95 % percentile bootstrap, {n_boot} draws over {n_animals} animals with a score, widened by "
        f"{small_sample_factor(n_animals):.2f} for their small number (Hesterberg 2015); units and stimuli are held fixed."
        if n_animals > 1
        else "Interval: none, because fewer than two animals have a score.",
        "Nulls: random features (a mean over draws, whose spread is in the interval), and what the model is shown (mean over "
        "time), with the same formula.",
        f"p: the model's stimuli are permuted ({n_permutations} {kind}), everything is fitted and chosen anew each time; "
        "p = (b + 1) / (B + 1), one-sided. Of a matrix entry by itself, or of the largest entry (Nichols & Holmes 2002).",
        f"'{OTHERS}': all others together as a model of each animal, corrected for the noise of both sides.",
    ]


def matrix_of(score: Score) -> LayerTargetMatrix | None:
    """The matrix inside a score, None where there is none."""
    if f"{PREFIX}score" not in score.data:
        return None
    names = [str(name) for name in score.data.data_vars if str(name).startswith(PREFIX)]
    dims = [str(dim) for dim in score.data.dims if str(dim).startswith(PREFIX)]
    part: xr.Dataset = score.data[names]
    part = part.drop_vars([str(name) for name in part.coords if str(name) not in dims])
    named = part.rename({name: name.removeprefix(PREFIX) for name in (*names, *dims)})
    return LayerTargetMatrix.from_dataset(named.assign_attrs(score.provenance["matrix"]))
