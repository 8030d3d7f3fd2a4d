"""Response arrays of ours and assemblies of Brain-Score, one made from the other.

A Brain-Score assembly is an array whose coordinates are levels of one MultiIndex per dimension; ours are flat. Time bins
are ``time_bin_start``/``time_bin_end`` there and ``time_bin_start_ms``/``time_bin_end_ms`` here, both in milliseconds.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from data.assembly import DIMS, make_responses, validate_responses

from .environment import require_any

if TYPE_CHECKING:
    from brainscore_core.supported_data_standards.brainio.assemblies import NeuroidAssembly
    from brainscore_core.supported_data_standards.brainio.stimuli import StimulusSet as BrainScoreStimulusSet

TIME_NAMES = {"time_bin_start": "time_bin_start_ms", "time_bin_end": "time_bin_end_ms"}


def from_assembly(assembly: xr.DataArray, *, unit: str | None = None) -> xr.DataArray:
    """Responses from a Brain-Score assembly.

    Parameters
    ----------
    assembly
        ``presentation``, ``neuroid`` and, if any, ``time_bin`` in any order. A time bin without a dimension, as it stays
        behind when the only one was squeezed out, becomes an attribute.
    unit
        Unit of the values; by default what the assembly's attribute ``unit`` says, else ``"not stated"``.

    Returns
    -------
    xarray.DataArray
        ``(presentation, neuroid[, time_bin])`` with flat coordinates. ``repetition`` counts the presentations of a
        stimulus in their order where the assembly has none; ``neuroid_id`` is the neuroid's number where it has none.

    Raises
    ------
    ValueError
        For other dimensions, or an assembly without ``stimulus_id``.
    """
    if not {"presentation", "neuroid"} <= set(assembly.dims) <= set(DIMS):
        raise ValueError(f"an assembly has the dimensions {DIMS} (the last is optional), received {assembly.dims}.")
    ordered = assembly.transpose(*[dim for dim in DIMS if dim in assembly.dims])
    tables, single = _flat_coordinates(ordered)
    presentation, neuroid = tables["presentation"], tables["neuroid"]
    if "stimulus_id" not in presentation:
        raise ValueError(
            f"the assembly has no stimulus_id along presentation, only {', '.join(presentation) or 'nothing'}; an assembly "
            "with one coordinate per dimension loses its name in Brain-Score: give it two."
        )
    presentation["repetition"] = _repetitions(presentation)
    neuroid.setdefault("neuroid_id", np.array([f"n{number}" for number in range(ordered.sizes["neuroid"])]))
    neuroid["neuroid_id"] = neuroid["neuroid_id"].astype(str)
    responses = make_responses(
        ordered.values,
        presentation=presentation,
        neuroid=neuroid,
        time_bin=tables.get("time_bin"),
        unit=unit or str(assembly.attrs.get("unit", "not stated")),
    )
    plain = {key: value for key, value in assembly.attrs.items() if isinstance(value, (str, int, float))}
    return responses.assign_attrs({**plain, **single, "unit": responses.attrs["unit"]})


def to_assembly(
    responses: xr.DataArray,
    stimulus_set: "BrainScoreStimulusSet | None" = None,
    *,
    region: str | None = None,
    window_ms: tuple[float, float] | None = None,
) -> "NeuroidAssembly":
    """Brain-Score assembly from responses.

    Parameters
    ----------
    responses
        ``(presentation, neuroid[, time_bin])``, see `data.make_responses`.
    stimulus_set
        A Brain-Score stimulus set, as `to_stimulus_set` makes it; its columns become coordinates of the presentations
        and it becomes the attribute ``stimulus_set``.
    region
        Region of all neuroids, where they have no coordinate ``region``.
    window_ms
        Start and end of the response window of responses without time bins, relative to stimulus onset. It becomes a
        time bin without a dimension, as Brain-Score's neural benchmarks want it.

    Returns
    -------
    NeuroidAssembly
        Every coordinate a level of its dimension's MultiIndex. ``neuroid_num`` is added, because Brain-Score loses the
        name of a coordinate that is alone on its dimension.
    """
    require_any()
    from brainscore_core.supported_data_standards.brainio.assemblies import NeuroidAssembly

    validate_responses(responses)
    if window_ms is not None and "time_bin" in responses.dims:
        raise ValueError(f"window_ms {window_ms} is for responses without time bins; these have their own.")
    there = {ours: theirs for theirs, ours in TIME_NAMES.items()}
    coords: dict[str, tuple[str, np.ndarray]] = {
        there.get(str(name), str(name)): (str(coord.dims[0]), coord.values)
        for name, coord in responses.coords.items()
        if len(coord.dims) == 1
    }
    coords.setdefault("neuroid_num", ("neuroid", np.arange(responses.sizes["neuroid"])))
    if region is not None:
        coords["region"] = ("neuroid", np.full(responses.sizes["neuroid"], region))
    if stimulus_set is not None:
        coords.update(_stimulus_columns(responses["stimulus_id"].values, stimulus_set, coords))
    values, dims = responses.values, list(map(str, responses.dims))
    if window_ms is not None:
        values, dims = values[..., None], [*dims, "time_bin"]
        start, end = window_ms
        coords |= {"time_bin_start": ("time_bin", np.array([start])), "time_bin_end": ("time_bin", np.array([end]))}
    assembly = NeuroidAssembly(values, coords=coords, dims=dims)
    if window_ms is not None:
        assembly = assembly.squeeze("time_bin")
    assembly.attrs.update({str(key): value for key, value in responses.attrs.items()})
    if stimulus_set is not None:
        assembly.attrs["stimulus_set"] = stimulus_set
        assembly.attrs["stimulus_set_identifier"] = stimulus_set.identifier
    return assembly


def average_repetitions(responses: xr.DataArray) -> xr.DataArray:
    """Mean over the repetitions of each stimulus, in the order in which the stimuli first occur.

    Coordinates that differ between the repetitions of a stimulus are left out. Brain-Score's regressions do not know
    repetitions: with them a stimulus would stand in training and test rows.
    """
    ids = responses["stimulus_id"].values
    unique, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.argsort(order)[inverse]  # position of every presentation's stimulus in order of first occurrence
    counts = np.bincount(number)
    total = np.zeros((len(unique), *responses.shape[1:]))
    np.add.at(total, number, responses.values)
    values = total / counts.reshape(-1, *[1] * (responses.ndim - 1))
    rows = first[order]
    coords: dict[str, tuple[str, np.ndarray]] = {}
    for name, coord in responses.coords.items():
        if coord.dims != ("presentation",):
            coords[str(name)] = (str(coord.dims[0]), coord.values)
        elif (coord.values == coord.values[rows][number]).all():
            coords[str(name)] = ("presentation", coord.values[rows])
    coords["repetition"] = ("presentation", np.zeros(len(unique), dtype=int))
    return xr.DataArray(values, dims=responses.dims, coords=coords, name=responses.name, attrs=responses.attrs)


def _flat_coordinates(assembly: xr.DataArray) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, float]]:
    """Coordinates per dimension without their MultiIndex, and the window of a squeezed time bin."""
    tables: dict[str, dict[str, np.ndarray]] = {str(dim): {} for dim in assembly.dims}
    single: dict[str, float] = {}
    for dim in assembly.dims:
        index = assembly.indexes.get(dim)
        if isinstance(index, pd.MultiIndex):
            for level in index.names:
                tables[str(dim)][_name(str(level))] = np.asarray(index.get_level_values(str(level)))
    for name, coord in assembly.coords.items():
        if name in assembly.dims:
            continue
        if len(coord.dims) == 1:
            tables[str(coord.dims[0])][_name(str(name))] = np.asarray(coord.values)
        elif coord.ndim == 0 and name == "time_bin" and np.size(coord.values.item()) == 2:
            start, end = coord.values.item()
            single = {"time_bin_start_ms": float(start), "time_bin_end_ms": float(end)}
    return tables, single


def _name(theirs: str) -> str:
    return TIME_NAMES.get(theirs, theirs.replace(" ", "_"))


def _repetitions(presentation: Mapping[str, np.ndarray]) -> np.ndarray:
    if "repetition" not in presentation:
        return (
            pd.Series(presentation["stimulus_id"].astype(str))
            .groupby(presentation["stimulus_id"])
            .cumcount()
            .to_numpy()
        )
    given = presentation["repetition"]
    if given.dtype.kind in "iu":
        return given
    try:
        return given.astype(float).astype(int)
    except (TypeError, ValueError):
        return pd.factorize(given)[0]


def _stimulus_columns(
    ids: np.ndarray, stimulus_set: "BrainScoreStimulusSet", known: Mapping[str, object]
) -> dict[str, tuple[str, np.ndarray]]:
    table = pd.DataFrame(stimulus_set).set_index("stimulus_id")
    absent = sorted(set(map(str, ids)) - set(map(str, table.index)))
    if absent:
        raise ValueError(
            f"{len(absent)} presented stimuli are not in the stimulus set (first: {absent[0]!r}); add them."
        )
    table.index = table.index.astype(str)
    rows = table.loc[ids.astype(str)]
    return {str(column): ("presentation", rows[column].to_numpy()) for column in rows if str(column) not in known}
