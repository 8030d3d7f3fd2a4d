"""Scores as tables: the numbers that stand behind every figure of a report, and go into its CSV files."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from .result import NESTED, Score

NUMBERS = (
    "raw",
    "ci_low",
    "ci_high",
    "p",
    "ceiling",
    "ceiling_upper",
    "ceiled",
    "ceiled_ci_low",
    "ceiled_ci_high",
    "alpha_chosen",
)


def label(score: Score) -> str:
    """Model and seed, short enough for an axis."""
    seed = score.provenance.get("model_seed")
    return str(score.provenance["model"]) + ("" if seed is None else f" seed {seed}")


def _identity(score: Score) -> dict[str, object]:
    facts = score.provenance
    return {
        "benchmark": facts["benchmark"],
        "split": facts["split"],
        "model": facts["model"],
        "seed": facts.get("model_seed"),
        "measure": score.measure,
    }


def scores_table(scores: Sequence[Score]) -> pd.DataFrame:
    """Headline of every score, then the null models of the first.

    Returns
    -------
    pandas.DataFrame
        One row each: benchmark, split, model, seed, measure, kind (``model`` or ``null``), layer, raw score with interval and
        p, ceiling, ceiled score with interval.
    """
    rows = []
    for score in scores:
        numbers = score.row(score.headline)
        rows.append({**_identity(score), "kind": "model", "layer": score.headline, **_chosen(numbers)})
    for name in scores[0].baselines:
        numbers = scores[0].baseline_row(name)
        identity = {**_identity(scores[0]), "model": name, "seed": None}
        rows.append({**identity, "kind": "null", "layer": "", **_chosen(numbers)})
    return pd.DataFrame(rows)


def layers_table(scores: Sequence[Score]) -> pd.DataFrame:
    """Every layer of every score, with the nested choice as a layer of its own."""
    return pd.DataFrame(
        [
            {**_identity(score), "layer": layer, "headline": layer == score.headline, **_chosen(score.row(layer))}
            for score in scores
            for layer in score.layers
        ]
    )


def neuroids_table(score: Score) -> pd.DataFrame:
    """Every neuroid of the headline layer: its coordinates, raw score, ceiling, ceiled score, permutation p."""
    table = score.per_neuroid()
    columns = {str(key): coord.values for key, coord in table.coords.items() if coord.dims == ("neuroid",)}
    columns |= {str(key): table[key].values for key in table.data_vars}
    if "p_neuroid" in score.data:
        columns["p"] = score.data["p_neuroid"].isel(layer=score.layers.index(score.headline)).values
    return pd.DataFrame(columns)


def subjects_table(scores: Sequence[Score]) -> pd.DataFrame:
    """Median over the neuroids of each animal or person, headline layer."""
    parts = []
    for score in scores:
        table = neuroids_table(score).groupby("subject", sort=True)
        medians = table[["raw", "ceiling", "ceiled"]].median()
        medians["n_neuroids"] = table.size()
        for name, row in medians.iterrows():
            numbers = {str(key): value for key, value in row.items()}
            parts.append({**_identity(score), "layer": score.headline, "subject": name, **numbers})
    return pd.DataFrame(parts)


def matrix_table(scores: Sequence[Score]) -> pd.DataFrame:
    """Headline values, models in rows and benchmarks in columns; the mean over seeds where there are several.

    The value is the ceiled score where the benchmark divides by a ceiling, else the raw one.
    """
    rows = [
        {"model": score.provenance["model"], "benchmark": benchmark_label(score, scores), "value": score.value}
        for score in scores
    ]
    table = pd.DataFrame(rows)
    means = table.groupby(["model", "benchmark"], sort=False)["value"].mean().unstack()
    # In order of appearance; a value that is NaN keeps its place.
    return means.reindex(index=table["model"].unique(), columns=pd.Index(table["benchmark"].unique(), name="benchmark"))


def section_name(score: Score, scores: Sequence[Score]) -> str:
    """Benchmark and split; the metric too where several stand under one name, for those are not to be averaged."""
    facts = score.provenance
    alike = {
        one.provenance.get("metric")
        for one in scores
        if all(one.provenance[key] == facts[key] for key in ("benchmark", "split"))
    }
    metric = f"; {facts.get('metric')}" if len(alike) > 1 else ""
    return f"{facts['benchmark']} (split {facts['split']}{metric})"


def benchmark_label(score: Score, scores: Sequence[Score]) -> str:
    """The same, and what its number is."""
    kind = score.symbol if score.normalisation == "none" else f"{score.symbol}, ceiled"
    return f"{section_name(score, scores)[:-1]}; {kind})"


def performance_table(scores: Sequence[Score], performance: Mapping[str, float]) -> pd.DataFrame:
    """Task performance beside the headline value, one row per score whose model has a performance.

    Parameters
    ----------
    scores
        Scores on one benchmark.
    performance
        Model name, or ``name seed N``, to a number.
    """
    rows = []
    for score in scores:
        for key in (label(score), str(score.provenance["model"])):
            if key in performance:
                low, high = score.ci
                rows.append(
                    {
                        **_identity(score),
                        "performance": float(performance[key]),
                        "value": score.value,
                        "ci_low": low,
                        "ci_high": high,
                    }
                )
                break
    return pd.DataFrame(rows)


def brought_performance(scores: Sequence[Score]) -> tuple[dict[str, float], str]:
    """What models say of their own performance: the kind that most of them state, and nothing if only one does.

    Parameters
    ----------
    scores
        On any benchmarks.

    Returns
    -------
    performance
        ``name seed N`` to a number.
    what
        Name of that kind.
    """
    kinds: dict[str, dict[str, float]] = {}
    for score in scores:
        for what, value in score.provenance.get("performance", {}).items():
            kinds.setdefault(what, {})[label(score)] = value
    if not kinds:
        return {}, ""
    what, values = max(kinds.items(), key=lambda kind: len(kind[1]))
    return (values, what) if len(values) > 1 else ({}, "")


def linear_fit(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Least-squares line with the Pearson correlation and its 95 % interval (Fisher's z).

    Raises
    ------
    ValueError
        With fewer than 4 points: an interval means nothing then.
    """
    from scipy import stats

    if len(x) < 4:
        raise ValueError(f"a fit needs at least 4 models, received {len(x)}; add models or seeds.")
    found = stats.linregress(x, y)
    interval = stats.pearsonr(x, y).confidence_interval(0.95)
    residual = y - (found.intercept + found.slope * x)
    return {
        "slope": float(found.slope),
        "intercept": float(found.intercept),
        "r": float(found.rvalue),
        "r_low": float(interval.low),
        "r_high": float(interval.high),
        "p": float(found.pvalue),
        "n": float(len(x)),
        "residual_sd": float(np.sqrt((residual**2).sum() / (len(x) - 2))),
    }


def _chosen(numbers: Mapping[str, object]) -> dict[str, object]:
    return {key: numbers[key] for key in NUMBERS if key in numbers}


def nested_last(layers: Sequence[str]) -> list[str]:
    """Layers in order of appearance, the nested choice last."""
    return sorted(dict.fromkeys(layers), key=lambda layer: layer == NESTED)
