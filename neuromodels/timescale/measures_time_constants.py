"""Distribution of the time constants of networks, and how it changes as they learn longer memories."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .leaky_config import CLAMP
from .leaky_rnn import LeakyRNN
from .measures_figure import axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def told_time_constants(network: LeakyRNN) -> NDArray[np.float64]:
    """Time constants ``(unit,)`` as they are reported, in steps: before the clamp, so that a frozen unit is below 1."""
    if not isinstance(network, LeakyRNN):
        raise ValueError(
            f"units of a {type(network).__name__} have no time constants of their own; this takes leaky networks."
        )
    if network.config.timescales == "clamped":
        return network.tau.detach().cpu().double().numpy()
    return network.time_constants().detach().cpu().double().numpy()


def time_constants_table(networks: Mapping[str, LeakyRNN], ns: Mapping[str, int] | None = None) -> xr.Dataset:
    """Statistics of the time constants of some networks.

    Parameters
    ----------
    networks
        Name to network; all with as many units.
    ns
        Name to the largest N that the network solves; by default its largest answer, 0 where that is not known.

    Returns
    -------
    xarray.Dataset
        Along ``network``: ``mean``, ``sd`` (population) and ``largest``, in steps; ``share_below_1``, the units that the
        clamp has frozen; ``N``; and all ``time_constant`` (network, unit).

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, figure 4.
    """
    if not networks:
        raise ValueError("time_constants_table needs at least one network, received none.")
    units = {network.units for network in networks.values()}
    if len(units) > 1:
        raise ValueError(f"the networks have {sorted(units)} units; compare networks of one size.")
    told = np.stack([told_time_constants(network) for network in networks.values()])
    largest = [ns[name] if ns else max(network.answers or (0,)) for name, network in networks.items()]
    return xr.Dataset(
        {
            "mean": ("network", told.mean(1)),
            "sd": ("network", told.std(1)),
            "largest": ("network", told.max(1)),
            "share_below_1": ("network", (told < CLAMP).mean(1)),
            "time_constant": (("network", "unit"), told),
        },
        coords={"network": list(networks), "N": ("network", largest)},
        attrs={"unit": "steps"},
    )


def time_constants_over_n(table: xr.Dataset) -> xr.Dataset:
    """Mean and standard deviation of the time constants over N, with their spread over networks.

    Parameters
    ----------
    table
        From `time_constants_table`.

    Returns
    -------
    xarray.Dataset
        Along ``N``: ``mean`` and ``sd`` averaged over the networks of this N, ``mean_spread`` and ``sd_spread``, their
        population standard deviation over these networks, and ``networks``, how many there are.
    """
    groups = table[["mean", "sd"]].groupby("N")
    averages, spreads = groups.mean(), groups.std()
    found = averages.assign({f"{name}_spread": spreads[name] for name in ("mean", "sd")})
    return found.assign(networks=table["mean"].groupby("N").count())


def plot_time_constants(data: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Histograms of the time constants of each network.

    Parameters
    ----------
    data
        From `time_constants_table`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = axis(ax)
    values = data["time_constant"]
    edges = np.linspace(min(float(values.min()), CLAMP) - 1e-3, float(values.max()) + 1e-3, 31).tolist()
    for name, of_network in zip(data["network"].values, values.values, strict=True):
        mean = f"{float(data['mean'].sel(network=name)):.2f}"
        ax.hist(of_network, bins=edges, histtype="step", label=f"{name}, mean {mean}")
    ax.set(xlabel="time constant (steps)", ylabel="units")
    ax.legend()
    return ax


def plot_time_constants_over_n(data: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Mean and standard deviation of the time constants over N, shaded by their spread over networks.

    Parameters
    ----------
    data
        From `time_constants_over_n`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = axis(ax)
    for name, label in (("mean", "mean"), ("sd", "standard deviation")):
        value, spread = data[name].values, data[f"{name}_spread"].values
        line = ax.plot(data["N"], value, marker="o", markersize=3, label=label)[0]
        ax.fill_between(data["N"], value - spread, value + spread, color=line.get_color(), alpha=0.2, linewidth=0)
    ax.set(xlabel="N", ylabel="time constant (steps)")
    ax.legend()
    return ax
