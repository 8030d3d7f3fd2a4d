"""What do the analyses of trained timescales show? Time constants, autocorrelations, network timescales, ablation.

Takes two published networks, of which one answers parity of the last 2 to 10 digits with a head for each, the other of the last
10 with one head. Where they are not on this machine it says so and trains a small network for some seconds instead.
"""

import os
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch

from neuromodels import create_model
from neuromodels.timescale import (
    ablation,
    autocorrelation,
    load_published,
    network_timescales,
    plot_ablation,
    plot_autocorrelation,
    plot_network_timescales,
    plot_time_constants,
    time_constants_table,
)
from simulators.tasks import draw_digits, draw_length, labels

FOLDER = Path(os.environ.get("NEUROMODELS_DATA", "")) / "timescales"
PUBLISHED = {"many heads": "multihead_parity_N2-10", "one head": "singlehead_parity_N10"}


def trained(ns, steps=900, batch=64):
    """Small network with a head for each N, trained on all of them at once."""
    network = create_model("timescale/leaky-small", seed=1, heads=len(ns), answers=tuple(ns))
    source = torch.Generator().manual_seed(0)
    descent = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(steps):
        digits = draw_digits(batch, draw_length(ns[-1], source), source)
        answers = network(digits[..., None], start=network.draw_start(batch, source))
        loss = torch.nn.functional.cross_entropy(answers.flatten(0, 1), labels(digits, ns).flatten())
        descent.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        descent.step()
    return network.eval()


published = all((FOLDER / f"{name}.npz").is_file() for name in PUBLISHED.values())
if published:
    networks = {title: load_published(FOLDER / f"{name}.npz") for title, name in PUBLISHED.items()}
    trials = {"trials": 40, "steps": 1_000, "burn_in": 200}
else:
    print(
        "The published networks are not on this machine (folder timescales of NEUROMODELS_DATA); a small one is trained."
    )
    networks = {"small, many heads": trained([2, 3, 4])}
    trials = {"trials": 100, "steps": 2_000, "burn_in": 200}

table = time_constants_table(networks)
figure, axes = plt.subplots(len(networks), 4, figsize=(15, 3.6 * len(networks)), layout="constrained", squeeze=False)
for row, (title, network) in zip(axes, networks.items(), strict=True):
    correlation = autocorrelation(network, **trials)
    fitted = network_timescales(correlation)
    cut = ablation(network, as_published=True, units=5, streams=4, steps=400)
    plot_time_constants(table.sel(network=[title]), ax=row[0])
    plot_autocorrelation(correlation, ax=row[1])
    plot_network_timescales(fitted, ax=row[2])
    plot_ablation(cut, ax=row[3])
    own, told, facts = table.sel(network=title), fitted.attrs, cut.attrs
    print(title)
    print(f"  time constants {float(own['mean']):.2f} +- {float(own['sd']):.2f} steps,", end=" ")
    print(f"{float(own['share_below_1']):.0%} frozen at 1")
    print(f"  network timescales above 1 step {told['mean']:.2f} +- {told['sd']:.2f},", end=" ")
    print(f"{told['share_up_to_1']:.0%} of the units are not")
    print(f"  accuracy for N = {facts['N']}: {facts['baseline']:.3f};", end=" ")
    print(
        f"without a unit of the shortest time constants {facts['shortest']:.3f}, of the longest {facts['longest']:.3f}"
    )
figure.savefig("24_redo_a_published_figure.png", dpi=110)
