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
from ..protocol import RecordableModel
from ..provenance import headline_layer, identity
from ..result import NESTED, Score, nan_mean
from .animals import animals_of, check_shown
from .matrix import LayerTargetMatrix
from .metric import OTHERS
from .targets import POOLED

PREFIX = "matrix_"


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

    The value of a layer is the mean over animals of the noise-corrected score, its interval a bootstrap over animals. The
    ``nested`` layer of an animal is the best one of the others, so that its choice saw none of the animal's responses.
    """
    metric = bench.layer_target
    check_shown(dataset)
    trials = bench.trials(dataset, drop_invalid=drop_invalid)
    animals = animals_of(trials.values, dataset.name)
    stimuli = dataset.stimuli
    activations = record_activations(model, bench.shown(stimuli), layers, batch_size=batch_size, cache=cache)
    features = {name: np.asarray(one.values, dtype=np.float64) for name, one in activations.items()}
    notes = [constant_note(model, name, one) for name, one in features.items()]
    width = max(one.shape[1] for one in features.values())
    nulls: list[Baseline] = [RandomFeatures(width, seed)]
    if stimuli.arrays is not None:
        nulls.append(ModelInput())
    of_nulls = {f"null: {null.name}": null.features(stimuli) for null in nulls}
    rows = features | of_nulls
    without = [] if metric.fits else [name for name, one in features.items() if not _has_rdm(one)]
    # Where no layer has an RDM, the comparison itself says so.
    compared = {name: one for name, one in rows.items() if name not in without or len(without) == len(features)}
    everything = metric.matrix(compared, animals, n_permutations=n_permutations or 1000).with_layers(list(rows))
    matrix = everything.only(list(features))
    run = _AnimalRun(list(animals), bootstrap_weights(len(animals), None, n_boot, seed))
    measured = {name: run.of_layer(matrix, name) for name in features}
    choice: list[str] = []
    if len(features) > 1:
        measured[NESTED], choice = run.nested(matrix)
    headline = headline_layer(model, list(features))
    measured_nulls = {null.name: run.of_layer(everything, f"null: {null.name}") for null in nulls}
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
    notes += [*trials.notes, *_notes(matrix, dataset)]
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
        "interval_factor": small_sample_factor(len(animals)),
        "bootstrap_over": "animals",
        "nested_choice": choice,
        "neuroids_left_out": list(trials.left_out),
        "metric": metric.describe(),
        "measure": metric.name,
        "matrix": {key: value for key, value in stored.attrs.items()},
        "baselines": {null.name: null.describe() for null in nulls},
        "published": [vars(number) for number in bench.published],
    }
    return Score(
        data=xr.Dataset({**data.data_vars, **renamed.data_vars}, {**data.coords, **renamed.coords}),
        headline=headline,
        normalisation=bench.normalisation,
        ceiling_kind="halves of repetitions",
        protocol=(*bench.protocol(None), *_words(len(animals), n_boot, n_others, exact=matrix.exact)),
        warnings=tuple(note for note in notes if note),
        provenance=provenance,
    )


class _AnimalRun:
    """Rows of matrices as measurements: animals in the place of neuroids, the pooled target left out."""

    def __init__(self, animals: list[str], weights: np.ndarray) -> None:
        self.animals, self.weights = animals, weights

    def ceiling(self, matrix: LayerTargetMatrix) -> np.ndarray:
        """``(animal,)``."""
        return matrix.ceiling[self._columns(matrix)]

    def of_layer(self, matrix: LayerTargetMatrix, layer: str) -> Measurement:
        """One row of the matrix."""
        row, columns = matrix.layers.index(layer), self._columns(matrix)
        raw, null = matrix.raw[row, columns], matrix.raw_null[:, row][:, columns]
        p = matrix.p[row, columns]
        return self._measurement(raw, matrix.values[row, columns], null[int(matrix.exact) :], p)

    def nested(self, matrix: LayerTargetMatrix) -> tuple[Measurement, list[str]]:
        """For each animal the layer that is best on average over the others, in the data and under every permutation."""
        columns = self._columns(matrix)
        values = np.concatenate([matrix.values[None], matrix.null])[:, :, columns]
        raw = np.concatenate([matrix.raw[None], matrix.raw_null])[:, :, columns]
        others = np.where(
            np.eye(len(columns), dtype=bool), np.nan, values[..., None, :]
        )  # (order, layer, animal, other)
        mean = nan_mean(others, axis=3)
        best = np.where(np.isnan(mean), -np.inf, mean).argmax(axis=1)[:, None]
        values, raw = (np.take_along_axis(one, best, axis=1)[:, 0] for one in (values, raw))
        p = np.full(len(columns), np.nan)
        made = self._measurement(raw[0], values[0], raw[1 + int(matrix.exact) :], p)
        return made, [matrix.layers[place] for place in best[0, 0]]

    def _columns(self, matrix: LayerTargetMatrix) -> np.ndarray:
        return np.array([place for place, name in enumerate(matrix.targets) if name != POOLED])

    def _measurement(self, raw: np.ndarray, corrected: np.ndarray, null: np.ndarray, p: np.ndarray) -> Measurement:
        draws_raw, draws = (self._draws(one) for one in (raw, corrected))
        nothing = np.full((1, len(raw)), np.nan)
        return Measurement(
            raw[None], draws_raw, draws, nothing, {}, nan_mean(null, axis=1), p, {"corrected": corrected}
        )

    def _draws(self, values: np.ndarray) -> np.ndarray:
        """Means over resampled animals; those without a score are left out."""
        there = np.isfinite(values)
        count = self.weights @ there
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.weights @ np.where(there, values, 0.0) / np.where(count > 0, count, np.nan)


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
            f"no score with {', '.join(matrix.undefined)}: halves of the repetitions do not agree; the mean is over the others."
        )
    return notes


def _words(n_animals: int, n_boot: int, n_permutations: int, *, exact: bool) -> list[str]:
    kind = "all other orders" if exact else "random orders"
    return [
        f"Interval: 95 % percentile bootstrap, {n_boot} draws over {n_animals} animals, widened by "
        f"{small_sample_factor(n_animals):.2f} for their small number (Hesterberg 2015); units and stimuli are held fixed.",
        "Nulls: random features, and what the model is shown (mean over time), with the same formula.",
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
