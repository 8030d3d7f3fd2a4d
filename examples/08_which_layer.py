"""Which layer fits best? The largest of many is biased: the nested choice and the null of the maximum say by how much."""

import numpy as np

import alignment
from alignment.plots import plot_layers
from data.language.planted import hidden_features


class Deep:
    """Eight layers: one carries a part of the recording's features, the others are noise."""

    name, revision, input_spec = "example/deep", "1", {"kind": "text"}
    layers = tuple(f"layer {number}" for number in range(8))

    def __init__(self, useful: bool) -> None:
        self.useful = useful

    def record(self, stimuli, layers=None):
        """Layer to features ``(stimulus, feature)``."""
        rng = np.random.default_rng(1)
        found = {layer: rng.standard_normal((len(stimuli), 20)) for layer in self.layers}
        if self.useful:
            found["layer 5"][:, :4] = hidden_features(list(stimuli))[:, :4]
        return {layer: found[layer] for layer in (layers or self.layers)}


for useful in (True, False):
    score = alignment.score(Deep(useful), "language/planted-ridge", cache=False, n_boot=300)
    best = score.best_layer()
    print("one layer carries signal:" if useful else "no layer carries signal:")
    print(f"  largest of {best['n_layers']}: {best['layer']}, raw r {best['raw']:.3f}")
    print(f"  with permuted labels that maximum averages {best['null_maximum']:.3f}: p = {best['p_max']:.3g}")
    print(f"  nested choice: raw r {best['nested_raw']:.3f}, p = {score.p():.3g}")
    if useful:
        plot_layers([score]).figure.savefig("08_which_layer.png", dpi=150)
