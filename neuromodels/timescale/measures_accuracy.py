"""How often the heads of a network are right: on sequences as in training, and at every step of endless streams."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr

from .measures_activity import random_digits, state_pieces
from .measures_figure import axis
from .memory_network import MemoryNetwork

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulators.tasks.memory import Odds, Rule

SEQUENCES = 10_240
BATCH = 256
STREAMS = 10
WARM_UP = 100
SCORED = 1_000


def heads_for(
    network: MemoryNetwork, ns: Sequence[int] | None = None, heads: Sequence[int] | None = None
) -> tuple[list[int], list[int]]:
    """Questions N and the heads that are asked them.

    Parameters
    ----------
    network
        Any network of this family.
    ns
        Rising; by default those that the network's heads were trained for.
    heads
        One for each N; by default the heads that were trained for these N.

    Raises
    ------
    ValueError
        If it is not known which head answers an N, or there is not one head for each N.
    """
    from simulators.tasks.memory import check_ns

    known = network.answers
    if ns is None:
        if not known:
            raise ValueError("this network does not say which N its heads answer; give ns and heads.")
        ns = sorted(set(known))
    ns = [int(n) for n in ns]
    check_ns(ns)
    if heads is None:
        missing = [n for n in ns if n not in (known or ())]
        if missing:
            raise ValueError(
                f"no head of this network was trained for N = {missing[0]}, its heads answer {known}; name the heads to ask."
            )
        heads = [(known or ()).index(n) for n in ns]
    if len(heads) != len(ns):
        raise ValueError(f"give one head for each N, received {len(heads)} heads for {len(ns)} N.")
    return ns, [int(head) for head in heads]


def hardest(network: MemoryNetwork, n: int | None, head: int | None) -> tuple[int, int]:
    """One question and its head: by default the largest N that a head was trained for."""
    if n is None and network.answers:
        n = max(network.answers)
    ns, heads = heads_for(network, None if n is None else [n], None if head is None else [head])
    return ns[-1], heads[-1]


def accuracy(
    network: MemoryNetwork,
    ns: Sequence[int] | None = None,
    *,
    heads: Sequence[int] | None = None,
    rule: "Rule" = "parity",
    odds: "Odds | None" = None,
    sequences: int = SEQUENCES,
    largest: int | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Accuracy of each head on sequences like those of training.

    Parameters
    ----------
    network
        Any network of this family.
    ns, heads
        See `heads_for`.
    rule, odds
        Of the task, see `simulators.tasks.draw_digits`; by default the odds with which the rule was published.
    sequences
        How many, in batches of 256 sequences of one length, drawn from N + 2 to 4 N + 1.
    largest
        The N that decides the lengths; by default the largest asked for.
    seed
        Of lengths, digits and starts.

    Returns
    -------
    xarray.Dataset
        Along ``N``: ``accuracy``; ``standard_error`` of it for these sequences; ``chance``, the expected accuracy of the best
        constant answer; coordinate ``head``.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, section 2.
    """
    from simulators.tasks import chance_level, draw_digits, draw_length, labels
    from simulators.tasks.memory import PUBLISHED_ODDS

    if sequences < 1:
        raise ValueError(f"sequences must be at least 1, received {sequences}.")
    ns, heads = heads_for(network, ns, heads)
    odds = odds or PUBLISHED_ODDS[rule]
    generator = torch.Generator().manual_seed(seed)
    device = network.readout_weight.device
    right = np.zeros(len(ns))
    for first in range(0, sequences, BATCH):
        n_sequences = min(BATCH, sequences - first)
        digits = draw_digits(n_sequences, draw_length(largest or ns[-1], generator), generator, odds=odds)
        start = network.draw_start(n_sequences, generator)  # type: ignore[operator]
        with torch.no_grad():
            answers = network(digits[..., None].to(device), heads, start.to(device)).argmax(-1).cpu()
        right += (answers == labels(digits, ns, rule)).sum(0).numpy()
    share = right / sequences
    return xr.Dataset(
        {
            "accuracy": ("N", share),
            "standard_error": ("N", np.sqrt(share * (1 - share) / sequences)),
            "chance": ("N", [chance_level(rule, n, odds) for n in ns]),
        },
        coords={"N": ns, "head": ("N", heads)},
        attrs={"rule": rule, "odds": odds, "sequences": sequences, "seed": seed},
    )


def stream_accuracy(
    network: MemoryNetwork,
    ns: Sequence[int] | None = None,
    *,
    heads: Sequence[int] | None = None,
    rule: "Rule" = "parity",
    streams: int = STREAMS,
    steps: int = SCORED,
    seed: int = 0,
) -> xr.Dataset:
    """Accuracy of each head at every step of streams of digits with p = 1/2, after 100 steps of warming up.

    Parameters
    ----------
    network, ns, heads, rule
        See `accuracy`.
    streams, steps
        How many streams, and steps of each that are scored.
    seed
        Of the digits.

    Returns
    -------
    xarray.Dataset
        ``accuracy`` (stream, N), with chance at 1/2; ``attrs["standard_error"]`` is that of the mean over streams, of the
        largest N.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, the published code of the ablations.
    """
    from simulators.tasks import labels_in_time

    ns, heads = heads_for(network, ns, heads)
    digits = random_digits(streams, WARM_UP + steps, seed=seed, odds="even")
    # The state after the last step of warming up is the last one left out; the start is the first.
    pieces = state_pieces(network, digits, burn_in=WARM_UP + 1)
    answers = torch.cat([network.readout(piece, heads).argmax(-1).cpu() for piece in pieces], dim=1)
    right = answers == labels_in_time(digits[..., 0], ns, rule)[:, WARM_UP:]
    share = right.double().mean(1).numpy()
    error = share[:, -1].std(ddof=1) / np.sqrt(streams) if streams > 1 else np.nan
    return xr.Dataset(
        {"accuracy": (("stream", "N"), share)},
        coords={"N": ns, "head": ("N", heads)},
        attrs={"rule": rule, "steps": steps, "seed": seed, "standard_error": float(error)},
    )


def plot_accuracy(data: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Accuracy over N beside chance.

    Parameters
    ----------
    data
        From `accuracy` or `stream_accuracy`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = axis(ax)
    if "stream" in data.dims:
        mean, spread = data["accuracy"].mean("stream"), data["accuracy"].std("stream")
        chance = np.full(data.sizes["N"], 0.5)
        label = "mean and standard deviation over streams"
    else:
        mean, spread, chance = data["accuracy"], 2 * data["standard_error"], data["chance"].values
        label = "accuracy and 2 standard errors"
    ax.errorbar(data["N"], mean, yerr=spread, marker="o", markersize=4, capsize=2, label=label)
    ax.plot(data["N"], chance, color="grey", linestyle="--", label="chance")
    ax.set(xlabel="N", ylabel="accuracy", ylim=(0.4, 1.03))
    ax.legend()
    return ax
