"""Recordings over time: a model is shown whole sequences, and its states are compared with the responses moment by moment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from data.dataset import NeuralDataset
from data.stimuli import StimulusSet

from .activations import UnknownLayerError, _check_layers, _to_numpy, check_stimuli
from .protocol import RecordableModel

# Columns of an unfolded stimulus table: the sequence to which a moment belongs, and its number in it.
SEQUENCE, MOMENT = "sequence", "moment"


@dataclass(frozen=True)
class Shown:
    """What a model is shown.

    Attributes
    ----------
    sequences
        Name of a sequence to ``(time, channel)``; all of one length.
    first
        Step of the model that belongs to the first moment of the recording; earlier steps are a lead-in.
    """

    sequences: Mapping[str, np.ndarray]
    first: int = 0

    def __post_init__(self) -> None:
        shapes = {name: np.shape(values) for name, values in self.sequences.items()}
        if len(set(shapes.values())) != 1 or any(len(shape) != 2 for shape in shapes.values()):
            raise ValueError(f"sequences must be (time, channel) and of one shape, received {shapes}.")


@dataclass(frozen=True)
class OverTime:
    """How the time bins of a recording are scored.

    Attributes
    ----------
    shown
        Sequences for a dataset that `unfold` made; None shows the stimulus arrays of the recording itself.
    delays
        In steps: the states so many steps before a moment are its features, side by side. A state that would lie before the
        start counts as zero.
    lead_in
        Moments at the start of every sequence that are shown but not scored, so that a state's start does not count.
    group
        Column of the unfolded table whose values are drawn and permuted whole, such as ``sequence``; None where moments are
        drawn in runs.
    between
        Score what tells left-out sequences apart, see `alignment.between_sequences`, instead of r within a fold.
    words
        Sentences for the protocol: the code of the input, its rate, where the delays come from.
    """

    shown: Callable[[NeuralDataset], Shown] | None = None
    delays: tuple[int, ...] = (0,)
    lead_in: int = 0
    group: str | None = None
    between: bool = False
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.delays or any(delay < 0 for delay in self.delays) or len(set(self.delays)) != len(self.delays):
            raise ValueError(f"delays must be different whole numbers from 0, received {self.delays}.")


def unfold(dataset: NeuralDataset, *, lead_in: int = 0, group: str | None = None) -> NeuralDataset:
    """The same recording with a stimulus for every time bin of every sequence: the moment, and ``lead_in`` steps before it.

    Parameters
    ----------
    dataset
        Responses ``(presentation, neuroid, time_bin)``, stimulus arrays ``(stimulus, time, ...)`` with a step per time bin, or
        any without time.
    lead_in
        Time bins at the start of every sequence that are left out.
    group
        Column of the new table whose values belong together, such as ``sequence``.

    Returns
    -------
    NeuralDataset
        Responses ``(presentation, neuroid)``, one per time bin; the table has the columns ``sequence`` and ``moment``,
        ``start_ms``, and those of the stimulus. Splits are dropped.

    Raises
    ------
    ValueError
        If there are no time bins, none after the lead-in, or not as many steps of the stimuli.
    """
    responses = dataset.responses
    if responses is None or responses.ndim != 3:
        raise ValueError(f"{dataset.name} has no time bins; only responses over time can be scored moment by moment.")
    windows = _windows(dataset.stimuli, responses.sizes["time_bin"], lead_in)
    responses = responses.isel(time_bin=slice(lead_in, None))
    n_bins = responses.sizes["time_bin"]
    if not lead_in >= 0 or n_bins < 1:
        raise ValueError(f"a lead-in of {lead_in} leaves {n_bins} time bins of {dataset.name}; leave out fewer.")
    start = responses["time_bin_start_ms"].values.astype(float)
    names = np.array(dataset.stimuli.ids)
    table = dataset.stimuli.table.drop(columns="stimulus_id").loc[np.repeat(np.arange(len(names)), n_bins)]
    moments = lead_in + np.arange(n_bins)
    ids = [_moment_id(name, moment) for name in names for moment in moments.tolist()]
    table = table.reset_index(drop=True).assign(
        stimulus_id=ids,
        **{SEQUENCE: np.repeat(names, n_bins), MOMENT: np.tile(moments, len(names))},
        start_ms=np.tile(start, len(names)),
    )
    shown = responses["stimulus_id"].values.astype(str)
    presentation = {
        str(name): ("presentation", np.repeat(coord.values, n_bins))
        for name, coord in responses.coords.items()
        if coord.dims == ("presentation",) and name != "stimulus_id"
    }
    presentation["stimulus_id"] = (
        "presentation",
        np.array([_moment_id(name, moment) for name in shown for moment in moments.tolist()]),
    )
    neuroid = {name: coord for name, coord in responses.coords.items() if coord.dims == ("neuroid",)}
    flat = responses.transpose("presentation", "time_bin", "neuroid").values.reshape(-1, responses.sizes["neuroid"])
    arrays = windows.assign_coords(stimulus_id=("stimulus", ids))
    return replace(
        dataset,
        responses=xr.DataArray(
            flat, dims=("presentation", "neuroid"), coords={**presentation, **neuroid}, attrs=responses.attrs
        ),
        stimuli=StimulusSet(dataset.stimuli.name, table, group=group, arrays=arrays),
        splits={},
    )


def activations_over_time(
    model: RecordableModel, plan: OverTime, dataset: NeuralDataset, layers: Sequence[str] | None = None
) -> tuple[dict[str, xr.DataArray], list[str]]:
    """States of a model at the moments of an unfolded recording.

    Parameters
    ----------
    model
        See `RecordableModel`. A layer must be recorded as ``(stimulus, time, ...)`` with as many steps as the sequence, or one
        more (the state before the first step).
    plan
        What is shown, and the delays.
    dataset
        Made by `unfold`.
    layers
        All that have a time axis by default.

    Returns
    -------
    dict
        Layer to ``DataArray (presentation, neuroid)``, one row per moment in the order of the table.
    list of str
        Sentences on layers that were left out.

    Raises
    ------
    ValueError
        If the sequences do not fit the model, or no layer (or one that was asked for) has a time axis.
    """
    names = _check_layers(model, layers)
    shown = (plan.shown or sequences_of)(dataset)
    arrays = np.stack([np.asarray(values, dtype=np.float32) for values in shown.sequences.values()])
    given = dataset.stimuli.arrays
    rate = {} if given is None else {key: given.attrs[key] for key in ("rate_hz",) if key in given.attrs}
    stimuli = StimulusSet(
        dataset.stimuli.name,
        pd.DataFrame({"stimulus_id": list(shown.sequences)}),
        arrays=xr.DataArray(arrays, dims=("stimulus", "time", "channel"), attrs=rate),
    )
    check_stimuli(model, stimuli)
    recorded = model.record(stimuli.items(), names)
    row = {name: number for number, name in enumerate(shown.sequences)}
    sequence = np.array([row[name] for name in dataset.stimuli.table[SEQUENCE]])
    step = dataset.stimuli.table[MOMENT].to_numpy() + shown.first
    if step.max() >= arrays.shape[1]:
        raise ValueError(f"the recording ends at step {step.max()}, but {arrays.shape[1]} steps are shown; show more.")
    found: dict[str, xr.DataArray] = {}
    left_out = []
    for layer in names:
        states = _to_numpy(recorded[layer])
        if states.ndim < 3 or states.shape[1] not in (arrays.shape[1], arrays.shape[1] + 1):
            left_out.append(layer)
            continue
        if not np.isfinite(states).all():
            raise ValueError(f"layer {layer!r} of {model.name!r} is not finite; check the model.")
        found[layer] = _labelled(_delayed(states, arrays.shape[1], sequence, step, plan.delays), layer, model, dataset)
    if not found or (layers and left_out):
        raise UnknownLayerError(
            f"layer(s) {', '.join(left_out)} of {model.name!r} have no state for each of the {arrays.shape[1]} steps; record "
            "them as (stimulus, time, unit), or choose others with layers."
        )
    note = f"left out, since they have no state for every step: {', '.join(left_out)}." if left_out else ""
    return found, [note] if note else []


def sequences_of(dataset: NeuralDataset) -> Shown:
    """The stimulus arrays of an unfolded recording, put together again."""
    arrays = dataset.stimuli.arrays
    assert arrays is not None
    names = dataset.stimuli.table[SEQUENCE].to_numpy()
    each = {str(name): arrays.values[names == name] for name in dict.fromkeys(names)}
    return Shown({name: np.concatenate([windows[0], windows[1:, -1]]) for name, windows in each.items()})


def _delayed(
    states: np.ndarray, n_steps: int, sequence: np.ndarray, step: np.ndarray, delays: Sequence[int]
) -> np.ndarray:
    """``(moment, delay x unit)``; ``states (sequence, time, ...)`` may begin with the state before the first step."""
    flat = states.reshape(*states.shape[:2], -1)
    offset = states.shape[1] - n_steps
    parts = []
    for delay in delays:
        at = step - delay + offset
        parts.append(np.where((at >= 0)[:, None], flat[sequence, np.maximum(at, 0)], 0))
    return np.concatenate(parts, axis=1)


def _labelled(values: np.ndarray, layer: str, model: RecordableModel, dataset: NeuralDataset) -> xr.DataArray:
    n_units = values.shape[1]
    return xr.DataArray(
        values,
        dims=("presentation", "neuroid"),
        coords={
            "stimulus_id": ("presentation", np.asarray(dataset.stimuli.ids)),
            "layer": ("neuroid", np.full(n_units, layer)),
            "unit": ("neuroid", np.arange(n_units)),
        },
        name="activations",
        attrs={"model": model.name, "revision": model.revision, "stimuli": dataset.stimuli.name},
    )


def moments_of(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sequence and number of the moment of stimuli that `unfold` named, each ``(stimulus,)``."""
    pairs = [str(one).rpartition("@") for one in ids]
    return np.array([name for name, _, _ in pairs]), np.array([int(moment) for _, _, moment in pairs])


def _moment_id(name: str, moment: int) -> str:
    return f"{name}@{moment}"


def _windows(stimuli: StimulusSet, n_bins: int, lead_in: int) -> xr.DataArray:
    """What is there at every scored moment and ``lead_in`` steps before it, ``(stimulus, time, channel)``."""
    arrays = stimuli.arrays
    if arrays is None:
        raise ValueError(f"stimuli {stimuli.name!r} are texts, which have no moments; use arrays.")
    if "time" not in arrays.dims:
        facts = np.repeat(arrays.values.reshape(len(stimuli), 1, -1), n_bins, axis=1)
        # The number of the moment too, so that no two moments count as the same stimulus.
        number = np.broadcast_to(np.arange(n_bins)[:, None], (len(stimuli), n_bins, 1))
        steps = np.concatenate([facts, number], axis=2)
    elif arrays.sizes["time"] != n_bins:
        raise ValueError(
            f"stimuli {stimuli.name!r} have {arrays.sizes['time']} steps and the responses {n_bins} time bins; bring them "
            "to the same bins."
        )
    else:
        steps = arrays.transpose("stimulus", "time", ...).values.reshape(len(stimuli), n_bins, -1)
    at = np.arange(lead_in, n_bins)[:, None] + np.arange(-lead_in, 1)
    windows = steps[:, at].reshape(-1, lead_in + 1, steps.shape[2])
    return xr.DataArray(windows, dims=("stimulus", "time", "channel"), attrs=arrays.attrs)
