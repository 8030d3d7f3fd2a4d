"""Smooth paths through samples that stay between their way points."""

from dataclasses import dataclass, field

import numpy as np

from . import quaternions as qt

PARTS = 32
"""Parts into which the time between two samples is divided to find the highest speed there."""


@dataclass(frozen=True, eq=False)
class SmoothPath:
    """Values over time: a cubic between each two samples, value and slope common to neighbours.

    Parameters
    ----------
    times_s
        ``(T,)`` increasing.
    values, slopes
        ``(T, C)`` and their change per second.
    """

    times_s: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    _cubics: object = field(init=False, repr=False)

    def __post_init__(self) -> None:
        from scipy.interpolate import CubicHermiteSpline

        object.__setattr__(self, "_cubics", CubicHermiteSpline(self.times_s, self.values, self.slopes))

    @property
    def spacing_s(self) -> float:
        """Shortest time between two samples."""
        return float(np.diff(self.times_s).min())

    def at(self, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and their rates, each ``(len(times_s), C)``."""
        return self._cubics(times_s), self._cubics(times_s, 1)  # type: ignore[operator]

    def top_speeds(self, size: int) -> np.ndarray:
        """Highest speed between each two samples, of the fastest of the bodies that ``size`` columns each describe.

        Returns
        -------
        ndarray
            ``(T - 1,)``.
        """
        secants = _secants(self.times_s, self.values)
        before, after = self.slopes[:-1], self.slopes[1:]
        fastest = np.zeros(len(secants))
        for u in np.linspace(0.0, 1.0, PARTS + 1):
            rate = 6 * u * (1 - u) * secants + (1 - u) * (1 - 3 * u) * before + u * (3 * u - 2) * after
            speeds = np.linalg.norm(rate.reshape(len(rate), -1, size), axis=-1).max(axis=1)
            fastest = np.maximum(fastest, speeds)
        return fastest


def path_through(times_s: np.ndarray, values: np.ndarray) -> SmoothPath:
    """A path through samples of numbers that are free of one another.

    Samples that follow a motion closely get the cubic spline through them, whose first two derivatives are continuous.
    Where that spline would swing out, its slopes at the samples are brought within the limits of `limited_slopes`: the
    first derivative is continuous still, and the path does not overshoot.

    Parameters
    ----------
    times_s
        ``(T,)`` increasing.
    values
        ``(T, C)``.
    """
    return SmoothPath(
        times_s, values, limited_slopes(times_s, _secants(times_s, values), _spline_slopes(times_s, values))
    )


def rotation_path(times_s: np.ndarray, quaternions: np.ndarray) -> SmoothPath:
    """A path of quaternions, to be brought to unit length, that turns as `path_through` shifts.

    The angular velocities at the samples are those of the cubic spline through the quaternions, each component limited
    as a slope is, with the rotation vectors from sample to sample as the steps.

    Parameters
    ----------
    times_s
        ``(T,)`` increasing.
    quaternions
        ``(T, 4)`` unit, neighbours on one side and less than half a turn apart.
    """
    spins = 2 * qt.multiply(_spline_slopes(times_s, quaternions), qt.conjugate(quaternions))[:, 1:]
    turns = qt.to_rotation_vector(qt.multiply(quaternions[1:], qt.conjugate(quaternions[:-1])))
    spins = limited_slopes(times_s, turns / np.diff(times_s)[:, None], spins)
    rates = 0.5 * qt.multiply(np.pad(spins, ((0, 0), (1, 0))), quaternions)
    return SmoothPath(times_s, quaternions, rates)


def limited_slopes(times_s: np.ndarray, secants: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Slopes at the samples brought within limits that keep the cubics between samples from overshooting.

    Between two samples the path may leave their range only where the samples themselves show a peak: where the second
    differences of the six around have one sign, of the five at the ends. It then leaves it by no more than 5/8 of the
    smaller of the steps before and after. Elsewhere, and with fewer than five samples, it does not leave it at all.

    Parameters
    ----------
    times_s
        ``(T,)`` increasing.
    secants
        ``(T - 1, C)`` mean slope between neighbours.
    slopes
        ``(T, C)`` as wished.

    Returns
    -------
    ndarray
        ``(T, C)``, those wished wherever they lie within the limits.

    References
    ----------
    Huynh 1993, SIAM J. Numer. Anal. 30:57-100: monotone where the data are, accurate at their peaks. Here four second
    differences must agree instead of two, uneven steps count, and half the curvature they agree on is left as room.
    """
    widths = np.diff(times_s)[:, None]
    bends = _agreed_bends(widths, secants) * widths
    ahead, behind = secants - bends, secants + bends
    steepest = _with_ends(secants, _smaller(secants[:-1], secants[1:]), secants)
    peaked = _with_ends(ahead, _smaller(behind[:-1], ahead[1:]), behind)
    room = _with_ends(np.abs(bends), np.minimum(np.abs(bends[:-1]), np.abs(bends[1:])), np.abs(bends))
    lowest = np.minimum(np.minimum(3 * steepest, 1.5 * peaked), 0.0) - room
    highest = np.maximum(np.maximum(3 * steepest, 1.5 * peaked), 0.0) + room
    return np.clip(slopes, lowest, highest)


def _agreed_bends(widths: np.ndarray, secants: np.ndarray) -> np.ndarray:
    """Half the second derivative ``(T - 1, C)`` that the samples around each interval agree on, 0 where they do not."""
    if len(secants) < 4:
        return np.zeros_like(secants)
    bends = np.diff(secants, axis=0) / (widths[1:] + widths[:-1])
    around = np.lib.stride_tricks.sliding_window_view(np.pad(bends, ((2, 2), (0, 0)), mode="reflect"), 4, axis=0)
    agreed = np.maximum(around.min(axis=-1), 0.0) + np.minimum(around.max(axis=-1), 0.0)
    # A short steep step beside a long interval tells nothing of its middle.
    steps = np.pad(np.abs(secants * widths), ((1, 1), (0, 0)), constant_values=np.inf)
    most = np.minimum(steps[:-2], steps[2:]) / widths**2
    return np.clip(agreed, -most, most)


def _smaller(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The one nearer to 0, and 0 where the signs differ."""
    return np.where(first * second > 0, np.sign(first) * np.minimum(np.abs(first), np.abs(second)), 0.0)


def _with_ends(first: np.ndarray, inner: np.ndarray, last: np.ndarray) -> np.ndarray:
    return np.concatenate([first[:1], inner, last[-1:]])


def _secants(times_s: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.diff(values, axis=0) / np.diff(times_s)[:, None]


def _spline_slopes(times_s: np.ndarray, values: np.ndarray) -> np.ndarray:
    from scipy.interpolate import CubicSpline

    return CubicSpline(times_s, values)(times_s, 1)
