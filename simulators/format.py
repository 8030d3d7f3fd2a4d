"""Stimulus files, layout 1: one netCDF per set and a JSON sidecar with its hash and how it was made."""

import hashlib
import importlib.util
import json
import os
from pathlib import Path
from typing import Any, Literal

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
    if arrays.ndim < 2 or arrays.dims[0] != "stimulus" or arrays.sizes["stimulus"] == 0:
        raise ValueError(f"arrays must be (stimulus, ...) with at least one stimulus, received {dict(arrays.sizes)}.")
    ids = arrays.coords.get("stimulus_id")
    if ids is None or ids.dims != ("stimulus",) or len(np.unique(ids)) != arrays.sizes["stimulus"]:
        raise ValueError("arrays need unique values in the coordinate 'stimulus_id' along 'stimulus'.")
    if "unit" not in arrays.attrs:
        raise ValueError("arrays need the attribute 'unit'; give attrs={'unit': ...}.")
    spaced = [name for name in map(str, arrays.coords) if " " in name]
    if spaced:
        raise ValueError(f"coordinate name {spaced[0]!r} has a space, which netCDF cannot keep; use an underscore.")
    if group is not None and (group not in arrays.coords or arrays[group].dims != ("stimulus",)):
        raise ValueError(f"group {group!r} is no coordinate of the arrays: {list(map(str, arrays.coords))}.")
    if not np.isfinite(arrays.values).all():
        raise ValueError("arrays hold NaN or infinite values; a stimulus must be finite.")
    path.parent.mkdir(parents=True, exist_ok=True)
    sidecar = path.with_suffix(".json")
    new, new_sidecar, kept = (
        path.with_name(f".{path.name}.{os.getpid()}.{kind}.tmp") for kind in ("nc", "json", "old")
    )
    try:
        # A bare machine has scipy's netCDF 3 only; the reader tells the two apart.
        engine: Literal["h5netcdf", "scipy"] = "h5netcdf" if importlib.util.find_spec("h5netcdf") else "scipy"
        arrays.rename("stimuli").to_netcdf(new, engine=engine)
        facts = {
            "layout_version": LAYOUT_VERSION,
            "name": name,
            "group": group,
            "generator": generator,
            "sha256": hashlib.sha256(new.read_bytes()).hexdigest(),
        }
        new_sidecar.write_text(json.dumps(facts, indent=1), encoding="utf-8")
        _replace_both(path, sidecar, new, new_sidecar, kept)
    finally:
        for temporary in (new, new_sidecar, kept):
            temporary.unlink(missing_ok=True)
    return path


def _replace_both(path: Path, sidecar: Path, new: Path, new_sidecar: Path, kept: Path) -> None:
    """Put both files in place; if the second fails the first is taken back, so that they always fit."""
    if path.exists():
        os.link(path, kept)
    os.replace(new, path)
    try:
        os.replace(new_sidecar, sidecar)
    except BaseException:
        if kept.exists():
            os.replace(kept, path)
        else:
            path.unlink()
        raise
