"""What a benchmark measures with: a mapping that is fitted, or a similarity that is not; each has a name."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args, runtime_checkable

import numpy as np

from data.errors import UnknownNameError
from data.splits import SplitSpec

from .mappings import Mapping

RdmMethod = Literal["correlation", "euclidean"]
Comparison = Literal["spearman", "pearson", "cosine", "rho-a", "tau-a", "cosine_cov", "corr_cov"]


@runtime_checkable
class Similarity(Protocol):
    """A comparison of two populations through how they relate the stimuli to each other; it fits nothing."""

    @property
    def name(self) -> str:
        """Short name of the number, such as ``RSA``."""
        ...

    def describe(self) -> str:
        """Formula in one sentence."""
        ...

    def relate(self, patterns: np.ndarray) -> np.ndarray:
        """What is compared, made once from ``(stimulus, neuroid)`` patterns."""
        ...

    def select(self, relation: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The same for some stimuli only, in the order of ``rows``."""
        ...

    def pool(self, relations: Sequence[np.ndarray]) -> np.ndarray:
        """The mean subject, every subject counting alike."""
        ...

    def compare(self, first: np.ndarray, second: np.ndarray) -> float:
        """Similarity of two."""
        ...

    def draws(self, first: np.ndarray, second: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """The same for resampled stimuli, ``counts (draw, stimulus)``."""
        ...

    def null(self, first: np.ndarray, second: np.ndarray, orders: np.ndarray) -> np.ndarray:
        """The same with the stimuli of the second permuted, ``orders (permutation, stimulus)``."""
        ...


@dataclass(frozen=True)
class Rsa:
    """Representational similarity analysis: the dissimilarity matrices of model and brain, compared.

    Attributes
    ----------
    method
        Dissimilarity of two patterns: ``correlation`` (1 - r over units) or ``euclidean`` (squared, per unit).
    comparison
        How the two vectors of dissimilarities are compared; see `alignment.similarity.compare_rdms`.
    """

    method: RdmMethod = "correlation"
    comparison: Comparison = "spearman"
    name: str = "RSA"

    def __post_init__(self) -> None:
        for value, kind, what in ((self.method, RdmMethod, "method"), (self.comparison, Comparison, "comparison")):
            if value not in get_args(kind):
                raise ValueError(f"Rsa: {what} must be one of {', '.join(get_args(kind))}, received {value!r}.")

    def describe(self) -> str:
        """Formula in one sentence."""
        return (
            f"{self.comparison} comparison of the upper triangles of two dissimilarity matrices over stimuli ({self.method} "
            "distance)"
        )

    def relate(self, patterns: np.ndarray) -> np.ndarray:
        """Square dissimilarity matrix."""
        from .similarity import rdm, square_rdm

        if self.method == "correlation" and patterns.shape[1] < 3:
            raise ValueError(
                f"a correlation distance over {patterns.shape[1]} unit(s) says nothing; use Rsa(method='euclidean')."
            )
        return square_rdm(rdm(patterns, method=self.method))

    def select(self, relation: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Rows and columns of some stimuli."""
        return relation[np.ix_(rows, rows)]

    def pool(self, relations: Sequence[np.ndarray]) -> np.ndarray:
        """Mean of ranks (rank comparisons), of z-scores (Pearson) or of matrices of unit length, whitened or not."""
        from .similarity import square_rdm
        from .similarity.rdm_noise import pooled_shares

        return square_rdm(pooled_shares(np.stack([_upper(one) for one in relations]), self.comparison).mean(axis=0))

    def compare(self, first: np.ndarray, second: np.ndarray) -> float:
        """Similarity of two square matrices."""
        from .similarity import compare_rdms

        return float(compare_rdms(_upper(first), _upper(second), method=self.comparison))

    def draws(self, first: np.ndarray, second: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Resampled stimuli; pairs of a stimulus with its own copy are left out."""
        from .similarity import bootstrap_rdm_comparison

        return bootstrap_rdm_comparison(_upper(first), _upper(second), counts, method=self.comparison)

    def null(self, first: np.ndarray, second: np.ndarray, orders: np.ndarray) -> np.ndarray:
        """Permuted stimuli: rows and columns move together."""
        from .similarity import rdm_kernel

        if self.comparison == "rho-a" or self.comparison == "tau-a":
            return np.array([self.compare(first, self.select(second, order)) for order in orders])
        mine, theirs = (rdm_kernel(_upper(one), method=self.comparison) for one in (first, second))
        return mine.null(theirs, orders)


@dataclass(frozen=True)
class Cka:
    """Centred kernel alignment of two populations, debiased by default.

    Attributes
    ----------
    kind
        ``debiased`` (unbiased HSIC) or ``biased``, which grows with the number of units per stimulus.
    """

    kind: Literal["debiased", "biased"] = "debiased"
    name: str = "CKA"

    def describe(self) -> str:
        """Formula in one sentence."""
        return f"linear centred kernel alignment, {self.kind} (Kornblith et al. 2019; Song et al. 2012; Murphy et al. 2024)"

    def relate(self, patterns: np.ndarray) -> np.ndarray:
        """The patterns themselves: their kernel is only ever used in sums."""
        return np.asarray(patterns, dtype=float)

    def select(self, relation: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Patterns of some stimuli."""
        return relation[rows]

    def pool(self, relations: Sequence[np.ndarray]) -> np.ndarray:
        """Patterns side by side, each subject scaled to a kernel of length 1: the mean of their kernels."""
        parts = []
        for patterns in relations:
            centred = patterns - patterns.mean(axis=0)
            parts.append(centred / np.sqrt(np.linalg.norm(centred.T @ centred)))
        return np.hstack(parts)

    def compare(self, first: np.ndarray, second: np.ndarray) -> float:
        """Similarity of two sets of patterns."""
        from .similarity import cka

        return float(cka(first, second, kind=self.kind))

    def draws(self, first: np.ndarray, second: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Resampled stimuli, debiased; the biased form has no such draws (NaN), since copies add to its bias."""
        from .similarity import bootstrap_cka

        if self.kind == "biased":
            return np.full(len(counts), np.nan)
        return bootstrap_cka(first, second, counts)

    def null(self, first: np.ndarray, second: np.ndarray, orders: np.ndarray) -> np.ndarray:
        """Permuted stimuli."""
        from .similarity import centred_kernel

        return centred_kernel(first, kind=self.kind).null(centred_kernel(second, kind=self.kind), orders)


def _upper(relation: np.ndarray) -> np.ndarray:
    return relation[np.triu_indices(len(relation), 1)]


def _mapping(name: str, **fixed: Any) -> Callable[..., Any]:
    def build(**options: Any) -> Any:
        from . import mappings

        return getattr(mappings, name)(**{**fixed, **options})

    return build


METRICS: dict[str, Callable[..., Any]] = {
    "ridge": _mapping("NeuroidRidge"),
    "pls": _mapping("PLS"),
    "linear": _mapping("LeastSquares"),
    "one-to-one": _mapping("OneToOne"),
    "hungarian": _mapping("OneToOne", assignment="hungarian"),
    "soft-matching": _mapping("SoftMatching"),
    "rsa": Rsa,
    "cka": Cka,
}


def make_metric(name: str, **options: Any) -> "Mapping | Similarity":
    """Metric of that name.

    Parameters
    ----------
    name
        ``ridge``, ``pls``, ``linear``, ``one-to-one``, ``hungarian``, ``soft-matching`` (mappings), ``rsa`` or ``cka``.
    **options
        Arguments of the mapping or similarity.

    Raises
    ------
    UnknownNameError
        With the closest names.
    """
    if name not in METRICS:
        close = difflib.get_close_matches(name, METRICS, n=3, cutoff=0.4) or list(METRICS)
        raise UnknownNameError(f"there is no metric {name!r}; closest: {', '.join(close)}.")
    try:
        return METRICS[name](**options)
    except TypeError as error:
        raise ValueError(f"metric {name!r} does not take these options: {error}.") from error


def protocol_steps(metric: "Mapping | Similarity", spec: SplitSpec, *, reverse: bool) -> list[str]:
    """What the metric does, in the order of execution."""
    if not isinstance(metric, Mapping):
        return [
            f"Similarity: {metric.describe()}; nothing is fitted.",
            f"Raw score: {metric.name} of the neuroids of a subject, over all stimuli; mean over subjects. With several "
            f"layers, one is chosen on the training stimuli and measured on the test stimuli of each fold: {spec.describe()}.",
        ]
    from_what, to_what = ("neuroids", "model units") if reverse else ("features", "neuroids")
    who = "units" if reverse else "neuroids of a subject, mean over subjects"
    return [
        f"Folds: {spec.describe()}.",
        f"Mapping from {from_what} to {to_what}: {metric.describe()}, fitted on the training rows of each fold only; "
        "inner folds are cut from the training rows in the same way.",
        f"Raw score: Pearson r between prediction and response per {to_what.rstrip('s')} and fold (0 for a constant "
        f"prediction), mean over folds, median over {who}.",
    ]
