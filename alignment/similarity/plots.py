"""Figures of RDMs: the matrix as a heat map, and two RDMs against each other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .comparisons import ComparisonMethod, checked_stack, compare_rdms
from .distances import square_rdm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# More points than this are drawn as counts in hexagons.
MOST_POINTS = 5_000


def plot_rdm(
    rdm: np.ndarray,
    *,
    labels: Sequence[str] | None = None,
    order: np.ndarray | None = None,
    quantity: str = "dissimilarity",
    ax: "Axes | None" = None,
) -> "Axes":
    """Heat map of an RDM, with groups of stimuli set apart by lines.

    Parameters
    ----------
    rdm
        ``(pair,)`` or square ``(stimulus, stimulus)``.
    labels
        ``(stimulus,)`` group of each stimulus, in the order of the RDM; neighbours of one group get one label.
    order
        ``(stimulus,)`` row numbers in which to show the stimuli, such as ``numpy.argsort(labels, kind="stable")``.
    quantity
        What the colours show.
    ax
        Axis to draw on; a new figure by default.

    Raises
    ------
    ValueError
        If labels or order do not fit the number of stimuli.
    """
    from ..plots import _axis

    matrix = np.asarray(rdm, dtype=float)
    matrix = square_rdm(matrix) if matrix.ndim == 1 else matrix
    n_stimuli = len(matrix)
    if order is not None and sorted(np.asarray(order).tolist()) != list(range(n_stimuli)):
        raise ValueError(f"order must hold each of the {n_stimuli} rows once; received {len(order)} values.")
    if labels is not None and len(labels) != n_stimuli:
        raise ValueError(f"there are {len(labels)} labels for {n_stimuli} stimuli; give one for each.")
    rows = np.arange(n_stimuli) if order is None else np.asarray(order)
    shown = matrix[np.ix_(rows, rows)]
    ax = _axis(ax, (4.4, 3.6))
    # The diagonal is zero by definition and would take up the dark end of the scale.
    image = ax.imshow(np.where(np.eye(n_stimuli, dtype=bool), np.nan, shown), cmap="viridis", interpolation="nearest")
    ax.figure.colorbar(image, ax=ax, label=quantity, shrink=0.85)
    ax.grid(False)
    if labels is None:
        ax.set_xlabel("stimulus")
        ax.set_ylabel("stimulus")
        return ax
    names = np.asarray(labels)[rows]
    starts = np.flatnonzero(np.append(True, names[1:] != names[:-1]))
    ends = np.append(starts[1:], n_stimuli)
    for edge in starts[1:]:
        ax.axhline(edge - 0.5, color="white", linewidth=0.8)
        ax.axvline(edge - 0.5, color="white", linewidth=0.8)
    centres = (starts + ends - 1) / 2
    ax.set_yticks(centres, [str(name) for name in names[starts]])
    ax.set_xticks(centres, [str(name) for name in names[starts]], rotation=60, ha="right", rotation_mode="anchor")
    ax.tick_params(length=0)
    return ax


def plot_rdm_comparison(
    first: np.ndarray,
    second: np.ndarray,
    *,
    method: ComparisonMethod = "spearman",
    names: tuple[str, str] = ("first RDM", "second RDM"),
    ax: "Axes | None" = None,
) -> "Axes":
    """Dissimilarities of one RDM against those of another, one point per pair of stimuli, with their similarity.

    Parameters
    ----------
    first, second
        ``(pair,)``.
    method
        As in `compare_rdms`; its value stands above the figure.
    names
        What the axes are called.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import MODEL_COLOUR, _axis

    x, y = checked_stack(first, "first"), checked_stack(second, "second")
    if len(x) != 1 or len(y) != 1:
        raise ValueError(f"first and second have {len(x)} and {len(y)} RDMs; a comparison shows one of each.")
    value = float(compare_rdms(x[0], y[0], method=method))
    ax = _axis(ax, (3.8, 3.4))
    if x.shape[1] > MOST_POINTS:
        # A logarithmic scale shows single pairs beside thousands.
        image = ax.hexbin(x[0], y[0], gridsize=50, bins="log", mincnt=1, cmap="viridis", linewidths=0)
        ax.figure.colorbar(image, ax=ax, label="pairs of stimuli")
    else:
        ax.plot(x[0], y[0], ".", color=MODEL_COLOUR, markersize=3, alpha=0.4, rasterized=True)
    ax.set_xlabel(names[0])
    ax.set_ylabel(names[1])
    ax.set_title(f"{method} {value:.3f}, {x.shape[1]} pairs")
    return ax
