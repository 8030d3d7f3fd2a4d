"""Figures of scores: each takes scores and an axis, and gives the axis back."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .inference.resampling import interval
from .result import NESTED, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLE = Path(__file__).with_name("neuromodels.mplstyle")
NULL_COLOURS = {"random features": "#999999", "length + position": "#E69F00", "OASM": "#CC79A7"}
MODEL_COLOUR = "#0072B2"
CEILING_COLOUR = "#009E73"


def _axis(ax: "Axes | None", size: tuple[float, float]) -> "Axes":
    if ax is not None:
        return ax
    # A Figure of its own, not pyplot's: nothing is opened on a screen or kept in a global list.
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained").subplots()


def _bar(ax: "Axes", row: dict, at: float, colour: str, marker: str) -> None:
    low, high = row["raw"] - row["ci_low"], row["ci_high"] - row["raw"]
    error = np.clip([[low], [high]], 0, None)
    ax.errorbar(row["raw"], at, xerr=error, color=colour, marker=marker, markersize=5, capsize=2, linestyle="none")


def _ceiling_band(ax: "Axes", score: Score) -> None:
    if score.normalisation == "none":
        return
    ax.axvline(score.ceiling, color=CEILING_COLOUR, linestyle="--", label=f"ceiling ({score.ceiling_kind})")
    if "draws_ceiling" in score.data:
        low, high = interval(score.data["draws_ceiling"].values)
        ax.axvspan(low, high, color=CEILING_COLOUR, alpha=0.15, linewidth=0)


def label(score: Score) -> str:
    """Model and seed, short enough for an axis."""
    seed = score.provenance.get("model_seed")
    return str(score.provenance["model"]) + ("" if seed is None else f" seed {seed}")


def plot_scores(scores: Sequence[Score], *, ax: "Axes | None" = None) -> "Axes":
    """Headline score of each model on one benchmark with interval, against its ceiling and the null models.

    Parameters
    ----------
    scores
        Scores on one benchmark; at least one.
    ax
        Axis to draw on; a new figure by default.
    """
    names = {score.provenance["benchmark"] for score in scores}
    if len(names) != 1:
        raise ValueError(f"plot_scores needs scores on one benchmark, received {sorted(names) or 'none'}.")
    ax = _axis(ax, (6.4, 1.5 + 0.28 * (len(scores) + 3)))
    ticks: list[str] = []
    for score in scores:
        _bar(ax, score.row(score.headline), -len(ticks), MODEL_COLOUR, "o")
        ticks.append(f"{label(score)}\n{score.headline}" if len(scores) < 4 else label(score))
    for name in scores[0].baselines:
        _bar(ax, scores[0].baseline_row(name), -len(ticks), NULL_COLOURS.get(name, "#999999"), "s")
        ticks.append(f"null: {name}")
    _ceiling_band(ax, scores[0])
    ax.axvline(0, color="black", linewidth=0.6)
    ax.set_yticks([-at for at in range(len(ticks))], ticks)
    ax.set_ylim(-len(ticks) + 0.4, 0.6)
    ax.set_xlabel("raw score: Pearson r, 95 % interval over test presentations")
    if scores[0].normalisation != "none":
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
    return ax


def plot_layers(scores: Sequence[Score], *, ax: "Axes | None" = None) -> "Axes":
    """Raw score per layer, one point per score and layer; the nested choice last and apart."""
    layers = list(dict.fromkeys(layer for score in scores for layer in score.layers))
    layers = sorted(layers, key=lambda layer: layer == NESTED)
    ax = _axis(ax, (max(3.6, 1.1 * len(layers) + 1.6), 3.0))
    for number, score in enumerate(scores):
        shift = 0.0 if len(scores) == 1 else 0.5 * (number / (len(scores) - 1) - 0.5)
        for layer in score.layers:
            at, row = layers.index(layer), score.row(layer)
            error = np.clip([[row["raw"] - row["ci_low"]], [row["ci_high"] - row["raw"]]], 0, None)
            marker = "D" if layer == NESTED else "o"
            ax.errorbar(
                at + shift,
                row["raw"],
                yerr=error,
                marker=marker,
                color=f"C{number % 6}",
                capsize=2,
                markersize=4,
            )
    ax.axhline(0, color="black", linewidth=0.6)
    ax.set_xticks(range(len(layers)), [_wrap(name) for name in layers])
    ax.set_xlim(-0.5, len(layers) - 0.5)
    ax.set_xlabel("layer (nested: chosen in training folds)" if NESTED in layers else "layer")
    ax.set_ylabel("raw score (Pearson r)")
    return ax


def plot_neuroids(score: Score, *, ax: "Axes | None" = None) -> "Axes":
    """Raw score of every neuroid against its ceiling, or a histogram where there is no ceiling per neuroid."""
    table = score.per_neuroid()
    raw = table["raw"].values
    ax = _axis(ax, (3.6, 3.0))
    if score.normalisation != "none" and np.isfinite(table["ceiling"].values).any():
        ceiling = table["ceiling"].values
        ax.plot(ceiling, raw, "o", markersize=4, color=MODEL_COLOUR, label="neuroid")
        low, high = min(0.0, float(np.nanmin(raw))), max(1.0, float(np.nanmax(raw)))
        ax.plot([0, 1], [0, 1], "--", color=CEILING_COLOUR, label="r = ceiling")
        ax.set_xlim(0, 1)
        ax.set_ylim(low - 0.03, high + 0.03)
        ax.set_xlabel("ceiling (r)")
        ax.set_ylabel("raw score (Pearson r)")
        ax.legend(loc="upper left")
    else:
        ax.hist(raw, bins=min(40, max(5, len(raw) // 3)), color=MODEL_COLOUR)
        ax.set_xlabel("raw score (Pearson r)")
        ax.set_ylabel("number of neuroids")
    return ax


def _wrap(name: str) -> str:
    return name.replace("_", "_\n", 1) if len(name) > 12 else name
