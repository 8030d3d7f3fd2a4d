"""Quality of band weights and penalties over inner folds, for all neuroids and penalties from one factorisation.

With more than about as many features as rows, the weighted Gram matrix K = sum_b gamma_b Z_b Z_b' is factorised once per
draw for all folds: ridge regression with an unpenalised intercept is a linear smoother, so the residuals of rows T left
out of the fit are::

    e_T = (R_TT)^-1 (R y)_T,    R = sum_k alpha / (lambda_k + alpha) v_k v_k',   v_k orthogonal to 1

With fewer features each fold has its own covariance, computed before the search; a draw only rescales it. The test rows
of a fold are rotated (thin QR) into no more rows than there are features, which leaves sums of squares as they are.

References
----------
Residuals of rows left out: Golub, Heath & Wahba (1979), Technometrics 21:215, for single rows; Cook & Weisberg (1982),
Residuals and Influence in Regression, for groups of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ..folds import Fold

MAX_BLOCK = 1 << 23  # numbers held at once while penalties are tried: 64 MB
LEAST_SHRINKAGE = 1e-12  # alpha / (lambda + alpha) below which left-out residuals are rounding


class Weighted(Protocol):
    """The regression for one weighting of the bands."""

    def errors(self, alphas: np.ndarray) -> np.ndarray:
        """Mean over inner folds of the mean squared error ``(alpha, neuroid)``; infinite for too small an alpha."""
        ...

    def weights(self, columns: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        """Regression weights on all rows for some neuroids, each with its penalty."""
        ...


class Search(Protocol):
    """What is computed once for all weightings."""

    def weighted(self, gamma: np.ndarray) -> Weighted:
        """The regression with band weights ``(band,)``."""
        ...


def training_mean(values: np.ndarray, fold: Fold, intercept: bool) -> np.ndarray | float:
    """Mean over the training rows, or 0 for a regression without intercept."""
    return np.asarray(values[fold.train].mean(axis=0)) if intercept else 0.0


def reference_errors(responses: np.ndarray, folds: Sequence[Fold], intercept: bool) -> np.ndarray:
    """Mean over folds of the mean squared error ``(neuroid,)`` of predicting the training mean, or 0."""
    each = [((responses[fold.test] - training_mean(responses, fold, intercept)) ** 2).mean(axis=0) for fold in folds]
    return np.asarray(np.mean(each, axis=0))


def make_search(
    features: np.ndarray, band: np.ndarray, responses: np.ndarray, folds: Sequence[Fold], intercept: bool
) -> Search:
    """The search that suits the shape of the features.

    Parameters
    ----------
    features
        ``(presentation, feature)``, centred.
    band
        ``(feature,)`` number of each feature's band.
    responses
        ``(presentation, neuroid)``, centred.
    folds
        Inner folds; every row that is not tested is trained on.
    intercept
        Whether each fold has an intercept; without one, means are taken to be zero.
    """
    kind = GramSearch if uses_gram(*features.shape) else FeatureSearch
    return kind(features, band, responses, folds, intercept)


def uses_gram(n_rows: int, n_features: int) -> bool:
    """Whether inner products of rows are the smaller problem."""
    return 5 * n_features >= 3 * n_rows


class GramSearch:
    """Search on inner products of rows; weights are ``(presentation, neuroid)``, dual."""

    def __init__(
        self, features: np.ndarray, band: np.ndarray, responses: np.ndarray, folds: Sequence[Fold], intercept: bool
    ) -> None:
        n_rows = len(features)
        self.responses, self.tests, self.intercept = responses, [fold.test for fold in folds], intercept
        self.grams = np.empty((int(band.max()) + 1, n_rows, n_rows))
        for number, gram in enumerate(self.grams):
            part = features[:, band == number]
            np.matmul(part, part.T, out=gram)

    def weighted(self, gamma: np.ndarray) -> "_WeightedGram":
        """The regression with band weights ``(band,)``."""
        gram = np.tensordot(gamma, self.grams, axes=1)
        if self.intercept:
            # Raising the eigenvalue of the constant vector above all others tells it from the null space.
            gram += (2 * np.trace(gram) or 1.0) / len(gram)
        eigenvalues, vectors = np.linalg.eigh(gram)
        kept = slice(0, len(gram) - 1 if self.intercept else len(gram))
        return _WeightedGram(self, np.maximum(eigenvalues[kept], 0), vectors[:, kept])


@dataclass(frozen=True)
class _WeightedGram:
    search: GramSearch
    eigenvalues: np.ndarray  # (rank,)
    vectors: np.ndarray  # (presentation, rank)

    def errors(self, alphas: np.ndarray) -> np.ndarray:
        responses, tests = self.search.responses, self.search.tests
        turned = self.vectors.T @ responses
        errors = np.zeros((len(alphas), responses.shape[1]))
        block = max(1, MAX_BLOCK // len(responses))
        for row, alpha in enumerate(alphas):
            shrinkage = alpha / (self.eigenvalues + alpha)
            try:
                factors = self._factors(shrinkage)
            except LinAlgError:
                errors[row] = np.inf
                continue
            for start in range(0, responses.shape[1], block):
                columns = slice(start, start + block)
                residual = self.vectors @ (shrinkage[:, None] * turned[:, columns])
                for test, factor in zip(tests, factors, strict=True):
                    left_out = cho_solve(factor, residual[test], overwrite_b=True, check_finite=False)
                    errors[row, columns] += np.einsum("ij,ij->j", left_out, left_out) / (len(test) * len(tests))
        return errors

    def _factors(self, shrinkage: np.ndarray) -> list[tuple[np.ndarray, bool]]:
        if shrinkage.min() < LEAST_SHRINKAGE:
            raise LinAlgError
        root, factors = np.sqrt(shrinkage), []
        for test in self.search.tests:
            half = self.vectors[test] * root
            factors.append(cho_factor(half @ half.T, lower=True, overwrite_a=True, check_finite=False))
        return factors

    def weights(self, columns: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        turned = self.vectors.T @ self.search.responses[:, columns]
        return np.asarray(self.vectors @ (turned / (self.eigenvalues[:, None] + alpha)))


@dataclass(frozen=True)
class _FoldProblem:
    covariance: np.ndarray  # (feature, feature) of the training rows
    covaried: np.ndarray  # (feature, neuroid)
    new: np.ndarray  # (at most feature, feature) test rows, rotated
    truth: np.ndarray  # (at most feature, neuroid)
    rest: np.ndarray  # (neuroid,) sum of squares of the test responses that the features cannot reach
    n_test: int


class FeatureSearch:
    """Search on the covariance of features; weights are ``(feature, neuroid)``, primal."""

    def __init__(
        self, features: np.ndarray, band: np.ndarray, responses: np.ndarray, folds: Sequence[Fold], intercept: bool
    ) -> None:
        self.band = band
        self.covariance, self.covaried = features.T @ features, features.T @ responses
        self.problems = [self._problem(features, responses, fold, intercept) for fold in folds]

    @staticmethod
    def _problem(features: np.ndarray, responses: np.ndarray, fold: Fold, intercept: bool) -> _FoldProblem:
        mean_x, mean_y = training_mean(features, fold, intercept), training_mean(responses, fold, intercept)
        x, y = features[fold.train] - mean_x, responses[fold.train] - mean_y
        new, truth = features[fold.test] - mean_x, responses[fold.test] - mean_y
        total = np.einsum("ij,ij->j", truth, truth)
        if len(new) > new.shape[1]:
            rotation, new = np.linalg.qr(new)
            truth = rotation.T @ truth
        rest = np.maximum(total - np.einsum("ij,ij->j", truth, truth), 0)
        return _FoldProblem(x.T @ x, x.T @ y, new, truth, rest, len(fold.test))

    def weighted(self, gamma: np.ndarray) -> "_WeightedFeatures":
        """The regression with band weights ``(band,)``."""
        return _WeightedFeatures(self, np.sqrt(gamma)[self.band])


@dataclass(frozen=True)
class _WeightedFeatures:
    search: FeatureSearch
    scale: np.ndarray  # (feature,) square root of the feature's band weight

    def errors(self, alphas: np.ndarray) -> np.ndarray:
        problems = self.search.problems
        errors = np.zeros((len(alphas), self.search.covaried.shape[1]))
        for part in problems:
            eigenvalues, vectors = self._eigen(part.covariance)
            new = (part.new * self.scale) @ vectors
            block = max(1, MAX_BLOCK // len(vectors))
            for start in range(0, errors.shape[1], block):
                columns = slice(start, start + block)
                turned = vectors.T @ (self.scale[:, None] * part.covaried[:, columns])
                for row, alpha in enumerate(alphas):
                    wrong = part.truth[:, columns] - (new / (eigenvalues + alpha)) @ turned
                    squares = np.einsum("ij,ij->j", wrong, wrong) + part.rest[columns]
                    errors[row, columns] += squares / (part.n_test * len(problems))
        return errors

    def weights(self, columns: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        eigenvalues, vectors = self._eigen(self.search.covariance)
        turned = vectors.T @ (self.scale[:, None] * self.search.covaried[:, columns])
        return np.asarray(self.scale[:, None] * (vectors @ (turned / (eigenvalues[:, None] + alpha))))

    def _eigen(self, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        eigenvalues, vectors = np.linalg.eigh(covariance * self.scale * self.scale[:, None])
        return np.maximum(eigenvalues, 0), vectors
