"""Responses for the analyses: of a model's units to moving pictures, and of recorded neurons."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from data.dataset import NeuralDataset
from data.stimuli import StimulusSet

from ..activations import RECORDING_VERSION, _check_layers, _to_numpy, check_stimuli
from ..cache import ActivationCache
from ..keys import Unkeyable, digest
from ..protocol import RecordableModel

AXES = ("time", "unit", "row", "col")
Reduce = Literal["mean", "centre"]


def unit_responses(
    model: RecordableModel,
    stimuli: xr.DataArray | StimulusSet,
    layer: str,
    *,
    border: int | None = None,
    reduce: Reduce = "mean",
    keep_time: bool = False,
    dims: Sequence[str] | None = None,
    batch_size: int = 8,
    cache: ActivationCache | bool = True,
) -> xr.DataArray:
    """One number per stimulus and unit of a model's layer, or one per moment.

    Stimuli are recorded in batches and averaged at once, so that no more than a batch of maps is in memory. What is cached
    is the averages.

    Parameters
    ----------
    model
        See `RecordableModel`. Its ``layer_dims[layer]`` names the axes of one stimulus' activation.
    stimuli
        ``(stimulus, time, channel, row, col)`` with facts as coordinates along ``stimulus``, as
        ``simulators.vision.stack_clips`` gives, or a `StimulusSet` of such arrays.
    layer
        One of ``model.layers``.
    border
        Cells left out at each side of the map, against what the edge of the picture does; a quarter of each side by default.
    reduce
        ``"mean"`` over the rest of the map, or its ``"centre"``: one receptive field instead of all, for whatever depends on
        phase.
    keep_time
        Keep the axis ``time`` instead of averaging over it; `phase_modulation` and `receptive_field` want it.
    dims
        Axes of one stimulus' activation, of ``time``, ``unit``, ``row``, ``col``; needed where the model does not say them.
    batch_size
        Stimuli per forward pass.
    cache
        As in `alignment.record_activations`.

    Returns
    -------
    xarray.DataArray
        ``(stimulus, unit)`` float64, or ``(stimulus, time, unit)``, with the stimuli's facts along ``stimulus``; attributes
        ``model``, ``layer``, ``rate_hz`` of the pictures where stated.

    Raises
    ------
    ValueError
        If the stimuli do not fit the model, the axes are not known or do not fit, or the border leaves nothing.
    """
    shown = _as_set(stimuli)
    _check_layers(model, [layer])
    check_stimuli(model, shown)
    if reduce not in ("mean", "centre"):
        raise ValueError(f"reduce must be 'mean' or 'centre', received {reduce!r}.")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, received {batch_size}.")
    named = dims if dims is not None else getattr(model, "layer_dims", {}).get(layer)
    store = ActivationCache() if cache is True else (cache or None)
    key, revision = "", model.revision
    if store and revision:
        try:
            content = shown.content_hash()
            recorded = (RECORDING_VERSION, "unit responses", model.name, revision, layer, content, batch_size)
            key = digest(*recorded, tuple(named or ()), -1 if border is None else border, reduce, keep_time)
        except Unkeyable:
            key = ""
    values = store.get(key) if store and key else None
    if values is None or len(values) != len(shown):
        values = _recorded(model, shown, layer, named, border, reduce, keep_time, batch_size)
        if store and key:
            store.put(key, values, {"model": model.name, "revision": revision, "layer": layer, "stimuli": shown.name})
    facts = {"model": model.name, "layer": layer}
    arrays = shown.arrays
    assert arrays is not None
    if "rate_hz" in arrays.attrs:
        facts["rate_hz"] = arrays.attrs["rate_hz"]
    return xr.DataArray(
        values,
        dims=("stimulus", "time", "unit") if keep_time else ("stimulus", "unit"),
        coords={**_columns(shown.table), "unit": np.arange(values.shape[-1])},
        name="responses",
        attrs=facts,
    )


def recorded_responses(dataset: NeuralDataset) -> xr.DataArray:
    """The trials of a recording as responses for the analyses.

    Parameters
    ----------
    dataset
        With responses ``(presentation, neuroid)``; those over time are averaged over their time bins.

    Returns
    -------
    xarray.DataArray
        ``(stimulus, unit)``, one row per presentation; the facts of its stimulus and of the presentation stand as coordinates
        along ``stimulus``, those of the neuroids along ``unit``.

    Raises
    ------
    ValueError
        If the dataset holds no responses.
    """
    responses = dataset.responses
    if responses is None:
        raise ValueError(f"{dataset.name} holds dissimilarities, no responses; tuning needs responses.")
    if "time_bin" in responses.dims:
        responses = responses.mean("time_bin", keep_attrs=True)
    table = dataset.stimuli.table.set_index("stimulus_id").loc[responses["stimulus_id"].values].reset_index()
    columns = _columns(table) | {
        str(name): ("stimulus", coord.values)
        for name, coord in responses.coords.items()
        if coord.dims == ("presentation",)
    }
    units = {
        str(name): ("unit", coord.values) for name, coord in responses.coords.items() if coord.dims == ("neuroid",)
    }
    return xr.DataArray(
        responses.values,
        dims=("stimulus", "unit"),
        coords={**columns, **units, "unit": np.arange(responses.sizes["neuroid"])},
        name="responses",
        attrs={**responses.attrs, "model": dataset.name},
    )


def select_stimuli(
    responses: xr.DataArray, *, blank: bool = True, **facts: float | str | Sequence[float] | Sequence[str]
) -> xr.DataArray:
    """Responses to the stimuli of the given facts, such as ``kind="grating", contrast=1.0``.

    Parameters
    ----------
    responses
        With coordinates along ``stimulus``.
    blank
        Keep stimuli of contrast 0 too, whatever their other facts.
    facts
        Coordinate to the wanted value, or to several in a list; numbers are equal within a millionth.

    Raises
    ------
    ValueError
        If a coordinate is unknown, or no stimulus is left.
    """
    kept = np.ones(responses.sizes["stimulus"], bool)
    for name, wanted in facts.items():
        if name not in responses.coords or responses[name].dims != ("stimulus",):
            known = [str(key) for key, coord in responses.coords.items() if coord.dims == ("stimulus",)]
            raise ValueError(f"responses have no coordinate {name!r} along 'stimulus'; they have {', '.join(known)}.")
        column = responses[name].values
        some = np.zeros(len(column), bool)
        for value in np.atleast_1d(np.asarray(wanted)):
            if column.dtype.kind in "USO":
                some |= column == value
            else:
                some |= np.isclose(column.astype(float), float(value), rtol=1e-6, atol=1e-9)
        kept &= some
    if not kept.any():
        offered = {name: np.unique(responses[name].values)[:8].tolist() for name in facts}
        raise ValueError(f"no stimulus has {facts}; there are {offered}.")
    if blank and "contrast" in responses.coords:
        kept |= responses["contrast"].values.astype(float) == 0
    return responses.isel(stimulus=np.flatnonzero(kept))


def _as_set(stimuli: xr.DataArray | StimulusSet) -> StimulusSet:
    if isinstance(stimuli, StimulusSet):
        if stimuli.arrays is None:
            raise ValueError(f"stimulus set {stimuli.name!r} holds texts; give moving pictures.")
        return stimuli
    if "stimulus" not in stimuli.dims:
        raise ValueError(
            f"stimuli must have the dimension 'stimulus', received {tuple(stimuli.dims)}; stack the clips."
        )
    columns = {str(name): coord.values for name, coord in stimuli.coords.items() if coord.dims == ("stimulus",)}
    table = pd.DataFrame(columns, index=range(stimuli.sizes["stimulus"]))
    if "stimulus_id" not in table:
        table["stimulus_id"] = [f"clip-{number:03d}" for number in range(len(table))]
    return StimulusSet(str(stimuli.name or "clips"), table, arrays=stimuli.transpose("stimulus", ...))


def _columns(table: pd.DataFrame) -> dict[str, tuple[str, np.ndarray]]:
    return {
        str(name): ("stimulus", column.to_numpy(dtype=str) if column.dtype.kind not in "biufc" else column.to_numpy())
        for name, column in table.items()
    }


def _recorded(
    model: RecordableModel,
    stimuli: StimulusSet,
    layer: str,
    dims: Sequence[str] | None,
    border: int | None,
    reduce: Reduce,
    keep_time: bool,
    batch_size: int,
) -> np.ndarray:
    frames = stimuli.items()
    parts = []
    for first in range(0, len(frames), batch_size):
        batch = frames[first : first + batch_size]
        found: Mapping[str, object] = model.record(batch, [layer])
        if layer not in found:
            raise ValueError(f"record of {model.name!r} did not return layer {layer!r}; it gave {list(found)}.")
        values = _to_numpy(found[layer])
        if values.ndim < 2 or len(values) != len(batch):
            raise ValueError(
                f"layer {layer!r} of {model.name!r} has shape {values.shape} for {len(batch)} stimuli; the first axis must "
                "count the stimuli, the others hold units."
            )
        axes = _axes(model, layer, values.shape[1:], dims)
        parts.append(_reduced(values.astype(float), axes, border, reduce, keep_time, layer))
    values = np.concatenate(parts)
    if not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))[0])
        raise ValueError(f"layer {layer!r} of {model.name!r} is not finite for stimulus {stimuli.ids[bad]!r}.")
    return values


def _axes(model: RecordableModel, layer: str, shape: tuple[int, ...], dims: Sequence[str] | None) -> tuple[str, ...]:
    if dims is None:
        if len(shape) == 1:
            return ("unit",)
        raise ValueError(
            f"model {model.name!r} does not say what the axes of layer {layer!r} are, {shape} for one stimulus: give "
            "dims=('unit', 'row', 'col') or what they are, or the model an attribute layer_dims = {layer: dims}."
        )
    if set(dims) - set(AXES) or len(set(dims)) != len(dims) or "unit" not in dims or len(dims) != len(shape):
        raise ValueError(
            f"dims of layer {layer!r} are {tuple(dims)}, but one stimulus has the shape {shape}; name each axis once, of "
            f"{', '.join(AXES)}, with 'unit' among them."
        )
    return tuple(dims)


def _reduced(
    values: np.ndarray, axes: tuple[str, ...], border: int | None, reduce: Reduce, keep_time: bool, layer: str
) -> np.ndarray:
    """``(stimulus, [time,] unit)`` of ``(stimulus, *axes)``."""
    if keep_time and "time" not in axes:
        raise ValueError(f"layer {layer!r} has no axis 'time' ({', '.join(axes)}); leave keep_time out.")
    array = xr.DataArray(values, dims=("stimulus", *axes))
    for axis in ("row", "col"):
        if axis not in axes:
            continue
        size = array.sizes[axis]
        edge = size // 4 if border is None else border
        if edge < 0 or size - 2 * edge < 1:
            raise ValueError(
                f"a border of {edge} leaves nothing of the {size} {axis}s of layer {layer!r}; give at most {(size - 1) // 2}."
            )
        middle = size // 2
        array = array.isel({axis: slice(edge, size - edge) if reduce == "mean" else slice(middle, middle + 1)})
    over = [axis for axis in axes if axis in ("row", "col") or (axis == "time" and not keep_time)]
    return np.asarray(
        array.mean(over, skipna=False).transpose("stimulus", *(("time",) if keep_time else ()), "unit").values
    )
