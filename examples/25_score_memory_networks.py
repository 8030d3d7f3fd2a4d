"""Do networks that learned a memory task keep a direction as prefrontal cortex does? Networks against memory cells.

Published networks and controls made of them where a folder ``timescales`` of ``NEUROMODELS_DATA`` holds them; untrained
networks of several seeds and their controls otherwise. A control shares the time constants, or the weights, of the network
that it stands beside: untrained weights with the same time constants, the same weights with the time constants exchanged
between units, and the same weights with all time constants 1. The score is what tells a direction that was left out apart
from the others.
"""

import copy
import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch

import data
from alignment import score
from alignment.plots import STYLE
from neuromodels import create_model
from neuromodels.timescale import load_published

PUBLISHED = Path(os.environ.get("NEUROMODELS_DATA", "")) / "timescales"
NAMES = ("multihead_parity_N2-10", "singlehead_parity_N10")


def with_controls(network, untrained):
    """The network, and its three controls."""
    taus = network.tau.detach()
    shuffled = taus[torch.randperm(len(taus), generator=torch.Generator().manual_seed(0))]
    yield "trained" if network.label else "untrained", network
    for what, base, tau in (
        ("other weights, same tau", untrained, taus),
        ("tau shuffled", network, shuffled),
        ("tau 1", network, torch.ones_like(taus)),
    ):
        control = copy.deepcopy(base)
        control.load_state_dict({**base.state_dict(), "tau": tau.clone()})
        control.name = f"{network.name}, {what}"
        yield what, control


try:
    data.load_dataset("timescale/park2025")
except data.DataNotAvailableError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)

if (PUBLISHED / "init_seed0.npz").is_file():
    families = {
        name: list(
            with_controls(load_published(PUBLISHED / f"{name}.npz"), load_published(PUBLISHED / "init_seed0.npz"))
        )
        for name in NAMES
    }
else:
    families = {
        f"untrained, seed {seed}": list(
            with_controls(
                create_model("timescale/leaky-small", seed=seed), create_model("timescale/leaky-small", seed=seed + 10)
            )
        )
        for seed in (0, 1)
    }

plt.style.use(STYLE)
figure, axes = plt.subplots(1, len(families), figsize=(5.5 * len(families), 3.4), sharex=True, layout="constrained")
for axis, (family, networks) in zip(axes, families.items(), strict=True):
    for place, (what, network) in enumerate(networks):
        result = score(network, "timescale/park2025-ridge", layers=["state"], n_permutations=0, n_boot=200)
        low, high = result.ci
        print(f"{family}, {what}: {result.value:.3f} [{low:.3f}, {high:.3f}] of the ceiling {result.ceiling:.3f}")
        axis.plot([low, high], [-place, -place], color="0.4")
        axis.plot(result.value, -place, "o", color="C0" if place == 0 else "0.4")
    axis.axvline(0, color="0.7", linewidth=1)
    axis.set_yticks([-place for place in range(len(networks))], [what for what, _ in networks])
    axis.set(title=family, xlabel="direction left out: share of the ceiling")
figure.savefig("25_score_memory_networks.png", dpi=110)
