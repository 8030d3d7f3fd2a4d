"""Figures of scores: each takes scores and an axis, and gives the axis back."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .inference.resampling import interval
from .result import NESTED, Score
from .tables import label, linear_fit, matrix_table, nested_last, performance_table, subjects_table

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
    if not np.isfinite(score.ceiling):
        return
    if "ceiling_upper" in score.data:
        upper = float(score.data["ceiling_upper"].mean())
        bounds = f"ceiling over {score.ceiling_kind}, lower to upper bound"
        ax.axvspan(score.ceiling, upper, color=CEILING_COLOUR, alpha=0.15, linewidth=0, label=bounds)
        return
    ax.axvline(score.ceiling, color=CEILING_COLOUR, linestyle="--", label=f"ceiling ({score.ceiling_kind})")
    if "draws_ceiling" in score.data:
        low, high = interval(score.data["draws_ceiling"].values)
        ax.axvspan(low, high, color=CEILING_COLOUR, alpha=0.15, linewidth=0)


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
    ax.set_xlabel(f"raw score ({scores[0].measure}), 95 % interval")
    if np.isfinite(scores[0].ceiling):
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
    return ax


def plot_layers(scores: Sequence[Score], *, ax: "Axes | None" = None) -> "Axes":
    """Raw score per layer, one point per score and layer; the nested choice last and apart."""
    from matplotlib.lines import Line2D

    layers = nested_last([layer for score in scores for layer in score.layers])
    legend = 1 < len(scores) <= 10
    ax = _axis(ax, (max(3.6, 1.1 * len(layers) + 1.6) + (2.4 if legend else 0), 3.0))
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
    how = "on the other animals" if "matrix_score" in scores[0].data else "in training folds"
    ax.set_xlabel(f"layer (nested: chosen {how})" if NESTED in layers else "layer")
    ax.set_ylabel(f"raw score ({scores[0].measure})")
    if legend:
        shown = [
            Line2D([], [], color=f"C{number % 6}", marker="o", linestyle="none", markersize=4, label=label(score))
            for number, score in enumerate(scores)
        ]
        ax.legend(handles=shown, loc="center left", bbox_to_anchor=(1.0, 0.5))
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


def plot_histogram(score: Score, *, ax: "Axes | None" = None) -> "Axes":
    """How raw and ceiled scores are spread over neuroids, with the medians as lines."""
    table = score.per_neuroid()
    ax = _axis(ax, (3.6, 3.0))
    shown = [("raw", MODEL_COLOUR)] + ([("ceiled", CEILING_COLOUR)] if score.normalisation != "none" else [])
    values = {name: table[name].values[np.isfinite(table[name].values)] for name, _ in shown}
    pooled = np.concatenate(list(values.values()))
    low, high = (float(pooled.min()), float(pooled.max())) if len(pooled) else (0.0, 1.0)
    n_bins = min(40, max(6, table.sizes["neuroid"] // 3))
    for name, colour in shown:
        ax.hist(values[name], bins=n_bins, range=(low, high), color=colour, alpha=0.55, label=name)
        if len(values[name]):
            ax.axvline(float(np.median(values[name])), color=colour, linestyle="--")
    ax.set_xlabel(f"score ({score.measure}); dashed: median over all")
    ax.set_ylabel("number of neuroids")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return ax


def plot_subjects(scores: Sequence[Score], *, ax: "Axes | None" = None) -> "Axes":
    """One point per animal or person and score, median over its neuroids; the mean over subjects as a bar."""
    ax = _axis(ax, (max(3.6, 0.7 * len(scores) + 2.2), 3.0))
    tables = [subjects_table([score]) for score in scores]
    subjects = list(dict.fromkeys(name for table in tables for name in table["subject"]))
    column = "raw" if scores[0].normalisation == "none" else "ceiled"
    for number, table in enumerate(tables):
        for name, value in zip(table["subject"], table[column], strict=True):
            at = subjects.index(name)
            shift = 0.0 if len(subjects) == 1 else 0.5 * (at / (len(subjects) - 1) - 0.5)
            ax.plot(number + shift, value, "o", markersize=4, color=f"C{at % 6}", label=name if number == 0 else None)
        ax.hlines(table[column].mean(), number - 0.35, number + 0.35, color="black")
    ax.axhline(0, color="black", linewidth=0.6)
    ax.set_xticks(range(len(scores)), [label(score) for score in scores])
    if len(scores) > 1:
        ax.tick_params(axis="x", labelrotation=25)
        for tick in ax.get_xticklabels():
            tick.set_horizontalalignment("right")
    ax.set_xlim(-0.6, len(scores) - 0.4)
    ax.set_ylabel(f"{column} score ({scores[0].measure})")
    if len(subjects) <= 12:
        ax.legend(title="subject", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def plot_matrix(scores: Sequence[Score], *, ax: "Axes | None" = None) -> "Axes":
    """Models against benchmarks: headline values, written into their cells; each column has its own unit."""
    table = matrix_table(scores)
    names = [name.replace("/", "/\n", 1).replace(" (", "\n(", 1).replace("; ", "\n", 1) for name in table.columns]
    longest = max(len(line) for name in names for line in name.split("\n"))
    ax = _axis(ax, (2.6 + max(1.2, 0.1 * longest) * len(names), 1.8 + 0.32 * len(table)))
    values = table.to_numpy(dtype=float)
    limit = max([abs(value) for value in values.ravel() if np.isfinite(value)], default=0.0) or 1.0
    ax.imshow(np.ma.masked_invalid(values), cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        dark = abs(value) > 0.6 * limit
        ax.text(
            column,
            row,
            "–" if np.isnan(value) else f"{value:.3f}",
            ha="center",
            va="center",
            color="white" if dark else "black",
        )
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(table)), list(table.index))
    ax.spines[:].set_visible(False)
    return ax


MOST_NAMED = 12  # points that are named beside their mark


def plot_performance(
    scores: Sequence[Score],
    performance: Mapping[str, float],
    *,
    what: str = "task performance",
    ax: "Axes | None" = None,
) -> "Axes":
    """Alignment against task performance over models, with the least-squares line and its 95 % band.

    Parameters
    ----------
    scores
        Scores on one benchmark.
    performance
        Model name, or ``name seed N``, to its performance.
    what
        Name of the performance with its unit.
    ax
        Axis to draw on; a new figure by default.
    """
    from scipy import stats

    table = performance_table(scores, performance)
    if table.empty:
        known = ", ".join(sorted({label(score) for score in scores}))
        raise ValueError(f"no performance is given for any of {known}; received {', '.join(performance) or 'none'}.")
    ax = _axis(ax, (4.4, 3.3))
    x, y = table["performance"].to_numpy(), table["value"].to_numpy()
    error = np.clip([y - table["ci_low"], table["ci_high"] - y], 0, None)
    ax.errorbar(x, y, yerr=error, fmt="o", color=MODEL_COLOUR, markersize=4, capsize=2)
    if len(table) <= MOST_NAMED:
        for name, seed, *place in zip(table["model"], table["seed"], x, y, strict=True):
            text = name.partition("/")[2] or name
            text += f" {seed}" if (table["model"] == name).sum() > 1 else ""
            ax.annotate(
                text, (place[0], place[1]), textcoords="offset points", xytext=(4, 4), fontsize=6, color=MODEL_COLOUR
            )
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) >= 4 and np.ptp(x) > 0:
        fit = linear_fit(x, y)
        grid = np.linspace(x.min(), x.max(), 100)
        line = fit["intercept"] + fit["slope"] * grid
        spread = np.sqrt(1 / len(x) + (grid - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())
        half = stats.t.ppf(0.975, len(x) - 2) * fit["residual_sd"] * spread
        ax.plot(grid, line, color="black", linewidth=1)
        ax.fill_between(grid, line - half, line + half, color="black", alpha=0.12, linewidth=0)
        ax.set_title(
            f"r = {fit['r']:.2f} [{fit['r_low']:.2f}, {fit['r_high']:.2f}], p = {fit['p']:.2g}, n = {len(x)}",
            fontweight="normal",
        )
    ax.set_xlabel(what)
    kind = "raw" if scores[0].normalisation == "none" else "ceiled"
    ax.set_ylabel(f"{kind} score ({scores[0].measure})")
    return ax


def _wrap(name: str) -> str:
    return name.replace("_", "_\n", 1) if len(name) > 12 else name
