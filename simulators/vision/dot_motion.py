"""Where the dots of a kinematogram are in each frame, and which of them carry the signal."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Rule = Literal["movshon-newsome", "white-noise", "brownian", "random-direction"]
INTERLEAVED_SETS = 3


@dataclass(frozen=True)
class DotPaths:
    """Dots over time.

    Attributes
    ----------
    places_deg
        ``(time, dot, 2)``, right and up from the middle of the field, which is periodic.
    is_signal
        ``(time, dot)``: whether the dot is signal in its step from this frame to its next one.
    is_replaced
        ``(time, dot)``: whether the dot is put at a random place in its next frame, as noise or at the end of its life.
    is_born
        ``(time, dot)``: whether its life begins in this frame.
    step_frames
        Frames between two showings of a dot.
    """

    places_deg: np.ndarray
    is_signal: np.ndarray
    is_replaced: np.ndarray
    is_born: np.ndarray
    step_frames: int


def move_dots(
    n_frames: int,
    n_dots: int,
    field_deg: tuple[float, float],
    step_deg: tuple[float, float],
    *,
    rule: Rule = "movshon-newsome",
    coherence: float = 1.0,
    lifetime_frames: int | None = None,
    direction_sd_deg: float = 0.0,
    interleaved: bool = False,
    rng: np.random.Generator,
) -> DotPaths:
    """Move dots by one of the rules of `random_dots`.

    Parameters
    ----------
    n_frames
        Length.
    n_dots
        Dots in each frame.
    field_deg
        Width and height of the periodic field.
    step_deg
        Displacement of the signal from frame to frame, right and up.
    rule
        What signal and noise dots do.
    coherence
        Share of signal dots.
    lifetime_frames
        Showings after which a dot is put at a random place; None for no limit. Ages at the start are staggered.
    direction_sd_deg
        Scatter of the direction of each step of a signal dot.
    interleaved
        Three sets of dots take turns; each moves by three steps at a time.
    rng
        Generator of all draws.

    Returns
    -------
    DotPaths
        With the first frame of each set at random places.

    Raises
    ------
    ValueError
        If the rule is unknown.
    """
    if rule not in get_args(Rule):
        raise ValueError(f"rule {rule!r} of the dots is unknown; give one of {', '.join(get_args(Rule))}.")
    if not interleaved:
        return _move_set(
            n_frames, n_dots, field_deg, step_deg, rule, coherence, lifetime_frames, direction_sd_deg, 1, rng
        )
    n_showings = -(-n_frames // INTERLEAVED_SETS)
    far = (step_deg[0] * INTERLEAVED_SETS, step_deg[1] * INTERLEAVED_SETS)
    sets = [
        _move_set(
            *(n_showings, n_dots, field_deg, far, rule, coherence, lifetime_frames, direction_sd_deg),
            *(INTERLEAVED_SETS, rng),
        )
        for _ in range(INTERLEAVED_SETS)
    ]

    def turns(name: str) -> np.ndarray:
        together = np.stack([getattr(paths, name) for paths in sets], axis=1)  # (showing, set, dot, ...)
        return together.reshape(-1, *together.shape[2:])[:n_frames]

    return DotPaths(turns("places_deg"), turns("is_signal"), turns("is_replaced"), turns("is_born"), INTERLEAVED_SETS)


def _move_set(
    n_frames: int,
    n_dots: int,
    field_deg: tuple[float, float],
    step_deg: tuple[float, float],
    rule: Rule,
    coherence: float,
    lifetime_frames: int | None,
    direction_sd_deg: float,
    step_frames: int,
    rng: np.random.Generator,
) -> DotPaths:
    field = np.array(field_deg)
    step = complex(*step_deg)
    signal = _signal(n_frames, n_dots, coherence, rule, rng)
    lifetime = lifetime_frames or n_frames + 1
    age = (rng.integers(lifetime, size=n_dots) if lifetime_frames else 0) + np.arange(n_frames)[:, None]
    age = np.broadcast_to(age, (n_frames, n_dots)) % lifetime
    dies = age == lifetime - 1
    turns = direction_sd_deg * rng.standard_normal((n_frames, n_dots)) if direction_sd_deg else np.zeros((1, n_dots))
    steps = np.where(signal, step * np.exp(1j * np.deg2rad(turns)), 0)
    noise_is_replaced = rule in ("movshon-newsome", "white-noise")
    if rule == "brownian":
        steps = np.where(signal, steps, abs(step) * np.exp(2j * np.pi * rng.random((n_frames, n_dots))))
    elif rule == "random-direction":
        own = _held(np.exp(2j * np.pi * rng.random((n_frames, n_dots))), np.vstack([dies[:1] | True, dies[:-1]]))
        steps = np.where(signal, steps, abs(step) * own)
    replaced = dies | (~signal & noise_is_replaced)
    fresh = rng.random((n_frames, n_dots, 2)) * field
    moves = np.stack([steps.real, steps.imag], axis=-1)
    places = np.empty((n_frames, n_dots, 2))
    places[0] = fresh[0]
    for frame in range(1, n_frames):
        moved = (places[frame - 1] + moves[frame - 1]) % field
        places[frame] = np.where(replaced[frame - 1, :, None], fresh[frame], moved)
    born = np.vstack([np.ones((1, n_dots), bool), replaced[:-1]])
    return DotPaths(places - field / 2, signal, replaced, born, step_frames)


def _signal(n_frames: int, n_dots: int, coherence: float, rule: Rule, rng: np.random.Generator) -> np.ndarray:
    """Which dots are signal, ``(time, dot)``; the number is rounded at random, so that its mean is exact."""
    redrawn = rule == "movshon-newsome"
    count = np.floor(coherence * n_dots + rng.random((n_frames if redrawn else 1, 1)))
    if redrawn:
        rank = rng.permuted(np.tile(np.arange(n_dots), (n_frames, 1)), axis=1)
    else:
        rank = rng.permutation(n_dots)[None]
    return np.broadcast_to(rank < count, (n_frames, n_dots))


def _held(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Values (time, dot) of the frame in which each life started."""
    first = np.maximum.accumulate(np.where(starts, np.arange(len(values))[:, None], 0), axis=0)
    return np.take_along_axis(values, first, axis=0)
