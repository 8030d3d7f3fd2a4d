"""Bootstrap of means, correlations and any weighted statistic over stimuli, repetitions, neuroids and animals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..correlation import weighted_pearson
from .designs import Design
from .pooling import Pooling, median_draws, weighted_median
from .resampling import CI_LEVEL, IntervalMethod, bootstrap_weights, draw_interval

MAX_BLOCK = 1 << 24  # values of (draw, neuroid) held at once: 128 MB
NEUROIDS_PER_BLOCK = 1000

Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class BootstrapResult:
    """A statistic with its bootstrap draws and interval.

    Attributes
    ----------
    value
        The statistic of the sample itself; ``(neuroid,)`` where neuroids are not pooled.
    low, high
        Bounds of the interval, of the same shape.
    draws
        ``(boot, ...)``.
    level
        Nominal coverage of the interval.
    method
        ``"percentile"``, ``"bc"`` or ``"bca"``.
    factor
        The interval's distance from the value was multiplied by this.
    design
        What was resampled, in words.
    seed
        Seed of the draws.
    n_undefined
        Values of single draws and neuroids that were NaN (a neuroid constant over the drawn stimuli) and left out.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    draws: np.ndarray
    level: float
    method: IntervalMethod
    factor: float
    design: str
    seed: int
    n_undefined: int

    @property
    def standard_error(self) -> np.ndarray:
        """Standard deviation of the draws (ddof 1), times ``factor``."""
        return np.asarray(self.factor * np.nanstd(self.draws, axis=0, ddof=1))

    @property
    def interval(self) -> tuple[float, float]:
        """Both bounds of a single value."""
        return float(self.low), float(self.high)

    def describe(self) -> str:
        """How the interval was made, in one sentence."""
        wider = f", widened by {self.factor:.2f}" if self.factor > 1 else ""
        kind = {
            "percentile": "percentile",
            "bc": "bias-corrected percentile",
            "bca": "bias-corrected and accelerated (BCa)",
        }[self.method]
        return f"{self.level:.0%} {kind} bootstrap interval, {len(self.draws)} draws, seed {self.seed}{wider}: {self.design}."


def bootstrap(
    values: np.ndarray | Statistic,
    design: Design | None = None,
    *,
    aggregate: Literal["mean", "median"] = "mean",
    n_stimuli: int | None = None,
    n_boot: int = 1000,
    method: IntervalMethod = "percentile",
    level: float = CI_LEVEL,
    factor: float = 1.0,
    seed: int = 0,
) -> BootstrapResult:
    """Bootstrap interval of an aggregate over stimuli, or of any statistic of weighted stimuli.

    Parameters
    ----------
    values
        ``(stimulus,)`` or ``(stimulus, neuroid)`` values, finite; or a function from weights ``(draw, stimulus)``, how
        often each stimulus counts, to ``(draw,)`` or ``(draw, neuroid)``.
    design
        What is resampled; stimuli by default.
    aggregate
        Over stimuli, for arrays: ``"mean"`` or ``"median"``.
    n_stimuli
        Stimuli, where ``values`` is a function.
    n_boot
        Draws.
    method
        ``"percentile"``; ``"bc"``, which corrects bias; or ``"bca"``, which corrects bias and skewness and evaluates the
        statistic once more per stimulus. Where neuroids are drawn and their median is taken, use ``"bca"``.
    level
        Nominal coverage.
    factor
        Distance of the bounds from the value is multiplied by it; see `fold_factor` and `small_sample_factor`.
    seed
        The same seed and design give the same draws, so results for two models are paired.

    Raises
    ------
    ValueError
        If values are not finite or shapes do not fit the design.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.inference import bootstrap
    >>> result = bootstrap(np.random.default_rng(0).standard_normal(100), method="bca")
    >>> bool(result.low < result.value < result.high)
    True
    """
    design = design or Design()
    if "repetitions" in design.over:
        raise ValueError(
            "repetitions are resampled by bootstrap_correlation, from trials (repetition, stimulus, neuroid)."
        )
    if callable(values):
        if n_stimuli is None:
            raise ValueError("n_stimuli is None; a statistic given as a function needs the number of stimuli.")
        statistic: Statistic = values
    else:
        array = _finite("values", np.asarray(values, dtype=float))
        if array.ndim not in (1, 2):
            raise ValueError(f"values must be (stimulus,) or (stimulus, neuroid), received {array.shape}.")
        n_stimuli, statistic = len(array), _aggregate(array, aggregate)
    run = _Run(lambda weights, rng: statistic(weights), n_stimuli, design)
    return run.result(n_boot, method, level, factor, seed)


def bootstrap_correlation(
    predicted: np.ndarray,
    observed: np.ndarray,
    design: Design | None = None,
    *,
    folds: np.ndarray | None = None,
    n_boot: int = 1000,
    method: IntervalMethod = "percentile",
    level: float = CI_LEVEL,
    factor: float = 1.0,
    seed: int = 0,
) -> BootstrapResult:
    """Bootstrap interval of the correlation between predicted and observed responses.

    Per draw with stimulus weights w, for each neuroid r = cov_w(p, y) / sqrt(var_w(p) var_w(y)), pooled over neuroids.
    The predictions are held fixed: for cross-validated ones give ``folds`` and widen by `fold_factor`. Draws of a median
    over fixed neuroids are those of `median_draws`.

    Parameters
    ----------
    predicted
        ``(stimulus, neuroid)``, finite.
    observed
        ``(stimulus, neuroid)``, finite; or trials ``(repetition, stimulus, neuroid)``, where a presentation that is
        missing is NaN in all neuroids and the mean over repetitions is observed.
    design
        What is resampled; stimuli by default.
    folds
        ``(stimulus,)`` fold in which each stimulus was tested; r is computed inside folds and averaged over them.
    n_boot, method, level, factor, seed
        As in `bootstrap`.

    Raises
    ------
    ValueError
        If shapes do not fit or values are missing.
    """
    design = design or Design()
    made, seen = _finite("predicted", np.asarray(predicted, dtype=float)), np.asarray(observed, dtype=float)
    if "repetitions" in design.over and seen.ndim != 3:
        raise ValueError(
            f"over names repetitions, but observed has shape {seen.shape}; give trials (repetition, stimulus, neuroid)."
        )
    trials = _Trials(seen) if seen.ndim == 3 else None
    mean = _finite("observed", seen) if trials is None else trials.mean()
    if made.ndim != 2 or mean.shape != made.shape:
        raise ValueError(f"predicted {made.shape} and observed {mean.shape} must both be (stimulus, neuroid).")
    statistic = _Correlation(made, mean, folds, trials if "repetitions" in design.over else None)
    return _Run(statistic, len(made), design).result(n_boot, method, level, factor, seed)


class _Correlation:
    """Correlation per draw and neuroid, mean over folds."""

    def __init__(
        self, predicted: np.ndarray, observed: np.ndarray, folds: np.ndarray | None, trials: "_Trials | None"
    ) -> None:
        labels = np.zeros(len(predicted)) if folds is None else np.asarray(folds)
        if labels.shape != (len(predicted),):
            raise ValueError(f"folds has shape {labels.shape}, but there are {len(predicted)} stimuli; give one each.")
        self._rows = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        self._predicted, self._observed, self._trials = predicted, observed, trials

    def __call__(self, weights: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
        if self._trials is None or rng is None:
            return self._r(self._observed, weights)
        return np.concatenate([self._r(self._trials.resampled(rng), one[None]) for one in weights])

    def _r(self, observed: np.ndarray, weights: np.ndarray) -> np.ndarray:
        n_neuroids = observed.shape[1]
        found = np.empty((len(weights), n_neuroids))
        for start in range(0, n_neuroids, NEUROIDS_PER_BLOCK):
            block = slice(start, start + NEUROIDS_PER_BLOCK)
            total = np.zeros(found[:, block].shape)
            count = np.zeros_like(total)
            for rows in self._rows:
                r = weighted_pearson(self._predicted[rows, block], observed[rows, block], weights[:, rows])
                known = ~np.isnan(r)
                total += np.where(known, r, 0.0)
                count += known
            found[:, block] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return found


class _Trials:
    """Mean over repetitions, of all or of a draw of them; a presentation is missing for all neuroids or for none."""

    def __init__(self, values: np.ndarray) -> None:
        missing = np.isnan(values)
        self._present = ~missing.all(axis=2)
        if missing.any(axis=2)[self._present].any() or not np.isfinite(values[~missing]).all():
            raise ValueError(
                "observed has presentations with NaN in some neuroids only; leave out those neuroids first."
            )
        if not self._present.any(axis=0).all():
            raise ValueError(
                f"observed has {int((~self._present.any(axis=0)).sum())} stimuli without any repetition; leave them out."
            )
        self._values = np.where(missing, 0.0, values)
        # Presentations of each stimulus first: a draw is then a whole number below their count.
        self._order = np.argsort(~self._present, axis=0, kind="stable")

    def mean(self) -> np.ndarray:
        return self._weighted(self._present.astype(float))

    def resampled(self, rng: np.random.Generator) -> np.ndarray:
        n_repetitions, n_stimuli = self._present.shape
        available = self._present.sum(axis=0)
        drawn = rng.integers(np.broadcast_to(available, self._present.shape))
        inside = np.arange(n_repetitions)[:, None] < available
        counts = np.zeros(self._present.shape)
        np.add.at(counts, (np.take_along_axis(self._order, drawn, axis=0), np.arange(n_stimuli)[None]), inside)
        return self._weighted(counts)

    def _weighted(self, counts: np.ndarray) -> np.ndarray:
        return np.einsum("rs,rsn->sn", counts, self._values) / counts.sum(axis=0)[:, None]


class _Run:
    """A statistic of weights, pooled over neuroids, evaluated on the sample, its draws and its leave-one-out samples."""

    def __init__(
        self,
        statistic: Callable[[np.ndarray, np.random.Generator | None], np.ndarray],
        n_stimuli: int,
        design: Design,
    ) -> None:
        self._statistic, self._n_stimuli, self._design = statistic, n_stimuli, design
        self._codes = design.group_codes(n_stimuli)
        self._sample = np.asarray(statistic(np.ones((1, n_stimuli)), None), dtype=float)
        if self._sample.ndim not in (1, 2) or len(self._sample) != 1:
            raise ValueError(
                f"for weights (1, {n_stimuli}) the statistic returned {self._sample.shape}; it must return (draw,) or "
                "(draw, neuroid)."
            )
        single = self._sample.ndim == 1
        if single and (design.draws_neuroids or design.animals is not None):
            raise ValueError(
                "the statistic has one value per draw; neuroids and animals need values (stimulus, neuroid)."
            )
        self._n_neuroids = None if single else self._sample.shape[1]
        self._pooling = (
            None
            if self._n_neuroids is None or design.pool == "none"
            else Pooling(design.animals, self._n_neuroids, design.pool)
        )
        self._block = max(1, MAX_BLOCK // max(self._n_neuroids or 1, n_stimuli))

    def result(self, n_boot: int, method: IntervalMethod, level: float, factor: float, seed: int) -> BootstrapResult:
        if method not in ("percentile", "bc", "bca"):
            raise ValueError(f"method must be 'percentile', 'bc' or 'bca', received {method!r}.")
        if n_boot < 1 or not 0 < level < 1 or factor < 1:
            raise ValueError(
                f"n_boot must be at least 1, level between 0 and 1 and factor at least 1, received {n_boot}, {level}, {factor}."
            )
        value = self._pool(self._sample)[0]
        draws, undefined = self._draws(n_boot, seed, factor)
        jackknife = self._jackknife() if method == "bca" else []
        low, high = draw_interval(draws, value, jackknife, method=method, level=level, factor=factor)
        words = self._design.describe(self._n_stimuli, self._n_neuroids)
        return BootstrapResult(value, low, high, draws, level, method, factor, words, seed, undefined)

    def _pool(self, values: np.ndarray) -> np.ndarray:
        return values if self._pooling is None else self._pooling.value(values)

    def _draws(self, n_boot: int, seed: int, factor: float) -> tuple[np.ndarray, int]:
        over = self._design.over
        # Stimuli are drawn as scores draw them for the same seed, whatever else is resampled.
        weights = (
            bootstrap_weights(self._n_stimuli, self._design.groups, n_boot, seed)
            if "stimuli" in over
            else np.ones((n_boot, self._n_stimuli))
        )
        of_neuroids, of_trials = (np.random.default_rng([seed, stream]) for stream in (1, 2))
        moved = self._pooling is not None and self._design.pool == "median" and not self._design.draws_neuroids
        found, undefined = [], 0
        for start in range(0, n_boot, self._block):
            values = self._statistic(weights[start : start + self._block], of_trials)
            undefined += int(np.isnan(values).sum())
            if self._pooling is not None and self._design.draws_neuroids:
                values = self._pooling.resample(
                    values, of_neuroids, neuroids="neuroids" in over, animals="animals" in over
                )
            found.append(values if moved else self._pool(values) if values.ndim == 2 else values)
        draws = np.concatenate(found)
        if moved:
            draws = median_draws(self._sample[0], draws, self._design.animals, factor=factor)
        return draws, undefined

    def _jackknife(self) -> list[np.ndarray]:
        if "repetitions" in self._design.over:
            raise ValueError("BCa is not offered for resampled repetitions; use method 'percentile'.")
        found = []
        if "stimuli" in self._design.over:
            n_units = int(self._codes.max()) + 1
            blocks = [np.arange(start, min(start + self._block, n_units)) for start in range(0, n_units, self._block)]
            kept = (self._statistic((self._codes != units[:, None]).astype(float), None) for units in blocks)
            found.append(np.concatenate([self._pool(values) for values in kept]))
        if self._pooling is not None and self._design.draws_neuroids:
            found.append(self._pooling.jackknife(self._sample[0], animals="animals" in self._design.over))
        return found


def _aggregate(values: np.ndarray, how: str) -> Statistic:
    if how == "mean":
        return lambda weights: _over_rows(weights, values)
    if how == "median":
        return lambda weights: np.stack(
            [weighted_median(np.broadcast_to(column, weights.shape), weights) for column in np.atleast_2d(values.T)],
            axis=-1,
        ).reshape(len(weights), *values.shape[1:])
    raise ValueError(f"aggregate must be 'mean' or 'median', received {how!r}.")


def _over_rows(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    total = weights.sum(axis=1)
    return (weights @ values) / (total if values.ndim == 1 else total[:, None])


def _finite(name: str, values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise ValueError(
            f"{name} has {int((~np.isfinite(values)).sum())} values of {values.size} that are not finite; leave those "
            "stimuli or neuroids out first."
        )
    return values
