"""A clip with its ground truth as one file."""

import importlib.util
import os
from pathlib import Path
from typing import Literal

import xarray as xr


def write_truth(clip: xr.Dataset, path: Path) -> Path:
    """Write frames, flow and segmentation of a clip as netCDF, whole or not at all.

    Parameters
    ----------
    clip
        As a generator returns it.
    path
        Ends in ``.nc``; an earlier file is replaced when the new one is complete.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If the clip has neither flow nor segmentation.
    """
    if not {"flow", "segmentation"} & set(map(str, clip.data_vars)):
        raise ValueError(f"a clip of kind {clip.attrs.get('kind', 'unknown')!r} has no flow or segmentation to write.")
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    engine: Literal["h5netcdf", "scipy"] = "h5netcdf" if importlib.util.find_spec("h5netcdf") else "scipy"
    try:
        clip.to_netcdf(new, engine=engine)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    return path
