"""From a model of optical flow and what observers saw to a `Score`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from data.dataset import NeuralDataset
from data.motion.judged_flow import observers_of, trials_of, truth_of

from ..benchmark import Benchmark
from ..ceilings import CeilingEstimate
from ..inference.permutation import permutation_p
from ..inference.resampling import bootstrap_weights, small_sample_factor
from ..measurement import Measurement, assemble
from ..provenance import identity
from ..result import Score, nan_mean
from .at_places import flow_at_places, refuse_without_flow
from .ceilings import ObserverAgreement, observer_agreement, weighted_partial, weighted_r
from .formulas import agreement, joined, partial_correlation
from .lucas_kanade import LucasKanade
from .metric import PerceivedFlow

LAYER = "flow"
# Fewer films than this are no sample to draw from: places are drawn instead.
FEWEST_FILMS = 8
# The truth with the model's errors exchanged among places: as wrong as the model, but not where people are.
AT_RANDOM, N_RANDOM = "errors at random", 20


def score_perceived_flow(
    model: Any,
    bench: Benchmark,
    dataset: NeuralDataset,
    *,
    n_boot: int = 1000,
    n_permutations: int | None = None,
    seed: int = 0,
) -> Score:
    """Score a model's flow with what observers saw; see `alignment.score` for the parameters.

    Raises
    ------
    TypeError
        If the model estimates no flow.
    data.DataNotAvailableError
        If films are not on this machine.
    ValueError
        If films are too short.
    """
    metric = bench.perceived_flow
    refuse_without_flow(model)
    flow = flow_at_places(model, dataset, window=metric.window)
    plain = flow_at_places(LucasKanade(), dataset, window=metric.window)
    return score_flow_vectors(
        flow,
        bench,
        dataset,
        model=model,
        baselines={"Lucas-Kanade": plain},
        n_boot=n_boot,
        n_permutations=n_permutations,
        seed=seed,
    )


def score_flow_vectors(
    flow: np.ndarray,
    bench: Benchmark,
    dataset: NeuralDataset,
    *,
    model: Any,
    baselines: Mapping[str, np.ndarray] | None = None,
    n_boot: int = 1000,
    n_permutations: int | None = None,
    seed: int = 0,
) -> Score:
    """Score flow that is known at the places already, such as published responses of a model.

    Parameters
    ----------
    flow
        ``(place, 2)`` in the directions of the dataset.
    bench
        With the metric `PerceivedFlow`.
    dataset
        Of judged motion; its films are not needed.
    model
        Anything with ``name``; ``revision``, ``seed`` and ``performance`` are quoted if it has them.
    baselines
        Flow of other models by name, which stands beside the score.
    n_boot, n_permutations, seed
        As in `alignment.score`; 999 permutations by default.

    Raises
    ------
    ValueError
        If shapes do not fit.
    """
    metric = bench.perceived_flow
    trials, truth, observer = trials_of(dataset), truth_of(dataset), observers_of(dataset)
    if flow.shape != truth.shape:
        raise ValueError(f"flow has shape {flow.shape}; {dataset.name} needs {truth.shape}.")
    run = _Run(metric, dataset, trials, truth, n_boot, 999 if n_permutations is None else n_permutations, seed)
    ceilings, notes = run.ceilings(observer)
    measured = {LAYER: run.measure(flow)}
    nulls = {AT_RANDOM: run.errors_at_random(flow)}
    nulls |= {key: run.measure(one) for key, one in (baselines or {}).items()}
    parts = np.array(run.names)
    data = assemble(measured, nulls, CeilingEstimate(ceilings, None), parts, {"neuroid_id": parts})
    data = data.assign(run.formulas({LAYER: flow, **(baselines or {})}))
    known = len(np.unique(observer)) > 1
    factor = small_sample_factor(run.n_units)
    provenance = {
        **identity(model, bench, dataset, "none"),
        "model_revision": getattr(model, "revision", "") or "not keyed",
        "n_presentations": len(truth),
        "n_neuroids_compared": 2,
        "n_repetitions": len(trials),
        "n_missing_responses": int(np.isnan(trials).any(axis=2).sum()),
        "n_boot": n_boot,
        "n_permutations": run.n_permutations,
        "scoring_seed": seed,
        "interval_factor": factor,
        "bootstrap_over": run.units,
        "nested_choice": [],
        "neuroids_left_out": [],
        "metric": metric.describe(),
        "measure": metric.name,
        "baselines": {
            AT_RANDOM: f"the truth with this model's own errors at other places; mean of {N_RANDOM} draws",
            **dict.fromkeys(baselines or {}, "optical flow of another model"),
        },
        "published": [vars(number) for number in bench.published],
    }
    words = [
        f"Interval: 95 % percentile bootstrap, {n_boot} draws over {run.units}, widened by {factor:.2f} for their number.",
        f"p: the model's vectors are permuted over places, after what is linear in the truth was taken out of both sides "
        f"({run.n_permutations} permutations); p = (b + 1) / (B + 1), one-sided."
        if metric.measure == "partial r"
        else f"p: the model's vectors are permuted over places ({run.n_permutations} permutations); p = (b + 1) / (B + 1), "
        "one-sided.",
    ]
    return Score(
        data=data,
        headline=LAYER,
        normalisation=bench.normalisation if known else "none",
        ceiling_kind="observers" if known else "none",
        protocol=(*bench.protocol(None), *words),
        warnings=tuple(notes),
        provenance=provenance,
    )


class _Run:
    """Places, responses and resamples of one benchmark."""

    def __init__(
        self,
        metric: PerceivedFlow,
        dataset: NeuralDataset,
        trials: np.ndarray,
        truth: np.ndarray,
        n_boot: int,
        n_permutations: int,
        seed: int,
    ) -> None:
        table = dataset.stimuli.table
        labels = table[metric.per].to_numpy(dtype=str) if metric.per else np.full(len(table), "all places")
        self.names = list(dict.fromkeys(labels))
        self.rows = [np.flatnonzero(labels == name) for name in self.names]
        self.metric, self.trials, self.truth = metric, trials, truth
        self.human = np.stack([nan_mean(trials[..., k], axis=0) for k in range(2)], axis=-1)
        movie = table["movie"].to_numpy(dtype=str)
        n_films = len(np.unique(movie))
        by_film = n_films >= FEWEST_FILMS
        self.units = f"{n_films} films" if by_film else f"{len(table)} places (of only {n_films} films)"
        self.n_units = n_films if by_film else len(table)
        self.weights = bootstrap_weights(len(table), movie if by_film else None, n_boot, seed)
        self.n_permutations, self.seed = n_permutations, seed
        self.ceiling_draws = np.full((n_boot, len(self.names)), np.nan)

    def measure(self, flow: np.ndarray) -> Measurement:
        """Agreement of one flow in every set of places, resampled and permuted."""
        rng = np.random.default_rng(self.seed)
        partial = self.metric.measure == "partial r"
        raw, draws, null = [], [], []
        for rows in self.rows:
            model, human, truth = flow[rows], self.human[rows], self.truth[rows]
            x, y, z = map(joined, (model, human, truth))
            weights = self.weights[:, rows]
            one = partial_correlation(x, y, z) if partial else weighted_r(x, y, np.ones((1, len(rows))))[0]
            raw.append(float(one))
            draws.append(weighted_partial(x, y, z, weights) if partial else weighted_r(x, y, weights))
            if partial:
                model, human = (_without(one, truth) for one in (model, human))
            null.append(_permuted_r(model, human, self.n_permutations, rng))
        each, nulls = np.array(raw), np.stack(null, axis=1)
        resampled = np.stack(draws, axis=1)
        p = permutation_p(nulls, each, exact=False, alternative="greater")
        nothing = np.full((1, len(each)), np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            ceiled = nan_mean(resampled / self.ceiling_draws, axis=1)
        return Measurement(each[None], nan_mean(resampled, axis=1), ceiled, nothing, {}, nulls.mean(axis=1), p)

    def errors_at_random(self, flow: np.ndarray) -> Measurement:
        """Mean over draws; resamples draw one of them besides the places."""
        rng = np.random.default_rng(self.seed + 1)
        errors = flow - self.truth
        each = [self.measure(self.truth + errors[rng.permutation(len(errors))]) for _ in range(N_RANDOM)]
        turn = np.arange(len(self.weights)) % N_RANDOM
        raw, ceiled = (np.stack([getattr(one, name) for one in each]) for name in ("draws_raw", "draws_ceiled"))
        places = np.arange(len(self.weights))
        mean = nan_mean(np.stack([one.raw for one in each]), axis=0)
        blank = np.full_like(mean, np.nan)
        return Measurement(mean, raw[turn, places], ceiled[turn, places], blank, {}, np.array([]), blank[0])

    def ceilings(self, observer: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Ceiling of every set of places, and what to know about it."""
        if len(np.unique(observer)) < 2:
            return np.full(len(self.rows), np.nan), ["the mean over observers alone is public: there is no ceiling."]
        found, published = [], []
        for number, rows in enumerate(self.rows):
            each = self._agreement(rows, observer, self.weights[:, rows])
            found.append(self._ceiling(each))
            if self.metric.measure == "partial r":
                self.ceiling_draws[:, number] = each.draws
            else:
                self.ceiling_draws[:, number] = each.r_ceiling
            if len(self.trials) > len(np.unique(observer)):
                published.append(self._ceiling(self._agreement(rows, None, None)))
        notes = []
        if published:
            notes.append(
                f"ceiling {np.mean(found):.3f} from {len(np.unique(observer))} observers; halves of the trials, with the same "
                f"observers on both sides, would give {np.mean(published):.3f}."
            )
        lost = int(np.isnan(found).sum())
        if lost:
            notes.append(
                f"{lost} of {len(found)} sets of places have no positive ceiling and count in raw scores only."
            )
        return np.array(found), notes

    def formulas(self, flows: Mapping[str, np.ndarray]) -> dict[str, xr.DataArray]:
        """Every formula of every flow and set of places, and the vectors themselves."""
        human = {"truth": self.truth, **flows}
        rows = {
            name: [agreement(flow[rows], self.human[rows], self.truth[rows]) for rows in self.rows]
            for name, flow in human.items()
        }
        kinds = list(rows[LAYER][0])
        values = np.array([[[one[kind] for one in each] for kind in kinds] for each in rows.values()])
        vectors = np.stack([self.human, *human.values()])
        return {
            "agreement": xr.DataArray(
                values,
                dims=("flow_of", "formula", "neuroid"),
                coords={"flow_of": list(rows), "formula": kinds},
            ),
            "vectors": xr.DataArray(
                vectors,
                dims=("vectors_of", "place", "component"),
                coords={"vectors_of": ["observers", *human], "component": ["right", "vertical"]},
            ),
        }

    def _agreement(
        self, rows: np.ndarray, observer: np.ndarray | None, weights: np.ndarray | None
    ) -> ObserverAgreement:
        return observer_agreement(
            self.trials[:, rows], self.truth[rows], observer=observer, weights=weights, seed=self.seed
        )

    def _ceiling(self, each: ObserverAgreement) -> float:
        return each.partial_r_ceiling if self.metric.measure == "partial r" else each.r_ceiling


def _without(flow: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """What is left of vectors ``(place, 2)`` after the regression of all their numbers on those of the truth."""
    x, z = joined(flow), joined(truth)
    z = z - z.mean()
    rest = x - x.mean() - z * (z @ x) / (z @ z)
    return rest.reshape(2, -1).T


def _permuted_r(model: np.ndarray, human: np.ndarray, n_permutations: int, rng: np.random.Generator) -> np.ndarray:
    """Correlations ``(permutation,)`` with the places of the model exchanged, both components of a place together."""
    orders = np.stack([rng.permutation(len(model)) for _ in range(n_permutations)]).reshape(-1, len(model))
    y = joined(human)
    y = y - y.mean()
    x = joined(model)
    x = x - x.mean()
    norm = np.sqrt((x @ x) * (y @ y))
    n = len(model)
    if not norm > 0:
        return np.full(n_permutations, np.nan)
    return (x[:n][orders] @ y[:n] + x[n:][orders] @ y[n:]) / norm
