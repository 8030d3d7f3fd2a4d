"""Centred kernel alignment (CKA) of two representations: debiased by default, biased, over batches."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..correlation import ROUNDING
from .gram import patterns, refuse_not_finite, upper_gram, upper_vector

CkaKind = Literal["debiased", "biased"]
KernelName = Literal["linear", "rbf", "precomputed"]
LEAST = {"debiased": 4, "biased": 2}


def cka(
    x: np.ndarray,
    y: np.ndarray,
    *,
    kind: CkaKind = "debiased",
    kernel: KernelName = "linear",
    bandwidth: float | None = None,
) -> float:
    r"""Centred kernel alignment of two representations of the same stimuli.

    CKA = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)) with kernels K, L of n stimuli, k_ij = x_i'x_j (linear) or
    exp(-\|x_i - x_j\|^2 / (2 bandwidth^2)) (rbf), where

    - debiased: HSIC = [tr(K~L~) + 1'K~1 1'L~1 / ((n-1)(n-2)) - 2 1'K~L~1 / (n-2)] / (n(n-3)), ~ the diagonal zeroed;
      its expectation is that of infinitely many stimuli, so that unrelated representations get 0 on average, and it
      may be negative;
    - biased: HSIC = tr(HKHL), H = I - 11'/n; it rises with the number of features over the number of stimuli.

    Parameters
    ----------
    x, y
        ``(stimulus, neuroid)``, rows in the same order, NaN-free; the numbers of neuroids may differ. With
        ``precomputed`` the kernels ``(stimulus, stimulus)`` themselves.
    kind
        ``debiased`` needs at least 4 stimuli.
    kernel
        ``linear``, ``rbf`` or ``precomputed``.
    bandwidth
        rbf: in the units of the neuroids; None takes the median distance between stimuli, for x and y separately.

    Returns
    -------
    float
        0 if ``x`` does not vary over stimuli, NaN if ``y`` does not.

    Raises
    ------
    ValueError
        For unequal numbers of stimuli, too few of them, or values that are not finite.

    References
    ----------
    Kornblith et al. 2019, ICML, arXiv:1905.00414 (CKA, rbf with the median distance). Song et al. 2012, J Mach Learn Res
    13:1393 (debiased HSIC). Murphy et al. 2024, arXiv:2405.01012 (bias when neuroids outnumber stimuli).
    """
    products = hsic(x, y, kind=kind, kernel=kernel, bandwidth=bandwidth)
    return alignment_of(*products)


def hsic(
    x: np.ndarray,
    y: np.ndarray,
    *,
    kind: CkaKind = "debiased",
    kernel: KernelName = "linear",
    bandwidth: float | None = None,
) -> tuple[float, float, float]:
    """HSIC(K, L), HSIC(K, K) and HSIC(L, L), whose ratio is `cka`; the biased ones are tr(HKHL), without a factor."""
    if kind not in get_args(CkaKind):
        raise ValueError(f"kind {kind!r} is unknown; accepted are {', '.join(get_args(CkaKind))}.")
    first, second = (patterns(values, name, LEAST[kind]) for values, name in ((x, "x"), (y, "y")))
    if len(first) != len(second):
        raise ValueError(f"x has {len(first)} stimuli and y {len(second)}; both need the same stimuli in one order.")
    one = kernel_sums(first, "x", kernel, bandwidth)
    other = kernel_sums(second, "y", kernel, bandwidth)
    return one.hsic(other, kind), one.hsic(one, kind), other.hsic(other, kind)


def alignment_of(cross: float, first: float, second: float) -> float:
    """CKA from the three HSIC values: 0 for a first kernel without variance, NaN for such a second one."""
    if second <= 0:
        return float("nan")
    return 0.0 if first <= 0 else float(cross / np.sqrt(first * second))


def minibatch_cka(
    batches: Iterable[tuple[np.ndarray, np.ndarray]], *, kernel: KernelName = "linear", bandwidth: float | None = None
) -> float:
    r"""Debiased CKA from batches of stimuli, never holding a kernel of all of them.

    CKA = sum_b HSIC(K_b, L_b) / sqrt(sum_b HSIC(K_b, K_b) sum_b HSIC(L_b, L_b)), HSIC debiased as in `cka`. Each term has
    the expectation of the whole, so the sums tend to the same number, with more variance than `cka` on all stimuli.

    Parameters
    ----------
    batches
        Pairs ``(stimulus, neuroid)`` of x and y, at least 4 stimuli each, such as `stimulus_batches` cuts; passing over
        the stimuli more than once in new random batches lowers the variance.
    kernel, bandwidth
        As in `cka`; for rbf a bandwidth must be given, so that it is the same in every batch.

    Raises
    ------
    ValueError
        Without batches, or for rbf without a bandwidth.

    References
    ----------
    Nguyen et al. 2021, ICLR, arXiv:2010.15327 (HSIC averaged over batches).
    """
    if kernel == "rbf" and bandwidth is None:
        raise ValueError("an rbf kernel over batches needs a bandwidth, because the median distance differs by batch.")
    total, n_batches = np.zeros(3), 0
    for x, y in batches:
        total += hsic(x, y, kernel=kernel, bandwidth=bandwidth)
        n_batches += 1
    if n_batches == 0:
        raise ValueError("minibatch_cka received no batch; give pairs of arrays, see stimulus_batches.")
    return alignment_of(*total)


def stimulus_batches(
    x: np.ndarray, y: np.ndarray, *, size: int = 256, n_passes: int = 1, seed: int | None = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Random batches of the same stimuli of two arrays or memory maps, each stimulus once per pass.

    Parameters
    ----------
    x, y
        ``(stimulus, neuroid)``.
    size
        Stimuli per batch, at least 4; the batches of a pass differ by at most one stimulus and none is larger.
    n_passes
        Passes over all stimuli, each in new batches.
    seed
        Seed of the order.
    """
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} stimuli and y {len(y)}; both need the same stimuli in one order.")
    n_batches = -(-len(x) // max(size, 1))
    if size < 4 or len(x) // n_batches < 4:
        raise ValueError(f"size {size} cuts {len(x)} stimuli into batches of fewer than 4; use larger batches.")
    rng = np.random.default_rng(seed)
    for _ in range(n_passes):
        for rows in np.array_split(rng.permutation(len(x)), n_batches):
            # In ascending order a memory map is read from front to back.
            chosen = np.sort(rows)
            yield x[chosen], y[chosen]


@dataclass(frozen=True)
class KernelSums:
    """A kernel over stimuli in the smaller of two forms, with the sums that HSIC needs.

    Attributes
    ----------
    upper
        ``(stimulus, stimulus)`` with the values above the diagonal and zeros elsewhere, or None.
    columns
        ``(stimulus, neuroid)`` C with kernel C C', where there are fewer neuroids than stimuli; else None.
    diagonal
        ``(stimulus,)``.
    rows
        ``(stimulus,)`` sums of each row without the diagonal.
    """

    upper: np.ndarray | None
    columns: np.ndarray | None
    diagonal: np.ndarray
    rows: np.ndarray

    def off_diagonal(self, other: "KernelSums") -> float:
        """Sum over i != j of k_ij l_ij."""
        if self.columns is not None and other.columns is not None:
            crossed = self.columns.T @ other.columns
            return float(np.vdot(crossed, crossed) - self.diagonal @ other.diagonal)
        if self.columns is not None:
            return other.off_diagonal(self)
        assert self.upper is not None
        if other.columns is not None:
            return 2 * float(np.vdot(other.columns, self.upper @ other.columns))
        assert other.upper is not None
        return 2 * float(np.vdot(self.upper, other.upper))

    def hollow(self) -> np.ndarray:
        """The whole symmetric kernel, ``(stimulus, stimulus)``, with a diagonal of zeros."""
        if self.columns is not None:
            whole = self.columns @ self.columns.T
            np.fill_diagonal(whole, 0)
            return whole
        assert self.upper is not None
        return self.upper + self.upper.T

    def hsic(self, other: "KernelSums", kind: CkaKind) -> float:
        """HSIC of the two kernels: debiased, or biased without a factor."""
        n = len(self.diagonal)
        products = self.off_diagonal(other)
        if kind == "debiased":
            total = self.rows.sum() * other.rows.sum() / ((n - 1) * (n - 2))
            value = (products + total - 2 / (n - 2) * (self.rows @ other.rows)) / (n * (n - 3))
        else:
            first, second = self.rows + self.diagonal, other.rows + other.diagonal
            value = (
                products + self.diagonal @ other.diagonal - 2 / n * (first @ second) + first.sum() * second.sum() / n**2
            )
        return float(value)


def kernel_sums(x: np.ndarray, name: str, kernel: KernelName, bandwidth: float | None = None) -> KernelSums:
    """The kernel of ``(stimulus, neuroid)`` values; exactly zero where they do not vary over stimuli."""
    if kernel not in get_args(KernelName):
        raise ValueError(f"kernel {kernel!r} is unknown; accepted are {', '.join(get_args(KernelName))}.")
    if kernel != "rbf" and bandwidth is not None:
        raise ValueError(f"a {kernel} kernel takes no bandwidth; use kernel='rbf', or leave it out.")
    if kernel == "precomputed":
        return _given(x, name)
    n_stimuli, n_features = x.shape
    if kernel == "linear" and n_features < n_stimuli:
        columns = np.array(x, dtype=np.float64)
        refuse_not_finite(columns, x, name)
        columns -= columns.mean(axis=0)
        diagonal = np.einsum("ij,ij->i", columns, columns)
        if _flat(x, diagonal):
            return _nothing(n_stimuli)
        # Columns have mean zero, so that a whole row of the kernel sums to zero.
        return KernelSums(None, columns, diagonal, -diagonal)
    upper = upper_gram(x, name, centre="feature")
    diagonal = upper.diagonal().copy()
    if _flat(x, diagonal):
        return _nothing(n_stimuli)
    if kernel == "linear":
        np.fill_diagonal(upper, 0)
        return KernelSums(upper, None, diagonal, -diagonal)
    _to_rbf(upper, diagonal, bandwidth)
    return KernelSums(upper, None, np.ones(n_stimuli), upper.sum(axis=0) + upper.sum(axis=1))


def _given(kernel: np.ndarray, name: str) -> KernelSums:
    refuse_not_finite(kernel, kernel, name)
    slack = 1e-8 * np.abs(kernel).max()
    if kernel.shape[0] != kernel.shape[1] or not np.allclose(kernel, kernel.T, rtol=0, atol=slack):
        raise ValueError(
            f"{name} of shape {kernel.shape} is no symmetric (stimulus, stimulus) kernel; use kernel='linear'."
        )
    upper = np.triu(kernel, k=1).astype(np.float64)
    diagonal = kernel.diagonal().astype(np.float64)
    return KernelSums(upper, None, diagonal, upper.sum(axis=0) + upper.sum(axis=1))


def _flat(x: np.ndarray, diagonal: np.ndarray) -> bool:
    """Whether all stimuli have the same pattern but for rounding."""
    scale = max(abs(float(x.max())), abs(float(x.min())))
    return bool(diagonal.max() <= (ROUNDING * scale) ** 2 * x.shape[1])


def _nothing(n_stimuli: int) -> KernelSums:
    return KernelSums(None, np.zeros((n_stimuli, 1)), np.zeros(n_stimuli), np.zeros(n_stimuli))


def _to_rbf(upper: np.ndarray, diagonal: np.ndarray, bandwidth: float | None) -> None:
    """Turn inner products above the diagonal into a Gaussian of the distances, in place."""
    upper *= -2
    upper += diagonal
    upper += diagonal[:, None]
    if bandwidth is None:
        bandwidth = float(np.sqrt(max(np.median(upper_vector(upper)), 0.0)))
        if bandwidth == 0:
            raise ValueError("the median distance between stimuli is 0 because most are equal; give a bandwidth.")
    if not bandwidth > 0:
        raise ValueError(f"bandwidth {bandwidth} must be positive, in the units of the neuroids.")
    upper /= -2 * bandwidth**2
    np.exp(upper, out=upper)
    upper *= np.triu(np.ones(upper.shape, dtype=bool), k=1)
