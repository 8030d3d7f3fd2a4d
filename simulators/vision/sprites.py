"""Scenes of moving objects before they are painted: their outlines, ways, colours and surfaces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .clip import Fact, make_clip
from .display import Display
from .fields import field_side, random_field
from .outlines import outline, padded
from .painting import Objects, paint
from .parameters import refuse_length
from .trajectories import places

# Slopes of the spectra of textures; natural pictures are in their middle.
SLOPES = (0.8, 1.0, 1.2, 1.4)


@dataclass(frozen=True)
class Painted:
    """A painted scene.

    Attributes
    ----------
    frames
        ``(time, channel, row, col)`` luminance 0 to 1.
    flow
        ``(time, 2, row, col)`` right and down, pixels per frame.
    labels
        ``(time, row, col)`` number of the object seen, 0 for the background.
    facts
        See `make_clip`.
    """

    frames: np.ndarray
    flow: np.ndarray
    labels: np.ndarray
    facts: Mapping[str, Fact] = field(default_factory=dict)


class Texture(NamedTuple):
    """Of an object: the largest change of luminance, and see `Objects`; uniform by default."""

    contrast: float = 0.0
    sharpness: float = 1.0
    grain: float = 0.5


UNIFORM = Texture()


class Scene:
    """A background and objects in front of it, each nearer than those before.

    Parameters
    ----------
    display
        Its pixels.
    n_frames
        At least 1.
    rng
        Of all that is drawn.
    max_speed
        Pixels per frame.
    n_channels
        1 for luminance, 3 for colours.

    Raises
    ------
    ValueError
        If one of these numbers cannot be meant.
    """

    def __init__(
        self, display: Display, n_frames: int, rng: np.random.Generator, max_speed: float, n_channels: int = 1
    ) -> None:
        refuse_form(n_frames, n_channels, max_speed)
        self.display, self.n_frames, self.rng, self.n_channels = display, n_frames, rng, n_channels
        self.max_speed = max_speed
        self.side = min(display.n_rows, display.n_cols)
        slope = SLOPES[rng.integers(len(SLOPES))]
        self.field = random_field(field_side(2 * max(display.n_rows, display.n_cols)), slope, rng)
        self._masks: list[np.ndarray] = []
        self._rows: list[dict[str, Any]] = []

    def add(
        self,
        velocities: np.ndarray,
        *,
        shape: str = "blob",
        hollow: bool = False,
        radius: float = 0.0,
        rotation: float = 0.0,
        zoom: float = 1.0,
        texture: Texture = UNIFORM,
        gloss: float = 0.0,
        mirror: float = 0.0,
        light: np.ndarray | None = None,
        clear: float = 0.0,
        bend: float = 0.0,
        relief_grain: float = 0.1,
        relief_drift: float = 0.0,
    ) -> None:
        """Put an object in front of those that are there; the first is the background.

        Parameters
        ----------
        velocities
            ``(frame, 2)`` of its centre, right and down, pixels per frame.
        shape, hollow, radius
            Of its `outline`, pixels; the background has none.
        rotation
            Radians per frame, from right towards down.
        zoom
            Factor of its size per frame; in the middle frame it is 1.
        texture
            Of its surface.
        gloss, mirror, clear, bend
            See `Objects`.
        light
            ``(frame, 2)`` velocities of what is reflected, pixels per frame; None stays.
        relief_grain, relief_drift
            Of the surface that bends light; it drifts by so many pixels of the field per frame.
        """
        rng, middle = self.rng, (self.n_frames - 1) // 2
        size = np.array([self.display.n_cols - 1, self.display.n_rows - 1])
        steps = np.arange(self.n_frames + 1) - middle
        at = rng.uniform(0, 1, 2) * size if self._rows else size / 2
        angle = rng.uniform(0, 2 * np.pi) if rotation and self._rows else 0.0
        pose = np.column_stack([places(velocities, at, middle), angle + rotation * steps, zoom**steps])
        if self._rows:
            self._masks.append(outline(shape, radius, rng, hollow=hollow))
        else:
            self._masks.append(np.zeros((1, 1), dtype=np.float32))
        still = np.zeros((self.n_frames, 2)) if light is None else light
        drift = relief_drift * np.arange(self.n_frames)[:, None] * _unit(rng)
        relief = np.column_stack([np.full(self.n_frames, relief_grain), self._anywhere() + drift])
        base, tint = self._colours(texture.contrast)
        self._rows.append(
            {
                "reach": np.float64(len(self._masks[-1]) / 2),
                "pose": pose,
                "place": self._anywhere(),
                "grain": np.float64(texture.grain),
                "base": base,
                "tint": tint,
                "sharpness": np.float64(texture.sharpness),
                "gloss": np.float64(gloss),
                "mirror": np.float64(mirror),
                "glide": places(still, self._anywhere(), 0)[:-1],
                "clear": np.float64(clear),
                "bend": np.float64(bend),
                "relief": relief,
            }
        )

    def painted(self) -> Painted:
        """Frames and what moves how in them."""
        columns = {name: np.stack([row[name] for row in self._rows]) for name in self._rows[0]}
        objects = Objects(masks=padded(self._masks), **columns)
        shape = (self.display.n_rows, self.display.n_cols)
        frames = np.zeros((self.n_frames, self.n_channels, *shape), dtype=np.float32)
        flow = np.empty((self.n_frames, 2, *shape), dtype=np.float32)
        labels = np.empty((self.n_frames, *shape), dtype=np.int32)
        line, behind = np.zeros((4, shape[1]), dtype=np.float32), np.empty_like(frames[0])
        paint(self.field, objects, frames, flow, labels, line, behind)
        return Painted(frames, flow, labels)

    def _anywhere(self) -> np.ndarray:
        return self.rng.uniform(0, len(self.field), 2)

    def _colours(self, contrast: float) -> tuple[np.ndarray, np.ndarray]:
        """A luminance or colour, and a change of it of this size."""
        rng = self.rng
        # Where the texture would be cut off at black or white, there would be none.
        margin = max(contrast, 0.1)
        luminance = rng.uniform(margin, 1 - margin)
        if self.n_channels == 1:
            return np.array([luminance]), np.array([contrast])
        hue = rng.normal(0, 0.15, 3)
        tint = rng.normal(1, 0.3, 3)
        return np.clip(luminance + hue, margin, 1 - margin), contrast * tint / abs(tint).max()


def refuse_form(n_frames: int, n_channels: int, max_speed: float) -> None:
    """Refuse numbers that no scene can have.

    Raises
    ------
    ValueError
        If there is no frame, or another number of channels than 1 or 3, or the speed is negative or not finite.
    """
    refuse_length(n_frames)
    if n_channels not in (1, 3):
        raise ValueError(f"channels is {n_channels}; give 1 for luminance or 3 for colours.")
    if not 0 <= max_speed < np.inf:
        raise ValueError(f"max_speed is {max_speed}; give a finite number of pixels per frame, 0 or more.")


def as_clip(painted: Painted, display: Display, facts: Mapping[str, Fact]) -> xr.Dataset:
    """The form that every generator returns."""
    return make_clip(
        painted.frames,
        display,
        flow=painted.flow,
        segmentation=painted.labels,
        facts={**facts, **painted.facts},
    )


def _unit(rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    return np.array([np.cos(angle), np.sin(angle)])
