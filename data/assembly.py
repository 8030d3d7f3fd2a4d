"""Response arrays: one shape for all recordings, checked where they enter, on disk as netCDF."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from .atomic import write_netcdf

DIMS = ("presentation", "neuroid", "time_bin")
REQUIRED = {"presentation": ("stimulus_id", "repetition"), "neuroid": ("neuroid_id",)}


def make_responses(
    values: np.ndarray,
    *,
    presentation: Mapping[str, npt.ArrayLike],
    neuroid: Mapping[str, npt.ArrayLike],
    time_bin: Mapping[str, npt.ArrayLike] | None = None,
    unit: str,
) -> xr.DataArray:
    """Build a response array.

    Parameters
    ----------
    values
        ``(presentation, neuroid)`` or ``(presentation, neuroid, time_bin)``, in ``unit``.
    presentation
        Flat coordinates per presentation; ``stimulus_id`` is required, ``repetition`` is 0 if left out.
    neuroid
        Flat coordinates per neuroid; ``neuroid_id`` is required.
    time_bin
        ``time_bin_start_ms`` and ``time_bin_end_ms`` relative to stimulus onset.
    unit
        Unit of the values.

    Returns
    -------
    xarray.DataArray
        float64, without index coordinates, so that it round-trips through netCDF.

    Raises
    ------
    ValueError
        If shapes and coordinates do not fit, an id is missing or one presentation is given twice.
    """
    values = np.asarray(values, dtype=np.float64)
    dims = DIMS[: values.ndim]
    if values.ndim not in (2, 3) or (values.ndim == 3) != (time_bin is not None):
        raise ValueError(
            f"responses must be (presentation, neuroid[, time_bin]) with time_bin coordinates exactly if there are three "
            f"axes, received shape {values.shape}."
        )
    tables: dict[str, dict[str, npt.ArrayLike]] = {
        "presentation": dict(presentation),
        "neuroid": dict(neuroid),
        "time_bin": dict(time_bin or {}),
    }
    tables["presentation"].setdefault("repetition", np.zeros(values.shape[0], dtype=int))
    coords: dict[str, tuple[str, np.ndarray]] = {}
    for dim, table in tables.items():
        for name, column in table.items():
            if name in coords or " " in name:
                raise ValueError(
                    f"coordinate {name!r} must have a name of its own over all dimensions, without spaces; rename it."
                )
            flat = np.asarray(column)
            coords[name] = (dim, flat.astype(str) if flat.dtype.kind in "OU" else flat)
    responses = xr.DataArray(values, dims=dims, coords=coords, name="responses", attrs={"unit": unit})
    validate_responses(responses)
    return responses


def validate_responses(responses: xr.DataArray) -> None:
    """Raise ValueError unless ``responses`` has the dimensions and coordinates of a response array."""
    if responses.dims not in (DIMS[:2], DIMS):
        raise ValueError(f"responses must have dims {DIMS[:2]} or {DIMS}, received {responses.dims}.")
    if responses.sizes["presentation"] == 0 or responses.sizes["neuroid"] == 0:
        raise ValueError(f"responses are empty: sizes {dict(responses.sizes)}.")
    for dim, names in REQUIRED.items():
        for name in names:
            if name not in responses.coords or responses.coords[name].dims != (dim,):
                raise ValueError(f"responses need the coordinate {name!r} along {dim!r}.")
    if responses.ndim == 3 and not {"time_bin_start_ms", "time_bin_end_ms"} <= set(responses.coords):
        raise ValueError("responses over time need the coordinates 'time_bin_start_ms' and 'time_bin_end_ms'.")
    keys = list(zip(responses["stimulus_id"].values.tolist(), responses["repetition"].values.tolist(), strict=True))
    if len(set(keys)) != len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"presentation {twice} (stimulus_id, repetition) occurs twice; number the repetitions.")
    ids = responses["neuroid_id"].values.tolist()
    if len(set(ids)) != len(ids):
        raise ValueError("neuroid_id values are not unique; give every neuroid its own.")


def save_responses(responses: xr.DataArray, path: str | Path) -> Path:
    """Write a response array to netCDF, atomically; returns the path."""
    validate_responses(responses)
    path = Path(path)
    write_netcdf(responses, path)
    return path


def load_responses(path: str | Path) -> xr.DataArray:
    """Read a response array that `save_responses` wrote."""
    with xr.open_dataarray(path, engine="h5netcdf") as opened:
        responses = opened.load()
    for name, coord in responses.coords.items():
        if coord.dtype == object:
            responses = responses.assign_coords({name: (coord.dims, coord.values.astype(str))})
    validate_responses(responses)
    return responses
