"""Sequences with measured or rendered flow from a folder of the user's, resized and cropped to train on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from simulators.vision.flow_folders import FlowFolder

# Rows and columns to which pictures are resized before they are cropped, as published.
PUBLISHED_SIZES = {"sintel": (448, 1024), "sintel-slow": (872, 2048), "kitti": (448, 960), "flying-chairs": None}


@dataclass(frozen=True)
class FolderPart:
    """A folder of sequences as a part of a mixture.

    Attributes
    ----------
    name
        In the kinds of the mixture.
    sequences
        Of the folder.
    weight
        Beside the probabilities of the generated scenes, which sum to 1.
    resize
        Rows and columns before the crop; None leaves pictures as they are.
    """

    name: str
    sequences: "FlowFolder"
    weight: float
    resize: tuple[int, int] | None

    @classmethod
    def from_table(cls, table: Mapping[str, Any], n_frames: int, flow_frame: int) -> "FolderPart":
        """Open the folder that a table of a recipe names.

        Parameters
        ----------
        table
            ``collection``, ``root``; ``weight``, 1 by default; ``resize``, by default as published; what else it holds goes
            to the loader in `simulators.vision.flow_folders`.
        n_frames, flow_frame
            Of the sequences.

        Raises
        ------
        ValueError
            If the collection is unknown, or a value cannot be meant.
        """
        from simulators.vision.flow_folders import COLLECTIONS

        options = dict(table)
        for needed in ("collection", "root"):
            if needed not in options:
                raise ValueError(f"a table of folders lacks {needed!r}: {dict(table)}; add it.")
        collection, root = options.pop("collection"), options.pop("root")
        if collection not in COLLECTIONS:
            raise ValueError(f"collection {collection!r} is not known; give one of {', '.join(COLLECTIONS)}.")
        if collection == "flying-chairs":
            raise ValueError(
                f"flying-chairs are pairs of pictures, and sequences of {n_frames} are needed; leave them out."
            )
        weight = float(options.pop("weight", 1.0))
        if not 0 < weight < np.inf:
            raise ValueError(f"the weight of folder {root} is {weight}; give a positive number.")
        resize = options.pop("resize", PUBLISHED_SIZES[collection])
        try:
            opened = COLLECTIONS[collection](root, n_frames=n_frames, flow_frame=flow_frame, **options)
        except TypeError as error:
            raise ValueError(f"folder {root} has an option that {collection} does not take: {error}.") from None
        return cls(opened.name, opened, weight, None if resize is None else (int(resize[0]), int(resize[1])))

    def sample(self, rng: np.random.Generator, size: tuple[int, int], channels: int) -> tuple[np.ndarray, np.ndarray]:
        """Frames ``(time, channel, row, col)`` and flow ``(2, row, col)`` of a random crop of a random sequence.

        Raises
        ------
        ValueError
            If the pictures are smaller than the crop.
        """
        sequence = self.sequences[int(rng.integers(len(self.sequences)))]
        frames, flow = sequence.arrays(channels)
        frames, flow = resized(frames, flow, self.resize)
        rows, cols = frames.shape[2:]
        if rows < size[0] or cols < size[1]:
            raise ValueError(
                f"{sequence.name} of {self.name} has {rows} x {cols} pixels, fewer than the {size[0]} x {size[1]} of a sample; "
                "give a larger resize."
            )
        top, left = int(rng.integers(rows - size[0] + 1)), int(rng.integers(cols - size[1] + 1))
        place = (..., slice(top, top + size[0]), slice(left, left + size[1]))
        return frames[place], flow[place]


def resized(frames: np.ndarray, flow: np.ndarray, size: tuple[int, int] | None) -> tuple[np.ndarray, np.ndarray]:
    """Frames resized bicubically; flow from the nearest pixel, so that unknown ones spread to no other, and scaled."""
    if size is None or size == frames.shape[2:]:
        return frames, flow
    scale = np.array([size[1] / frames.shape[3], size[0] / frames.shape[2]], dtype=np.float32)
    pictures = functional.interpolate(torch.from_numpy(frames), size=size, mode="bicubic", align_corners=False)
    moved = functional.interpolate(torch.from_numpy(flow)[None], size=size, mode="nearest-exact")[0]
    return pictures.clamp_(0, 1).numpy(), moved.numpy() * scale[:, None, None]
