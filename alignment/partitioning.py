"""How much of the explained variance each feature space owns alone, and how much it shares with others.

Nested models. R2(S) is the cross-validated variance explained by the feature spaces S together. The part that exactly
the spaces A share, and no other holds, is::

    C(A) = sum over B within A of (-1)^(|A| - |B|) [R2(all) - R2(all without B)],   R2(none) = 0

so that all parts sum to R2(all). For one space this is its unique part, R2(all) - R2(all without it).

Product measure. One model predicts the sum of what its spaces contribute, yhat = sum_i yhat_i. With responses y and
contributions centred by the training mean::

    R2_i = sum_t (2 y_t yhat_it - yhat_it yhat_t) / sum_t y_t^2,   sum_i R2_i = R2

Parts may be negative: two spaces that are useful only together share a negative part, and a space that adds noise has a
negative unique part. Nothing is clipped.
"""

from collections.abc import Mapping as Named
from collections.abc import Sequence
from typing import Literal

import numpy as np
from sklearn.base import BaseEstimator, clone

from .folds import Fold
from .inference.resampling import bootstrap_weights, fold_factor
from .mappings import BandedRidge, NeuroidRidge
from .mappings.adapted_regressor import as_mapping
from .variance_shares import Share, Spaces, VariancePartition, commonality, estimate_shares, subsets

__all__ = ["Share", "VariancePartition", "partition_variance", "product_measure"]

MOST_SPACES = 4


def partition_variance(
    features: Named[str, np.ndarray],
    responses: np.ndarray,
    folds: Sequence[Fold],
    mapping: BaseEstimator | None = None,
    *,
    groups: np.ndarray | None = None,
    bootstrap_over: np.ndarray | None = None,
    method: Literal["nested", "product"] = "nested",
    n_boot: int = 1000,
    seed: int = 0,
) -> VariancePartition:
    """Unique and shared cross-validated variance of feature spaces.

    Parameters
    ----------
    features
        Name of each feature space to its ``(presentation, feature)`` array: 2 to 4 for nested models, any number from 2
        for the product measure.
    responses
        ``(presentation, neuroid)``.
    folds
        Row numbers of training and test. R2 is pooled over folds and compares with the mean training response.
    mapping
        From features to neuroids. Nested models take any, `NeuroidRidge` by default; the product measure takes a
        `BandedRidge`, its default. A `BandedRidge` is given the spaces as its bands.
    groups
        ``(presentation,)`` labels that inner folds keep together, or None.
    bootstrap_over
        ``(presentation,)`` labels of what is drawn as a whole in the bootstrap; ``groups`` by default. For time series
        give contiguous blocks that are longer than responses are alike.
    method
        ``"nested"`` fits all combinations of spaces, ``"product"`` one model.
    n_boot
        Bootstrap draws over presentations.
    seed
        Seed of the bootstrap.

    Raises
    ------
    ValueError
        For too few or too many spaces, arrays that do not fit each other, or a mapping that the method cannot use.

    References
    ----------
    Commonality analysis: Seibold & McPhee (1979), Human Communication Research 5:355; of voxel-wise models Lescroart,
    Stansbury & Gallant (2015), Frontiers in Computational Neuroscience 9:135, and de Heer et al. (2017), Journal of
    Neuroscience 37:6539. Product measure: Pratt (1987); for banded ridge Dupre la Tour et al. (2022), NeuroImage
    264:119728. Widening: Nadeau & Bengio (2003), Machine Learning 52:239.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.folds import Fold
    >>> from alignment.partitioning import partition_variance
    >>> rng = np.random.default_rng(0)
    >>> form, motion = rng.standard_normal((2, 300, 4))
    >>> y = form @ np.ones((4, 1)) + 0.1 * rng.standard_normal((300, 1))
    >>> rows = np.arange(300)
    >>> found = partition_variance({"form": form, "motion": motion}, y, [Fold(rows[:200], rows[200:])])
    >>> found.unique["form"].mean_low > 0.9 and abs(found.unique["motion"].mean) < 0.01
    True
    """
    spaces, arrays, y = _checked(features, responses, method)
    if n_boot < 1:
        raise ValueError(f"n_boot must be at least 1, received {n_boot}.")
    if method == "product":
        parts, total, words = _product_parts(spaces, arrays, y, folds, mapping, groups)
        singles: list[Spaces] = [(name,) for name in spaces]
        recipe = np.eye(len(spaces))
    else:
        parts, total, words = _nested_parts(spaces, arrays, y, folds, mapping, groups)
        singles = subsets(spaces)
        recipe = commonality(spaces)
    total[:, np.ptp(y, axis=0) == 0] = 0  # and no rounding of the mean
    tested = np.unique(np.concatenate([fold.test for fold in folds]))
    factor = fold_factor(len(tested), float(np.mean([len(fold.train) for fold in folds])))
    weights = bootstrap_weights(len(y), groups if bootstrap_over is None else np.asarray(bootstrap_over), n_boot, seed)
    drawn = "presentations" if groups is None and bootstrap_over is None else "groups of presentations"
    # The last row is the whole: all spaces together, or the sum of the products.
    whole = np.ones(len(spaces)) if method == "product" else np.eye(len(singles))[-1]
    r2, found = estimate_shares(np.vstack([recipe, whole]), parts, total, weights, factor)
    return VariancePartition(
        method=method,
        spaces=spaces,
        shares=dict(zip(singles, found[:-1], strict=True)),
        full=found[-1],
        models={spaces: found[-1].r2} if method == "product" else dict(zip(singles, r2, strict=True)),
        factor=factor,
        protocol=f"{words}; 95 % percentile bootstrap, {n_boot} draws over {drawn}, widened by {factor:.2f} because folds "
        "share training presentations",
    )


def product_measure(observed: np.ndarray, contributions: np.ndarray) -> np.ndarray:
    """Split of R2 over the summands of a prediction.

    R2_i = sum_t (2 y_t yhat_it - yhat_it yhat_t) / sum_t y_t^2 with yhat = sum_i yhat_i; the parts sum to
    1 - sum_t (y_t - yhat_t)^2 / sum_t y_t^2.

    Parameters
    ----------
    observed
        ``(presentation, neuroid)``, centred by the mean training response.
    contributions
        ``(space, presentation, neuroid)``, such as ``BandedRidge.predict_bands`` gives.

    Returns
    -------
    numpy.ndarray
        ``(space, neuroid)``; may be negative. NaN for a neuroid that does not vary.
    """
    y, made = np.asarray(observed, dtype=float), np.asarray(contributions, dtype=float)
    if y.ndim != 2 or made.ndim != 3 or made.shape[1:] != y.shape:
        raise ValueError(
            f"contributions must be (space, presentation, neuroid) beside observed (presentation, neuroid), received "
            f"{made.shape} and {y.shape}."
        )
    total = (y**2).sum(axis=0)
    return np.asarray(_products(y, made).sum(axis=1) / np.where(total > 0, total, np.nan))


def _products(y: np.ndarray, made: np.ndarray) -> np.ndarray:
    return np.asarray(made * (2 * y - made.sum(axis=0)))


def _checked(
    features: Named[str, np.ndarray], responses: np.ndarray, method: str
) -> tuple[Spaces, list[np.ndarray], np.ndarray]:
    if method not in ("nested", "product"):
        raise ValueError(f"method must be 'nested' or 'product', received {method!r}.")
    spaces = tuple(str(name) for name in features)
    if len(spaces) < 2 or (method == "nested" and len(spaces) > MOST_SPACES):
        most = f"2 to {MOST_SPACES}" if method == "nested" else "2 or more"
        raise ValueError(
            f"partitioning by method {method!r} takes {most} feature spaces, received {len(spaces)}; merge spaces, or use "
            "method 'product' for many."
        )
    arrays, y = [np.asarray(one, dtype=float) for one in features.values()], np.asarray(responses, dtype=float)
    for name, one in zip(spaces, arrays, strict=True):
        if one.ndim != 2 or y.ndim != 2 or len(one) != len(y):
            raise ValueError(
                f"features must be (presentation, feature) beside responses (presentation, neuroid); received {one.shape} "
                f"for {name!r} and {y.shape}."
            )
    return spaces, arrays, y


def _nested_parts(
    spaces: Spaces,
    arrays: list[np.ndarray],
    y: np.ndarray,
    folds: Sequence[Fold],
    mapping: BaseEstimator | None,
    groups: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, str]:
    """Explained sums of squares ``(subset, presentation, neuroid)``, those of the responses, and the mapping in words."""
    model = as_mapping(NeuroidRidge() if mapping is None else mapping)
    if isinstance(model, BandedRidge) and model.gammas is not None:
        raise ValueError(
            "nested models with fewer bands cannot use the gammas given for all; let BandedRidge draw them (n_draws)."
        )
    total = np.zeros(y.shape)
    for fold in folds:
        total[fold.test] += (y[fold.test] - y[fold.train].mean(axis=0)) ** 2
    parts = np.empty((2 ** len(spaces) - 1, *y.shape))
    for row, chosen in enumerate(subsets(spaces)):
        used = [array for name, array in zip(spaces, arrays, strict=True) if name in chosen]
        if isinstance(model, BandedRidge):
            model = clone(model).set_params(bands=_labels(chosen, used))
        made = model.cross_predict(np.concatenate(used, axis=1), y, folds, groups, inner=False).predictions
        parts[row] = total
        for fold, predicted in zip(folds, made, strict=True):
            parts[row, fold.test] -= (y[fold.test] - predicted.reshape(len(predicted), -1)) ** 2
    return parts, total, f"nested models of {len(spaces)} feature spaces, {model.describe()}"


def _product_parts(
    spaces: Spaces,
    arrays: list[np.ndarray],
    y: np.ndarray,
    folds: Sequence[Fold],
    mapping: BaseEstimator | None,
    groups: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, str]:
    """Products ``(space, presentation, neuroid)``, squares of the responses, and the mapping in words."""
    if mapping is not None and not isinstance(mapping, BandedRidge):
        raise ValueError(
            f"the product measure needs what each space contributes to one prediction, which {type(mapping).__name__} does "
            "not tell; use BandedRidge (n_draws=1 is one penalty for all spaces)."
        )
    model = clone(BandedRidge() if mapping is None else mapping).set_params(bands=_labels(spaces, arrays))
    x = np.concatenate(arrays, axis=1)
    parts, total = np.zeros((len(spaces), *y.shape)), np.zeros(y.shape)
    for number, fold in enumerate(folds):
        fitted = clone(model).set_params(seed=model.seed + number)
        fitted.fit(x[fold.train], y[fold.train], groups=None if groups is None else np.asarray(groups)[fold.train])
        truth = y[fold.test] - fitted.intercept_
        parts[:, fold.test] += _products(truth, fitted.predict_bands(x[fold.test]))
        total[fold.test] += truth**2
    return parts, total, f"product measure of {len(spaces)} feature spaces, {model.describe()}"


def _labels(spaces: Sequence[str], arrays: list[np.ndarray]) -> np.ndarray:
    return np.repeat(np.array(spaces), [one.shape[1] for one in arrays])
