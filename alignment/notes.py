"""Sentences that go with a score: what was near an edge, what a null model shows, how intervals and p came about."""

import warnings
from collections.abc import Mapping

import numpy as np

from data.dataset import NeuralDataset

from .baselines import OasmModel
from .benchmark import Benchmark
from .ceilings import CeilingEstimate
from .mappings import NeuroidRidge
from .measurement import Measurement
from .result import NESTED, Score

LOW_CEILING = 0.2


def left_out_notes(dataset: NeuralDataset) -> list[str]:
    """Sentence on what was left out of the recording, and why, when it was opened."""
    if not dataset.left_out:
        return []
    return [f"left out of {dataset.name}: {'; '.join(dataset.left_out)}."]


def ceiling_notes(bench: Benchmark, ceiling: CeilingEstimate) -> list[str]:
    """Sentences on neuroids whose ceiling could not be had, or is so low that dividing by it explodes."""
    if not bench.ceiling:
        return []
    notes = []
    lost, low = int(np.isnan(ceiling.values).sum()), int((ceiling.values < LOW_CEILING).sum())
    total = len(ceiling.values)
    if lost and bench.ceiling.kind == "published":
        notes.append(f"{lost} of {total} neuroids have no published ceiling; they count in raw scores only.")
    elif lost:
        notes.append(
            f"{lost} of {total} neuroids have no positive ceiling: they count in raw scores and, as zeros, in the median "
            "ceiling, but not in ceiled scores, which are those of the more reliable rest."
        )
    if low and bench.normalisation != "none":
        notes.append(
            f"{low} of {total} neuroids have a ceiling below {LOW_CEILING:g}: dividing by it multiplies noise by more than "
            f"{1 / LOW_CEILING:g}, so their ceiled scores mean little."
        )
    return notes


def penalties_of(metric: object) -> np.ndarray:
    """Grid of penalties of a mapping, or of the mapping that it wraps; empty if there is none."""
    while not hasattr(metric, "alphas") and hasattr(metric, "mapping"):
        metric = metric.mapping
        if metric is None:
            return np.asarray(NeuroidRidge().alphas, dtype=float)
    return np.asarray(getattr(metric, "alphas", []), dtype=float)


def edge_note(measured: Mapping[str, Measurement], alphas: np.ndarray) -> str:
    """Warn of penalties on the edge of the grid; returns the sentence, or an empty text."""
    parts, fits = [], 0
    for name, one in measured.items():
        edge = np.asarray(one.chosen.get("at_edge", False), dtype=bool)
        if name != NESTED and len(alphas) and edge.any():
            low = int((one.chosen["alpha"][edge] == alphas[0]).sum())
            parts.append(f"{name}: {low} at {alphas[0]:g}, {int(edge.sum()) - low} at {alphas[-1]:g}")
            fits = edge.size
    if not parts:
        return ""
    message = (
        f"the chosen penalty lies on the edge of the grid in some of {fits} fits per layer ({'; '.join(parts)}): at "
        f"{alphas[-1]:g} the layer predicts hardly more than the mean, at {alphas[0]:g} it is hardly penalised; widen the "
        "grid if that is not what you expect."
    )
    warnings.warn(message, stacklevel=3)
    return message


def null_edge_note(nulls: Mapping[str, Measurement]) -> str:
    """Sentence on penalties of null models on the edge of the grid, or an empty text."""
    edges = {name: one.chosen["at_edge"] for name, one in nulls.items() if "at_edge" in one.chosen}
    parts = [f"{name} {edge.mean():.0%}" for name, edge in edges.items() if edge.any()]
    if not parts:
        return ""
    return (
        "null models with penalties on the edge of the grid (its top where they carry no signal), share of fits: "
        f"{', '.join(parts)}."
    )


def neighbour_note(result: Score) -> str:
    """Sentence for a set whose neighbouring stimuli are alike across folds, found by the null that knows nothing else."""
    name = OasmModel().name
    if name not in result.baselines:
        return ""
    row = result.baseline_row(name)
    low, high = row["ci_low"], row["ci_high"]
    if not low > 0:
        return ""
    if not result.fitted:
        return (
            f"{name} scores above 0 (interval {low:.3f} to {high:.3f}) though it knows only the order of the stimuli table: "
            "stimuli that stand near each other are alike, as when a table is sorted by category, and any model that sees "
            "what they share gets part of its score from that."
        )
    return (
        f"{name} scores above 0 (interval {low:.3f} to {high:.3f}) though it knows only which stimuli are neighbours: "
        "responses of neighbours are alike across these folds, and part of any model's score may come from that."
    )


def interval_words(unit: str, n_boot: int, factor: float, n_permutations: int, *, fitted: bool) -> list[str]:
    """How the interval, the nulls and p came about, in the order of the protocol."""
    interval = f"Interval: 95 % percentile bootstrap, {n_boot} draws over {unit}"
    if fitted:
        interval += (
            " of the test folds with the fitted mapping held fixed, widened around the score by "
            f"{factor:.2f}: sqrt(1 + tested / training rows), because folds share training rows (Nadeau & Bengio 2003), times "
            "the t distribution's share where few groups or runs are drawn (Hesterberg 2015)"
        )
    words = [f"{interval}.", "Nulls: the same folds and formula with features that know nothing of the content."]
    if n_permutations:
        words.append(
            f"p: the {unit} of the recording are permuted {n_permutations} times against those of the model, everything is "
            "fitted and chosen anew each time; p = (b + 1) / (B + 1), one-sided."
        )
    return words
