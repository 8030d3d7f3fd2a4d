"""What measures features against a recording: targets, resamples, permutations and ceiling, made ready for all layers."""

import hashlib
from collections.abc import Callable

import numpy as np
import xarray as xr

from data.dataset import NeuralDataset
from data.splits import SplitSpec

from .benchmark import Benchmark
from .between_sequences import BetweenSequences
from .ceilings import Ceiling, CeilingEstimate
from .crossvalidation import CrossValidation
from .folds import Fold, inner_groups
from .inference.resampling import bootstrap_weights, fold_factor, small_sample_factor
from .mappings import Mapping, PerTimeBin, SharedOverTime
from .mappings.flat_bins import FlatBins
from .metrics import Rsa, Similarity
from .over_time import MOMENT
from .relation_ceiling import RelationCeiling
from .similarity_run import SimilarityRun
from .trial_halves import RelationHalves
from .trials import Trials
from .units import Units

# Permuted responses are further columns of the regression: this many of them take seconds.
PERMUTED_COLUMNS = 20_000
MOST_PERMUTATIONS, FEWEST_PERMUTATIONS = 199, 19
CEILINGS_REMEMBERED = 8
# With fewer orders p could not become small however large the score is.
FEWEST_ORDERS = 20
RUNS = (
    25  # runs of presentations that are drawn whole where neighbours are alike, unless their likeness reaches further
)
_ceilings: dict[str, tuple[Ceiling | RelationHalves, CeilingEstimate]] = {}


def make_run(
    bench: Benchmark,
    spec: SplitSpec,
    dataset: NeuralDataset,
    trials: Trials,
    folds: list[Fold],
    n_boot: int,
    n_permutations: int | None,
    seed: int,
) -> tuple[CrossValidation | SimilarityRun, Units, str]:
    """What measures features against these responses, what is resampled whole, and a sentence on permutations."""
    stimuli, metric = dataset.stimuli, bench.make_metric()
    if isinstance(metric, Mapping) and dataset.rdms is not None:
        raise ValueError(
            f"{dataset.name} holds dissimilarities, no responses, so nothing can be fitted; use metric='rsa' in {bench.name}."
        )
    n_neuroids = trials.values.sizes["neuroid"]
    units = Units.of(spec, stimuli)
    weights = bootstrap_weights(len(stimuli), units.labels, n_boot, seed)
    columns = n_neuroids if isinstance(metric, Mapping) else 1
    orders, note = units.orders(len(stimuli), how_many(n_permutations, columns), seed)
    known = trials.values.coords
    subject = known["subject"].values.astype(str) if "subject" in known else np.full(n_neuroids, "all")
    if not isinstance(metric, Mapping):
        relations = _relations(dataset, trials, subject, metric)
        none = CeilingEstimate(np.full(len(relations), np.nan), None)
        ceiling = none
        if isinstance(bench.ceiling, RelationHalves):
            halves, similarity = bench.ceiling, metric
            ceiling = _remembered(
                halves, trials, weights, lambda: halves.estimate_trials(trials.values, subject, similarity, weights)
            )
        elif bench.ceiling is not None:
            if not isinstance(bench.ceiling, RelationCeiling):
                raise ValueError(
                    f"{bench.name}: ceiling {bench.ceiling.kind!r} belongs to neuroids, but {metric.name} is a number per "
                    "subject; use BetweenSubjects() or none."
                )
            ceiling = bench.ceiling.estimate_relations(relations, metric, weights)
        run = SimilarityRun(
            relations, folds, metric, ceiling=ceiling, weights=weights, orders=orders, groups=units.labels
        )
        return run, units, note
    if isinstance(bench.ceiling, (RelationCeiling, RelationHalves)):
        raise ValueError(
            f"{bench.name}: ceiling {bench.ceiling.kind!r} belongs to a similarity, but a mapping is scored per neuroid; use "
            "SplitHalfCeiling() or another ceiling of neuroids."
        )
    ceiling = CeilingEstimate(np.full(n_neuroids, np.nan), None)
    if bench.ceiling is not None:
        chosen = bench.ceiling
        ceiling = _remembered(chosen, trials, weights, lambda: chosen.estimate(trials.values, weights))
    # Inner folds are cut as the outer ones are; the bootstrap always draws whole groups where there are any.
    groups = inner_groups(spec, stimuli.table_with_content())
    if isinstance(metric, (SharedOverTime, PerTimeBin)):
        metric = FlatBins(metric, _n_bins(bench, trials))
    factor = interval_factor(folds, units)
    between = bench.over_time is not None and bench.over_time.between
    kind = BetweenSequences if between else CrossValidation
    fitted = kind(
        trials.mean, subject, folds, groups, metric, ceiling=ceiling, weights=weights, orders=orders, factor=factor
    )
    if isinstance(fitted, BetweenSequences):
        fitted.moment = stimuli.table[MOMENT].to_numpy()
    return fitted, units, note


def interval_factor(folds: list[Fold], units: Units) -> float:
    """How much wider than the bootstrap an interval must be: folds share training rows, and units may be few."""
    tested = np.unique(np.concatenate([fold.test for fold in folds]))
    shared = fold_factor(len(tested), float(np.mean([len(fold.train) for fold in folds])))
    if units.labels is None:
        return shared
    n_units = len(np.unique(units.labels[tested]))
    inside = float(np.mean([len(np.unique(units.labels[fold.test])) for fold in folds]))
    # A fold of a single unit has no spread inside; the number of all units is what is left to correct for.
    return shared * (small_sample_factor(n_units, inside if inside > 1 else None) if n_units > 1 else 1.0)


def _n_bins(bench: Benchmark, trials: Trials) -> int:
    if "time_bin_start_ms" not in trials.values.coords:
        raise ValueError(
            f"{bench.name} has the metric {type(bench.make_metric()).__name__}, but its responses have no time bins; use a "
            "mapping without time, such as 'ridge'."
        )
    ids = trials.values["neuroid_id"].values
    return int((ids == ids[0]).sum())


def _remembered(
    ceiling: Ceiling | RelationHalves, trials: Trials, weights: np.ndarray, estimate: Callable[[], CeilingEstimate]
) -> CeilingEstimate:
    """The ceiling of a recording is the same for all models; halving many repetitions takes longer than a fit."""
    content = hashlib.sha256()
    for array in (trials.values.values, weights):
        content.update(np.ascontiguousarray(array).data)
    for name, coord in sorted(trials.values.coords.items(), key=str):
        content.update(repr((name, coord.dims, coord.values.tolist())).encode())
    key = content.hexdigest()
    # By identity: two ceilings may look alike and hold different folds or numbers.
    known, found = _ceilings.get(key, (None, None))
    if known is not ceiling or found is None:
        while len(_ceilings) >= CEILINGS_REMEMBERED:
            del _ceilings[next(iter(_ceilings))]
        found = estimate()
        _ceilings[key] = (ceiling, found)
    return found


def _relations(
    dataset: NeuralDataset, trials: Trials, subject: np.ndarray, metric: Similarity
) -> dict[str, np.ndarray]:
    """How each subject relates the stimuli: from its responses, or the dissimilarities that the dataset holds."""
    if dataset.rdms is not None:
        if not isinstance(metric, Rsa):
            raise ValueError(
                f"{dataset.name} holds dissimilarity matrices, which only RSA compares; use metric=Rsa(...), not "
                f"{metric.name}."
            )
        from .similarity import square_rdm

        names = dataset.rdms["subject"].values.astype(str)
        return {str(name): square_rdm(values) for name, values in zip(names, dataset.rdms.values, strict=True)}
    return {str(name): metric.relate(trials.mean[:, subject == name]) for name in np.unique(subject)}


def how_many(asked: int | None, n_columns: int) -> int:
    """Permutations: as many as were asked for, else what takes seconds for so many columns of responses."""
    if asked is not None:
        if asked < 0:
            raise ValueError(f"n_permutations must not be negative, received {asked}.")
        return asked
    affordable = PERMUTED_COLUMNS // n_columns
    return 0 if affordable < FEWEST_PERMUTATIONS else min(affordable, MOST_PERMUTATIONS)


def swap_sides(bench: Benchmark, trials: Trials, layers: dict[str, np.ndarray]) -> tuple[Trials, dict[str, np.ndarray]]:
    """Swap the sides: the recording becomes the features, the units of the layer become what is predicted."""
    if len(layers) != 1:
        raise ValueError(
            f"{bench.name} predicts the units of one layer from the neuroids; choose one with layers=[...] out of "
            f"{', '.join(layers)}."
        )
    ((layer, units),) = layers.items()
    varying = np.flatnonzero(np.ptp(units, axis=0) > 0)
    if len(varying) == 0:
        raise ValueError(f"layer {layer!r} has no unit that varies over the stimuli; nothing can be predicted.")
    values = xr.DataArray(
        units[None, :, varying].astype(float),
        dims=("repetition", "stimulus", "neuroid"),
        coords={
            "stimulus_id": ("stimulus", trials.values["stimulus_id"].values),
            "neuroid_id": ("neuroid", np.array([f"{layer}.{unit}" for unit in varying])),
        },
    )
    constant = units.shape[1] - len(varying)
    notes = (f"{constant} units of {layer} never change and were left out.",) if constant else ()
    return Trials(values, trials.left_out, (*trials.notes, *notes), trials.n_missing), {layer: trials.mean}
