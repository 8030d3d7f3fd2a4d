"""Representations as unit-length matrices over stimuli, so that a permutation of the stimuli costs one product."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from .comparisons import checked_stack, length, whiten_rdm
from .distances import square_rdm
from .gram import patterns
from .kernel_alignment import LEAST, CkaKind, KernelName, kernel_sums
from .ranking import RankOrder

KernelComparison = Literal["spearman", "pearson", "cosine", "cosine_cov", "corr_cov"]


@dataclass(frozen=True)
class StimulusKernel:
    """A centred ``(stimulus, stimulus)`` matrix of length 1, whose product with another is their similarity.

    Made by `centred_kernel` (the product is then `cka`) or `rdm_kernel` (`compare_rdms`). Centring commutes with an order
    of the stimuli, so that a permutation test need not compute kernels, ranks or norms again.

    Attributes
    ----------
    values
        ``(stimulus, stimulus)`` symmetric; all zero for a representation that does not vary.
    kind
        What the product is; two kernels need the same.
    """

    values: np.ndarray
    kind: str

    def similarity(self, other: "StimulusKernel", order: np.ndarray | None = None) -> float:
        """Sum of products with another kernel, its stimuli put in an order first.

        Parameters
        ----------
        other
            A kernel of the same stimuli and kind.
        order
            ``(stimulus,)`` row numbers: stimulus ``order[i]`` of the other takes the place of stimulus i.

        Returns
        -------
        float
            0 if this representation does not vary, NaN if the other does not.
        """
        if self.kind != other.kind or self.values.shape != other.values.shape:
            raise ValueError(
                f"a kernel for {self.kind} of {len(self.values)} stimuli cannot be compared with one for {other.kind} of "
                f"{len(other.values)}; make both by one call for the same stimuli."
            )
        if not other.values.any():
            return float("nan")
        second = other.values if order is None else other.values[np.ix_(order, order)]
        return float(np.vdot(self.values, second))

    def null(self, other: "StimulusKernel", orders: np.ndarray) -> np.ndarray:
        """Similarities ``(permutation,)`` under orders ``(permutation, stimulus)`` of the other's stimuli."""
        return np.array([self.similarity(other, order) for order in np.asarray(orders)])


def centred_kernel(
    x: np.ndarray, *, kind: CkaKind = "debiased", kernel: KernelName = "linear", bandwidth: float | None = None
) -> StimulusKernel:
    r"""Kernel of a representation, whose product with another is `cka`.

    biased: HKH / \|HKH\|. debiased: the U-centred k_ij - k_i. / (n-2) - k_.j / (n-2) + k_.. / ((n-1)(n-2)) off the diagonal,
    sums taken without the diagonal, divided by its length.

    Parameters
    ----------
    x
        ``(stimulus, neuroid)``.
    kind, kernel, bandwidth
        As in `cka`.

    References
    ----------
    Szekely & Rizzo 2014, Ann Stat 42:2382 (U-centring; equal to the debiased HSIC of Song et al. 2012).
    """
    if kind not in get_args(CkaKind):
        raise ValueError(f"kind {kind!r} is unknown; accepted are {', '.join(get_args(CkaKind))}.")
    sums = kernel_sums(patterns(x, "x", LEAST[kind]), "x", kernel, bandwidth)
    full = sums.hollow()
    n = len(full)
    if kind == "debiased":
        full -= sums.rows / (n - 2)
        full -= sums.rows[:, None] / (n - 2)
        full += sums.rows.sum() / ((n - 1) * (n - 2))
        np.fill_diagonal(full, 0)
    else:
        np.fill_diagonal(full, sums.diagonal)
        means = full.mean(axis=0)
        full -= means
        full -= means[:, None]
        full += means.mean()
    return StimulusKernel(_unit(full), f"{kind} cka")


def rdm_kernel(vector: np.ndarray, *, method: KernelComparison = "spearman") -> StimulusKernel:
    """Kernel of an RDM, whose product with another is `compare_rdms` by the same method.

    Parameters
    ----------
    vector
        ``(pair,)``.
    method
        ``spearman``, ``pearson``, ``cosine``, or whitened with equal and independent noise ``cosine_cov``, ``corr_cov``.
    """
    if method not in get_args(KernelComparison):
        raise ValueError(f"method {method!r} is unknown here; accepted are {', '.join(get_args(KernelComparison))}.")
    values = checked_stack(vector, "vector")[0]
    if method == "spearman":
        values = RankOrder(values).ranks()
    scale = (values**2).sum()
    if not method.startswith("cosine"):
        values = values - values.mean()
    if length((values**2).sum(), scale) == 0:
        values = np.zeros_like(values)
    matrix = whiten_rdm(values, None) if method.endswith("_cov") else square_rdm(values)
    return StimulusKernel(_unit(matrix), method)


def _unit(matrix: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(matrix)
    return matrix / norm if norm > 0 else matrix
