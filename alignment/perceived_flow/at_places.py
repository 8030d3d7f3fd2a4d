"""What a model says of the motion at the places that observers judged."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr

from data.dataset import NeuralDataset
from data.errors import DataNotAvailableError
from data.motion.judged_flow import vertical_of


@runtime_checkable
class FlowModel(Protocol):
    """A model that estimates optical flow.

    Attributes
    ----------
    n_frames
        Frames that it needs.
    flow_frame
        Which of them, from 0, the flow starts from: it leads to the next one.
    """

    @property
    def n_frames(self) -> int: ...  # noqa: D102

    @property
    def flow_frame(self) -> int: ...  # noqa: D102

    def flow(self, clips: Any) -> Any:
        """Flow ``(batch, 2, row, col)`` in pixels per frame, right and down, of clips ``(batch, time, channel, row, col)``.

        Clips are a tensor on the model's device where the model is a torch module, otherwise an array of float32.
        """
        ...


def flow_at_places(model: FlowModel, dataset: NeuralDataset, *, window: int = 1) -> np.ndarray:
    """Flow at each place of a dataset of judged motion, ``(place, 2)`` in the dataset's own directions.

    Parameters
    ----------
    model
        See `FlowModel`; a network is asked once per film.
    dataset
        With its films.
    window
        Side of the square of pixels around a place that is averaged.

    Raises
    ------
    TypeError
        If the model estimates no flow.
    data.DataNotAvailableError
        If a film is not on this machine.
    ValueError
        If a film is shorter than the model needs, or the flow is not finite.
    """
    refuse_without_flow(model)
    table = dataset.stimuli.table
    films, absent = films_of(dataset)
    if absent:
        raise DataNotAvailableError(
            f"{len(absent)} films of {dataset.name} are not on this machine (the first is {absent[0]!r}), so that no model can "
            f"be asked about them. {dataset.info.how_to_get}"
        )
    found = np.full((len(table), 2), np.nan)
    for movie in films:
        places = np.flatnonzero(table["movie"] == movie)
        flow = flow_of_clip(model, dataset.clips[movie](), movie)
        for place, row, col in zip(places, table["row"].iloc[places], table["col"].iloc[places], strict=True):
            found[place] = around(flow, int(row), int(col), window)
    if vertical_of(dataset) == "up":
        found[:, 1] *= -1
    if not np.isfinite(found).all():
        raise ValueError(
            f"the flow of {getattr(model, 'name', type(model).__name__)} is not finite at "
            f"{(~np.isfinite(found).all(axis=1)).sum()} of {len(found)} places of {dataset.name}."
        )
    return found


def films_of(dataset: NeuralDataset) -> tuple[list[str], list[str]]:
    """Films of a dataset of judged motion in the order of its places, and those of them that are not on this machine."""
    films = list(dict.fromkeys(dataset.stimuli.table["movie"]))
    return films, sorted(set(films) - set(dataset.clips))


def flow_of_clip(model: FlowModel, clip: xr.DataArray, name: str) -> np.ndarray:
    """Flow ``(2, row, col)``, right and down, from the clip's judged frame to the next.

    Parameters
    ----------
    model
        See `FlowModel`.
    clip
        ``(time, channel, row, col)`` whose attribute ``flow_frame`` says which frame the flow starts from.
    name
        Of the film, for messages.

    Raises
    ------
    ValueError
        If the model needs frames that the film does not have.
    """
    if lacking := frames_lacking(model, clip):
        raise ValueError(f"{getattr(model, 'name', type(model).__name__)} {lacking} (film {name}).")
    start = int(clip.attrs["flow_frame"]) - model.flow_frame
    frames = np.ascontiguousarray(clip.values[start : start + model.n_frames][None], dtype=np.float32)
    flow = np.asarray(_asked(model, frames), dtype=float)
    wanted = (1, 2, clip.sizes["row"], clip.sizes["col"])
    if flow.shape != wanted:
        raise ValueError(f"the flow of film {name} has shape {flow.shape}; it should be {wanted}.")
    return flow[0]


def _asked(model: FlowModel, frames: np.ndarray) -> Any:
    """A model's flow; a network is given a tensor on its own device, and is not in training while it answers."""
    network: Any = model
    if not hasattr(network, "parameters"):
        return network.flow(frames)
    import torch

    held = [*network.parameters(), *network.buffers()]
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            like = held[0] if held else torch.empty(0)
            return network.flow(torch.from_numpy(frames).to(like.device, like.dtype)).double().cpu().numpy()
    finally:
        network.train(training)


def frames_lacking(model: FlowModel, clip: xr.DataArray) -> str:
    """Why a clip has too few frames for a model, in words that follow its name; empty if it has enough."""
    start = int(clip.attrs["flow_frame"]) - model.flow_frame
    if start >= 0 and start + model.n_frames <= clip.sizes["time"]:
        return ""
    return (
        f"needs {model.flow_frame} frames before and {model.n_frames - model.flow_frame - 1} after the judged one, but the "
        f"film has {clip.sizes['time']} frames and is judged from frame {clip.attrs['flow_frame']} (from 0) on"
    )


def refuse_without_flow(model: object) -> None:
    """Raise TypeError unless the model estimates optical flow."""
    absent = [member for member in ("flow", "n_frames", "flow_frame") if not hasattr(model, member)]
    if absent:
        raise TypeError(
            f"{getattr(model, 'name', type(model).__name__)!r} estimates no optical flow, it lacks {', '.join(absent)}; "
            "benchmarks of perceived motion take models with flow(clips), n_frames and flow_frame."
        )


def around(flow: np.ndarray, row: int, col: int, window: int) -> np.ndarray:
    """Mean ``(2,)`` of a flow ``(2, row, col)`` over a square of pixels around a place."""
    reach = window // 2
    if not (reach <= row < flow.shape[1] - reach and reach <= col < flow.shape[2] - reach):
        raise ValueError(
            f"place (row {row}, col {col}) with a window of {window} is not inside the {flow.shape[1:]} pixels of its film."
        )
    part = flow[:, row - reach : row + reach + 1, col - reach : col + reach + 1]
    return part.mean(axis=(1, 2))
