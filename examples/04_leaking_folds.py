"""Is my score a leak between folds? Features that know no language, with passages held out and with shuffled folds.

Uses the real recording `language/pereira2018` where it is on this machine, else the synthetic one.
"""

import warnings

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import alignment
import data
import neuromodels

try:
    data.load_dataset("language/pereira2018")
    name = "language/pereira2018.384-ridge"
except data.DataNotAvailableError as missing:
    print(missing)
    name = "language/planted-ridge"

model = neuromodels.create_model("language/suma-small", seed=10)
scores = {}
for split in ("passage5", "shuffled5"):
    with warnings.catch_warnings():
        warnings.simplefilter("always" if split == "passage5" else "ignore")  # the leak is the point here
        scores[split] = alignment.score(model, name, split=split)
    print(f"{split}\n{scores[split]}")

labels = ["suma-small", *scores["passage5"].baselines]
figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
for shift, (split, score) in enumerate(scores.items()):
    rows = [score.row(score.headline), *(score.baseline_row(null) for null in score.baselines)]
    places = [at + 0.2 * (shift - 0.5) for at in range(len(rows))]
    error = [[row["raw"] - row["ci_low"] for row in rows], [row["ci_high"] - row["raw"] for row in rows]]
    ax.errorbar([row["raw"] for row in rows], places, xerr=error, fmt="o", capsize=3, label=split)
ax.set_yticks(range(len(labels)), labels)
ax.invert_yaxis()
ax.axvline(0, color="black", linewidth=0.6)
ax.set_xlabel("raw score: Pearson r")
ax.set_title(f"{name}: passages held out, and shuffled")
ax.legend()
figure.savefig("04_leaking_folds.png", dpi=150)
