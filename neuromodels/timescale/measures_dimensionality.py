"""How many dimensions the states of a network take up while it reads random digits."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .measures_activity import (
    PUBLISHED_BURN_IN,
    PUBLISHED_STEPS,
    PUBLISHED_TRIALS,
    Odds,
    Values,
    random_digits,
    state_pieces,
    trial_groups,
)
from .measures_figure import axis
from .memory_network import MemoryNetwork

if TYPE_CHECKING:
    from matplotlib.axes import Axes

THRESHOLD = 0.9
Array = NDArray[np.float64]


def dimensionality(
    network: MemoryNetwork,
    *,
    as_published: bool = False,
    trials: int | None = None,
    steps: int | None = None,
    burn_in: int = PUBLISHED_BURN_IN,
    odds: Odds = "per sequence",
    values: Values = "states",
    threshold: float = THRESHOLD,
    seed: int = 0,
) -> xr.Dataset:
    """Principal components that hold 90 % of the variance of the states over time, for each trial.

    Parameters
    ----------
    network, burn_in, odds, values, seed
        See `autocorrelation`.
    as_published
        10 trials of 101,000 digits, as published; otherwise 40 trials of 5,500.
    trials, steps
        Other numbers of trials and digits.
    threshold
        Share of the variance.

    Returns
    -------
    xarray.Dataset
        Along ``trial``: ``count``, how many components are needed to exceed the threshold; ``published_index``, one less, the
        number that was published (that of the component, counted from 0); ``participation_ratio``, the square of the summed
        eigenvalues of the covariance over the sum of their squares; ``share`` (trial, component) of the variance up to and
        with each component. NaN and 0 for a trial without any variance. ``attrs``: means over trials.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, figure 6.
    """
    if not 0 < threshold < 1:
        raise ValueError(f"threshold is a share of the variance between 0 and 1, received {threshold}.")
    trials = trials or (PUBLISHED_TRIALS if as_published else 40)
    steps = steps or (PUBLISHED_STEPS if as_published else 5_500)
    digits = random_digits(trials, steps, seed=seed, odds=odds)
    spectra: list[Array] = []
    for group in trial_groups(network, digits, values):
        total = products = shift = None
        for piece in state_pieces(network, group, burn_in=burn_in, values=values):
            shift = piece.mean(1, keepdim=True) if shift is None else shift
            piece = piece - shift
            product, summed = (piece.mT @ piece).double(), piece.sum(1).double()
            products = product if products is None else products + product
            total = summed if total is None else total + summed
        assert products is not None and total is not None
        n_states = steps + 1 - burn_in
        covariance = (products - total[:, :, None] * total[:, None] / n_states).cpu().numpy() / n_states
        spectra.append(np.clip(np.linalg.eigvalsh(covariance)[:, ::-1], 0, None))
    spectrum = np.concatenate(spectra)
    variance = spectrum.sum(1)
    moving = variance > 0
    share = np.full_like(spectrum, np.nan)
    share[moving] = spectrum[moving].cumsum(1) / variance[moving, None]
    index = np.where(moving, (share > threshold).argmax(1), np.nan)
    ratio = np.full(len(spectrum), np.nan)
    ratio[moving] = variance[moving] ** 2 / (spectrum[moving] ** 2).sum(1)
    return xr.Dataset(
        {
            "count": ("trial", index + 1),
            "published_index": ("trial", index),
            "participation_ratio": ("trial", ratio),
            "share": (("trial", "component"), share),
        },
        attrs={
            "as_published": int(as_published),
            "threshold": threshold,
            "states_per_trial": steps + 1 - burn_in,
            "seed": seed,
            "count": float(np.nanmean(index + 1)) if moving.any() else np.nan,
            "published_index": float(np.nanmean(index)) if moving.any() else np.nan,
            "published_index_sd": float(np.nanstd(index)) if moving.any() else np.nan,
            "participation_ratio": float(np.nanmean(ratio)) if moving.any() else np.nan,
        },
    )


def plot_dimensionality(data: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Share of the variance over components, one line for each trial, up to twice the components that are needed.

    Parameters
    ----------
    data
        From `dimensionality`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = axis(ax)
    shown = min(2 * int(np.nanmax(data["count"])) + 1, data.sizes["component"])
    ax.plot(np.arange(1, shown + 1), data["share"].values[:, :shown].T, color="C0", alpha=0.4, linewidth=0.8)
    ax.axhline(data.attrs["threshold"], color="grey", linewidth=0.6)
    ax.axvline(data.attrs["count"], color="black", linestyle="--", label=f"mean {data.attrs['count']:.1f} components")
    ax.set(xlabel="components", ylabel="share of the variance")
    ax.legend()
    return ax
