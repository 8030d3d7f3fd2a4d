"""Collections of clips with measured or rendered flow that a user has: MPI-Sintel, Sintel-slow, KITTI, FlyingChairs.

Nothing is downloaded. Each collection lies as its makers ship it:

- MPI-Sintel, ``<root>/training/{clean,final,albedo}/<scene>/frame_0001.png`` and ``<root>/training/flow/<scene>/
  frame_0001.flo`` from each frame to the next.
- Sintel-slow, ``<root>/<scene>/frame_0001.png`` and ``<root>/<scene>/frame_0001.flo``, or the layout of MPI-Sintel.
- KITTI 2012 and 2015 multi-view, ``<root>/training/image_2/000000_00.png`` to ``_20.png`` (2012: ``colored_0``) and
  ``<root>/training/flow_occ/000000_10.png`` from frame 10 to 11.
- FlyingChairs, ``<root>/data/00001_img1.ppm``, ``00001_img2.ppm`` and ``00001_flow.flo``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .clip import Fact, make_clip
from .display import Display
from .flow_files import read_flo, read_kitti_flow
from .video_files import as_channels, picture_files, read_pictures

SINTEL_PASSES = ("clean", "final", "albedo")
KITTI_FLOW_FRAME, KITTI_FRAMES = 10, 21
# Scenes that a published network did not train on.
KITTI_LEFT_OUT = ("000031", "000082")


@dataclass(frozen=True)
class FlowSequence:
    """Consecutive pictures, between two of which the flow is known.

    Attributes
    ----------
    name
        Of the scene and its first picture.
    pictures
        In order of time.
    flow_file
        ``.flo`` or KITTI ``.png``.
    flow_frame
        Number of the picture, from 0, from which to the next the flow is.
    rate_hz
        Pictures per second.
    """

    name: str
    pictures: tuple[Path, ...]
    flow_file: Path
    flow_frame: int
    rate_hz: float

    def arrays(self, channels: int = 3) -> tuple[np.ndarray, np.ndarray]:
        """Frames ``(time, channel, row, col)`` and the flow ``(2, row, col)``, NaN where unknown.

        Raises
        ------
        ValueError
            If a file cannot be read, or the flow has another size than the pictures.
        """
        frames = as_channels(read_pictures(self.pictures), channels)
        flow = read_kitti_flow(self.flow_file)[0] if self.flow_file.suffix == ".png" else read_flo(self.flow_file)
        if flow.shape[1:] != frames.shape[2:]:
            raise ValueError(
                f"{self.flow_file} is of {flow.shape[1:]} pixels, its pictures of {frames.shape[2:]}; they do not belong "
                "together."
            )
        return frames, flow

    def clip(self, channels: int = 3, *, pixels_per_degree: float = 16.0) -> xr.Dataset:
        """The sequence as a clip; its flow is NaN at all frames but ``flow_frame``, which is a fact."""
        frames, known = self.arrays(channels)
        flow = np.full((len(frames), *known.shape), np.nan, dtype=np.float32)
        flow[self.flow_frame] = known
        display = Display(frames.shape[2], frames.shape[3], pixels_per_degree, self.rate_hz)
        facts: dict[str, Fact] = {"kind": "flow sequence", "source": self.name, "flow_frame": self.flow_frame}
        return make_clip(frames, display, flow=flow, facts=facts)


class FlowFolder(Sequence[FlowSequence]):
    """Sequences of one collection, in order of their names; pictures are read when a clip is asked for.

    Parameters
    ----------
    name
        Of the collection.
    root
        Folder.
    sequences
        Of it.
    layout
        In which it should lie, for the message where there is none.

    Raises
    ------
    ValueError
        If there is none.
    """

    def __init__(self, name: str, root: Path, sequences: Sequence[FlowSequence], layout: str) -> None:
        if not sequences:
            raise ValueError(f"{root} holds no sequence of {name}; it should lie as {layout}.")
        self.name, self.root, self._sequences = name, root, tuple(sequences)

    def __len__(self) -> int:
        return len(self._sequences)

    def __getitem__(self, index: Any) -> Any:
        """A sequence by its number, or several."""
        return self._sequences[index]

    def clips(self, channels: int = 3) -> Iterator[xr.Dataset]:
        """All sequences as clips, one by one."""
        return (sequence.clip(channels) for sequence in self)

    def __repr__(self) -> str:
        return f"{self.name}: {len(self)} sequences in {self.root}"


def sintel_folder(
    root: str | Path, *, render: str = "clean", n_frames: int = 15, flow_frame: int = 7, stride: int = 1
) -> FlowFolder:
    """Sequences of MPI-Sintel, whose film has 24 frames per second.

    Parameters
    ----------
    root
        Folder that holds ``training``.
    render
        ``"clean"``, ``"final"`` or ``"albedo"``.
    n_frames
        Pictures per sequence; every run of so many within a scene is one.
    flow_frame
        Picture of a sequence from which the flow is taken.
    stride
        Pictures from the start of one sequence to that of the next.

    Returns
    -------
    FlowFolder
        See `FlowSequence`.

    Raises
    ------
    FileNotFoundError
        If a folder of the layout is missing.
    ValueError
        If there is no such render, or no sequence.

    References
    ----------
    Butler, Wulff, Stanley, Black 2012, ECCV.
    """
    if render not in SINTEL_PASSES:
        raise ValueError(f"render {render!r} is not known; give one of {', '.join(SINTEL_PASSES)}.")
    layout = f"training/{render}/<scene>/frame_0001.png and training/flow/<scene>/frame_0001.flo"
    pictures = _folder(root, f"training/{render}", layout)
    flows = _folder(root, "training/flow", layout)
    scenes = [(scene, flows / scene.name) for scene in sorted(pictures.iterdir()) if scene.is_dir()]
    sequences = _runs(scenes, n_frames, flow_frame, stride, 24.0)
    return FlowFolder(f"MPI-Sintel {render}", Path(root), sequences, layout)


def sintel_slow_folder(
    root: str | Path, *, n_frames: int = 15, flow_frame: int = 7, stride: int = 1, rate_hz: float = 30.0
) -> FlowFolder:
    """Sequences of Sintel-slow, or of any folders that hold pictures and ``.flo`` files of the same names.

    Parameters
    ----------
    root
        Folder of one folder per scene.
    n_frames, flow_frame, stride
        As in `sintel_folder`.
    rate_hz
        Pictures per second.

    Returns
    -------
    FlowFolder
        See `FlowSequence`.

    Raises
    ------
    FileNotFoundError
        If the folder is missing.
    ValueError
        If there is no sequence.
    """
    layout = "<scene>/frame_0001.png and <scene>/frame_0001.flo"
    top = _folder(root, ".", layout)
    scenes = [(scene, scene) for scene in sorted(top.iterdir()) if scene.is_dir()]
    return FlowFolder("Sintel-slow", top, _runs(scenes, n_frames, flow_frame, stride, rate_hz), layout)


def kitti_folder(
    root: str | Path,
    *,
    year: int = 2015,
    n_frames: int = 15,
    flow_frame: int = 7,
    leave_out: Sequence[str] = KITTI_LEFT_OUT,
) -> FlowFolder:
    """Sequences of the multi-view extension of KITTI, one per scene around its measured flow from frame 10 to 11.

    Parameters
    ----------
    root
        Folder that holds ``training``.
    year
        2012 or 2015.
    n_frames, flow_frame
        As in `sintel_folder`; 15 pictures with the flow from picture 7 are frames 3 to 17 of a scene.
    leave_out
        Numbers of scenes that are not taken, as text of six digits.

    Returns
    -------
    FlowFolder
        See `FlowSequence`.

    Raises
    ------
    FileNotFoundError
        If a folder of the layout is missing.
    ValueError
        If there is no such year, the pictures asked for are not among the 21, or there is no sequence.

    References
    ----------
    Geiger, Lenz, Urtasun 2012, CVPR; Menze & Geiger 2015, CVPR: 10 frames per second.
    """
    folders = {2012: "colored_0", 2015: "image_2"}
    if year not in folders:
        raise ValueError(f"year is {year}; give 2012 or 2015.")
    first = KITTI_FLOW_FRAME - flow_frame
    if first < 0 or first + n_frames > KITTI_FRAMES or not 0 <= flow_frame < n_frames:
        raise ValueError(
            f"n_frames {n_frames} with flow_frame {flow_frame} asks for frames {first} to {first + n_frames - 1}; a scene has "
            f"frames 0 to {KITTI_FRAMES - 1} and its flow from frame {KITTI_FLOW_FRAME}."
        )
    layout = f"training/{folders[year]}/000000_00.png to _20.png and training/flow_occ/000000_10.png"
    pictures = _folder(root, f"training/{folders[year]}", layout)
    flows = _folder(root, "training/flow_occ", layout)
    sequences = []
    for flow in sorted(flows.glob(f"*_{KITTI_FLOW_FRAME:02d}.png")):
        scene = flow.name.partition("_")[0]
        files = tuple(pictures / f"{scene}_{number:02d}.png" for number in range(first, first + n_frames))
        if scene not in leave_out and all(file.is_file() for file in files):
            sequences.append(FlowSequence(f"{scene}/{first:02d}", files, flow, flow_frame, 10.0))
    return FlowFolder(f"KITTI {year}", Path(root), sequences, layout)


def flying_chairs_folder(root: str | Path, *, rate_hz: float = 30.0) -> FlowFolder:
    """Pairs of FlyingChairs.

    Parameters
    ----------
    root
        Folder that holds ``data``.
    rate_hz
        Pictures per second; the pairs have none of their own.

    Returns
    -------
    FlowFolder
        Sequences of two pictures; see `FlowSequence`.

    Raises
    ------
    FileNotFoundError
        If the folder ``data`` is missing.
    ValueError
        If there is no pair.

    References
    ----------
    Dosovitskiy et al. 2015, ICCV.
    """
    layout = "data/00001_img1.ppm, data/00001_img2.ppm and data/00001_flow.flo"
    data = _folder(root, "data", layout)
    sequences = []
    for flow in sorted(data.glob("*_flow.flo")):
        number = flow.name.removesuffix("_flow.flo")
        files = tuple(data / f"{number}_img{place}.ppm" for place in (1, 2))
        if all(file.is_file() for file in files):
            sequences.append(FlowSequence(number, files, flow, 0, rate_hz))
    return FlowFolder("FlyingChairs", Path(root), sequences, layout)


def _runs(
    scenes: Sequence[tuple[Path, Path]], n_frames: int, flow_frame: int, stride: int, rate_hz: float
) -> list[FlowSequence]:
    """Every run of consecutive pictures of a scene whose flow is there."""
    if not 0 <= flow_frame < n_frames - 1 or stride < 1:
        raise ValueError(
            f"flow_frame {flow_frame} and stride {stride} do not fit {n_frames} pictures; flow_frame is from 0 to "
            f"{n_frames - 2} and stride at least 1."
        )
    sequences = []
    for pictures, flows in scenes:
        files = picture_files(pictures)
        for start in range(0, len(files) - n_frames + 1, stride):
            run = tuple(files[start : start + n_frames])
            flow = flows / f"{run[flow_frame].stem}.flo"
            if flow.is_file():
                sequences.append(FlowSequence(f"{pictures.name}/{run[0].stem}", run, flow, flow_frame, rate_hz))
    return sequences


def _folder(root: str | Path, part: str, layout: str) -> Path:
    folder = Path(root) / part
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder; the collection should lie in {root} as {layout}.")
    return folder


# Name in a recipe to the loader and its options.
COLLECTIONS: dict[str, Callable[..., FlowFolder]] = {
    "flying-chairs": flying_chairs_folder,
    "kitti": kitti_folder,
    "sintel": sintel_folder,
    "sintel-slow": sintel_slow_folder,
}
