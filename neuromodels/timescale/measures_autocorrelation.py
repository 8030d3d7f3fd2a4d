"""Autocorrelation of the units of a network, and of their sum, over trains of random digits."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .measures_activity import (
    PUBLISHED_BURN_IN,
    PUBLISHED_STEPS,
    PUBLISHED_TRIALS,
    Odds,
    Values,
    random_digits,
    state_pieces,
    trial_groups,
)
from .measures_figure import axis
from .measures_lagged_products import lagged_products
from .memory_network import MemoryNetwork

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]


class LaggedSums:
    """Sums from which the autocovariance of every column follows, gathered over consecutive pieces of a recording.

    With y a series of n values less a constant, m its mean and k a lag::

        sum_t (y_t - m)(y_{t+k} - m) = sum_t y_t y_{t+k} - m (sum of all but the last k + all but the first k) + (n - k) m^2

    which equals the inverse Fourier transform of the power of the zero-padded series, at the lags that are wanted only.

    Parameters
    ----------
    n_lags
        Largest lag.
    """

    def __init__(self, n_lags: int) -> None:
        self.n_lags = n_lags
        self.n = 0

    def add(self, piece: NDArray[np.float32]) -> None:
        """Take the next values.

        Parameters
        ----------
        piece
            ``(trial, time, column)``.
        """
        trials, steps, columns = piece.shape
        if self.n == 0:
            # Numbers of the size of the fluctuations, so that single precision is enough for their products.
            self._shift = piece.mean(1, keepdims=True)
            self._products = np.zeros((self.n_lags + 1, columns))
            self._total = np.zeros((trials, columns))
            self._tail = np.zeros((trials, self.n_lags, columns), piece.dtype)
            self._head = self._tail[:, :0]
        piece = piece - self._shift
        self._total += piece.sum(1, dtype=np.float64)
        self._head = np.concatenate([self._head, piece[:, : self.n_lags - self._head.shape[1]]], axis=1)
        with_past = np.concatenate([self._tail, piece], axis=1)
        self._products += lagged_products(with_past, self.n_lags)
        self._tail = with_past[:, with_past.shape[1] - self.n_lags :]
        self.n += steps

    def autocovariance(self, *, divisor_less: int = 0) -> Array:
        """Mean over trials, ``(column, lag)``, of the covariance at each lag, divided by ``n - k - divisor_less``."""
        if self.n <= self.n_lags + 1:
            raise ValueError(
                f"An autocorrelation up to lag {self.n_lags} needs more than {self.n_lags + 1} states, received {self.n};"
                " use longer trials."
            )
        none = np.zeros((len(self._total), 1, self._total.shape[1]))
        first = np.concatenate([none, self._head.cumsum(1, dtype=np.float64)], axis=1)
        last = np.concatenate([none, self._tail[:, ::-1].cumsum(1, dtype=np.float64)], axis=1)
        total = self._total[:, None]
        mean = total / self.n
        pairs = self.n - np.arange(self.n_lags + 1.0)[:, None]
        centred = self._products - (mean * (2 * total - first - last) - pairs * mean**2).sum(0)
        return (centred / (pairs - divisor_less)).T / len(total)


def autocorrelation(
    network: MemoryNetwork,
    *,
    as_published: bool = False,
    trials: int | None = None,
    steps: int | None = None,
    burn_in: int = PUBLISHED_BURN_IN,
    n_lags: int = 30,
    odds: Odds = "per sequence",
    values: Values = "states",
    seed: int = 0,
) -> xr.Dataset:
    """Autocorrelation of each unit and of the sum of all units.

    The covariances of all trials are averaged before they are divided by the one at lag 0, so that trials in which the
    network moves most (p near 1/2) count most. With few trials the result depends on which p were drawn.

    Parameters
    ----------
    network
        Any network of this family.
    as_published
        10 trials of 101,000 digits and the published divisor ``n - 1 - k``; otherwise 200 trials of 5,500 digits, as many
        values in fewer steps one after another, and the divisor ``n - k``.
    trials, steps
        Other numbers of trials and digits.
    burn_in
        States left out at the beginning, the start among them.
    n_lags
        Largest lag, in steps.
    odds
        See `random_digits`.
    values
        See `state_pieces`.
    seed
        Of the digits.

    Returns
    -------
    xarray.Dataset
        ``unit`` (unit, lag) and ``population`` (lag); NaN for a unit that never changes. ``attrs["bias"]``, about how far a
        value lies from the truth since the mean of a finite trial is taken away: below it by the autocorrelation of the mean
        unit, summed over positive and negative lags, over the number of states of a trial. NaN for trials of less than two
        times the lags.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927.
    """
    trials = trials or (PUBLISHED_TRIALS if as_published else 200)
    steps = steps or (PUBLISHED_STEPS if as_published else 5_500)
    digits = random_digits(trials, steps, seed=seed, odds=odds)
    covariance = np.zeros((network.units + 1, n_lags + 1))
    for group in trial_groups(network, digits, values):
        sums = LaggedSums(n_lags)
        for piece in state_pieces(network, group, burn_in=burn_in, values=values):
            states = piece.float().cpu().numpy()
            sums.add(np.concatenate([states, states.sum(-1, keepdims=True)], axis=-1))
        covariance += sums.autocovariance(divisor_less=int(as_published)) * len(group) / trials
    found = np.full_like(covariance, np.nan)
    np.divide(covariance, covariance[:, :1], out=found, where=covariance[:, :1] > 0)
    moving = found[:-1][np.isfinite(found[:-1, 0])]
    n_states = steps + 1 - burn_in
    # What is summed is itself too low at every lag.
    summed, free = 1 + 2 * moving[:, 1:].mean(0).sum() if len(moving) else np.nan, n_states - 2 * n_lags
    return xr.Dataset(
        {"unit": (("unit", "lag"), found[:-1]), "population": ("lag", found[-1])},
        coords={"lag": np.arange(n_lags + 1)},
        attrs={
            "as_published": int(as_published),
            "trials": trials,
            "states_per_trial": n_states,
            "odds": odds,
            "values": values,
            "seed": seed,
            "bias": -float(summed) / free if free > 0 else np.nan,
            "units_without_change": network.units - len(moving),
        },
    )


def plot_autocorrelation(data: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Autocorrelation of the median unit with the middle half and the middle 90 % of units, and of their sum.

    Parameters
    ----------
    data
        From `autocorrelation`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = axis(ax)
    lag = data["lag"].values
    low, quarter, median, three_quarters, high = np.nanquantile(
        data["unit"].values, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0
    )
    ax.fill_between(lag, low, high, color="C0", alpha=0.15, linewidth=0, label="90 % of units")
    ax.fill_between(lag, quarter, three_quarters, color="C0", alpha=0.3, linewidth=0, label="half of the units")
    ax.plot(lag, median, color="C0", label="median unit")
    ax.plot(lag, data["population"], color="black", linestyle="--", label="sum of all units")
    ax.axhline(0, color="grey", linewidth=0.6)
    ax.set(xlabel="lag (steps)", ylabel="autocorrelation")
    ax.legend()
    return ax
