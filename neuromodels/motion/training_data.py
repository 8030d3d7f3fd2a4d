"""Moving pictures with their flow to train on: generated without end from a seed, and folders that the user has."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from .flow_sequences import FolderPart
from .mixtures import mixture_weights

if TYPE_CHECKING:
    from simulators.vision.display import Display

# The first word of each seed, so that no scene is in two parts.
PARTS = {"train": 1, "validation": 2, "test": 3}


class MotionScenes:
    """How a sample is made; shared by the parts. See `motion_scenes`.

    Attributes
    ----------
    kinds
        Names that the numbers in ``batch["kind"]`` stand for.
    """

    def __init__(
        self,
        part: str,
        *,
        display: "Display",
        weights: Mapping[str, float],
        folders: Sequence[FolderPart],
        n_frames: int,
        flow_frame: int,
        channels: int,
        max_speed: float,
        flips: bool,
    ) -> None:
        from simulators.vision.training_kinds import TRAINING_KINDS

        self.part, self.display, self.weights, self.folders = part, display, dict(weights), tuple(folders)
        self.n_frames, self.flow_frame, self.channels = n_frames, flow_frame, channels
        self.max_speed, self.flips = max_speed, flips
        self.kinds = (*TRAINING_KINDS, *(folder.name for folder in self.folders))

    def samples(self, seeds: Sequence[int]) -> dict[str, Tensor]:
        """One sample per seed.

        Returns
        -------
        dict
            ``x`` ``(sample, time, channel, row, col)`` luminance from 0 to 1; ``flow`` ``(sample, 2, row, col)`` right and
            down in pixels per frame, NaN where unknown; ``kind`` ``(sample,)`` int64.
        """
        shape = (self.display.n_rows, self.display.n_cols)
        x = np.empty((len(seeds), self.n_frames, self.channels, *shape), dtype=np.float32)
        flow = np.empty((len(seeds), 2, *shape), dtype=np.float32)
        kinds = np.empty(len(seeds), dtype=np.int64)
        for place, seed in enumerate(seeds):
            rng = np.random.default_rng([PARTS[self.part], seed])
            x[place], flow[place], kinds[place] = self._sample(rng)
        return {"x": torch.from_numpy(x), "flow": torch.from_numpy(flow), "kind": torch.from_numpy(kinds)}

    def _sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
        from simulators.vision.training_kinds import paint_training_scene

        names = [*self.weights, *(folder.name for folder in self.folders)]
        weights = np.array([*self.weights.values(), *(folder.weight for folder in self.folders)])
        chosen = int(np.searchsorted(weights.cumsum(), rng.random() * weights.sum(), side="right"))
        if chosen >= len(self.weights):
            frames, flow = self.folders[chosen - len(self.weights)].sample(
                rng, (self.display.n_rows, self.display.n_cols), self.channels
            )
        else:
            painted = paint_training_scene(
                names[chosen], self.display, self.n_frames, rng, max_speed=self.max_speed, channels=self.channels
            )
            frames, flow = painted.frames, painted.flow[self.flow_frame]
        if self.flips:
            frames, flow = flipped(frames, flow, across=rng.random() < 0.5, down=rng.random() < 0.5)
        return frames, flow, self.kinds.index(names[chosen])


class MotionStream(MotionScenes):
    """Scenes without end, for the training engine; see `motion_scenes`."""

    def draw(self, n: int, generator: torch.Generator) -> dict[str, Tensor]:
        """``n`` samples; the generator decides every bit of them. See `MotionScenes.samples`."""
        return self.samples(torch.randint(2**62, (n,), generator=generator).tolist())


class MotionSamples(MotionScenes):
    """A fixed number of scenes, each made anew when it is asked for; see `motion_scenes`.

    Parameters
    ----------
    n
        Number of samples.
    **options
        Of `MotionScenes`.
    """

    def __init__(self, part: str, n: int, **options: Any) -> None:
        super().__init__(part, **options)
        if n < 1:
            raise ValueError(f"there are {n} {part} samples; give at least 1.")
        self.n = n

    def __len__(self) -> int:
        return self.n

    def batch(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """Samples by number. See `MotionScenes.samples`.

        Raises
        ------
        IndexError
            If a number is not below the length, or negative.
        """
        for row in rows:
            if not 0 <= row < self.n:
                raise IndexError(f"row {row} is not among the {self.n} samples of part {self.part!r}.")
        return self.samples([int(row) for row in rows])


def motion_scenes(
    part: Literal["train", "validation", "test"],
    *,
    size: int | Sequence[int] = 96,
    n_frames: int = 15,
    flow_frame: int = 7,
    channels: int = 1,
    max_speed: float = 4.0,
    mixture: str | Mapping[str, float] = "published",
    flips: bool = True,
    folders: Sequence[Mapping[str, Any]] = (),
    n_validation: int = 64,
    n_test: int = 128,
) -> MotionStream | MotionSamples:
    """Moving pictures and their flow, for the training engine.

    Training scenes are drawn without end. Validation and test scenes are the same in every run, whatever its seed, and
    none of them is in another part; folders are used in training alone.

    Parameters
    ----------
    part
        ``train``, ``validation`` or ``test``.
    size
        Rows and columns, or one number for both.
    n_frames
        Of each sample.
    flow_frame
        Frame from which to the next the flow is.
    channels
        1 for luminance, 3 for colours.
    max_speed
        Of generated objects, pixels per frame.
    mixture
        A name of `mixtures.MIXTURES`, or weights by kind of scene, a name of `simulators.vision.training_kinds`.
    flips
        Mirror half of the training samples from left to right, and half of them from top to bottom, with their flow.
    folders
        One table per folder of the user's: ``collection``, ``root``, ``weight`` beside the probabilities of the generated
        scenes, which sum to 1, ``resize`` (rows and columns before the random crop to ``size``), and options of the loader;
        see `FolderPart`.
    n_validation, n_test
        Number of samples of these parts.

    Returns
    -------
    MotionStream or MotionSamples
        Batches as `MotionScenes.samples` gives them.

    Raises
    ------
    ValueError
        If an option cannot be meant.

    References
    ----------
    Sun et al. 2025, Nature Machine Intelligence, doi 10.1038/s42256-025-01068-w: 15 frames, flow from frame 7 to 8.
    """
    from simulators.vision.display import Display
    from simulators.vision.sprites import refuse_form
    from simulators.vision.training_kinds import TRAINING_KINDS

    if part not in PARTS:
        raise ValueError(f"part is {part!r}; the parts are {', '.join(PARTS)}.")
    sides = (size, size) if isinstance(size, int) else tuple(size)
    if len(sides) != 2:
        raise ValueError(f"size is {size}; give one number of pixels, or rows and columns.")
    refuse_form(n_frames, channels, max_speed)
    if not 0 <= flow_frame < n_frames:
        raise ValueError(f"flow_frame is {flow_frame}; a sample has frames 0 to {n_frames - 1}.")
    options: dict[str, Any] = {
        "display": Display(*sides),
        "weights": mixture_weights(mixture, tuple(TRAINING_KINDS)),
        "n_frames": n_frames,
        "flow_frame": flow_frame,
        "channels": channels,
        "max_speed": max_speed,
    }
    if part == "train":
        opened = [FolderPart.from_table(table, n_frames, flow_frame) for table in folders]
        return MotionStream(part, folders=opened, flips=flips, **options)
    n = n_validation if part == "validation" else n_test
    return MotionSamples(part, n, folders=(), flips=False, **options)


def flipped(frames: np.ndarray, flow: np.ndarray, *, across: bool, down: bool) -> tuple[np.ndarray, np.ndarray]:
    """Mirror frames ``(time, channel, row, col)`` and their flow ``(2, row, col)``, whose sign changes along the mirror."""
    if across:
        frames, flow = frames[..., ::-1], flow[..., ::-1] * np.array([-1, 1], dtype=np.float32)[:, None, None]
    if down:
        frames, flow = frames[..., ::-1, :], flow[..., ::-1, :] * np.array([1, -1], dtype=np.float32)[:, None, None]
    return frames, flow
