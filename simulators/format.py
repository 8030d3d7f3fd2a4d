"""Stimulus files, layout 1: one netCDF per set and a JSON sidecar with its hash and how it was made."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

# Mirrored in data.stimuli, joined by a test: the two packages do not import each other.
LAYOUT_VERSION = 1


def save_stimulus_set(
    arrays: xr.DataArray, path: str | Path, *, name: str, generator: dict[str, Any], group: str | None = None
) -> Path:
    """Write stimuli to ``path`` (.nc) with a sidecar (.json).

    Parameters
    ----------
    arrays
        First dimension ``stimulus`` with the coordinate ``stimulus_id``; other coordinates along it (condition, group,
        seed) become columns of the stimulus table. Attributes: ``unit``, and ``rate_hz`` where there is time.
    path
        Target; an existing set is replaced only when the new one is complete.
    name
        Name of the set.
    generator
        What made it: version, seed, parameters; plain values.
    group
        Coordinate whose values mark stimuli that belong together.

    Returns
    -------
    Path
        The netCDF file.

    Raises
    ------
    ValueError
        If the first dimension, the ids, the unit or the group is missing, or a value is not finite.
    """
    path = Path(path)
    if path.suffix != ".nc":
        raise ValueError(f"a stimulus file ends in .nc, received {path.name!r}.")
    if arrays.ndim < 2 or arrays.dims[0] != "stimulus":
        raise ValueError(f"arrays must be (stimulus, ...), received dims {arrays.dims}.")
    if "stimulus_id" not in arrays.coords or len(np.unique(arrays["stimulus_id"])) != arrays.sizes["stimulus"]:
        raise ValueError("arrays need unique values in the coordinate 'stimulus_id' along 'stimulus'.")
    if "unit" not in arrays.attrs:
        raise ValueError("arrays need the attribute 'unit'; give attrs={'unit': ...}.")
    if group is not None and group not in arrays.coords:
        raise ValueError(f"group {group!r} is no coordinate of the arrays: {list(map(str, arrays.coords))}.")
    if not np.isfinite(arrays.values).all():
        raise ValueError("arrays hold NaN or infinite values; a stimulus must be finite.")
    path.parent.mkdir(parents=True, exist_ok=True)
    sidecar = path.with_suffix(".json")
    written = [path.with_name(f".{path.name}.tmp"), sidecar.with_name(f".{sidecar.name}.tmp")]
    try:
        arrays.rename("stimuli").to_netcdf(written[0], engine="h5netcdf")
        facts = {
            "layout_version": LAYOUT_VERSION,
            "name": name,
            "group": group,
            "generator": generator,
            "sha256": hashlib.sha256(written[0].read_bytes()).hexdigest(),
        }
        written[1].write_text(json.dumps(facts, indent=1), encoding="utf-8")
        os.replace(written[0], path)
        os.replace(written[1], sidecar)
    finally:
        for temporary in written:
            temporary.unlink(missing_ok=True)
    return path
