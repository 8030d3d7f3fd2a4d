"""Does a network that learns what whiskers touch become more like barrel cortex? The whole way, small enough for a minute.

Objects of five categories pass nine whiskers; a small recurrent network learns to tell them apart, with whole objects held
out; the trained and the untrained network are compared with a planted recording of barrel cortex. A study of 20 categories
and more networks is one command: ``neuromodels story touch``.
"""

import warnings
from functools import partial

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import alignment
from neuromodels import create_model, load_model
from neuromodels.training import Recipe, read_history, train
from simulators.whisker import mouse_array, simulate
from simulators.whisker.output.collection import write_collection
from simulators.whisker.stimuli import ProceduralObjects, clean_grid, posed_for_sweeps, sweep_entries

CATEGORIES = ("ball", "box", "cone", "slab", "star")
RUN = "15_run"

array = posed_for_sweeps(mouse_array(names=["RB1", "RB2", "RC1", "RC2", "RC3", "RD1", "RD2", "RD3", "RE2"]))
grid = clean_grid(
    ProceduralObjects(8, CATEGORIES), heights_mm=(-2.0,), distances_mm=(5.0,), rotations_deg=(0.0, 90.0), duration_s=0.1
)
write_collection(
    sweep_entries(grid, array, rate_hz=1200),
    "15_sweeps",
    simulate=partial(simulate, nodes=False),
    config={"array": "mouse", "whiskers": list(array.names)},
    shard_size=16,
    resume=True,
    progress=True,
)
recipe = Recipe.from_dict(
    {
        "model": {"name": "tactile/small-ugrnn", "options": {"classes": len(CATEGORIES)}},
        "data": {
            "kind": "tactile/sweeps",
            "folder": "15_sweeps",
            "fractions": [0.5, 0.125, 0.375],
            "normalisation": "robust",
            "view": {"missing": "zero"},
        },
        "task": {"kind": "classification"},
        "optimizer": {"kind": "adamw", "lr": 3e-3},
        "schedule": {"kind": "cosine", "warmup": 1},
        "training": {"epochs": 10, "batch_size": 8, "clip_gradient": 1.0, "test": True},
    }
)
print(train(recipe, RUN, resume=True, progress=True))

trained = load_model(RUN)
untrained = create_model("tactile/small-ugrnn", seed=0, classes=len(CATEGORIES), scale=trained.options["scale"])
true = create_model("tactile/small-ugrnn", seed=15)  # the planted recording was made with its layer conv4
layers = ["conv1", "conv3", "conv4", "fc8"]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # maxima over layers and animals are drawn beside those of chance
    scores = {
        name: alignment.score(model, "tactile/planted-rsa", layers=layers, n_boot=200)
        for name, model in (("trained", trained), ("untrained", untrained), ("true", true))
    }
for name, score in scores.items():
    matrix = score.layer_target
    print(
        f"{name}: largest of {len(matrix.layers)} layers x {len(matrix.targets)} targets {matrix.maximum.maximum:.2f}, "
        f"by chance {matrix.expected_null_maximum:.2f}, corrected p {matrix.maximum.p:.3f}"
    )

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
history = read_history(RUN)
epochs = [row["epoch"] + 1 for row in history]
left.plot(epochs, [row["train_top1"] for row in history], color="#999999", label="trained objects")
left.plot(epochs, [row["validation_top1"] for row in history], color="#0072B2", label="objects held out")
left.axhline(1 / len(CATEGORIES), color="black", linestyle="--", label="chance")
left.set_xlabel("epoch")
left.set_ylabel("share of sweeps named right")
left.legend(fontsize=8)
for number, (name, score) in enumerate(scores.items()):
    rows = [score.row(layer) for layer in layers]
    value = [row["ceiled"] for row in rows]
    below, above = ([abs(row[f"ceiled_ci_{side}"] - row["ceiled"]) for row in rows] for side in ("low", "high"))
    places = [place + 0.15 * (number - 1) for place in range(len(layers))]
    right.errorbar(places, value, yerr=[below, above], fmt="o", capsize=2, label=name)
right.axhline(1, color="black", linestyle="--", linewidth=1)
right.set_xticks(range(len(layers)), layers)
right.set_ylabel("RSA over animals, noise-corrected")
right.set_title("planted barrel cortex", fontweight="normal")
right.legend(fontsize=8)
figure.savefig("15_from_touch_to_cortex.png", dpi=150)
