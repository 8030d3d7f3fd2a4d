"""Compiled sums of products of a series with its own past."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, fastmath=True, nogil=True)
def lagged_products(values: NDArray[np.float32], n_lags: int) -> NDArray[np.float64]:
    """Sum over trials and time of each value times the one k before it.

    Parameters
    ----------
    values
        ``(trial, time, column)``; the first ``n_lags`` of the time are only the past of those that follow.
    n_lags
        Largest lag.

    Returns
    -------
    ndarray
        ``(lag, column)``, from lag 0 on. Those of one trial are summed in the precision of the values, trials in double.
    """
    trials, steps, columns = values.shape
    total = np.zeros((n_lags + 1, columns))
    of_trial = np.zeros((n_lags + 1, columns), values.dtype)
    for trial in range(trials):
        of_trial[:] = 0
        for t in range(n_lags, steps):
            now = values[trial, t]
            for k in range(n_lags + 1):
                past = values[trial, t - k]
                row = of_trial[k]
                for column in range(columns):
                    row[column] += now[column] * past[column]
        total += of_trial
    return total
