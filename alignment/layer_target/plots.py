"""Figures of a layer-by-target matrix: the matrix, what its maximum is worth by chance, the RDMs behind it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..plots import MODEL_COLOUR, _axis
from ..similarity import square_rdm
from .matrix import LayerTargetMatrix

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIGNIFICANT = 0.05


def plot_layer_target(
    matrix: LayerTargetMatrix, *, others: np.ndarray | None = None, ax: "Axes | None" = None
) -> "Axes":
    """Scores of all layers and targets, those with a corrected p up to 0.05 in bold, with what chance gives as the largest.

    Parameters
    ----------
    matrix
        Scores and null.
    others
        ``(animal,)`` score of all other animals as a model, drawn as a row of its own; the pooled target has none.
    ax
        Axis to draw on; a new figure by default.
    """
    values, p = matrix.values, matrix.p_corrected
    names = list(matrix.layers)
    if others is not None:
        last = np.full((1, len(matrix.targets)), np.nan)
        last[0, : len(others)] = others
        values, p = np.concatenate([values, last]), np.concatenate([p, np.full_like(last, np.nan)])
        names.append("other animals")
    ax = _axis(ax, (2.0 + 0.52 * values.shape[1], 1.6 + 0.3 * len(values)))
    image = ax.imshow(np.ma.masked_invalid(values), cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        significant = p[row, column] <= SIGNIFICANT
        ax.text(
            column,
            row,
            "–" if np.isnan(value) else f"{value:.2f}",
            ha="center",
            va="center",
            fontsize=6.5,
            fontweight="bold" if significant else "normal",
            color="white" if abs(value) > 0.6 else "black",
        )
    if others is not None:
        ax.axhline(len(matrix.layers) - 0.5, color="black", linewidth=1)
    ax.figure.colorbar(image, ax=ax, label="score, noise-corrected", shrink=0.9)
    ax.set_xticks(range(len(matrix.targets)), matrix.targets, rotation=60, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(length=0)
    ax.grid(False)
    found = matrix.maximum
    ax.set_title(
        f"largest {found.maximum:.2f}; by chance {found.expected_null_maximum:.2f} (p = {found.p:.2g})",
        fontweight="normal",
    )
    return ax


def plot_null_maximum(matrix: LayerTargetMatrix, *, ax: "Axes | None" = None) -> "Axes":
    """Largest entry under every order of the stimuli, with its mean and the observed one."""
    found = matrix.maximum
    ax = _axis(ax, (3.8, 3.0))
    kind = "all" if matrix.exact else "random"
    label = f"{len(matrix.null)} orders ({kind})"
    ax.hist(matrix.null_maxima, bins=30, color="#999999", label=label)
    ax.axvline(found.expected_null_maximum, color="black", linestyle="--", label="their mean")
    ax.axvline(found.maximum, color=MODEL_COLOUR, linewidth=2, label="observed")
    ax.set_xlabel("largest score of the matrix")
    ax.set_ylabel("orders of the stimuli")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=7)
    return ax


def plot_rdms(groups: Sequence[Mapping[str, np.ndarray]], stimuli: Sequence[str], *, per_row: int = 6) -> "Axes":
    """Small RDMs side by side, each in colours from its own least to its own greatest dissimilarity.

    Parameters
    ----------
    groups
        Name to ``(pair,)``; each group begins a row.
    stimuli
        Labels of the stimuli, written beside the first of each row.
    per_row
        RDMs beside each other.

    Returns
    -------
    matplotlib.axes.Axes
        The first of them.
    """
    from matplotlib.figure import Figure

    places: list[tuple[str, np.ndarray] | None] = []
    for group in groups:
        places += [*group.items(), *[None] * (-len(group) % per_row)]
    n_rows = len(places) // per_row
    figure = Figure(figsize=(1.3 + 1.15 * per_row, 0.7 + 1.3 * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, per_row, squeeze=False)
    for number, (ax, place) in enumerate(zip(axes.ravel(), places, strict=True)):
        if place is None:
            ax.set_axis_off()
            continue
        name, rdm = place
        square = square_rdm(rdm)
        ax.imshow(np.where(np.eye(len(square), dtype=bool), np.nan, square), cmap="viridis", interpolation="nearest")
        ax.set_title(name, fontsize=7, fontweight="normal")
        ax.set_yticks(range(len(square)) if number % per_row == 0 else [])
        if number % per_row == 0:
            ax.set_yticklabels(stimuli, fontsize=6)
        ax.set_xticks([])
        ax.tick_params(length=0)
        ax.grid(False)
    return axes[0, 0]
