"""One form for judgements of motion: a place in a film, its true motion, and what observers set for it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
import xarray as xr

from ..assembly import make_responses
from ..dataset import DatasetInfo, NeuralDataset
from ..stimuli import StimulusSet

TRUTH = ("truth_right", "truth_vertical")
Vertical = Literal["up", "down"]
Clip = Callable[[], xr.DataArray]


def judged_flow(
    info: DatasetInfo,
    table: pd.DataFrame,
    judged: np.ndarray,
    provenance: Mapping[str, str],
    *,
    vertical: Vertical,
    observer: Sequence[int] | None = None,
    clips: Mapping[str, Clip] | None = None,
) -> NeuralDataset:
    """A dataset of judged motion.

    Parameters
    ----------
    info
        Facts.
    table
        One row per place: ``stimulus_id``, ``movie``, ``row``, ``col`` (pixels of the film) and the true motion
        ``truth_right``, ``truth_vertical``.
    judged
        ``(repetition, place, 2)``, right and vertical, in the unit of the truth; NaN where a response is missing.
    provenance
        File name to SHA-256.
    vertical
        Direction of vertical motion that counts as positive. It is kept as in the source, because correlations over both
        components depend on it.
    observer
        ``(repetition,)`` number of the observer who gave a response; each repetition is an observer's own if None.
    clips
        Films that are on this machine, by the name in column ``movie``; each opens as ``(time, channel, row, col)``.

    Returns
    -------
    NeuralDataset
        A presentation per place and repetition; the "neuroids" are the two components.
    """
    missing = sorted({"stimulus_id", "movie", "row", "col", *TRUTH} - set(table.columns))
    if missing or judged.ndim != 3 or judged.shape[1:] != (len(table), 2):
        raise ValueError(
            f"judged motion of {info.name} has {judged.shape} responses for {len(table)} places without the columns "
            f"{missing}; give (repetition, place, 2) and a table with every column."
        )
    observers = np.arange(len(judged)) if observer is None else np.asarray(observer)
    repetition, place = np.nonzero(np.isfinite(judged).all(axis=2))
    ids = table["stimulus_id"].to_numpy(dtype=str)
    responses = make_responses(
        judged[repetition, place],
        presentation={"stimulus_id": ids[place], "repetition": repetition, "observer": observers[repetition]},
        neuroid={"neuroid_id": ["right", vertical]},
        unit=info.units,
    )
    places = xr.DataArray(
        table[["row", "col"]].to_numpy(dtype=np.float32),
        dims=("stimulus", "descriptor"),
        coords={"stimulus_id": ("stimulus", ids), "descriptor": ["row", "col"]},
        attrs={"unit": "place in the film, not an image"},
    )
    stimuli = StimulusSet(info.name, table.reset_index(drop=True), group="movie", arrays=places)
    return NeuralDataset(info, responses, stimuli, {}, dict(provenance), clips=clips or {})


def truth_of(dataset: NeuralDataset) -> np.ndarray:
    """True motion ``(place, 2)``, right and vertical, in the order of the stimulus table.

    Raises
    ------
    ValueError
        If the dataset holds no judged motion.
    """
    table = dataset.stimuli.table
    if not set(TRUTH) <= set(table):
        raise ValueError(f"{dataset.name} has no true motion in its stimulus table; use a dataset of judged motion.")
    return table[list(TRUTH)].to_numpy(dtype=float)


def trials_of(dataset: NeuralDataset) -> np.ndarray:
    """Judgements ``(repetition, place, 2)`` in the order of the stimulus table; NaN where one is missing."""
    vertical_of(dataset)
    responses = dataset.responses
    assert responses is not None
    place = {name: number for number, name in enumerate(dataset.stimuli.ids)}
    repetition = responses["repetition"].values
    cube = np.full((int(repetition.max()) + 1, len(place), 2), np.nan)
    cube[repetition, [place[name] for name in responses["stimulus_id"].values.tolist()]] = responses.values
    return cube


def observers_of(dataset: NeuralDataset) -> np.ndarray:
    """Who gave each repetition, ``(repetition,)`` numbers."""
    vertical_of(dataset)
    responses = dataset.responses
    assert responses is not None
    repetition, first = np.unique(responses["repetition"].values, return_index=True)
    found = np.zeros(int(repetition.max()) + 1, dtype=int)
    found[repetition] = responses["observer"].values[first]
    return found


def vertical_of(dataset: NeuralDataset) -> Vertical:
    """Direction of vertical motion that counts as positive.

    Raises
    ------
    ValueError
        If the dataset holds no judged motion.
    """
    names = [] if dataset.responses is None else dataset.responses["neuroid_id"].values.tolist()
    for vertical in get_args(Vertical):
        if names == ["right", vertical]:
            return vertical
    raise ValueError(f"{dataset.name} holds no judgements of motion; use a dataset of judged motion.")
