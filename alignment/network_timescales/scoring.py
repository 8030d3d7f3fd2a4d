"""From a network and a table of timescales to a `Score`."""

from collections.abc import Sequence
from itertools import islice, permutations
from math import factorial

import numpy as np
import xarray as xr
from scipy.stats import rankdata

from data.dataset import NeuralDataset

from ..benchmark import Benchmark
from ..ceilings import CeilingEstimate
from ..inference.permutation import permutation_p
from ..measurement import Measurement, assemble
from ..protocol import RecordableModel
from ..provenance import headline_layer, identity
from ..result import NESTED, Score
from ..timescales.comparison import NAMES, compare_timescales, wasserstein_ks
from .metric import Areas, TimescaleHierarchy, TimescaleMatch
from .states import state_timescales

ONE_FOR_ALL, LOGNORMAL = "one timescale for all", "lognormal of the recording"
MOST_ORDERS = 5040


def score_timescales(
    model: RecordableModel,
    bench: Benchmark,
    dataset: NeuralDataset,
    *,
    layers: Sequence[str] | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> Score:
    """Score a network's timescales; see `alignment.score` for the parameters.

    Raises
    ------
    ValueError
        If the network does not take noise, fewer than 4 of its units have a timescale, or a hierarchy has fewer than two
        layers.
    """
    metric = bench.timescales
    tau = state_timescales(model, metric.noise, layers)
    share = {layer: float(np.isnan(values).mean()) for layer, values in tau.items()}
    notes = [
        f"{layer}: {100 * lost:.0f} % of {len(tau[layer])} units have no timescale that can be told."
        for layer, lost in share.items()
        if lost
    ]
    if isinstance(metric, TimescaleMatch):
        data, more = _matched(tau, metric.chosen(dataset).values, n_boot, seed)
        headline = headline_layer(model, list(tau))
        headline = next(iter(tau)) if headline == NESTED else headline
        ceiling_kind, n_neuroids = "halves of the neurons", metric.chosen(dataset).size
        notes.append(more[headline])
    else:
        areas = metric.areas(dataset)
        data = _ranked(tau, areas, n_boot, seed)
        headline, ceiling_kind, n_neuroids = "all layers", "a timescale that rises all the way", len(areas.name)
    provenance = {
        **identity(model, bench, dataset, "none"),
        "model_revision": model.revision or "not keyed",
        "n_presentations": metric.noise.n_sequences,
        "n_neuroids_compared": n_neuroids,
        "n_repetitions": 1,
        "n_missing_responses": 0,
        "n_boot": n_boot,
        "n_permutations": data.sizes.get("permutation", 0),
        "scoring_seed": seed,
        "interval_factor": 1.0,
        "bootstrap_over": "units and neurons" if isinstance(metric, TimescaleMatch) else "areas",
        "nested_choice": [],
        "neuroids_left_out": [],
        "metric": metric.describe(),
        "measure": metric.name,
        "baselines": {name: words for name, words in BASELINES.items() if name in data["baseline"].values},
        "published": [vars(number) for number in bench.published],
    }
    return Score(
        data=data,
        headline=headline,
        normalisation="none",
        ceiling_kind=ceiling_kind,
        protocol=(*bench.protocol(None), _interval_words(metric, n_boot)),
        warnings=tuple(notes),
        provenance=provenance,
    )


BASELINES = {
    ONE_FOR_ALL: "units that all have the same timescale",
    LOGNORMAL: "units whose log tau is normal with the recording's own mean and SD: what any right width would reach",
}


def _interval_words(metric: TimescaleMatch | TimescaleHierarchy, n_boot: int) -> str:
    if isinstance(metric, TimescaleMatch):
        return (
            f"Interval: basic 95 % bootstrap, {n_boot} draws of units and of neurons, the factor fitted anew in each. "
            "Neurons of one animal are not independent, so that it is too narrow. No p: distributions have nothing to permute."
        )
    return (
        f"Interval: 95 % percentile bootstrap, {n_boot} draws of areas. p: all orders of the layers are tried (at most "
        f"{MOST_ORDERS}); p = (b + 1) / (B + 1) over the other orders, one-sided: with two layers it cannot be small."
    )


def _matched(
    tau: dict[str, np.ndarray], neural: np.ndarray, n_boot: int, seed: int
) -> tuple[xr.Dataset, dict[str, str]]:
    measured, described, words = {}, {}, {}
    for layer, values in tau.items():
        found = compare_timescales(values, neural, n_boot=n_boot, seed=seed)
        floor = float(found["wasserstein_single"])
        described[layer] = found
        measured[layer] = _measurement(
            1 - float(found["wasserstein"]) / floor, _skill_draws(values, neural, n_boot, seed)
        )
        words[layer] = (
            f"{layer}: Wasserstein-1 of log10 tau {_with_bounds(found, 'wasserstein')} decades (halves of the recording "
            f"{float(found['wasserstein_ceiling']):.3f}, one timescale for all {floor:.3f}), KS "
            f"{_with_bounds(found, 'ks')}, SD of log10 tau {float(found['sd_model']):.3f} (recording "
            f"{float(found['sd_neural']):.3f}), {_with_bounds(found, 'ms_per_step', 'g')} ms per step."
        )
    one = next(iter(described.values()))
    nulls = {
        ONE_FOR_ALL: _constant(0.0, n_boot),
        LOGNORMAL: _constant(1 - float(one["wasserstein_lognormal"]) / float(one["wasserstein_single"]), n_boot),
    }
    ceiling = 1 - float(one["wasserstein_ceiling"]) / float(one["wasserstein_single"])
    data = _assembled(measured, nulls, ceiling)
    table = {
        name: ("layer", [float(found[name]) for found in described.values()])
        for name in (*NAMES, *(f"{name}{side}" for name in NAMES for side in ("_low", "_high")))
    }
    return data.assign(table), words


def _with_bounds(found: xr.Dataset, name: str, form: str = ".3f") -> str:
    form = ".3g" if form == "g" else form
    low, high = (float(found[f"{name}_{side}"]) for side in ("low", "high"))
    return f"{float(found[name]):{form}} [{low:{form}}, {high:{form}}]"


def _skill_draws(model: np.ndarray, neural: np.ndarray, n_boot: int, seed: int) -> np.ndarray:
    """Draws of the score turned around its value: resampling can only make a distance larger."""
    rng = np.random.default_rng(seed)
    sides = [np.log10(values[np.isfinite(values) & (values > 0)]) for values in (model, neural)]
    value = _skill(*sides)
    drawn = [_skill(*(rng.choice(side, len(side)) for side in sides)) for _ in range(n_boot)]
    return 2 * value - np.array(drawn)


def _skill(model: np.ndarray, neural: np.ndarray) -> float:
    distance, _ = wasserstein_ks(model + np.median(neural) - np.median(model), neural)
    floor, _ = wasserstein_ks(np.full(1, np.median(neural)), neural)
    return 1 - distance / floor


def _ranked(tau: dict[str, np.ndarray], areas: Areas, n_boot: int, seed: int) -> xr.Dataset:
    if len(tau) < 2:
        raise ValueError(
            f"a hierarchy needs at least two layers with timescales, received {', '.join(tau)}; put several networks "
            "together with SeveralNetworks."
        )
    medians = np.array([np.nanmedian(values) if np.isfinite(values).any() else np.nan for values in tau.values()])
    if np.isnan(medians).any():
        lost = [layer for layer, median in zip(tau, medians, strict=True) if np.isnan(median)]
        raise ValueError(f"no unit of {', '.join(lost)} has a timescale that can be told; leave such layers out.")
    rank = rankdata(areas.position)
    place = (rank - rank.min()) / (rank.max() - rank.min())
    at = np.linspace(0, 1, len(medians))
    log_tau = np.log(medians)
    everyone = np.ones((1, len(rank)))
    value = _rank_correlations(np.interp(place, at, log_tau), areas.tau_ms, everyone)[0]
    weights = np.random.default_rng(seed).multinomial(len(rank), np.full(len(rank), 1 / len(rank)), size=n_boot)
    draws = _rank_correlations(np.interp(place, at, log_tau), areas.tau_ms, weights.astype(float))
    others = islice(permutations(range(len(medians))), 1, min(factorial(len(medians)), MOST_ORDERS))
    null = np.array(
        [_rank_correlations(np.interp(place, at, log_tau[list(order)]), areas.tau_ms, everyone)[0] for order in others]
    )
    p = permutation_p(null[:, None], np.array([value]), exact=False, alternative="greater")
    nothing = np.full((1, 1), np.nan)
    measured = Measurement(
        np.array([[value]]), draws, np.full(n_boot, np.nan), nothing, {}, null, np.asarray(p, dtype=float).reshape(1)
    )
    ceiling = float(_rank_correlations(place, areas.tau_ms, everyone)[0])
    data = _assembled({"all layers": measured}, {ONE_FOR_ALL: _constant(0.0, n_boot)}, ceiling)
    return data.assign(
        layer_tau_steps=("model_layer", medians),
        area_tau_ms=("area", areas.tau_ms),
        area_place=("area", place),
        area_model_steps=("area", np.exp(np.interp(place, at, log_tau))),
    ).assign_coords(model_layer=("model_layer", list(tau)), area=("area", areas.name.astype(str)))


def _rank_correlations(model: np.ndarray, neural: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Spearman correlation for many weightings ``(draw, area)``; 0 where the model says the same of all areas."""
    x, y = (rankdata(values) for values in (model, neural))
    total = weights.sum(axis=1)
    x, y = x - x.mean(), y - y.mean()
    mean_x, mean_y = weights @ x / total, weights @ y / total
    covariance = weights @ (x * y) / total - mean_x * mean_y
    spread = (weights @ x**2 / total - mean_x**2) * (weights @ y**2 / total - mean_y**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 1e-12, covariance / np.sqrt(np.maximum(spread, 0)), 0.0)


def _measurement(value: float, draws: np.ndarray) -> Measurement:
    nothing = np.full((1, 1), np.nan)
    return Measurement(
        np.array([[value]]), draws, np.full(len(draws), np.nan), nothing, {}, np.empty(0), np.full(1, np.nan)
    )


def _constant(value: float, n_boot: int) -> Measurement:
    return _measurement(value, np.full(n_boot, value))


def _assembled(measured: dict[str, Measurement], nulls: dict[str, Measurement], ceiling: float) -> xr.Dataset:
    who = np.array(["recording"])
    return assemble(measured, nulls, CeilingEstimate(np.array([ceiling]), None), who, {"neuroid_id": who})
