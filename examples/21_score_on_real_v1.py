"""Does a model of V1 and MT predict a neuron of V1 under mixtures of gratings that it was never fitted to?

The neuron is `motion/goris2015.m620r35`, whose gratings are drawn from the stored parameters. Families of mixtures
that differ in direction alone are held out whole; three models that know no motion stand beside it.
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import alignment
import data
from alignment.plots import STYLE, plot_layers, plot_scores
from neuromodels import create_model

NEURON = "motion/goris2015.m620r35"

try:
    data.load_dataset(NEURON)
except data.DataNotAvailableError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)
plt.style.use(STYLE)

model = create_model("motion/simoncelli-heeger")
bench = f"{NEURON}-ridge"
score = alignment.score(model, bench, layers=["v1", "mt"], n_boot=200, n_permutations=49, batch_size=4)
print(score)
for layer in ("v1", "mt"):
    row = score.row(layer)
    print(f"{layer}: raw r {row['raw']:.3f} [{row['ci_low']:.3f}, {row['ci_high']:.3f}], ceiled {row['ceiled']:.3f}")
for name in score.baselines:
    gain = score.over_null(name)
    print(f"over {name}: {gain['difference']:.3f} [{gain['ci_low']:.3f}, {gain['ci_high']:.3f}]")

figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
plot_scores([score], ax=axes[0])
plot_layers([score], ax=axes[1])
figure.savefig("21_score_on_real_v1.png", dpi=130)
