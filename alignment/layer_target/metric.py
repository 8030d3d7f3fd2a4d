"""The matrix as what a benchmark measures with: which comparison, how its noise is corrected, how many halvings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from ..ceilings.released_scores import released_score
from .between import between_animals, mean_variance
from .matrix import LayerTargetMatrix
from .one_to_one import layer_target_one_to_one
from .pls import layer_target_pls
from .ridge import layer_target_ridge
from .rsa import layer_target_rsa
from .targets import Rule, checked_rule

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

Comparison = Literal["rsa", "ridge", "pls", "one-to-one"]
# Of the mean variance of a stimulus; published fits of a model used one penalty for all features, so large that it ruled.
ALPHAS = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
HALVINGS = {"rsa": 100, "ridge": 5, "pls": 5, "one-to-one": 5}
OTHERS = "other animals"


@dataclass(frozen=True)
class LayerTarget:
    """Every layer against every animal, corrected for noise, under every order of the stimuli.

    Attributes
    ----------
    comparison
        ``rsa``, ``ridge`` (penalty chosen in training), ``pls`` (one component) or ``one-to-one``.
    rule
        ``components``, or ``released`` for comparison with published numbers; see `layer_target_rsa`.
    n_halves
        Halvings of the repetitions; 100 for RSA and 5 of each of the 20 folds otherwise if None.
    seed
        Seed of the first halving.
    """

    comparison: Comparison = "rsa"
    rule: Rule = "components"
    n_halves: int | None = None
    seed: int = 1234

    def __post_init__(self) -> None:
        if self.comparison not in get_args(Comparison):
            raise ValueError(
                f"comparison must be one of {', '.join(get_args(Comparison))}, received {self.comparison!r}."
            )
        checked_rule(self.rule)

    @property
    def name(self) -> str:
        """Short name of the number."""
        return "RSA" if self.comparison == "rsa" else f"{self.comparison} r"

    @property
    def fits(self) -> bool:
        """Whether something is fitted, so that there are folds."""
        return self.comparison != "rsa"

    def describe(self) -> str:
        """Formula in one sentence."""
        kind = {
            "rsa": "Pearson r of the RDMs (1 - Pearson r over neuroids) of a layer and of an animal",
            "ridge": f"Pearson r of ridge predictions, one penalty of {ALPHAS[0]:g} to {ALPHAS[-1]:g} per fit",
            "pls": "Pearson r of predictions by partial least squares with one component",
            "one-to-one": "Pearson r of each neuroid with the unit of largest training correlation",
        }[self.comparison]
        how = "as released" if self.rule == "released" else "components averaged first"
        return f"{kind}; corrected by halves of the repetitions ({how})"

    def protocol_steps(self) -> list[str]:
        """What is done, in the order of execution."""
        return [
            f"Every layer with every animal: {self.describe()}.",
            f"Raw score: {self.name} with an animal before the correction; mean over animals. With several layers, the "
            "nested one is for each animal the layer that is best on average over the other animals.",
        ]

    def matrix(
        self, layers: Mapping[str, Any], animals: Mapping[str, Any], *, pooled: bool = True, n_permutations: int = 1000
    ) -> LayerTargetMatrix:
        """Scores of these layers ``(stimulus, feature)`` with these animals ``(repetition, stimulus, neuroid)``."""
        shared: dict[str, Any] = {
            "rule": self.rule,
            "pooled": pooled,
            "n_halves": HALVINGS[self.comparison] if self.n_halves is None else self.n_halves,
            "seed": self.seed,
        }
        if self.comparison == "one-to-one":
            return layer_target_one_to_one(layers, animals, **shared)
        shared["n_permutations"] = n_permutations
        if self.comparison == "rsa":
            return layer_target_rsa(layers, animals, **shared)
        if self.comparison == "pls":
            return layer_target_pls(layers, animals, **shared)
        return layer_target_ridge(layers, animals, alpha=ALPHAS, **shared)

    def between_animals(self, animals: Mapping[str, np.ndarray]) -> np.ndarray:
        """``(animal,)`` score of all other animals together as a model, corrected for the noise of both sides."""
        n_halves = HALVINGS[self.comparison] if self.n_halves is None else self.n_halves
        found = between_animals(animals, self._mapping(animals), n_halves=n_halves, seed=self.seed, rule=self.rule)
        return np.array([released_score(one) if self.rule == "released" else one.value for one in found])

    def _mapping(self, animals: Mapping[str, np.ndarray]) -> "BaseEstimator | None":
        from ..mappings import PLS, NeuroidRidge, OneToOne

        if self.comparison == "ridge":
            alphas = np.array(ALPHAS) * mean_variance(animals)
            return NeuroidRidge(alphas, standardise=False, selection="loo", per_neuroid=False)
        return {"rsa": None, "pls": PLS(1), "one-to-one": OneToOne()}[self.comparison]
