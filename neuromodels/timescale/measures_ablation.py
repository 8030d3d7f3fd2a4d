"""Which units a network needs: its accuracy without single units of the shortest and of the longest time constants."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from .leaky_rnn import LeakyRNN
from .measures_accuracy import SCORED, STREAMS, WARM_UP, hardest
from .measures_activity import random_digits
from .measures_figure import axis
from .measures_time_constants import told_time_constants
from .measures_variants import relative_accuracy, variant, variant_accuracy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulators.tasks.memory import Rule

GROUPS = ("shortest", "longest")


def ablate(network: LeakyRNN, unit: int, *, as_published: bool = False) -> LeakyRNN:
    """Copy of a network without one unit.

    Parameters
    ----------
    network
        Stays as it is.
    unit
        Number of the unit.
    as_published
        Cut its recurrent connections, its input and its weights to head 0; its biases and its weights to all other heads
        stay, so that these get a constant from it. Otherwise everything to and from the unit is cut: it stays at 0.
    """
    if not 0 <= unit < network.units:
        raise ValueError(f"unit must be from 0 to {network.units - 1}, received {unit}.")

    def cut(network: LeakyRNN) -> None:
        network.recurrent_weight[unit] = 0
        network.recurrent_weight[:, unit] = 0
        network.input_weight[unit] = 0
        if as_published:
            network.readout_weight[0, :, unit] = 0
        else:
            network.input_bias[unit] = network.recurrent_bias[unit] = 0
            network.readout_weight[:, :, unit] = 0

    return variant(network, cut)


def ablation(
    network: LeakyRNN,
    n: int | None = None,
    *,
    head: int | None = None,
    rule: "Rule" = "parity",
    as_published: bool = False,
    units: int = 20,
    streams: int = STREAMS,
    steps: int = SCORED,
    seed: int = 0,
) -> xr.Dataset:
    """Accuracy on streams without one unit at a time, for the units of the shortest and of the longest time constants.

    Parameters
    ----------
    network
        Leaky network.
    n, head, rule
        The question, by default the largest N that a head was trained for, and the head that answers it.
    as_published
        See `ablate`.
    units
        How many of the shortest and of the longest.
    streams, steps
        See `stream_accuracy`; each unit has streams of its own.
    seed
        Of the digits.

    Returns
    -------
    xarray.Dataset
        ``accuracy`` (group, rank, stream), ``baseline`` (stream); ``unit`` and ``time_constant`` (group, rank). ``attrs``:
        means of the two groups and of the baseline, and relative accuracies by the largest baseline, as published.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, figure 7, which shows accuracies themselves.
    """
    told = told_time_constants(network)
    if not 1 <= units <= network.units // 2:
        raise ValueError(f"units must be from 1 to half of the {network.units} units, received {units}.")
    n, head = hardest(network, n, head)
    order = told.argsort(kind="stable")
    chosen = np.stack([order[:units], order[len(order) - units :]])
    networks = [network, *(ablate(network, int(unit), as_published=as_published) for unit in chosen.ravel())]
    digits = random_digits(len(networks) * streams, WARM_UP + steps, seed=seed, odds="even")
    found = variant_accuracy(networks, digits[..., 0].unflatten(0, (len(networks), streams)), n, head, rule)
    baseline, without = found[0], found[1:].reshape(2, units, streams)
    means = without.mean((1, 2))
    relative = np.asarray(relative_accuracy(means, baseline))
    attrs: dict[str, object] = {"as_published": int(as_published), "N": n, "head": head, "rule": rule, "steps": steps}
    attrs |= {"seed": seed, "baseline": float(baseline.mean())}
    attrs |= {name: float(mean) for name, mean in zip(GROUPS, means, strict=True)}
    attrs |= {f"relative_{name}": float(mean) for name, mean in zip(GROUPS, relative, strict=True)}
    return xr.Dataset(
        {
            "accuracy": (("group", "rank", "stream"), without),
            "baseline": ("stream", baseline),
            "unit": (("group", "rank"), chosen),
            "time_constant": (("group", "rank"), told[chosen]),
        },
        coords={"group": list(GROUPS)},
        attrs=attrs,
    )


def plot_ablation(data: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Accuracy without each unit over its time constant, against that of the whole network.

    Parameters
    ----------
    data
        From `ablation`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = axis(ax)
    for colour, name in zip(("C0", "C1"), GROUPS, strict=True):
        of_group = data.sel(group=name)
        mean = of_group["accuracy"].mean("stream")
        label = f"{name}, mean {float(mean.mean()):.3f}"
        ax.plot(of_group["time_constant"], mean, "o", color=colour, markersize=4, label=label)
    ax.axhline(data.attrs["baseline"], color="black", linestyle="--", label=f"all units {data.attrs['baseline']:.3f}")
    ax.set(xlabel="time constant of the unit (steps)", ylabel=f"accuracy without it, N = {data.attrs['N']}")
    ax.legend()
    return ax
