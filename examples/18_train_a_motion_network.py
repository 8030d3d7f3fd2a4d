"""What does a small network of V1 and MT learn from moving scenes, and are its units pattern or component cells?

Without arguments a tiny network is trained for seconds, enough to see it begin to learn. Given the folder of a run, such as
that of ``neuromodels train motion/small --out motion-small``, the trained network of that run is looked at.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch

from alignment.perceived_flow import LucasKanade
from alignment.physiology import pattern_component, select_stimuli, unit_responses
from neuromodels import load_model
from neuromodels.motion.evaluation import NO_MOTION, errors_by_kind, paired_difference, scene_errors
from neuromodels.motion.training_data import motion_scenes
from neuromodels.training import read_history, read_recipe, train
from neuromodels.weights import read_facts
from simulators.vision import Display, drifting_grating, flow_to_rgb, plaid, stack_clips, uniform_clip

TINY = [
    "model.options.units_per_level=8",
    "model.options.upsampler_width=16",
    "data.n_validation=16",
    "data.n_test=32",
    "optimizer.lr=3e-3",
    "training.epochs=8",
    "training.steps_per_epoch=12",
    "training.evaluate_every=2",
]
# As it comes, and with a fine window on one level, since many objects are small.
BASELINES = {"Lucas-Kanade": LucasKanade(), "fine Lucas-Kanade": LucasKanade(window_sd=1.5, n_levels=1)}

torch.set_num_threads(1)
if len(sys.argv) > 1:
    run = Path(sys.argv[1])
else:
    run = Path("18_run")
    print(train(read_recipe("motion/small").with_changes(TINY), run, resume=True))
network = load_model(run)
data = dict(read_facts(run)[0]["trained"]["recipe"]["data"])
data.pop("kind")

scenes = motion_scenes("test", **data)
errors = scene_errors({"network": network, **BASELINES}, scenes)
table = errors_by_kind(errors).sel(region="all")
against = {name: paired_difference(errors, "network", name).sel(region="all") for name in BASELINES}
print("\nendpoint error on held-out scenes, pixels per frame, with 95 % intervals over scenes")
for kind in table["kind"].values:
    row = table.sel(kind=kind)
    cells = [
        f"{name} {float(one['mean']):.3f} [{float(one['low']):.3f}, {float(one['high']):.3f}]"
        for name in (NO_MOTION, "network", *BASELINES)
        for one in [row.sel(estimator=name)]
    ]
    for name, difference in against.items():
        less = difference.sel(kind=kind)
        cells.append(f"network less {name} [{float(less['low']):.3f}, {float(less['high']):.3f}]")
    print(f"{kind} ({int(row['n_scenes'])} scenes): {'; '.join(cells)}")

# Each unit is judged where gratings drive it most, as an electrophysiologist would.
side = scenes.display.n_rows
display = Display(side, side)
degrees = range(0, 360, 30)
shown = [uniform_clip(display, n_frames=network.n_frames)]
CYCLES = {(f, w): (f * display.pixels_per_degree, w * display.rate_hz) for f in (0.04, 0.08) for w in (0.05, 0.12)}
for spatial, temporal in CYCLES.values():
    for make in (drifting_grating, plaid):
        shown += [
            make(
                display,
                n_frames=network.n_frames,
                direction_deg=degree,
                spatial_frequency_cpd=spatial,
                temporal_frequency_hz=temporal,
            )
            for degree in degrees
        ]
clips = stack_clips(shown)
print("\nunits by class, each at the frequencies that drive it most")
classes = {}
for layer in ("v1", "mt"):
    responses = unit_responses(network, clips, layer, cache=False)
    found = []
    for spatial, temporal in CYCLES.values():
        kept = select_stimuli(responses, spatial_frequency_cpd=spatial, temporal_frequency_hz=temporal)
        found.append(pattern_component(kept))
    best = np.argmax([one["grating"].max("direction").values for one in found], axis=0)
    columns = np.arange(len(best))
    classes[layer] = np.stack([one["class"].values for one in found])[best, columns]
    z = {name: np.stack([one[name].values for one in found])[best, columns] for name in ("z_pattern", "z_component")}
    counts = dict(zip(*np.unique(classes[layer], return_counts=True), strict=True))
    print(layer, ", ".join(f"{name} {count} ({count / len(best):.0%})" for name, count in counts.items()))

figure, axes = plt.subplots(2, 3, figsize=(10, 6.2), layout="constrained")
history = read_history(run)
for part, colour in (("train", "#999999"), ("validation", "#0072B2")):
    rows = [row for row in history if f"{part}_epe" in row]
    axes[0, 0].plot([row["epoch"] + 1 for row in rows], [row[f"{part}_epe"] for row in rows], color=colour, label=part)
still = [row["validation_epe_zero"] for row in history if "validation_epe_zero" in row][-1]
axes[0, 0].axhline(still, color="black", linestyle="--", label=NO_MOTION)
axes[0, 0].set(xlabel="epoch", ylabel="endpoint error (pixels per frame)", ylim=(0, 1.2 * still))
axes[0, 0].legend(fontsize=8)

number = next(index for index, kind in enumerate(errors["kind"].values) if kind == "sprites")
batch = scenes.batch([number])
first = scenes.flow_frame
with torch.no_grad():
    seen = network.flow(batch["x"])[0].numpy()
pictures = {
    "true flow": batch["flow"][0].numpy(),
    "network": seen,
    "fine Lucas-Kanade": BASELINES["fine Lucas-Kanade"].flow(batch["x"][:, first : first + 2].numpy())[0],
}
top = float(np.hypot(*pictures["true flow"]).max())
axes[0, 1].imshow(batch["x"][0, first, 0], cmap="gray", vmin=0, vmax=1)
axes[0, 1].set_title("held-out sprites", fontweight="normal")
for ax, (name, flow) in zip((axes[0, 2], axes[1, 0], axes[1, 1]), pictures.items(), strict=True):
    ax.imshow(flow_to_rgb(flow, max_speed=top))
    ax.set_title(name, fontweight="normal")
for ax in (axes[0, 1], axes[0, 2], axes[1, 0], axes[1, 1]):
    ax.set_axis_off()

names = ["component", "unclassified", "pattern", "undefined"]
cells = [[f"{np.mean(classes[layer] == name):.0%}" for name in names] for layer in ("v1", "mt")]
axes[1, 2].set_axis_off()
drawn = axes[1, 2].table(cells, rowLabels=["v1", "mt"], colLabels=names, loc="center")
drawn.auto_set_font_size(False)
drawn.set_fontsize(8)
axes[1, 2].set_title("units by class", fontweight="normal")
figure.savefig("18_train_a_motion_network.png", dpi=150)
