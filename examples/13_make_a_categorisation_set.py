"""Can the category of an object be read from whisker forces? A small set of sweeps, a linear readout, its chance level.

Folds hold out whole objects, so that no sweep of a tested object was ever seen. The null shuffles categories between objects;
it lies a little below 1 / number of categories, as what a fold holds out is rarer in what it learns from.
"""

from functools import partial

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GroupKFold

from simulators.whisker import mouse_array, simulate
from simulators.whisker.output.collection import write_collection
from simulators.whisker.stimuli import ProceduralObjects, clean_grid, posed_for_sweeps, sweep_entries

CATEGORIES = ("box", "cone", "cylinder", "wedge")
N_OBJECTS, N_FOLDS, N_SHUFFLES = 6, 6, 2000
WHISKERS = ["RB2", "RC1", "RC2", "RC3", "RD2", "RD3"]
PENALTY = 100.0

array = posed_for_sweeps(mouse_array(names=WHISKERS))
objects = ProceduralObjects(N_OBJECTS, CATEGORIES)
grid = clean_grid(
    objects,
    heights_mm=(-2.0,),
    distances_mm=(5.0,),
    rotations_deg=(0.0, 90.0),
    extra_rotation_deg=(0, 359),  # each object is turned by an angle of its own
    duration_s=0.2,
)
collection = write_collection(
    sweep_entries(grid, array, rate_hz=600),  # 120 intervals, of which the published layout keeps 110
    "13_categorisation_set",
    simulate=partial(simulate, nodes=False),
    config={"array": "mouse", "whiskers": WHISKERS, "mechanics": "beam"},
    shard_size=16,
    resume=True,
    progress=True,
)
print(collection)

inputs = collection.array("grid", missing="zero")  # (stimulus, 110, 35, 6), zero where there is no whisker
n_sweeps = inputs.sizes["stimulus"]
features = inputs.values.reshape(n_sweeps, 11, 10, -1).mean(axis=2).reshape(n_sweeps, -1)
features = features[:, features.std(axis=0) > 0]
category, group = inputs["category"].values.astype(str), inputs["group"].values.astype(str)


def readout(answers):
    """Held-out predictions of ridge regression for answers ``(sweep, column)``, standardised in the training folds."""
    predicted = np.zeros(answers.shape)
    for train, test in GroupKFold(N_FOLDS).split(features, groups=group):
        mean, spread = features[train].mean(axis=0), features[train].std(axis=0)
        known, new = ((features[rows] - mean) / np.where(spread > 0, spread, 1) for rows in (train, test))
        weights = np.linalg.solve(known @ known.T + PENALTY * np.eye(len(train)), known @ new.T).T
        level = answers[train].mean(axis=0)
        predicted[test] = weights @ (answers[train] - level) + level
    return predicted


names, of_group = np.unique(group, return_inverse=True)
number = np.array([CATEGORIES.index(name) for name in category])
of_object = np.array([number[group == name][0] for name in names])
rng = np.random.default_rng(0)
shuffled = np.array([rng.permutation(of_object)[of_group] for _ in range(N_SHUFFLES)])
answers = np.concatenate([number[None], shuffled])  # (1 + shuffle, sweep)
columns = np.moveaxis(np.eye(len(CATEGORIES))[answers], 0, 1)
predicted = readout(columns.reshape(n_sweeps, -1)).reshape(columns.shape).argmax(axis=2)
accuracies = (predicted == answers.T).mean(axis=0)
found, null, chance = accuracies[0], accuracies[1:], 1 / len(CATEGORIES)
p = (1 + (null >= found).sum()) / (1 + N_SHUFFLES)
print(f"{n_sweeps} sweeps of {len(names)} objects, {features.shape[1]} features, {N_FOLDS} folds by object")
print(f"accuracy {found:.3f}; chance {chance:.3f}")
print(f"shuffled: mean {null.mean():.3f}, 95 % of them below {np.quantile(null, 0.95):.3f}, p = {p:.2g}")

shares = np.array([np.bincount(predicted[number == n, 0], minlength=len(CATEGORIES)) for n in range(len(CATEGORIES))])
shares = shares / shares.sum(axis=1, keepdims=True)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.imshow(shares, cmap="viridis", vmin=0, vmax=1)
for (row, column), value in np.ndenumerate(shares):
    left.text(column, row, f"{value:.2f}", ha="center", va="center", color="white" if value < 0.6 else "black")
left.set_xticks(range(len(CATEGORIES)), CATEGORIES)
left.set_yticks(range(len(CATEGORIES)), CATEGORIES)
left.set_xlabel("read out")
left.set_ylabel("shown")
left.set_title("share of sweeps, objects held out")
right.hist(null, bins=np.arange(-0.5, n_sweeps + 1) / n_sweeps, color="#999999", label="shuffled between objects")
right.axvline(chance, color="black", linestyle="--", label="chance")
right.axvline(found, color="#0072B2", linewidth=2, label="categories as they are")
right.set_xlabel("accuracy")
right.set_ylabel("number of shuffles")
right.set_xlim(0, 1)
right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=8)
figure.savefig("13_make_a_categorisation_set.png", dpi=150)
