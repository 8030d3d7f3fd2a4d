"""Augmentation of tactile sweeps ``(batch, time 22, channel 30, row 5, col 7)``, channel = 6 x frame + quantity."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from .grid_motions import MOUSE_ABSENT, N_COLUMNS, N_QUANTITIES, N_ROWS, motion_tables, place_index

N_PLACES = N_ROWS * N_COLUMNS
FRAMES_PER_STEP = 5
_SHAPE = (FRAMES_PER_STEP * N_QUANTITIES, N_ROWS, N_COLUMNS)
# Quantities Fx, Fy, Fz, Mx, My, Mz in the mirror x -> -x.
_OTHER_SIDE = (-1.0, 1.0, 1.0, 1.0, -1.0, -1.0)
_REVERSED = {
    # The mirror y -> -y: sweeps run along y.
    "swept": (1.0, -1.0, 1.0, -1.0, 1.0, -1.0),
    "negated": (-1.0,) * N_QUANTITIES,
    "played": (1.0,) * N_QUANTITIES,
}


@dataclass(frozen=True)
class TactileAugmentation:
    """Mirrors, turns and reversal in time, each sample with draws of its own; forces and moments move as they must.

    A motion of the grid moves the whiskers to other places and turns forces as polar and moments as axial vectors (see
    `grid_motions`). The grid is not full: a whisker whose partner place is empty is lost, and a whisker that nothing
    moves to is silent (zero). Of the 30 whiskers of the mouse a mirror of the columns silences 5, one of the rows 3, a
    half turn 5, quarter turns 8 or 9 (`silenced` names them). Nothing ever stands where no whisker is.

    Physics is the same in a mirror, but whiskers of other places have other lengths, so that these augmentations are
    what an animal with a mirrored or turned array would feel. The mirror to the other side of the face is exact.
    Recordings are taken to be in the pose of the published sweeps, in which the grid lies along the axes of the world.
    A sweep is not the same backwards: an object that comes from the other end bends the whiskers the other way before
    they slip off. In simulated sweeps to and fro the sums over time of Fx, Fz and My keep their sign at each whisker
    and those of Fy, Mx and Mz change it, as in a mirror along the path; reversed frames get these signs (``swept``).
    Their course in time is still one that no sweep has: whiskers are seized at once and let go of slowly.

    Attributes
    ----------
    flip_columns, flip_rows, quarter_turn
        Probabilities of a mirror rostral to caudal, of one dorsal to ventral, of a quarter turn before them. At 0.5 all
        eight motions are equally likely.
    reverse_time
        Probability of reversing the frames, before the grid moves.
    reversed_as
        ``swept``: reversed frames with the signs of a sweep in the opposite direction; ``negated``: all signs changed,
        as published; ``played``: as they are.
    other_side
        Probability of the mirror x to -x: what the other side of the face feels of the mirrored object.
    noise
        Standard deviation of normal noise on every whisker, as a fraction of the sample's root mean square of the
        quantity.
    whisker_dropout
        Probability that a whisker is silent for the whole sample.
    amplitude
        Standard deviation of the logarithm of one factor per sample.
    absent
        Places without a whisker; for a rat ``("A5", "A6", "B5", "B6", "E0")``.

    Raises
    ------
    ValueError
        If a probability is not within 0 to 1, a size is negative, or an option or place is unknown.

    References
    ----------
    Chung et al. 2025, arXiv 2505.18361: flips, quarter turns and reversal in time for training without labels.
    """

    flip_columns: float = 0.5
    flip_rows: float = 0.5
    quarter_turn: float = 0.5
    reverse_time: float = 0.5
    reversed_as: Literal["swept", "negated", "played"] = "swept"
    other_side: float = 0.0
    noise: float = 0.0
    whisker_dropout: float = 0.0
    amplitude: float = 0.0
    absent: tuple[str, ...] = MOUSE_ABSENT

    def __post_init__(self) -> None:
        # A recipe gives a list.
        object.__setattr__(self, "absent", tuple(self.absent))
        for name in ("flip_columns", "flip_rows", "quarter_turn", "reverse_time", "other_side", "whisker_dropout"):
            _require_probability(name, getattr(self, name))
        for name in ("noise", "amplitude"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} is {getattr(self, name)}; give a finite number, 0 or more.")
        if self.reversed_as not in _REVERSED:
            raise ValueError(f"reversed_as {self.reversed_as!r} is not known; give {', '.join(_REVERSED)}.")
        for name in self.absent:
            place_index(name)

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Augmented samples of the same shape, dtype and device; ``x`` stays as it is.

        Parameters
        ----------
        x
            ``(batch, time, 30, 5, 7)``, any real dtype.
        generator
            Of all draws; on any device.
        """
        _require_input(x)
        batch = len(x)
        limits = (self.flip_columns, self.flip_rows, self.quarter_turn, self.reverse_time, self.other_side)
        draws = torch.rand(batch, len(limits), generator=generator, device=generator.device)
        columns, rows, turn, backwards, other = (draws < draws.new_tensor(limits)).to(x.device).unbind(1)
        frames = x.reshape(batch, -1, N_QUANTITIES * N_PLACES)
        source, sign = (table.to(x.device) for table in motion_tables(self.absent))
        motion = columns.long() + 2 * rows.long() + 4 * turn.long()
        frames = frames.gather(2, source[motion, None].expand(-1, frames.shape[1], -1))
        # The signs of a reversed sweep are those of the axes before the grid moves.
        factor = _signs(backwards, _REVERSED[self.reversed_as], x).flatten(1).gather(1, source[motion])
        factor = (factor * sign.to(x.dtype)[motion]).unflatten(1, (N_QUANTITIES, N_PLACES))
        factor = factor * _signs(other, _OTHER_SIDE, x)
        if self.amplitude:
            factor = factor * _normal((batch,), generator, x).mul(self.amplitude).exp()[:, None, None]
        if self.whisker_dropout:
            kept = torch.rand(batch, N_PLACES, generator=generator, device=generator.device) >= self.whisker_dropout
            factor = factor * kept.to(x.device)[:, None]
        frames = frames * factor.flatten(1)[:, None]
        frames = torch.where(backwards[:, None, None], frames.flip(1), frames)
        if self.noise:
            frames = frames + self._noise(frames, factor, generator)
        return frames.reshape(x.shape)

    def _noise(self, frames: Tensor, factor: Tensor, generator: torch.Generator) -> Tensor:
        """Normal noise where a whisker is and speaks, in proportion to the size of its quantity."""
        quantities = frames.unflatten(2, (N_QUANTITIES, N_PLACES))
        size = quantities.square().mean(dim=(1, 3)).sqrt()
        empty = [place_index(name) for name in self.absent]
        heard = (factor != 0).to(frames.dtype)
        heard[:, :, empty] = 0
        deviation = self.noise * size[:, :, None] * heard
        return _normal(tuple(frames.shape), generator, frames) * deviation.flatten(1)[:, None]


@dataclass(frozen=True)
class ReleasedAugmentation:
    """The augmentation of the published code: one draw for the whole batch, components of vectors left as they are.

    In this order: with probability 0.5 a flip of the columns with probability 0.5, otherwise a flip of the rows with
    probability 0.5; a turn by 90, 180, 270 or 360 deg, each as likely, of which 90 and 270 turn the middle 5 x 5 places
    and leave the outer columns zero; with probability 0.5 the frames reversed and their sign changed. Values move to
    places without a whisker. A reversal before flips and turns would be the same: they commute.

    Attributes
    ----------
    rotation
        Whether the grid is turned.
    reversal
        ``frames`` reverses all 110, ``steps`` the 22 steps with the five frames of each in their order, ``none``
        nothing.

    Raises
    ------
    ValueError
        If the reversal is unknown.

    References
    ----------
    Chung et al. 2025, arXiv 2505.18361, released training code; the runs named rot_tflip110 have the defaults.
    """

    rotation: bool = True
    reversal: Literal["frames", "steps", "none"] = "frames"

    def __post_init__(self) -> None:
        if self.reversal not in ("frames", "steps", "none"):
            raise ValueError(f"reversal {self.reversal!r} is not known; give frames, steps or none.")

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Augmented samples of the same shape, dtype and device; ``x`` stays as it is.

        Parameters
        ----------
        x
            ``(batch, time, 30, 5, 7)``, any real dtype.
        generator
            Of all draws; on any device.
        """
        _require_input(x)
        which, flip, turn, backwards = torch.rand(4, generator=generator, device=generator.device).tolist()
        if flip < 0.5:
            x = x.flip(-1 if which < 0.5 else -2)
        if self.rotation:
            x = _turned(x, 1 + int(4 * turn))
        if self.reversal == "none" or backwards >= 0.5:
            return x.clone()
        if self.reversal == "steps":
            return -x.flip(1)
        return -x.reshape(len(x), -1, N_QUANTITIES, N_ROWS, N_COLUMNS).flip(1).reshape(x.shape)


def _turned(x: Tensor, quarters: int) -> Tensor:
    """Turned counter-clockwise; by an odd number of quarters only the middle square is left."""
    if quarters % 2 == 0:
        return x.rot90(quarters, dims=(-2, -1))
    edge = (N_COLUMNS - N_ROWS) // 2
    square = x[..., edge : N_COLUMNS - edge].rot90(quarters, dims=(-2, -1))
    return torch.nn.functional.pad(square, (edge, edge))


def _signs(chosen: Tensor, signs: tuple[float, ...], like: Tensor) -> Tensor:
    """Signs of the quantities ``(batch, 6, 35)`` in the chosen samples, 1 in the others."""
    per_quantity = torch.where(chosen[:, None], like.new_tensor(signs), 1)
    return per_quantity[:, :, None].expand(-1, -1, N_PLACES)


def _normal(shape: tuple[int, ...], generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.randn(shape, generator=generator, device=generator.device).to(like)


def _require_probability(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; give a probability from 0 to 1.")


def _require_input(x: Tensor) -> None:
    if x.ndim != 5 or x.shape[2:] != _SHAPE or not x.is_floating_point():
        raise ValueError(
            f"x is {x.dtype} of shape {tuple(x.shape)}; give floating-point numbers of shape (batch, time, 30, 5, 7)."
        )
