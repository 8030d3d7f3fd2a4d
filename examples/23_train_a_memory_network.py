"""What becomes of the time constants of a network that learns to remember more and more?

Without arguments a small network learns N-parity for N = 2 to 6 through one head for each. Given the folder of a run, such as
that of ``neuromodels train timescale/small-multi --out small-multi``, that run is looked at.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch

from alignment.plots import STYLE
from neuromodels import load_model
from neuromodels.timescale import curriculum_trace, plot_accuracies, plot_time_constants_in_training
from neuromodels.training import read_recipe, train
from simulators.tasks import chance_level, memory_trials

torch.set_num_threads(1)
plt.style.use(STYLE)
if len(sys.argv) > 1:
    run = Path(sys.argv[1])
else:
    run = Path("23_run")
    recipe = read_recipe("timescale/small-multi").with_changes(["task.last_n=6", "model.options.heads=5"])
    print(train(recipe, run, resume=True))

trace = curriculum_trace(run)
solved = trace.isel(epoch=trace["solved"].values)
print("\nlargest N solved, epochs, time constants in steps")
for epoch in solved["epoch"].values:
    row = solved.sel(epoch=epoch)
    print(
        f"N = {int(row['largest_n']):2d}  {epoch:3d}  mean {float(row['tau_mean']):.3f}, SD {float(row['tau_sd']):.3f}, "
        f"{float(row['tau_at_clamp']):.0%} of the units at the clamp"
    )

# Other odds and another length than those it was trained on.
network = load_model(run)
trials = memory_trials(2000, network.answers, odds="even", length=60, seed=1)
with torch.no_grad():
    answers = network(torch.from_numpy(trials["digits"].values)).argmax(-1)
right = (answers.numpy() == trials["label"].values).mean(axis=0)
print("\naccuracy on sequences of 60 even digits, and of the best constant answer there and in training")
for n, accuracy in zip(network.answers, right, strict=True):
    print(f"N = {n:2d}  {accuracy:.3f}  {chance_level('parity', n, 'even'):.3f}  {chance_level('parity', n):.3f}")

figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
plot_accuracies(trace, threshold=0.98, ax=axes[0])
plot_time_constants_in_training(trace, ax=axes[1])
figure.savefig("23_train_a_memory_network.png", dpi=130)
