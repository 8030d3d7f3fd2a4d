"""How much noise in its weights, or in its time constants, a network stands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from .leaky_config import CLAMP
from .leaky_rnn import LeakyRNN
from .measures_accuracy import SCORED, WARM_UP, hardest
from .measures_activity import random_digits
from .measures_figure import axis
from .measures_variants import relative_accuracy, variant, variant_accuracy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulators.tasks.memory import Rule

Kind = Literal["weights", "weights multiplied", "time constants", "time constants both ways", "time constants added"]
# Published sizes of the noise.
WEIGHT_EPSILONS = (0.0, *np.geomspace(1e-2, 10, 10).tolist())
TIME_CONSTANT_EPSILONS = (0.0, *np.geomspace(1e-3, 10, 13).tolist())
DRAWS = 10


def perturb(network: LeakyRNN, kind: Kind, epsilon: float, generator: torch.Generator) -> LeakyRNN:
    """Copy of a network with noise in its recurrent weights or time constants.

    Parameters
    ----------
    network
        Stays as it is.
    kind
        With D and d of N(0, 1) and U of U(0, 1), |x| the Euclidean norm:

        ``"weights"``  W + epsilon |W| D / |D|, published; the diagonal of D counts in its norm, though it has no effect.
        ``"weights multiplied"``  W (1 + epsilon U), for each weight.
        ``"time constants"``  tau + epsilon |tau| abs(d) / |d|, published: they only become longer.
        ``"time constants both ways"``  tau + epsilon |tau| d / |d|.
        ``"time constants added"``  tau + epsilon d.
    epsilon
        Size of the noise, 0 or more.
    generator
        Of the noise.

    Raises
    ------
    ValueError
        If a time constant would come to 1 or below in a network whose time constants have no clamp.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(map(repr, get_args(Kind)))}, received {kind!r}.")
    if not epsilon >= 0:
        raise ValueError(f"epsilon must be 0 or more, received {epsilon}.")

    def change(network: LeakyRNN) -> None:
        if kind.startswith("weights"):
            weight = network.recurrent_weight
            if kind == "weights multiplied":
                noise = torch.rand(weight.shape, generator=generator).to(weight)
                weight.mul_(1 + epsilon * noise)
            else:
                noise = torch.randn(weight.shape, generator=generator).to(weight)
                weight.add_(epsilon * weight.norm() / noise.norm() * noise)
            return
        told = network.tau if network.config.timescales == "clamped" else network.time_constants()
        noise = torch.randn(told.shape, generator=generator).to(told)
        if kind == "time constants added":
            told = told + epsilon * noise
        else:
            told = told + epsilon * told.norm() / noise.norm() * (noise.abs() if kind == "time constants" else noise)
        network.tau.copy_(_parameter(network, told))

    return variant(network, change)


def _parameter(network: LeakyRNN, told: Tensor) -> Tensor:
    """Parameter of the network for time constants."""
    if network.config.timescales == "clamped":
        return told
    if not bool((told > CLAMP).all()) and network.config.timescales == "free":
        raise ValueError(
            f"a time constant came to {float(told.min()):.3f} steps, and this network's are above 1 always; "
            "use a smaller epsilon."
        )
    return (told - CLAMP).expm1().log() if network.config.timescales == "free" else told.clamp(min=CLAMP)


def perturbation(
    network: LeakyRNN,
    kind: Kind = "weights",
    epsilons: Sequence[float] | None = None,
    *,
    n: int | None = None,
    head: int | None = None,
    rule: "Rule" = "parity",
    draws: int = DRAWS,
    steps: int = SCORED,
    seed: int = 0,
) -> xr.Dataset:
    """Accuracy on streams under noise of several sizes, each time with new noise and a new stream.

    Parameters
    ----------
    network
        Leaky network.
    kind
        See `perturb`.
    epsilons
        Sizes of the noise, of which one is 0; by default the published ones.
    n, head, rule
        See `ablation`.
    draws
        For each size.
    steps
        Scored steps of each stream.
    seed
        Of noise and digits.

    Returns
    -------
    xarray.Dataset
        ``accuracy`` (epsilon, draw); along ``epsilon`` its ``mean``, and ``relative`` to the largest accuracy without noise and
        ``relative_to_mean``, means over draws.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, figure 8.
    """
    if epsilons is None:
        epsilons = WEIGHT_EPSILONS if kind.startswith("weights") else TIME_CONSTANT_EPSILONS
    if 0 not in epsilons:
        raise ValueError(
            f"epsilons must hold 0, the network as it is, to which the others are related; received {epsilons}."
        )
    if draws < 1:
        raise ValueError(f"draws must be at least 1, received {draws}.")
    n, head = hardest(network, n, head)
    generator = torch.Generator().manual_seed(seed)
    networks = [perturb(network, kind, epsilon, generator) for epsilon in epsilons for _ in range(draws)]
    digits = random_digits(len(networks), WARM_UP + steps, seed=seed, odds="even").mT
    found = variant_accuracy(networks, digits, n, head, rule).reshape(len(epsilons), draws)
    means, baseline = found.mean(1), found[list(epsilons).index(0)]
    return xr.Dataset(
        {
            "accuracy": (("epsilon", "draw"), found),
            "mean": ("epsilon", means),
            "relative": ("epsilon", relative_accuracy(means, baseline)),
            "relative_to_mean": ("epsilon", relative_accuracy(means, baseline, "mean")),
        },
        coords={"epsilon": list(epsilons)},
        attrs={"kind": kind, "N": n, "head": head, "rule": rule, "steps": steps, "seed": seed},
    )


def compare_perturbations(one: xr.Dataset, other: xr.Dataset) -> xr.Dataset:
    """Two-sided t-test, for each size of the noise, between the accuracies of two networks or pools of networks.

    Parameters
    ----------
    one, other
        From `perturbation` with the same epsilons; pool networks by `xarray.concat` along ``draw``.

    Returns
    -------
    xarray.Dataset
        Along ``epsilon``: ``difference`` of the means, ``t`` and ``p``; NaN where neither varies. Draws of one network are no
        independent networks: p tells of these networks, not of how they were trained.
    """
    from scipy.stats import ttest_ind

    if one["epsilon"].values.tolist() != other["epsilon"].values.tolist():
        raise ValueError("the two perturbations have different epsilons; compute both with the same.")
    a, b = one["accuracy"].values, other["accuracy"].values
    t, p = np.full(len(a), np.nan), np.full(len(a), np.nan)
    varies = (a.std(1) > 0) | (b.std(1) > 0)
    if varies.any():
        t[varies], p[varies] = ttest_ind(a[varies], b[varies], axis=1)
    return xr.Dataset(
        {"difference": ("epsilon", a.mean(1) - b.mean(1)), "t": ("epsilon", t), "p": ("epsilon", p)},
        coords={"epsilon": one["epsilon"].values},
    )


def plot_perturbation(data: xr.Dataset, *, ax: "Axes | None" = None, label: str | None = None) -> "Axes":
    """Accuracy relative to that without noise over the size of the noise.

    Parameters
    ----------
    data
        From `perturbation`.
    ax
        Axis to draw on; a new figure by default.
    label
        Of the line.
    """
    ax = axis(ax)
    shown = data.sel(epsilon=data["epsilon"] > 0)
    spread = shown["accuracy"].std("draw") / (float(data["mean"].sel(epsilon=0)) - 0.5)
    ax.errorbar(
        shown["epsilon"], shown["relative_to_mean"], yerr=spread, marker="o", markersize=4, capsize=2, label=label
    )
    ax.axhline(0, color="grey", linewidth=0.6)
    ax.set_xscale("log")
    ax.set(xlabel=f"noise in the {data.attrs['kind']}, epsilon", ylabel=f"relative accuracy, N = {data.attrs['N']}")
    if label:
        ax.legend()
    return ax
