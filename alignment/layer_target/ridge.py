"""Layer-by-target matrix of cross-validated ridge predictions; refitted in every permutation, in the dual."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from .gram import centred_blocks, stimulus_gram
from .matrix import LayerTargetMatrix
from .refits import FoldPlan, Predictor, refitted_matrix
from .targets import Rule


def layer_target_ridge(
    layers: Mapping[str, npt.ArrayLike],
    animals: Mapping[str, npt.ArrayLike | xr.DataArray],
    *,
    alpha: float | Sequence[float] = 1.0,
    rule: Rule = "components",
    pooled: bool = True,
    n_halves: int = 20,
    seed: int = 1234,
    n_permutations: int = 1000,
) -> LayerTargetMatrix:
    r"""Ridge predictivity of every animal by every layer, corrected for the noise of the animal and of the fit.

    Folds are all choices of half of the stimuli for training: 20 of 6. A score is the median over neuroids of
    r_xy / sqrt(SB(r_xx) SB(r_yy)) with the components of `noise_corrected_predictivity`, on their means over halvings and folds
    (``components``) or as the mean of the ratios with r_xx and r_yy of at least 0.5 (``released``).

    A prediction is H y with H = 1 1'/n + K_test,train C (C K_train C + alpha I)^-1 C for features centred on the training
    rows, C the centring matrix and n training stimuli; each permutation refits it.

    Parameters
    ----------
    layers, animals, pooled, n_halves, seed, n_permutations
        As in `layer_target_rsa`.
    alpha
        Penalty on the squared weights of the unscaled features; the intercept is free. Of several, in units of the mean
        variance of a stimulus, each fit takes the one with the least squared error over training stimuli that are left out
        one at a time, mean over neuroids.
    rule
        See above; ``"released"`` only for comparison with published numbers.

    Raises
    ------
    ValueError
        For an alpha that is not positive, fewer than 6 stimuli, and as `layer_target_rsa`.

    References
    ----------
    Chung et al. 2025, arXiv:2505.18361; Saunders et al. 1998, ICML (ridge in the dual); Golub, Heath and Wahba 1979,
    Technometrics 21 (rows left out in closed form).
    """
    alphas = np.atleast_1d(np.asarray(alpha, dtype=np.float64))
    if alphas.ndim != 1 or len(alphas) == 0 or not (alphas > 0).all():
        raise ValueError(f"alpha must be positive, received {alpha}.")
    return refitted_matrix(
        layers,
        animals,
        _Ridge(tuple(alphas.tolist())),
        rule=rule,
        pooled=pooled,
        n_halves=n_halves,
        seed=seed,
        n_permutations=n_permutations,
    )


@dataclass(frozen=True)
class _Ridge:
    alphas: tuple[float, ...]

    def describe(self) -> str:
        """In a few words."""
        if len(self.alphas) == 1:
            return f"ridge (alpha {self.alphas[0]:g})"
        return f"ridge (alpha of {self.alphas[0]:g} to {self.alphas[-1]:g} chosen in training)"

    def prepare(self, features: np.ndarray) -> Predictor:
        """Smoothers of every fold are made once."""
        gram = stimulus_gram(features, scaled=len(self.alphas) > 1)
        made: dict[int, tuple[np.ndarray, np.ndarray]] = {}

        def predict(plan: FoldPlan, responses: np.ndarray) -> np.ndarray:
            if id(plan) not in made:
                made[id(plan)] = self._smoothers(gram, plan)
            smoothers, residual = made[id(plan)]
            known = responses - responses.mean(axis=0)
            if len(self.alphas) == 1:
                return np.asarray(smoothers[0] @ known)
            # Squared errors of rows left out, summed over rows and neuroids: trace(M y y' M').
            error = np.einsum("akij,jl,akil->ak", residual, known @ known.T, residual)
            chosen = error.argmin(axis=0)
            return np.asarray(smoothers[chosen, np.arange(len(chosen))] @ known)

        return predict

    def _smoothers(self, gram: np.ndarray, plan: FoldPlan) -> tuple[np.ndarray, np.ndarray]:
        """H without its constant part ``(alpha, beginning, test, train)``, and M that gives errors of rows left out."""
        inner, cross = centred_blocks(gram, plan)
        n_train = inner.shape[-1]
        penalty = np.array(self.alphas)[:, None, None, None] * np.eye(n_train)
        solved = np.linalg.solve(inner + penalty, np.broadcast_to(np.eye(n_train) - 1 / n_train, (1, *inner.shape)))
        left = np.eye(n_train) - 1 / n_train - inner @ solved
        leverage = np.diagonal(left, axis1=-2, axis2=-1)[..., None]
        return cross @ solved, left / leverage
