"""Smooth bases for filters: few bumps, narrow at short lags and wide at long ones."""

import numpy as np
from scipy.signal import fftconvolve


def raised_cosines(n_lags: int, n_bumps: int, *, stretch: float = 1.0) -> np.ndarray:
    """Raised cosines on a logarithmic axis of lags.

    With s(l) = log(l + stretch) scaled so that the first lag lies at 0 and the last at n_bumps - 1, bump j is::

        (1 + cos(pi/2 (s - j))) / 2   where |s - j| < 2, 0 elsewhere

    divided by half its number of overlapping bumps, so that inside the axis all bumps add up to 1.

    Parameters
    ----------
    n_lags
        Lags 0 to ``n_lags - 1`` in samples.
    n_bumps
        Bumps, at least 2 and not more than lags.
    stretch
        In samples; the larger, the more equal the widths.

    Returns
    -------
    numpy.ndarray
        ``(lag, bump)``.

    References
    ----------
    Pillow et al. 2008, Nature 454:995, methods (post-spike filters); Weber & Pillow 2017, Neural Computation 29:3260.
    """
    if not 2 <= n_bumps <= n_lags or not stretch > 0:
        raise ValueError(
            f"raised cosines need 2 to {n_lags} bumps (one per lag at most) and a positive stretch, received {n_bumps} and "
            f"{stretch}; use fewer bumps, smaller bins or a longer memory."
        )
    axis = np.log(np.arange(n_lags) + stretch)
    place = (axis - axis[0]) / (axis[-1] - axis[0]) * (n_bumps - 1)
    distance = np.clip(place[:, None] - np.arange(n_bumps), -2, 2)
    return np.asarray((1 + np.cos(np.pi / 2 * distance)) / 4)


def filtered(signals: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Signals run through every filter of a basis; before their first sample they had its value.

    Parameters
    ----------
    signals
        ``(presentation, time, feature)``; nothing passes from one presentation to another.
    basis
        ``(lag, bump)``, lag 0 first.

    Returns
    -------
    numpy.ndarray
        ``(presentation, time, feature x bump)``: all bumps of the first feature, then of the second, ...
    """
    start = signals[:, :1]
    made = np.stack(
        [
            fftconvolve(signals - start, response[None, :, None], axes=1)[:, : signals.shape[1]]
            + start * response.sum()
            for response in basis.T
        ],
        axis=-1,
    )
    return made.reshape(*signals.shape[:2], -1)


def past_spikes(counts: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Spikes before each bin run through every filter of a basis; there are none before a presentation.

    Parameters
    ----------
    counts
        ``(presentation, bin)``.
    basis
        ``(lag, bump)``, the bin before first: no bin sees its own spikes.

    Returns
    -------
    numpy.ndarray
        ``(presentation, bin, bump)``.
    """
    before = np.pad(counts, ((0, 0), (1, 0)))[:, :-1, None]
    return filtered(before, basis)
