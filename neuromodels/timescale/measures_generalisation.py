"""Whether a network answers another question than the one its head was trained for, or still the old one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import xarray as xr

from .measures_accuracy import SEQUENCES, accuracy
from .measures_figure import axis
from .memory_network import MemoryNetwork

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulators.tasks.memory import Odds, Rule


def accuracy_of_other_answer(rule: "Rule", answered: int, asked: int, odds: "Odds" = "per sequence") -> float:
    """Expected accuracy, when N = ``asked`` is asked, of a network that answers N = ``answered`` without fault.

    Parities of N and M differ by the parity of the d = |N - M| digits between them, which is even with probability 1/2 for odd
    d, and (1 + 1 / (d + 1)) / 2 for even d, where each sequence has a p of U(0, 1); with p = 1/2 always 1/2. Matches of N
    and M agree where the N-th and the M-th last digit are the same: with probability 2/3, or 1/2.

    Parameters
    ----------
    rule
        ``"parity"`` or ``"match"``.
    answered, asked
        At least 2.
    odds
        ``"per sequence"`` or ``"even"``.
    """
    from simulators.tasks.memory import check_ns, check_rule

    check_ns([answered])
    check_ns([asked])
    check_rule(rule, odds)
    if odds == "balanced":
        raise ValueError(
            'digits that are balanced for one N are not for another; odds must be "per sequence" or "even".'
        )
    between = abs(answered - asked)
    if between == 0:
        return 1.0
    if odds == "even":
        return 0.5
    if rule == "match":
        return 2 / 3
    return 0.5 if between % 2 else (1 + 1 / (between + 1)) / 2


def generalisation(
    network: MemoryNetwork,
    ns: Sequence[int],
    *,
    head: int,
    answered: int | None = None,
    rule: "Rule" = "parity",
    odds: "Odds | None" = None,
    sequences: int = SEQUENCES,
    seed: int = 0,
) -> xr.Dataset:
    """Accuracy of one head on questions that it was not trained for, beside what a network with its old answer would get.

    Parameters
    ----------
    network
        Any network of this family.
    ns
        Rising.
    head
        The head that is asked all of them.
    answered
        The N that it was trained for last; by default what the network says.
    rule, odds, sequences, seed
        See `accuracy`; the sequences are long enough for the largest N, asked or answered.

    Returns
    -------
    xarray.Dataset
        That of `accuracy` with ``old_answer`` along ``N``, `accuracy_of_other_answer`: where both are equal, the network has
        forgotten the question, or has never known it. With a p per sequence even that is above 1/2 for every other N; odds
        ``"even"`` have chance at 1/2 for all.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927.
    """
    if answered is None:
        if not network.answers or not 0 <= head < len(network.answers):
            raise ValueError(f"this network does not say what head {head} was trained for; give answered.")
        answered = network.answers[head]
    found = accuracy(
        network,
        ns,
        heads=[head] * len(ns),
        rule=rule,
        odds=odds,
        sequences=sequences,
        largest=max(*ns, answered),
        seed=seed,
    )
    old = [accuracy_of_other_answer(rule, answered, int(n), found.attrs["odds"]) for n in found["N"]]
    found.attrs |= {"answered": answered, "head": head}
    return found.assign(old_answer=("N", old))


def plot_generalisation(data: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Accuracy over the N that is asked, beside that of the old answer and chance.

    Parameters
    ----------
    data
        From `generalisation`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = axis(ax)
    ax.errorbar(data["N"], data["accuracy"], yerr=2 * data["standard_error"], marker="o", markersize=4, label="network")
    ax.plot(data["N"], data["old_answer"], "x", color="C1", label=f"answer to N = {data.attrs['answered']}")
    ax.plot(data["N"], data["chance"], color="grey", linestyle="--", label="chance")
    ax.set(xlabel="N that is asked", ylabel="accuracy", ylim=(0.4, 1.03))
    ax.legend()
    return ax
