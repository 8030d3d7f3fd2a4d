"""Is my score better than nuisance? Paired differences from the null models, and the share of variance that is unique."""

import numpy as np

import alignment
from alignment.baselines import NuisanceModel
from alignment.folds import make_folds
from alignment.plots import plot_scores
from data.language.planted import hidden_features


class Reader:
    """A model that sees what drives half of the planted recording's features, and how long a text is."""

    name, revision, layers, input_spec = "example/reader", "1", ("state",), {"kind": "text"}

    def record(self, stimuli, layers=None):
        """Layer to features ``(stimulus, feature)``."""
        texts = list(stimuli)
        return {"state": np.column_stack([hidden_features(texts)[:, ::2], [len(text) for text in texts]])}


score = alignment.score(Reader(), "language/planted-ridge", cache=False)
print(score)
for null in score.baselines:
    over = score.over_null(null)
    print(f"over {null:18s} {over['difference']:+.3f}  95 % interval [{over['ci_low']:+.3f}, {over['ci_high']:+.3f}]")

# The same question for explained variance: what does each set of features explain that the other does not?
benchmark = alignment.load_benchmark("language/planted-ridge")
dataset = benchmark.load()
spaces = {
    "reader": Reader().record(dataset.stimuli.items())["state"],
    "nuisance": NuisanceModel().features(dataset.stimuli),
}
groups = dataset.stimuli.table[dataset.stimuli.group].to_numpy()
folds = make_folds(benchmark.split_spec(dataset), dataset.stimuli.table)
shares = alignment.partition_variance(spaces, benchmark.trials(dataset).mean, folds, groups=groups, n_boot=200)
print(shares.table().to_string())

plot_scores([score]).figure.savefig("05_better_than_nuisance.png", dpi=150)
