"""Do models see the motion that people see? Published models on second-order motion, and two estimates on films.

The responses of the published models come with the judgements of `motion/second-order`; films are those of two KITTI scenes
(`motion/huperflow.kitti1`), shown to the models at half their size.
"""

import sys
from types import SimpleNamespace

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import ndimage

import data
from alignment import load_benchmark
from alignment.perceived_flow import LucasKanade, agreement, flow_at_places, score_flow_vectors
from alignment.perceived_flow.formulas import correlation, joined
from alignment.plots import STYLE
from data.motion.judged_flow import trials_of, truth_of
from data.motion.second_order import published_model_flows
from neuromodels import create_model

REGIONS, FILMS = "motion/second-order", "motion/huperflow.kitti1"
QUICK = {"n_boot": 200, "n_permutations": 49}
try:
    regions, films = data.load_dataset(REGIONS), data.load_dataset(FILMS)
except data.DataNotAvailableError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)
plt.style.use(STYLE)


class HalfSize:
    """A model that is shown pictures of half the size; its flow is brought back."""

    def __init__(self, model, name):
        self.model, self.name, self.n_frames, self.flow_frame = model, name, model.n_frames, model.flow_frame

    def flow(self, clips):
        """Flow at the size of the clips, of their luminance."""
        grey = clips.mean(axis=2, keepdims=True)
        small = ndimage.gaussian_filter(grey, (0, 0, 0, 1, 1))[..., ::2, ::2]
        found = self.model.flow(torch.from_numpy(small) if isinstance(self.model, torch.nn.Module) else small)
        row, col = (np.arange(size) / 2 for size in clips.shape[-2:])
        places = np.meshgrid(row, col, indexing="ij")
        return 2 * np.stack(
            [
                [ndimage.map_coordinates(part, places, order=1, mode="nearest") for part in np.asarray(one)]
                for one in found
            ]
        )


def row_of(score):
    """Raw score, its interval, and the ceiling."""
    row = score.row("flow")
    return row["raw"], row["ci_low"], row["ci_high"], float(score.data["ceiling"].mean())


flows = published_model_flows()
bench = load_benchmark(f"{REGIONS}-r")
second = {
    name: row_of(
        score_flow_vectors(flows.sel(model=name).values, bench, regions, model=SimpleNamespace(name=name), **QUICK)
    )
    for name in flows["model"].values.tolist()
}
second = dict(sorted(second.items(), key=lambda item: item[1][0]))
for name, (raw, low, high, ceiling) in reversed(second.items()):
    print(f"{name:34s} r {raw:6.3f} [{low:6.3f}, {high:6.3f}], ceiling {ceiling:.3f}")

truth, human = truth_of(regions), trials_of(regions).mean(axis=0)
kind = regions.stimuli.table["modulation"].to_numpy()
sets = [np.flatnonzero(kind == name) for name in dict.fromkeys(kind)]


def mean_r(one, other):
    """Pearson r over both components, mean over modulations."""
    return np.mean([correlation(joined(one[rows]), joined(other[rows])) for rows in sets])


raft, final, nondiffuse = (
    flows.sel(model=name).values for name in ("raft_sintel", "dual_final", "dual_trained_nondiffuse")
)
partial = [
    np.mean([agreement(flow[rows], human[rows], truth[rows])["partial_r"] for rows in sets]) for flow in flows.values
]
print("what the literature says, and what its files say:")
print(
    f"1. RAFT is quoted with 0.102: that is r with the truth where its rightward flow stands for both components, "
    f"{mean_r(raft[:, [0, 0]], truth):.3f}; with both it is {mean_r(raft, truth):.3f}, with people {mean_r(raft, human):.3f}"
)
print(
    f"2. DUAL is quoted with 0.902: that is the network trained on non-diffuse materials, {mean_r(nondiffuse, human):.3f}; "
    f"the final one has {mean_r(final, human):.3f}"
)
print(
    f"3. people seem to see {np.hypot(*human.T).mean() / np.hypot(*truth.T).mean():.2f} of the true speed, but the stored "
    "truth is 1.0607 times the motion of a picture that was shown enlarged 1.5 times: errors in pixels mean nothing"
)
print(
    f"4. partial r given the truth, from {min(partial):.3f} to {max(partial):.3f}, tells no model apart: people are right, "
    f"r with the truth {mean_r(human, truth):.3f}"
)

bench, place = load_benchmark(f"{FILMS}-partial-r"), {}
for model, name in ((LucasKanade(), "Lucas-Kanade"), (create_model("motion/ffv1mt"), "FFV1MT")):
    model = HalfSize(model, name)
    flow = flow_at_places(model, films)
    score = score_flow_vectors(flow, bench, films, model=model, **QUICK)
    place[name] = row_of(score)
    raw, low, high, ceiling = place[name]
    formulas = score.data["agreement"].sel(flow_of="flow").isel(neuroid=0)
    print(
        f"KITTI, {name}: r with people {float(formulas.sel(formula='r_human')):.3f}, with the truth "
        f"{float(formulas.sel(formula='r_truth')):.3f}, partial r {raw:.3f} [{low:.3f}, {high:.3f}], ceiling {ceiling:.3f}"
    )

figure, axes = plt.subplots(1, 2, figsize=(12, 4.2), layout="constrained", width_ratios=[3, 1])
for axis, found, label in ((axes[0], second, "r with people"), (axes[1], place, "partial r given the truth")):
    raw, low, high, ceiling = np.array(list(found.values())).T
    axis.barh(list(found), raw, xerr=[raw - low, high - raw], color="C0", error_kw={"elinewidth": 1})
    axis.axvline(ceiling[0], color="black", linewidth=1, linestyle="--", label=f"ceiling {ceiling[0]:.3f}")
    axis.axvline(0, color="black", linewidth=0.6)
    axis.set_ylim(-0.6, len(found) + 0.2)
    axis.set_xlabel(label)
    axis.legend(loc="upper left" if axis is axes[1] else "lower right")
axes[0].set_title("regions defined by seven modulations, responses of published models")
axes[1].set_title("two films")
figure.savefig("22_what_people_see.png", dpi=110)
