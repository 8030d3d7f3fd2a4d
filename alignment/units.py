"""What is resampled and permuted whole: single stimuli, groups of them, or runs of neighbouring presentations."""

from dataclasses import dataclass

import numpy as np

from data.splits import SplitSpec
from data.stimuli import StimulusSet

from .folds import same_stimulus
from .inference.schemes import make_scheme

# With fewer orders p could not become small however large the score is.
FEWEST_ORDERS = 20
RUNS = (
    25  # runs of presentations that are drawn whole where neighbours are alike, unless their likeness reaches further
)


@dataclass(frozen=True)
class Units:
    """What is resampled and permuted whole, because its members are not independent.

    Attributes
    ----------
    labels
        ``(stimulus,)``, or None where every stimulus stands for itself.
    words
        What a unit is, for protocols.
    shift
        Least circular shift of a series of presentations, or None where labels tell all.
    """

    labels: np.ndarray | None
    words: str
    shift: int | None = None

    @classmethod
    def of(cls, spec: SplitSpec, stimuli: StimulusSet) -> "Units":
        """Groups of stimuli; else runs of presentations where the split is cut in blocks; else each stimulus."""
        n_rows = len(stimuli)
        if stimuli.group is not None:
            return cls(stimuli.table[stimuli.group].to_numpy(), f"groups of {stimuli.group}")
        if spec.scheme != "blocks":
            same = same_stimulus(stimuli.table_with_content())
            if len(np.unique(same)) < n_rows:
                return cls(same, "stimuli with their copies")
            return cls(None, "presentations")
        order = (
            np.arange(n_rows) if spec.time is None else np.argsort(stimuli.table[spec.time].to_numpy(), kind="stable")
        )
        reach = int(np.ceil(spec.embargo)) if spec.time is None else n_rows // RUNS
        length = max(2, reach, n_rows // RUNS)
        labels = np.empty(n_rows, dtype=int)
        labels[order] = np.arange(n_rows) // length
        return cls(labels, f"runs of {length} presentations", min(length, n_rows // 3))

    @property
    def count(self) -> int | None:
        """Number of units, None where it is that of the stimuli."""
        return None if self.labels is None else len(np.unique(self.labels))

    def orders(self, n_rows: int, n_permutations: int, seed: int) -> tuple[np.ndarray, str]:
        """Permuted rows ``(permutation, row)``, and a sentence where these units allow too few.

        Any order of independent stimuli; whole groups of equal size in any order; a series in its order, shifted.
        """
        none = np.empty((0, n_rows), dtype=int)
        if n_permutations == 0:
            return none, ""
        try:
            if self.shift is not None:
                scheme = make_scheme("circular-shift", n_rows, min_shift=self.shift)
            elif self.labels is not None:
                scheme = make_scheme("between-groups", n_rows, groups=self.labels)
            else:
                scheme = make_scheme("exchange", n_rows)
        except ValueError as error:
            return none, f"no permutation test: {error}"
        if scheme.count < FEWEST_ORDERS:
            return none, (
                f"no permutation test: the {self.words} allow {scheme.count} orders (groups change places with groups of equal "
                f"size), and p could not fall below {1 / scheme.count:.2g}."
            )
        return scheme.random(np.random.default_rng([seed, 1]), n_permutations), ""
