"""Variants of a network, each with something cut or changed, judged side by side on streams of digits."""

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .ensemble import LeakyEnsemble
from .leaky_rnn import LeakyRNN
from .measures_accuracy import WARM_UP
from .measures_activity import PIECE

if TYPE_CHECKING:
    from simulators.tasks.memory import Rule

# Networks that take their steps together; the matrices of more no longer fit in the cache of a processor.
TOGETHER = 8

Array = NDArray[np.float64]


def variant(network: LeakyRNN, change: Callable[[LeakyRNN], None]) -> LeakyRNN:
    """Copy of a network, changed in place.

    Parameters
    ----------
    network
        Stays as it is.
    change
        Changes the parameters of the network that it is given.
    """
    if not isinstance(network, LeakyRNN):
        raise ValueError(
            f"units of a {type(network).__name__} cannot be cut or changed here; this takes leaky networks."
        )
    found = copy.deepcopy(network)
    with torch.no_grad():
        change(found)
    return found


def variant_accuracy(networks: Sequence[LeakyRNN], digits: Tensor, n: int, head: int, rule: "Rule" = "parity") -> Array:
    """Accuracy of one head of many networks of one configuration at every step of streams, after the warming up.

    Parameters
    ----------
    networks
        Variants.
    digits
        ``(network, stream, time)``, 100 steps of warming up and those that are scored.
    n, head
        The question, and the head that is asked.
    rule
        Of the task.

    Returns
    -------
    ndarray
        ``(network, stream)``.
    """
    from simulators.tasks import labels_in_time

    found: list[Array] = []
    for first in range(0, len(networks), TOGETHER):
        group = LeakyEnsemble.from_networks(networks[first : first + TOGETHER])
        own = digits[first : first + TOGETHER]
        x = own[..., None].to(group.tau.device)
        answers: list[Tensor] = []
        start: Tensor | None = None
        for part in x.split(PIECE, dim=2):
            with torch.no_grad():
                states = group.states(part, start=start)
                start = states[:, :, -1]
                logits = group.readout(states[:, :, 1:].flatten(1, 2), [head])
            answers.append(logits[:, :, 0].argmax(-1).unflatten(1, (own.shape[1], -1)).cpu())
        right_answers = labels_in_time(own.flatten(0, 1), [n], rule)[..., 0].unflatten(0, own.shape[:2])
        right = torch.cat(answers, dim=2) == right_answers
        found.append(right[:, :, WARM_UP:].double().mean(2).numpy())
    return np.concatenate(found)


def relative_accuracy(
    accuracy: Array | float, baseline: Array, by: Literal["largest", "mean"] = "largest"
) -> Array | float:
    """Accuracy above chance as a share of that of the network as it was.

    Parameters
    ----------
    accuracy
        Of variants, on questions with two equally likely answers.
    baseline
        Accuracies of the unchanged network on several streams.
    by
        ``"largest"`` of the baseline, as published for ablations and in the figure of perturbations, or its ``"mean"``.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, published code of figures 7 and 8.
    """
    if by not in ("largest", "mean"):
        raise ValueError(f'by must be "largest" or "mean", received {by!r}.')
    whole = float(np.max(baseline) if by == "largest" else np.mean(baseline))
    if whole <= 0.5:
        raise ValueError(
            f"the unchanged network is right in {whole:.3f} of the cases, which is chance: nothing can be told relative to it."
        )
    return (accuracy - 0.5) / (whole - 0.5)
