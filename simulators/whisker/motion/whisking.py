"""Active whisking: rhythmic protraction of all whiskers, with amplitude, frequency and set-point that may vary."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from .base import BaseMotion

if TYPE_CHECKING:
    from ..geometry.array import WhiskerArray

MAX_CYCLES = 1_000_000
KNOTS_PER_CYCLE = 72
"""Knots in a whisk, or in a smooth step of a curve, that give its acceleration to 0.1 %."""

Curve = tuple[np.ndarray, np.ndarray]
"""Times (s) and values, joined smoothly and held beyond both ends."""


@dataclass(frozen=True, eq=False)
class Rhythm:
    """Protraction angle of one side over time.

    p(t) = s(t) + e(t) a(t) cos(phi(t)), phi(t) = 2 pi times the integral of f, plus pi, plus ``start_phase_rad``. With the
    defaults this is the published recipe p(t) = 22.5 cos(2 pi 8 t + pi) + 12.5 degrees, which starts fully retracted and
    at zero velocity.

    Parameters
    ----------
    frequency_hz
        Mean number of whisks per second.
    protraction_deg, retraction_deg
        Extent forward and backward of rest; half their sum is the amplitude a, half their difference the set-point s.
    set_point_deg
        Middle of the whisks instead of that, a number or a `Curve`.
    start_phase_rad
        Where in the cycle time 0 lies: 0 fully retracted, pi fully protracted.
    envelope
        Factor e of the amplitude over time, not negative.
    onset_s
        Time over which p grows smoothly from rest; 0 starts in the middle of whisking.
    amplitude_cv, frequency_cv
        Coefficient of variation from cycle to cycle, log-normal with mean 1.
    set_point_sd_deg
        Standard deviation of the set-point from cycle to cycle, normal.
    seed
        Of that variation. One value is drawn for each nominal cycle, and values are joined smoothly.

    Raises
    ------
    ValueError
        If a number is not finite or out of its range.
    """

    frequency_hz: float = 8.0
    protraction_deg: float = 35.0
    retraction_deg: float = 10.0
    set_point_deg: float | Curve | None = None
    start_phase_rad: float = 0.0
    envelope: Curve | None = None
    onset_s: float = 0.0
    amplitude_cv: float = 0.0
    frequency_cv: float = 0.0
    set_point_sd_deg: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("protraction_deg", "retraction_deg", "start_phase_rad"):
            _finite(name, getattr(self, name))
        for name in ("protraction_deg", "retraction_deg"):
            if abs(getattr(self, name)) > 180:
                raise ValueError(
                    f"{name} is {getattr(self, name)}; an angle from rest lies within -180 to 180 degrees."
                )
        for name in ("onset_s", "amplitude_cv", "frequency_cv", "set_point_sd_deg"):
            if _finite(name, getattr(self, name)) < 0:
                raise ValueError(f"{name} must not be negative, received {getattr(self, name)}.")
        if _finite("frequency_hz", self.frequency_hz) <= 0:
            raise ValueError(f"frequency_hz must be positive, received {self.frequency_hz}.")
        if self.protraction_deg + self.retraction_deg < 0:
            raise ValueError(
                f"protraction_deg={self.protraction_deg} lies behind retraction_deg={self.retraction_deg}; their sum is "
                "twice the amplitude and must not be negative."
            )
        if isinstance(self.set_point_deg, tuple | list):
            object.__setattr__(self, "set_point_deg", _checked_curve("set_point_deg", self.set_point_deg))
        elif self.set_point_deg is not None:
            _finite("set_point_deg", self.set_point_deg)
        if self.envelope is not None:
            envelope = _checked_curve("envelope", self.envelope)
            if envelope[1].min() < 0:
                raise ValueError(f"envelope must not be negative, its smallest value is {envelope[1].min()}.")
            object.__setattr__(self, "envelope", envelope)

    @property
    def end_s(self) -> float:
        """Known at all times from 0 on."""
        return math.inf

    def at(self, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Protraction (deg), its rate (deg/s) and the phase (rad, 0 at full protraction) at times ``(T,)`` from 0 on.

        Raises
        ------
        ValueError
            If a time is negative.
        """
        times = np.asarray(times_s, dtype=float)
        if len(times) and times.min() < 0:
            raise ValueError(f"whisking starts at time 0, it is asked for at {times.min()} s.")
        grid, scale, tempo, offset = self._cycles(float(times.max(initial=0.0)))
        scale, scale_rate, _ = smooth_steps(grid, scale, times)
        tempo, _, beats = smooth_steps(grid, tempo, times)
        shift, shift_rate, _ = smooth_steps(grid, offset, times)
        half = (self.protraction_deg + self.retraction_deg) / 2
        if isinstance(self.set_point_deg, tuple):
            middle, middle_rate, _ = smooth_steps(*self.set_point_deg, times)
        else:
            given = self.set_point_deg
            middle = np.full_like(times, (self.protraction_deg - self.retraction_deg) / 2 if given is None else given)
            middle_rate = np.zeros_like(times)
        if self.envelope is None:
            factor, factor_rate = np.ones_like(times), np.zeros_like(times)
        else:
            factor, factor_rate, _ = smooth_steps(*self.envelope, times)
        phase = 2 * np.pi * self.frequency_hz * beats + np.pi + self.start_phase_rad
        phase_rate = 2 * np.pi * self.frequency_hz * tempo
        angle = middle + shift + half * factor * scale * np.cos(phase)
        rate = middle_rate + shift_rate - half * factor * scale * np.sin(phase) * phase_rate
        rate += half * (factor_rate * scale + factor * scale_rate) * np.cos(phase)
        if self.onset_s > 0:
            share, share_rate, _ = smooth_steps(np.array([0.0, self.onset_s]), np.array([0.0, 1.0]), times)
            angle, rate = share * angle, share * rate + share_rate * angle
        return angle, rate, -np.remainder(np.pi - phase, 2 * np.pi) + np.pi

    def spacing_s(self, duration_s: float) -> float:
        """Longest time between knots that follow the rhythm over ``[0, duration_s]`` closely."""
        tempo = self._cycles(duration_s)[2]
        curves = [curve for curve in (self.set_point_deg, self.envelope) if isinstance(curve, tuple)]
        steps = [1 / (self.frequency_hz * float(tempo.max())), *(float(np.diff(times).min()) for times, _ in curves)]
        if self.onset_s > 0:
            steps.append(self.onset_s)
        return min(steps) / KNOTS_PER_CYCLE

    def _cycles(self, end_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Starts of the nominal cycles up to ``end_s``, and their draws of amplitude, frequency and set-point."""
        count = math.ceil(end_s * self.frequency_hz) + 2
        if count > MAX_CYCLES:
            raise ValueError(f"{count} whisks are more than {MAX_CYCLES}; shorten the duration or lower frequency_hz.")
        # A longer motion draws more values from the same three streams, so that its beginning stays what it was.
        streams = [np.random.default_rng(child) for child in np.random.SeedSequence(self.seed).spawn(3)]
        amplitude, frequency, offset = (stream.standard_normal(count) for stream in streams)
        return (
            np.arange(count) / self.frequency_hz,
            _log_normal(amplitude, self.amplitude_cv),
            _log_normal(frequency, self.frequency_cv),
            self.set_point_sd_deg * offset,
        )


@dataclass(frozen=True, eq=False)
class Whisking:
    """Protraction of an array's whiskers, one rhythm per side.

    Parameters
    ----------
    rhythms
        The different rhythms.
    of_whisker
        ``(W,)`` index of the rhythm that each whisker follows.
    """

    rhythms: tuple[Rhythm, ...]
    of_whisker: np.ndarray = field(repr=False)

    @property
    def end_s(self) -> float:
        """Known at all times from 0 on."""
        return math.inf

    def at(self, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Protraction (deg), its rate (deg/s) and phase (rad), each ``(T, W)``."""
        angle, rate, phase = (
            np.stack(values, axis=-1)[:, self.of_whisker]
            for values in zip(*(rhythm.at(times_s) for rhythm in self.rhythms), strict=True)
        )
        return angle, rate, phase

    def spacing_s(self, duration_s: float) -> float:
        """Longest time between knots that follow every rhythm over ``[0, duration_s]`` closely."""
        return min(rhythm.spacing_s(duration_s) for rhythm in self.rhythms)


def whisking(
    array: "WhiskerArray",
    *,
    left: Mapping[str, object] | None = None,
    elevation_per_deg: Mapping[str, float] | None = None,
    torsion_per_deg: Mapping[str, float] | None = None,
    **rhythm: object,
) -> BaseMotion:
    """All whiskers protract and retract together, elevation and roll follow by row.

    With the defaults this is the published recipe of the rat: 8 Hz, 35 degrees forward and 10 backward of rest. A
    whisker starts in its rest shape on the base at p(0), which the recipe leaves at zero velocity. The head may move as
    well: ``whisking(array).carried_by(motion)``.

    Parameters
    ----------
    array
        The whiskers; the head stays in the array's pose.
    left
        Values of ``rhythm`` that differ on the left side, as in ``{"protraction_deg": 20.0}``. The two sides share the
        seed, and so their variation, unless it is among them.
    elevation_per_deg, torsion_per_deg
        Change of elevation and of roll with a degree of protraction by row A to E; None for those measured in the rat,
        `ELEVATION_PER_DEG` and `TORSION_PER_DEG`. None have been measured by row in the mouse.
    **rhythm
        The parameters of `Rhythm`: frequency, extent, set-point, start, variation and seed.

    Raises
    ------
    ValueError
        If a parameter is not known or out of its range.

    References
    ----------
    Zweifel et al. 2021, PNAS 118, doi 10.1073/pnas.2011905118, for the recipe; Knutsen, Biess and Ahissar 2008, Neuron
    59:35-42, for elevation and torsion.
    """
    known = [entry.name for entry in fields(Rhythm)]
    for name in (*rhythm, *(left or {})):
        if name not in known:
            raise ValueError(f"whisking has no parameter {name!r}; known are {', '.join(known)}.")
    right = Rhythm(**rhythm)  # type: ignore[arg-type]
    other = replace(right, **(left or {}))  # type: ignore[arg-type]
    rest = BaseMotion.fixed(array, elevation_per_deg=elevation_per_deg, torsion_per_deg=torsion_per_deg)
    of_whisker = np.array([int(whisker.side == "left") for whisker in array.whiskers])
    return replace(rest, protraction=Whisking((right, other), of_whisker))


def smooth_steps(grid: np.ndarray, values: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Join values without overshoot and with two continuous derivatives.

    Between neighbours the value moves by 6 x^5 - 15 x^4 + 10 x^3 of the difference, flat at both; beyond the ends it is held.

    Parameters
    ----------
    grid, values
        ``(K,)`` increasing times and their values, K at least 2.
    times
        ``(T,)``.

    Returns
    -------
    tuple
        Value, its rate, and its integral from the first grid time on, each ``(T,)``.
    """
    inside = np.clip(times, grid[0], grid[-1])
    k = np.clip(np.searchsorted(grid, inside, side="right") - 1, 0, len(grid) - 2)
    width = np.diff(grid)
    rise = np.diff(values)
    areas = np.concatenate([[0.0], np.cumsum(width * (values[:-1] + rise / 2))])
    x = (inside - grid[k]) / width[k]
    value = values[k] + rise[k] * x**3 * (x * (6 * x - 15) + 10)
    rate = rise[k] / width[k] * 30 * (x * (1 - x)) ** 2
    area = areas[k] + width[k] * (values[k] * x + rise[k] * x**4 * (x * (x - 3) + 2.5))
    return value, rate, area + value * (times - inside)


def _log_normal(draws: np.ndarray, variation: float) -> np.ndarray:
    """Log-normal values of mean 1 and the given coefficient of variation."""
    variance = math.log1p(variation**2)
    return np.exp(math.sqrt(variance) * draws - variance / 2)


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, received {value}.")
    return value


def _checked_curve(name: str, curve: Curve) -> Curve:
    times, values = (np.array(part, dtype=np.float64) for part in curve)
    if times.ndim != 1 or times.shape != values.shape or len(times) < 2 or not (np.diff(times) > 0).all():
        raise ValueError(
            f"{name} must be increasing times and as many values, at least two, received {times.shape} and {values.shape}."
        )
    if not (np.isfinite(times).all() and np.isfinite(values).all()):
        raise ValueError(f"{name} holds a value that is not finite.")
    return times, values
