"""How brain-like is a registered model? One model, one benchmark, one number with everything around it."""

import alignment
import neuromodels
from alignment.plots import plot_scores

model = neuromodels.create_model("language/suma-small", seed=10)
score = alignment.score(model, "language/planted-ridge")
print(score)
print("best layer, called a maximum:", score.best_layer())

plot_scores([score]).figure.savefig("01_quickstart.png", dpi=150)
