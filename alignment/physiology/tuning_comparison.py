"""Direction tuning of model units beside that of neurons: how alike the curves are, and whether a turned curve would do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..ceilings import spearman_brown
from ..inference.permutation import permutation_p
from .conditions import Conditions, Variables, arrange, bounded
from .direction import even_directions
from .plots import _response

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def compare_tuning(
    model: xr.DataArray,
    neurons: xr.DataArray,
    *,
    average_over: Sequence[str] = (),
    n_halvings: int = 100,
    n_boot: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """Correlation of the direction curves of model units and neurons, with the ceiling that the neurons' trials allow.

    Nothing is fitted. The null turns a neuron's curve through all its directions, which keeps its shape and moves its peak: a
    unit that prefers another direction is no better than chance. With eight directions p is at least 1/8. The best of many
    units is compared with the best that each turned curve finds; units that cover the circle evenly find one for every
    turn, so that their best says nothing about the neuron's direction, only about its width.

    Parameters
    ----------
    model, neurons
        ``(stimulus, unit)`` or ``(stimulus, repeat, unit)`` with ``direction_deg``, the same directions on both sides; see
        `unit_responses` and `recorded_responses`.
    average_over
        As in `direction_tuning`.
    n_halvings
        Random halvings of the trials of each direction, for the ceiling: root of the Spearman-Brown reliability of the
        neuron's mean curve.
    n_boot, seed
        Resamples of the neurons' trials of each direction, and the seed of all draws.

    Returns
    -------
    xarray.Dataset
        Along ``unit`` and ``neuron``: ``r`` with bounds ``_low`` and ``_high``, ``r_ceiled`` (r over the ceiling), ``p``
        (share of the turns, none included, whose r is at least as large: exact) and ``r_turned`` (its mean over the other
        turns). Along ``neuron``: ``ceiling``, NaN where the reliability is not positive or a direction has one trial;
        ``best_unit``, ``best_r`` and ``best_p``, against the best of all units for each turn. Along ``direction``:
        ``model_response`` and ``neuron_response``.

    Raises
    ------
    ValueError
        If the directions differ or do not divide the circle evenly.
    """
    sides = [arrange(one, ["direction_deg"], average_over=average_over) for one in (model, neurons)]
    degrees = [even_directions(side.axes["direction_deg"].astype(float)) for side in sides]
    if len(degrees[0]) != len(degrees[1]) or not np.allclose(degrees[0], degrees[1]):
        raise ValueError(
            f"the model was shown the directions {degrees[0].tolist()}, the neurons {degrees[1].tolist()}; curves are "
            "compared at equal ones."
        )
    mine, theirs = (side.means() for side in sides)
    draws = sides[1].draws(n_boot, seed)
    r = curve_correlations(mine, theirs)
    turns = np.stack([curve_correlations(mine, np.roll(theirs, turn, axis=0)) for turn in range(len(mine))])
    ceiling = _ceiling(sides[1], n_halvings, seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        ceiled = r / ceiling
    best = np.where(np.isnan(turns), -np.inf, turns).max(axis=1)
    best = np.where(np.isneginf(best), np.nan, best)
    pair = ("unit", "neuron")
    found: Variables = bounded(
        "r",
        r,
        np.stack([curve_correlations(mine, one) for one in draws]) if len(draws) else np.empty((0, *r.shape)),
        sides[1].factor if sides[1].repeated else 1.0,
        pair,
    )
    for bound in ("r_low", "r_high"):
        found[bound] = (pair, np.clip(found[bound][1], -1, 1))
    found |= {
        "r_ceiled": (pair, ceiled),
        "p": (pair, _exact_p(turns)),
        "r_turned": (pair, turns[1:].mean(axis=0)),
        "ceiling": ("neuron", ceiling),
        "best_unit": ("neuron", np.where(np.isnan(r), -np.inf, r).argmax(axis=0)),
        "best_r": ("neuron", best[0]),
        "best_p": ("neuron", _exact_p(best)),
        "model_response": (("direction", "unit"), mine),
        "neuron_response": (("direction", "neuron"), theirs),
    }
    names = sides[1].units.get("neuroid_id")
    return xr.Dataset(
        found,
        coords={
            "direction_deg": ("direction", degrees[0]),
            **({} if names is None else {"neuroid_id": ("neuron", names.values)}),
        },
        attrs={"seed": seed, "n_boot": len(draws), "n_trials": len(sides[1].trials), **sides[1].facts},
    )


def curve_correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Pearson r ``(unit, neuron)`` of curves ``(direction, unit)`` and ``(direction, neuron)``; NaN where one is flat."""
    one, other = (values - values.mean(axis=0) for values in (one, other))
    norms = np.outer(*(np.sqrt((values**2).sum(axis=0)) for values in (one, other)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(norms > 0, one.T @ other / norms, np.nan)


def plot_tuning_comparison(
    comparison: xr.Dataset,
    neuron: int = 0,
    unit: int | None = None,
    *,
    neurometric: tuple[xr.Dataset, xr.Dataset] | None = None,
    axes: "Sequence[Axes] | None" = None,
) -> "Sequence[Axes]":
    """Direction curves of a unit and a neuron, and the neurometric functions of both, side by side.

    Parameters
    ----------
    comparison
        From `compare_tuning`.
    neuron, unit
        Numbers; by default the unit that fits the neuron best.
    neurometric
        Results of `neurometric_function` for the model and for the neurons; one panel less without them.
    axes
        Axes to draw on, one or two; a new figure by default.
    """
    if axes is None:
        from matplotlib import pyplot

        n_panels = 1 if neurometric is None else 2
        axes = pyplot.subplots(1, n_panels, figsize=(4.2 * n_panels, 3.0), squeeze=False, layout="constrained")[1][0]
    one = comparison.isel(neuron=neuron)
    unit = int(one["best_unit"]) if unit is None else unit
    one = one.isel(unit=unit)
    names = (f"model unit {unit}", str(one["neuroid_id"].item()) if "neuroid_id" in one.coords else f"neuron {neuron}")
    degrees = one["direction_deg"].values
    shape: dict[str, Any] = {"marker": "o", "markersize": 4}
    axes[0].plot(degrees, one["neuron_response"], color="C0", label=names[1], **shape)
    axes[0].set_ylabel(_response(comparison))
    twin = axes[0].twinx()
    twin.plot(degrees, one["model_response"], color="C1", label=names[0], **shape)
    twin.set_ylabel("model response")
    axes[0].set_xlabel("direction of motion [deg], 0 right, 90 up")
    axes[0].set_xticks(range(0, 361, 90))
    axes[0].set_title(f"r = {float(one['r']):.2f} (ceiling {float(one['ceiling']):.2f}), p = {float(one['p']):.2g}")
    axes[0].legend(handles=[*axes[0].lines, *twin.lines])
    for number, result in enumerate(neurometric or ()):
        shown = result.isel(unit=(unit, neuron)[number], coherence=np.flatnonzero(result["coherence"].values > 0))
        colour = ("C1", "C0")[number]
        label = f"{names[number]}, threshold {float(shown['threshold']):.2g}"
        axes[1].plot(shown["coherence"], shown["performance"], color=colour, linestyle="none", label=label, **shape)
        axes[1].plot(shown["coherence"], shown["fitted"], color=colour, linewidth=1)
    if neurometric is not None:
        axes[1].axhline(0.5, color="black", linewidth=0.6, linestyle=":")
        axes[1].set_xscale("log")
        axes[1].set_ylim(0.3, 1.02)
        axes[1].set_xlabel("coherence")
        axes[1].set_ylabel("preferred told from null [share]")
        axes[1].legend()
    return axes


def _exact_p(turns: np.ndarray) -> np.ndarray:
    """Share of all turns ``(turn, ...)`` that reach the first, which is no turn; NaN where that is NaN."""
    return permutation_p(turns, turns[0], exact=True, alternative="greater")


def _ceiling(side: Conditions, n_halvings: int, seed: int) -> np.ndarray:
    """Root of the reliability of the mean curves ``(neuron,)``: halves of the trials of each direction, Spearman-Brown."""
    if not side.repeated:
        return np.full(side.trials.shape[1], np.nan)
    rng = np.random.default_rng(seed)
    halves = np.zeros((2 * n_halvings, len(side.code)))
    for condition in range(side.n_conditions):
        rows = np.flatnonzero(side.code == condition)
        for draw in range(n_halvings):
            order = rng.permutation(rows)
            halves[2 * draw, order[: len(rows) // 2]] = 1
            halves[2 * draw + 1, order[len(rows) // 2 :]] = 1
    means = side.weighted(halves)
    pairs = [np.diag(curve_correlations(one, other)) for one, other in zip(means[::2], means[1::2], strict=True)]
    reliability = np.asarray(spearman_brown(np.mean(pairs, axis=0)))
    return np.sqrt(np.where(reliability > 0, reliability, np.nan))
