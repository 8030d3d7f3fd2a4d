"""Recurrent weights of a network, and whether what a unit receives goes with its timescale."""

from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr

from .leaky_rnn import LeakyRNN
from .measures_figure import axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def connectivity(network: LeakyRNN) -> xr.Dataset:
    """Statistics of the recurrent weights, without the diagonal, which has no effect.

    Parameters
    ----------
    network
        Leaky network.

    Returns
    -------
    xarray.Dataset
        ``mean`` and ``sd`` (population) of all weights, ``frobenius_norm``, ``spectral_radius``, ``share_negative``; along
        ``unit`` what each unit receives: ``received`` the sum of its weights, ``excitation`` and ``inhibition`` the sums of the
        positive and of the negative ones, and ``sent``, the sum of the weights to other units.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, figure 6.
    """
    if not isinstance(network, LeakyRNN):
        raise ValueError(f"connectivity takes a leaky network, received a {type(network).__name__}.")
    with torch.no_grad():
        weight = network.connections().double().cpu().numpy()
    off_diagonal = weight[~np.eye(len(weight), dtype=bool)]
    return xr.Dataset(
        {
            "mean": off_diagonal.mean(),
            "sd": off_diagonal.std(),
            "frobenius_norm": np.linalg.norm(weight),
            "spectral_radius": np.abs(np.linalg.eigvals(weight)).max(),
            "share_negative": (off_diagonal < 0).mean(),
            "received": ("unit", weight.sum(1)),
            "excitation": ("unit", np.clip(weight, 0, None).sum(1)),
            "inhibition": ("unit", np.clip(weight, None, 0).sum(1)),
            "sent": ("unit", weight.sum(0)),
        }
    )


def input_against_timescale(connections: xr.Dataset, timescales: xr.Dataset) -> xr.Dataset:
    """Rank correlations over units between what a unit receives and its network timescale.

    Parameters
    ----------
    connections
        From `connectivity`.
    timescales
        From `network_timescales`, of the same network.

    Returns
    -------
    xarray.Dataset
        ``r`` and ``p`` of Spearman along ``input`` (received, excitation, inhibition), over the units with a timescale above
        1 step, of which there are ``attrs["units"]``; along ``unit`` both variables. NaN where fewer than 3 units are left.
    """
    from scipy.stats import spearmanr

    if connections.sizes["unit"] != timescales.sizes["unit"]:
        raise ValueError(
            f"the weights are of {connections.sizes['unit']} units, the timescales of {timescales.sizes['unit']}; "
            "give both of one network."
        )
    names = ["received", "excitation", "inhibition"]
    kept = timescales["timescale"].values > 1
    tests = [
        spearmanr(connections[name].values[kept], timescales["timescale"].values[kept])
        if kept.sum() > 2
        else (np.nan, np.nan)
        for name in names
    ]
    return xr.Dataset(
        {"r": ("input", [float(test[0]) for test in tests]), "p": ("input", [float(test[1]) for test in tests])},
        coords={"input": names},
        attrs={"units": int(kept.sum())},
    ).merge(connections[names].merge(timescales[["timescale"]]))


def plot_connectivity(data: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Histogram over units of the sums of positive, of negative and of all weights that a unit receives.

    Parameters
    ----------
    data
        From `connectivity`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = axis(ax)
    for name in ("inhibition", "received", "excitation"):
        ax.hist(data[name], bins=30, histtype="step", label=f"{name}, mean {float(data[name].mean()):.2f}")
    ax.axvline(0, color="grey", linewidth=0.6)
    ax.set(xlabel="sum of the weights to a unit", ylabel="units")
    ax.legend()
    return ax


def plot_input_against_timescale(data: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Network timescale of each unit above 1 step over the sum of the weights it receives.

    Parameters
    ----------
    data
        From `input_against_timescale`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = axis(ax)
    kept = data["timescale"].values > 1
    r = float(data["r"].sel(input="received"))
    ax.plot(
        data["received"].values[kept],
        data["timescale"].values[kept],
        "o",
        markersize=3,
        label=f"rank correlation {r:.2f}",
    )
    ax.set_yscale("log")
    ax.set(xlabel="sum of the weights to the unit", ylabel="network timescale (steps)")
    ax.legend()
    return ax
