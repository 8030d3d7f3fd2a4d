"""Features at earlier samples: copies of a time series shifted by given delays, never across a border of runs."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .base import _validate


class Delays(TransformerMixin, BaseEstimator):
    """Copies of the features at given delays, side by side.

    For delays d_1, d_2, ... and features x_t of sample t, the row of sample t is::

        [x_(t - d_1), x_(t - d_2), ...]

    with zeros where t - d lies outside the run of t.

    Parameters
    ----------
    delays
        Delays in samples, different whole numbers. Positive ones look back; negative ones look ahead and are of use only
        to show that a model does not explain what came before.

    Attributes
    ----------
    memory_samples : int
        Longest delay. Responses nearer than this to each other share features; folds need an embargo of at least this.

    Notes
    -----
    A zero stands for "nothing known", so features whose mean is far from zero should be centred beforehand, or the rows
    without full history be left out (`complete_rows`).

    References
    ----------
    Finite impulse response models: Dale (1999), Human Brain Mapping 8:109; Nishimoto et al. (2011), Current Biology
    21:1641.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.mappings import Delays
    >>> Delays((0, 1)).fit_transform(np.array([[1.0], [2.0], [3.0]])).tolist()
    [[1.0, 0.0], [2.0, 1.0], [3.0, 2.0]]
    """

    def __init__(self, delays: Sequence[int] = (1, 2, 3, 4)) -> None:
        self.delays = delays

    @property
    def memory_samples(self) -> int:
        """Longest delay in samples, in either direction."""
        return int(np.abs(checked_delays(self.delays)).max())

    def fit(self, X: np.ndarray, y: object = None) -> Self:
        """Remember the number of features ``(sample, feature)``; ``y`` is not used."""
        checked_delays(self.delays)
        _validate(self, X, dtype=[np.float64, np.float32])
        return self

    def transform(self, X: np.ndarray, runs: np.ndarray | None = None) -> np.ndarray:
        """Delayed copies.

        Parameters
        ----------
        X
            ``(sample, feature)`` in order of time.
        runs
            ``(sample,)`` labels of runs or sessions, whose samples stand together; None is one run.

        Returns
        -------
        numpy.ndarray
            ``(sample, delay x feature)``: all features at the first delay, then at the second, ...
        """
        check_is_fitted(self, "n_features_in_")
        x = _validate(self, X, dtype=[np.float64, np.float32], reset=False)
        return delayed(x, checked_delays(self.delays), runs)

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> np.ndarray:
        """Names ``feature@delay`` of the columns."""
        check_is_fitted(self, "n_features_in_")
        names = getattr(self, "feature_names_in_", None) if input_features is None else input_features
        if names is None:
            names = [f"x{number}" for number in range(self.n_features_in_)]
        if len(names) != self.n_features_in_:
            raise ValueError(f"input_features must name {self.n_features_in_} features, received {len(names)}.")
        return np.array([f"{name}@{delay}" for delay in checked_delays(self.delays) for name in names], dtype=object)


def complete_rows(n_samples: int, delays: Sequence[int], runs: np.ndarray | None = None) -> np.ndarray:
    """Which samples have all their delayed features inside their run.

    Parameters
    ----------
    n_samples
        Length of the time series.
    delays
        Delays in samples.
    runs
        ``(sample,)`` labels of runs whose samples stand together, or None.

    Returns
    -------
    numpy.ndarray
        ``(sample,)`` booleans; the others have zeros for some of their features.
    """
    return np.asarray(delayed(np.ones((n_samples, 1)), checked_delays(delays), runs).all(axis=1))


def delayed(x: np.ndarray, delays: np.ndarray, runs: np.ndarray | None) -> np.ndarray:
    """Delayed copies ``(sample, delay x feature)`` of finite features, zeros outside the run."""
    starts = run_starts(len(x), runs)
    ends = np.append(starts[1:], len(x))
    made = np.zeros((len(x), len(delays), x.shape[1]), dtype=x.dtype)
    for place, delay in enumerate(delays):
        for start, end in zip(starts, ends, strict=True):
            to = slice(start + max(delay, 0), end + min(delay, 0))
            if to.stop > to.start:
                made[to, place] = x[to.start - delay : to.stop - delay]
    return made.reshape(len(x), -1)


def run_starts(n_samples: int, runs: np.ndarray | None) -> np.ndarray:
    """First sample of each run.

    Raises
    ------
    ValueError
        If the samples of a run do not stand together, because time would jump inside it.
    """
    if runs is None:
        return np.zeros(1, dtype=int)
    labels = np.asarray(runs)
    if labels.shape != (n_samples,):
        raise ValueError(f"runs must have one label for each of {n_samples} samples, received shape {labels.shape}.")
    starts = np.flatnonzero(np.append(True, labels[1:] != labels[:-1]))
    if len(np.unique(labels)) != len(starts):
        raise ValueError(
            f"the samples of a run must stand together, received {len(np.unique(labels))} runs in {len(starts)} pieces; "
            "sort the samples by run and time, or give every piece a label of its own."
        )
    return starts


def checked_delays(delays: Sequence[int]) -> np.ndarray:
    """Delays as an array of different whole numbers."""
    found = np.atleast_1d(np.asarray(delays))
    whole = found.ndim == 1 and len(found) > 0 and np.issubdtype(found.dtype, np.integer)
    if not whole or len(np.unique(found)) != len(found):
        raise ValueError(f"delays must be different whole numbers of samples, received {delays!r}.")
    return found
