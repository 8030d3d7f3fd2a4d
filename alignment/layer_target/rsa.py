"""Layer-by-target matrix of noise-corrected RSA, with the null of every permutation for the price of an index."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from ..ceilings.halved_fits import mean_over_first
from ..ceilings.rdm_predictivity import RdmCorrelation, comparable, correlation_rdms, noise_corrected_rsa
from ..ceilings.released_scores import LEAST_RELIABILITY, released_score
from ..similarity import square_rdm
from .matrix import LayerTargetMatrix
from .targets import MISSING, Rule, checked_layers, checked_rule, checked_targets, stimulus_orders


def layer_target_rsa(
    layers: Mapping[str, npt.ArrayLike],
    animals: Mapping[str, npt.ArrayLike | xr.DataArray],
    *,
    method: RdmCorrelation = "pearson",
    rule: Rule = "components",
    pooled: bool = True,
    n_halves: int = 100,
    seed: int = 1234,
    n_permutations: int = 10_000,
) -> LayerTargetMatrix:
    """RDM correlation of every layer with every animal, corrected for the noise of the animal.

    score = c r(D(X), D(Y)) with the components of `noise_corrected_rsa`, where r_xx = 1 for a model and c depends on the
    target alone:

    ========== ==================================================================================
    components c = 1 / sqrt(SB(mean over halvings of r_yy)); each stimulus halves its repetitions
    released   c = mean over the halvings with r_yy >= 0.5 of 1 / sqrt(SB(r_yy)); halves of trials
    ========== ==================================================================================

    Permuting the model's stimuli changes neither r_yy nor c, so that a permutation is an index into its RDM.

    Parameters
    ----------
    layers
        Layer to features ``(stimulus, feature)``.
    animals
        Animal to trials ``(repetition, stimulus, neuroid)``, NaN where a repetition is missing, such as
        ``data.tactile.load_animals`` gives. With coordinates ``stimulus_id`` these must be equal.
    method
        Correlation over pairs of stimuli.
    rule
        A row of the table; ``"released"`` only for comparison with published numbers.
    pooled
        Add the target ``"all animals"``, the neuroids of all of them, where there are at least two.
    n_halves, seed
        Halvings, see `noise_corrected_predictivity`.
    n_permutations
        Random permutations for more than 8 stimuli; up to 8 every one is taken.

    Raises
    ------
    ValueError
        For features or trials that do not fit, animals with different stimuli, or a layer in which all features of a
        stimulus are equal, so that it has no distances.

    References
    ----------
    Chung et al. 2025, arXiv:2505.18361 (maximum over layers, animals and all animals); Nichols & Holmes 2002 (Hum. Brain
    Mapp. 15:1), maximum statistic.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.layer_target import layer_target_rsa
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.standard_normal((6, 30))
    >>> animals = {name: signal + rng.standard_normal((8, 6, 30)) for name in ("first", "second")}
    >>> found = layer_target_rsa({"true": signal, "other": rng.standard_normal((6, 30))}, animals)
    >>> found.best[0], len(found.null), bool(found.maximum.p < 0.01)
    ('true', 720, True)
    """
    checked_rule(rule)
    missing = MISSING[rule]
    targets = checked_targets(animals, missing, pooled=pooled)
    n_stimuli = next(iter(targets.values())).shape[1]
    features = checked_layers(layers, n_stimuli)
    model = _standardised(np.stack([_layer_rdm(name, values, method) for name, values in features.items()]))
    sides, factors = [], []
    for trials in targets.values():
        found = noise_corrected_rsa(
            next(iter(features.values())), trials, method=method, n_halves=n_halves, seed=seed, missing=missing
        )
        unit = replace(found, r_xy=np.ones_like(found.r_xy))
        factors.append(released_score(unit) if rule == "released" else unit.per_neuroid("components")[0])
        sides.append(comparable(correlation_rdms(mean_over_first(trials)), method))
    scale = np.array(factors)
    brain = _standardised(np.stack(sides))
    orders, exact = stimulus_orders(n_stimuli, n_permutations, seed)
    rows, columns = np.triu_indices(n_stimuli, k=1)
    pairs = square_rdm(np.arange(len(rows)))[orders[:, rows], orders[:, columns]]  # (permutation, pair)
    raw, raw_null = model @ brain.T, np.stack([row[pairs] @ brain.T for row in model], axis=1)
    return LayerTargetMatrix(
        layers=tuple(features),
        targets=tuple(targets),
        values=raw * scale,
        null=raw_null * scale,
        raw=raw,
        raw_null=raw_null,
        ceiling=1 / scale,
        exact=exact,
        score=_in_words(method, rule, n_halves),
    )


def _layer_rdm(name: str, features: np.ndarray, method: RdmCorrelation) -> np.ndarray:
    distances = correlation_rdms(features)
    if not np.isfinite(distances).all():
        raise ValueError(
            f"layer {name!r} with {features.shape[1]} features gives all of them the same value for some of the "
            f"{len(features)} stimuli, so that these have no correlation distance; leave the layer out."
        )
    return comparable(distances, method)


def _standardised(rdms: np.ndarray) -> np.ndarray:
    """Rows of mean 0 and length 1, so that products are Pearson r; a constant RDM explains nothing and becomes 0."""
    centred = rdms - rdms.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    floor = 1e-12 * np.abs(rdms).max(axis=1, keepdims=True)
    return np.where(length > floor, centred / np.where(length > floor, length, 1), 0.0)


def _in_words(method: str, rule: Rule, n_halves: int) -> str:
    how = (
        "the mean reliability of halves of each stimulus's repetitions"
        if rule == "components"
        else f"halves of trials with r_yy of at least {LEAST_RELIABILITY}, as released"
    )
    return f"Score: {method} r of correlation RDMs, corrected for the target's noise by {how} ({n_halves} halvings)."
