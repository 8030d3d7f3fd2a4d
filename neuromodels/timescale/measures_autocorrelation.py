"""Autocorrelation of the units of a network, and of their sum, over trains of random digits."""

from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from .measures_activity import (
    PUBLISHED_BURN_IN,
    PUBLISHED_STEPS,
    PUBLISHED_TRIALS,
    MemoryNetwork,
    random_digits,
    state_pieces,
)
from .measures_figure import axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLOCK = 32


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
        self._tail: Tensor | None = None

    def add(self, piece: Tensor) -> None:
        """Take the next values.

        Parameters
        ----------
        piece
            ``(trial, time, column)``.
        """
        piece = piece.permute(0, 2, 1)
        trials, columns, steps = piece.shape
        if self._tail is None:
            # Numbers of the size of the fluctuations, so that single precision is enough for their products.
            self._shift = piece.mean(-1, keepdim=True)
            self._tail = piece.new_zeros(trials, columns, self.n_lags)
            self._products = torch.zeros(columns, self.n_lags + 1, dtype=torch.float64)
            self._total = torch.zeros(trials, columns, dtype=torch.float64)
            self._head = piece.new_zeros(trials, columns, 0)
        piece = piece - self._shift
        self._total += piece.sum(-1, dtype=torch.float64)
        if self._head.shape[-1] < self.n_lags:
            self._head = torch.cat([self._head, piece[..., : self.n_lags - self._head.shape[-1]]], dim=-1)
        with_past = torch.cat([self._tail, piece], dim=-1)
        self._products += self._lagged(with_past, steps)
        self._tail = with_past[..., -self.n_lags :] if self.n_lags else with_past[..., :0]
        self.n += steps

    def _lagged(self, with_past: Tensor, steps: int) -> Tensor:
        """Sum over trials and time of each value times the value k before it, ``(column, lag)``."""
        with_past = torch.nn.functional.pad(with_past, (0, -steps % BLOCK))
        windows = with_past.unfold(-1, BLOCK + self.n_lags, BLOCK).transpose(0, 1).flatten(1, 2)
        present = windows[..., self.n_lags :]
        # One matrix product per column gives every pair of a block; the pairs of one lag lie on one diagonal.
        pairs = torch.bmm(present.transpose(1, 2), windows).double()
        return torch.stack(
            [pairs.diagonal(self.n_lags - k, dim1=1, dim2=2).sum(-1) for k in range(self.n_lags + 1)], dim=1
        )

    def autocovariance(self, *, divisor_less: int = 0) -> Tensor:
        """Mean over trials, ``(column, lag)``, of the covariance at each lag, divided by ``n - k - divisor_less``."""
        if self._tail is None or self.n <= self.n_lags + 1:
            raise ValueError(
                f"An autocorrelation up to lag {self.n_lags} needs more than {self.n_lags + 1} states, received {self.n};"
                " use longer trials."
            )
        zero = torch.zeros(*self._total.shape, 1, dtype=torch.float64)
        first = torch.cat([zero, self._head.double().cumsum(-1)], dim=-1)
        last = torch.cat([zero, self._tail.double().flip(-1).cumsum(-1)], dim=-1)
        mean = self._total[..., None] / self.n
        lags = torch.arange(self.n_lags + 1, dtype=torch.float64)
        corrections = mean * (2 * self._total[..., None] - first - last) - (self.n - lags) * mean**2
        trials = self._total.shape[0]
        return (self._products - corrections.sum(0)) / (self.n - lags - divisor_less) / trials


def autocorrelation(
    network: MemoryNetwork,
    *,
    as_published: bool = False,
    trials: int | None = None,
    steps: int | None = None,
    burn_in: int = PUBLISHED_BURN_IN,
    n_lags: int = 30,
    odds: str = "per sequence",
    seed: int = 0,
) -> xr.Dataset:
    """Autocorrelation of each unit and of the sum of all units.

    The covariances of all trials are averaged before they are divided by the one at lag 0, so that trials in which the
    network moves most (p near 1/2) count most.

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
    seed
        Of the digits.

    Returns
    -------
    xarray.Dataset
        ``unit`` (unit, lag) and ``population`` (lag); NaN for a unit that never changes. ``attrs["bias"]`` is about how far
        below the truth every value lies, since the mean of a finite trial is taken away: the sum of the autocorrelation
        of an average unit over all lags, over the number of states of a trial.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927.
    """
    trials = trials or (PUBLISHED_TRIALS if as_published else 200)
    steps = steps or (PUBLISHED_STEPS if as_published else 5_500)
    digits = random_digits(trials, steps, seed=seed, odds=odds)
    sums = LaggedSums(n_lags)
    for piece in state_pieces(network, digits, burn_in=burn_in):
        sums.add(torch.cat([piece, piece.sum(-1, keepdim=True)], dim=-1))
    covariance = sums.autocovariance(divisor_less=int(as_published)).cpu().numpy()
    variance = covariance[:, :1]
    found = np.full_like(covariance, np.nan)
    np.divide(covariance, variance, out=found, where=variance > 0)
    spread = 1 + 2 * np.clip(np.nanmean(found[:-1, 1:], axis=0), 0, None).sum()
    return xr.Dataset(
        {"unit": (("unit", "lag"), found[:-1]), "population": ("lag", found[-1])},
        coords={"lag": np.arange(n_lags + 1)},
        attrs={
            "as_published": int(as_published),
            "trials": trials,
            "states_per_trial": sums.n,
            "odds": odds,
            "seed": seed,
            "bias": -float(spread) / sums.n,
            "units_without_change": int(np.isnan(found[:-1, 0]).sum()),
        },
    )
