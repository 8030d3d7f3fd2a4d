"""Finite impulse response encoding: responses from the recent past of a stimulus.

For delays d in samples and features x_t::

    y_t = sum over d of W_d x_(t - d) + noise         (lag "all")
    y_t = W x_(t - lag) + noise                       (one lag, found on training rows)
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from ..folds import Fold
from ..timeline import Timeline
from .adapted_regressor import as_mapping
from .base import CrossPrediction, Mapping
from .delayed_features import checked_delays, delayed
from .ridge import NeuroidRidge

LAGS = ("all", "one for all", "one per neuroid")


class FIR(Mapping):
    """Encoding of time series from features at several delays, or at the best one.

    Rows are samples in order of time; ``groups`` are the labels of runs or sessions. Delays never reach across the border
    of a run, and inner folds are contiguous: whole runs if there are at least ``n_inner``, otherwise contiguous blocks of
    every run.

    Parameters
    ----------
    mapping
        From delayed features to neuroids: a mapping or another scikit-learn regressor. None is `NeuroidRidge`. Where its
        ``fit`` takes groups, it is given the contiguous blocks, so that its own inner folds are contiguous too.
    delays
        Delays in samples.
    lag
        ``"all"`` gives every delay its own weights. ``"one for all"`` takes the single delay with the best quality on
        average over neuroids, ``"one per neuroid"`` the best of each neuroid; quality is the variance explained over inner
        folds of the training rows, with samples nearer to the tested block than the longest delay left out.
    n_inner
        Inner folds.

    Attributes
    ----------
    lag_ : numpy.ndarray
        ``(neuroid,)`` chosen delay in samples. Only where one was searched.
    lag_r2_ : numpy.ndarray
        ``(delay, neuroid)`` share of variance explained over the inner folds at each delay. Only where one was searched.
    memory_samples : int
        Longest delay. Outer folds need an embargo of at least this between test and training samples.

    Notes
    -----
    ``fit`` and ``predict`` take a run to start at its first row: features before the first predicted sample count as
    zero. `cross_predict` knows the whole series, so test samples have their true history.

    References
    ----------
    Dale (1999), Human Brain Mapping 8:109, equations 1-3; Nishimoto et al. (2011), Current Biology 21:1641.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.mappings import FIR
    >>> x = np.random.default_rng(0).standard_normal((300, 2))
    >>> y = np.roll(x, 3, axis=0)
    >>> FIR(delays=range(6), lag="one for all").fit(x, y).lag_.tolist()
    [3, 3]
    """

    def __init__(
        self,
        mapping: BaseEstimator | None = None,
        *,
        delays: Sequence[int] = (1, 2, 3, 4),
        lag: Literal["all", "one for all", "one per neuroid"] = "all",
        n_inner: int = 5,
    ) -> None:
        self.mapping = mapping
        self.delays = delays
        self.lag = lag
        self.n_inner = n_inner

    @property
    def memory_samples(self) -> int:
        """Longest delay in samples, in either direction."""
        return int(np.abs(checked_delays(self.delays)).max())

    def predict(self, X: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
        """Predicted responses ``(sample, neuroid)``, or ``(sample,)`` if fitted to one such.

        Parameters
        ----------
        X
            ``(sample, feature)`` in order of time.
        groups
            ``(sample,)`` labels of runs, or None for one run.
        """
        check_is_fitted(self, "n_features_in_")
        x = self._checked(X)
        predicted = self._predict_rows(x, groups, np.arange(len(x)))
        return predicted[:, 0] if self._one_neuroid else predicted

    def cross_predict(
        self,
        features: np.ndarray,
        responses: np.ndarray,
        folds: Sequence[Fold],
        groups: np.ndarray | None = None,
        *,
        inner: bool = True,
        n_inner: int = 5,
    ) -> CrossPrediction:
        """Fit on the training samples of each fold and predict its test samples, with their true history.

        Parameters
        ----------
        features, responses
            ``(sample, feature)`` and ``(sample, neuroid)``, the whole series in order of time.
        folds
            Row numbers of training and test; contiguous blocks with an embargo of `memory_samples`.
        groups
            ``(sample,)`` labels of runs, or None for one run.
        inner
            Also measure the quality over inner folds; needed to choose between layers.
        n_inner
            Not used: the search has its own ``n_inner``.
        """
        x, y = clone(self)._checked(features, responses)
        y = y.reshape(len(x), -1)
        predictions, fitted, quality = [], [], []
        for fold in folds:
            model = clone(self)
            model._fit_rows(x, y, groups, fold.train)
            predictions.append(model._predict_rows(x, groups, fold.test))
            fitted.append(model)
            quality.append(model._chosen_r2(x, y, groups, fold.train) if inner else np.full(y.shape[1], np.nan))
        names = [name for name in ("lag_", "alpha_", "at_edge_") if fitted[0]._found(name) is not None]
        chosen = {name.removesuffix("_"): np.stack([one._found(name) for one in fitted]) for name in names}
        return CrossPrediction(predictions, np.stack(quality), chosen)

    def describe(self) -> str:
        """The mapping in words, for protocols."""
        ways = {
            "all": "all together",
            "one for all": "the best one for all neuroids, found on training samples",
            "one per neuroid": "the best one for each neuroid, found on training samples",
        }
        delays = ", ".join(str(one) for one in checked_delays(self.delays))
        return f"{self._mapping().describe()} from features at delays of {delays} samples, {ways[self.lag]}"

    def _mapping(self) -> Mapping:
        return as_mapping(NeuroidRidge() if self.mapping is None else self.mapping)

    def _fit(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        self._fit_rows(x, y, groups, np.arange(len(x)))

    def _fit_rows(self, x: np.ndarray, y: np.ndarray, runs: np.ndarray | None, rows: np.ndarray) -> None:
        """Fit to some samples of a series; ``x`` and ``y`` hold all of it."""
        if self.lag not in LAGS:
            raise ValueError(f"lag must be one of {', '.join(map(repr, LAGS))}, received {self.lag!r}.")
        delays = checked_delays(self.delays)
        block = self._blocks(Timeline.of(len(x), runs).at(rows))
        everyone = np.arange(y.shape[1])
        if self.lag == "all":
            self._parts = [(delays, everyone)]
        else:
            self.lag_r2_ = np.stack([self._r2(x, y, runs, rows, delays[[place]]) for place in range(len(delays))])
            known = np.where(np.isnan(self.lag_r2_), -np.inf, self.lag_r2_)
            best = known.argmax(axis=0)
            if self.lag == "one for all":
                finite = np.isfinite(known).all(axis=0)
                best[:] = known[:, finite].mean(axis=1).argmax() if finite.any() else 0
            self.lag_, self._place = delays[best], best
            self._parts = [(delays[[place]], everyone[best == place]) for place in np.unique(best)]
        self._fitted = [
            clone(self._mapping()).fit(delayed(x, part, runs)[rows], y[rows][:, columns], groups=block)
            for part, columns in self._parts
        ]

    def _predict_rows(self, x: np.ndarray, runs: np.ndarray | None, rows: np.ndarray) -> np.ndarray:
        predicted = np.empty((len(rows), sum(len(columns) for _, columns in self._parts)))
        for (delays, columns), model in zip(self._parts, self._fitted, strict=True):
            predicted[:, columns] = model.predict(delayed(x, delays, runs)[rows])
        return predicted

    def _r2(
        self, x: np.ndarray, y: np.ndarray, runs: np.ndarray | None, rows: np.ndarray, delays: np.ndarray
    ) -> np.ndarray:
        """Share of variance ``(neuroid,)`` explained over inner folds of some samples by features at some delays."""
        design, inside = delayed(x, delays, runs)[rows], y[rows]
        line = Timeline.of(len(x), runs).at(rows)
        block = self._blocks(line)
        folds = self._inner_folds(line, block)
        made = self._mapping().cross_predict(design, inside, folds, block, inner=False).predictions
        error, total = np.zeros(y.shape[1]), np.zeros(y.shape[1])
        for fold, predicted in zip(folds, made, strict=True):
            error += ((inside[fold.test] - predicted) ** 2).sum(axis=0)
            total += ((inside[fold.test] - inside[fold.train].mean(axis=0)) ** 2).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(1 - error / total)

    def _chosen_r2(self, x: np.ndarray, y: np.ndarray, runs: np.ndarray | None, rows: np.ndarray) -> np.ndarray:
        if self.lag == "all":
            return self._r2(x, y, runs, rows, checked_delays(self.delays))
        return np.asarray(self.lag_r2_[self._place, np.arange(y.shape[1])])

    def _blocks(self, line: Timeline) -> np.ndarray:
        """Number ``(sample,)`` of the inner fold that tests each sample."""
        runs = np.unique(line.session)
        if len(runs) < self.n_inner:
            return line.blocks(self.n_inner)
        return np.asarray((np.searchsorted(runs, line.session) * self.n_inner) // len(runs))

    def _inner_folds(self, line: Timeline, block: np.ndarray) -> list[Fold]:
        folds = []
        for number in np.unique(block):
            train = np.flatnonzero(~line.near(block == number, self.memory_samples))
            if len(train) == 0:
                raise ValueError(
                    f"a longest delay of {self.memory_samples} samples leaves no training samples beside inner block "
                    f"{number} of {self.n_inner}; use shorter delays, fewer inner folds or more samples."
                )
            folds.append(Fold(train, np.flatnonzero(block == number)))
        return folds

    def _found(self, name: str) -> np.ndarray | None:
        """A choice ``(neuroid,)`` of this regression or of its mapping, or None where there is none."""
        if hasattr(self, name):
            return np.asarray(getattr(self, name))
        if not all(hasattr(model, name) for model in self._fitted):
            return None
        found = np.empty(sum(len(columns) for _, columns in self._parts), dtype=getattr(self._fitted[0], name).dtype)
        for (_, columns), model in zip(self._parts, self._fitted, strict=True):
            found[columns] = getattr(model, name)
        return found
