"""Layer-by-target matrix of partial least squares; refitted in every permutation, on inner products of stimuli."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from .gram import centred_blocks, stimulus_gram
from .matrix import LayerTargetMatrix
from .refits import FoldPlan, Predictor, refitted_matrix
from .targets import Rule

SPENT = 1e-10  # share of its length that a new score must keep when the earlier ones are taken out


def layer_target_pls(
    layers: Mapping[str, npt.ArrayLike],
    animals: Mapping[str, npt.ArrayLike | xr.DataArray],
    *,
    n_components: int = 1,
    rule: Rule = "components",
    pooled: bool = True,
    n_halves: int = 20,
    seed: int = 1234,
    n_permutations: int = 1000,
) -> LayerTargetMatrix:
    """PLS predictivity of every animal by every layer, corrected for the noise of the animal and of the fit.

    Score and folds are those of `layer_target_ridge`; the mapping is `alignment.mappings.PLS`, whose components serve all
    neuroids of a target. Three training stimuli span two dimensions, so that two components reproduce them exactly.

    Parameters
    ----------
    layers, animals, rule, pooled, n_halves, seed, n_permutations
        As in `layer_target_ridge`.
    n_components
        Fewer than training stimuli; components that features or responses do not have are left out.

    Raises
    ------
    ValueError
        For a number of components that the training stimuli do not have, fewer than 6 stimuli, and as `layer_target_rsa`.

    References
    ----------
    Chung et al. 2025, arXiv:2505.18361; Rannar et al. 1994, J. Chemometr. 8:111 (the form on inner products).
    """
    n_stimuli = np.shape(next(iter(animals.values())))[1] if animals else 0
    if not 1 <= n_components < max(n_stimuli // 2, 2):
        raise ValueError(
            f"n_components={n_components} cannot be taken from {n_stimuli // 2} training stimuli of {n_stimuli}; accepted are "
            f"1 to {n_stimuli // 2 - 1}."
        )
    return refitted_matrix(
        layers,
        animals,
        _Pls(n_components),
        rule=rule,
        pooled=pooled,
        n_halves=n_halves,
        seed=seed,
        n_permutations=n_permutations,
    )


@dataclass(frozen=True)
class _Pls:
    n_components: int

    def describe(self) -> str:
        """In a few words."""
        return f"partial least squares ({self.n_components} component{'s' if self.n_components > 1 else ''})"

    def prepare(self, features: np.ndarray) -> Predictor:
        """Inner products and their roots are made once per fold."""
        gram = stimulus_gram(features, scaled=True)
        made: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

        def predict(plan: FoldPlan, responses: np.ndarray) -> np.ndarray:
            if id(plan) not in made:
                inner, cross = centred_blocks(gram, plan)
                values, vectors = np.linalg.eigh(inner)
                root = vectors * np.sqrt(np.clip(values, 0, None))[:, None, :]
                made[id(plan)] = inner, cross, root
            known = responses - responses.mean(axis=0)
            return np.asarray(self._smoother(*made[id(plan)], known @ known.T) @ known)

        return predict

    def _smoother(self, inner: np.ndarray, cross: np.ndarray, root: np.ndarray, shared: np.ndarray) -> np.ndarray:
        """``(beginning, test, train)`` for responses with the inner products ``shared``.

        With K = R R' the dual direction of component k is F F' R v with v the first eigenvector of R' F F' R, F the
        responses without the earlier scores.
        """
        n_train = inner.shape[-1]
        smoother = np.zeros_like(cross)
        keep = np.broadcast_to(np.eye(n_train), inner.shape)  # what takes the earlier scores out
        scores: list[np.ndarray] = []
        duals: list[np.ndarray] = []
        for _ in range(self.n_components):
            left = keep @ shared @ keep
            direction = np.linalg.eigh(root.swapaxes(-1, -2) @ left @ root)[1][..., -1:]
            dual = left @ (root @ direction)
            score = inner @ dual
            whole = np.linalg.norm(score, axis=-2, keepdims=True)
            for earlier, its_dual in zip(scores, duals, strict=True):
                along = (earlier * score).sum(axis=-2, keepdims=True)
                score, dual = score - along * earlier, dual - along * its_dual
            length = np.linalg.norm(score, axis=-2, keepdims=True)
            there = (length > SPENT * whole) & (whole > 0)
            score, dual = (np.where(there, one / np.where(there, length, 1), 0.0) for one in (score, dual))
            scores.append(score)
            duals.append(dual)
            smoother = smoother + (cross @ dual) @ score.swapaxes(-1, -2)
            keep = keep - score @ score.swapaxes(-1, -2)
        return smoother
