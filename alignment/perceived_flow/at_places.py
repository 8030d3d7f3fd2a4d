"""What a model says of the motion at the places that observers judged."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr

from data.dataset import NeuralDataset
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
        """Flow ``(batch, 2, row, col)`` in pixels per frame, right and down, of clips ``(batch, time, channel, row, col)``."""
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
    ValueError
        If a film is not on this machine or shorter than the model needs, or the flow is not finite.
    """
    refuse_without_flow(model)
    table = dataset.stimuli.table
    absent = sorted(set(table["movie"]) - set(dataset.clips))
    if absent:
        raise ValueError(
            f"{len(absent)} films of {dataset.name} are not on this machine (the first is {absent[0]!r}), so that no model can "
            f"be asked about them. {dataset.info.how_to_get}"
        )
    found = np.full((len(table), 2), np.nan)
    for movie in dict.fromkeys(table["movie"]):
        places = np.flatnonzero(table["movie"] == movie)
        flow = flow_of_clip(model, dataset.clips[movie](), movie)
        for place, row, col in zip(places, table["row"].iloc[places], table["col"].iloc[places], strict=True):
            found[place] = _around(flow, int(row), int(col), window)
    if vertical_of(dataset) == "up":
        found[:, 1] *= -1
    if not np.isfinite(found).all():
        raise ValueError(
            f"the flow of {getattr(model, 'name', type(model).__name__)} is not finite at "
            f"{(~np.isfinite(found).all(axis=1)).sum()} of {len(found)} places of {dataset.name}."
        )
    return found


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
    start = int(clip.attrs["flow_frame"]) - model.flow_frame
    if start < 0 or start + model.n_frames > clip.sizes["time"]:
        raise ValueError(
            f"{getattr(model, 'name', type(model).__name__)} needs {model.flow_frame} frames before and "
            f"{model.n_frames - model.flow_frame - 1} after the judged one, but film {name} has {clip.sizes['time']} frames "
            f"and is judged from frame {clip.attrs['flow_frame']} (from 0) on."
        )
    frames = np.ascontiguousarray(clip.values[start : start + model.n_frames][None], dtype=np.float32)
    flow: Any = model.flow(frames)
    if hasattr(flow, "detach"):
        flow = flow.detach().cpu().numpy()
    flow = np.asarray(flow, dtype=float)
    wanted = (1, 2, clip.sizes["row"], clip.sizes["col"])
    if flow.shape != wanted:
        raise ValueError(f"the flow of film {name} has shape {flow.shape}; it should be {wanted}.")
    return flow[0]


def refuse_without_flow(model: object) -> None:
    """Raise TypeError unless the model estimates optical flow."""
    absent = [member for member in ("flow", "n_frames", "flow_frame") if not hasattr(model, member)]
    if absent:
        raise TypeError(
            f"{getattr(model, 'name', type(model).__name__)!r} estimates no optical flow, it lacks {', '.join(absent)}; "
            "benchmarks of perceived motion take models with flow(clips), n_frames and flow_frame."
        )


def _around(flow: np.ndarray, row: int, col: int, window: int) -> np.ndarray:
    reach = window // 2
    if not (reach <= row < flow.shape[1] - reach and reach <= col < flow.shape[2] - reach):
        raise ValueError(
            f"place (row {row}, col {col}) with a window of {window} is not inside the {flow.shape[1:]} pixels of its film."
        )
    part = flow[:, row - reach : row + reach + 1, col - reach : col + reach + 1]
    return part.mean(axis=(1, 2))
