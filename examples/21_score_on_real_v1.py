"""Does a model of V1 and MT predict a neuron of V1 under mixtures of gratings that it was never fitted to?

The neuron is `motion/goris2015.m620r35`, whose gratings are drawn from the stored parameters. Families of mixtures that differ
in direction alone are held out whole; contrast and number of gratings, random features, and neighbourhood alone stand beside it.
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import alignment
import data
from alignment.plots import STYLE, plot_score
from neuromodels import create_model

NEURON = "motion/goris2015.m620r35"

try:
    data.load_dataset(NEURON)
except data.DataNotAvailableError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)
plt.style.use(STYLE)

score = alignment.score(
    create_model("motion/simoncelli-heeger"), f"{NEURON}-ridge", layers=["v1", "mt"], n_boot=200, n_permutations=49
)
print(score)
