"""Trials of a memory task as a labelled data set and as a stimulus file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..format import save_stimulus_set
from .memory import PUBLISHED_ODDS, Odds, Rule, chance_level, check_ns, check_rule, draw_digits, labels, labels_in_time

if TYPE_CHECKING:
    import xarray as xr


def memory_trials(
    n_trials: int,
    ns: Sequence[int],
    *,
    rule: Rule = "parity",
    odds: Odds | None = None,
    length: int | None = None,
    seed: int = 0,
) -> "xr.Dataset":
    """Sequences of one length with the right answers at every step.

    Parameters
    ----------
    n_trials
        Number of sequences.
    ns
        Numbers of digits that are asked about, at least 2 and rising.
    rule
        ``"parity"`` or ``"match"``.
    odds
        See `draw_digits`; by default those with which the rule was published, a p per sequence for parity and p = 1/2 for
        matches.
    length
        Digits of each sequence; by default the largest of the published lengths, 4 N + 1.
    seed
        Decides every digit.

    Returns
    -------
    xarray.Dataset
        ``digits`` ``(stimulus, time, channel)`` float32; ``label`` ``(stimulus, head)`` at the last step;
        ``label_in_time`` ``(stimulus, time, head)``, -1 where it is not defined yet; along ``head`` the coordinates ``N`` and
        ``chance``, the expected accuracy of the best constant answer. Time is in steps, one digit each.

    Raises
    ------
    ValueError
        If an argument cannot be meant.
    """
    import torch
    import xarray as xr

    ns = [int(n) if isinstance(n, np.integer) else n for n in ns]
    check_ns(ns)
    odds = odds or PUBLISHED_ODDS.get(rule, "even")
    check_rule(rule, odds)
    generator = torch.Generator().manual_seed(seed)
    digits = draw_digits(n_trials, length or 4 * ns[-1] + 1, generator, odds=odds, ns=ns, rule=rule)
    return xr.Dataset(
        {
            "digits": (("stimulus", "time", "channel"), digits[:, :, None].numpy(), {"unit": "digits"}),
            "label": (("stimulus", "head"), labels(digits, ns, rule).numpy()),
            "label_in_time": (("stimulus", "time", "head"), labels_in_time(digits, ns, rule).numpy()),
        },
        coords={
            "stimulus_id": ("stimulus", [f"{rule}-{place:05d}" for place in range(n_trials)]),
            "time": np.arange(digits.shape[1]),
            "N": ("head", np.array(ns)),
            "chance": ("head", [chance_level(rule, n, odds) for n in ns]),
        },
        attrs={"rule": rule, "odds": odds, "seed": seed, "time_unit": "step"},
    )


def save_memory_trials(trials: "xr.Dataset", path: str | Path, *, name: str = "") -> Path:
    """Write trials as a stimulus set, which ``data.load_stimulus_set`` reads.

    Parameters
    ----------
    trials
        Of `memory_trials`.
    path
        Target, ``.nc``; a sidecar is written beside it.
    name
        Of the set; the rule by default.

    Returns
    -------
    Path
        The netCDF file. The answers at the last step are columns of the stimulus table, ``label_2`` for N = 2.
    """
    stimuli = trials["digits"].drop_vars(["N", "chance"], errors="ignore")
    answers = {
        f"label_{n}": ("stimulus", trials["label"].values[:, place]) for place, n in enumerate(trials["N"].values)
    }
    facts = {key: trials.attrs[key] for key in ("rule", "odds", "seed")}
    return save_stimulus_set(
        stimuli.assign_coords(answers),
        path,
        name=name or str(facts["rule"]),
        generator={"simulator": "simulators.tasks.memory_trials", **facts, "ns": trials["N"].values.tolist()},
    )
