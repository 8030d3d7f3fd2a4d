"""Recordings on disk: netCDF or Zarr, whole or not at all."""

import importlib.util
import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import xarray as xr

from ...space import space_for
from .record import RECORD_VERSION

Precision = Literal["float64", "float32"]

_ZARR_MARKS = (".zgroup", ".zmetadata", "zarr.json")


def save_recording(
    record: xr.Dataset,
    path: str | Path,
    *,
    overwrite: bool = False,
    precision: Precision = "float64",
    compression: int = 4,
) -> Path:
    """Write one recording; an earlier file is replaced only when the new one is complete.

    Parameters
    ----------
    record
        As the simulator returns it.
    path
        Ends in ``.nc`` (netCDF 4) or ``.zarr`` (a folder; needs the package zarr).
    overwrite
        Whether an existing recording is replaced.
    precision
        ``float32`` halves the file; time stays in float64.
    compression
        0 (none) to 9 (smallest).

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    FileExistsError
        If the target exists and ``overwrite`` is false.
    ValueError
        If the ending, precision or compression is unknown, the dataset is no recording, or the target is something that
        no recording replaces.
    ModuleNotFoundError
        If ``.zarr`` is asked for and the package zarr is not installed.
    OSError
        If the disk is full or a limit of it reached; the earlier file is then as it was.
    """
    path = Path(path)
    refuse_target(path, overwrite=overwrite)
    if precision not in ("float64", "float32"):
        raise ValueError(f"precision {precision!r} is not known; give float64 or float32.")
    if compression not in range(10):
        raise ValueError(f"compression is {compression!r}; give an integer from 0 (none) to 9 (smallest).")
    if "record_version" not in record.attrs:
        raise ValueError("the dataset is no recording of a whisker array: it has no attribute 'record_version'.")
    record = as_precision(record, precision)
    if path.suffix == ".nc":
        write_bytes(netcdf_bytes(record, encoding=netcdf_encoding(record, compression)), path)
    else:
        _write_zarr(record, path, compression)
    return path


def refuse_target(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a place where `save_recording` could not write, before anything is simulated.

    Raises
    ------
    FileExistsError
        If there is something already and ``overwrite`` is false.
    ValueError
        If the ending is unknown, or what is there is no recording: a folder for ``.nc``, a file or a folder of something
        else for ``.zarr``, a file in place of the folder above.
    ModuleNotFoundError
        If it ends in ``.zarr`` and the package zarr is not installed.
    PermissionError
        If the folder may not be written to.
    """
    _check_suffix(path)
    if path.suffix == ".zarr":
        _require_zarr()
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists; give overwrite=True (or another name).")
    if path.suffix == ".nc" and path.is_dir():
        raise ValueError(f"{path} is a folder, and a recording that ends in .nc is a file; give another name.")
    if path.suffix == ".zarr" and path.exists() and not any((path / name).is_file() for name in _ZARR_MARKS):
        raise ValueError(f"{path} exists and holds no Zarr data, so that it is not replaced; give another name.")
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise ValueError(f"{above} is a file, so that {path} cannot lie in it; give another folder.")
    if not os.access(above, os.W_OK):
        raise PermissionError(f"{above} may not be written to; give another folder than that of {path}.")


def load_recording(path: str | Path) -> xr.Dataset:
    """Read a recording that `save_recording` wrote, into memory.

    Raises
    ------
    FileNotFoundError
        If there is nothing of this name.
    ValueError
        If it is no recording, or one of a later version.
    ModuleNotFoundError
        If it ends in ``.zarr`` and the package zarr is not installed.
    """
    path = Path(path)
    _check_suffix(path)
    if not path.exists():
        raise FileNotFoundError(f"recording {path} does not exist.")
    return read_dataset(path, what="recording of a whisker array", key="record_version", version=RECORD_VERSION)


def as_precision(record: xr.Dataset, precision: Precision) -> xr.Dataset:
    """The recording with its variables (not its coordinates) in the given precision."""
    return record.assign(
        {name: value.astype(precision, keep_attrs=True) for name, value in record.items() if value.dtype.kind == "f"}
    )


def netcdf_encoding(record: xr.Dataset, compression: int, chunks: dict[str, int] | None = None) -> dict[str, Any]:
    """Encoding of every variable for netCDF: compressed, and in chunks of the given length along some dimensions."""
    encoding: dict[str, Any] = {}
    for name, value in record.items():
        encoding[str(name)] = {"zlib": compression > 0, "complevel": compression, "shuffle": compression > 0}
        if chunks and value.size and value.ndim > 1:
            encoding[str(name)]["chunksizes"] = tuple(chunks.get(str(dim), size) for dim, size in value.sizes.items())
    return encoding


def netcdf_bytes(content: xr.Dataset, *, encoding: dict[str, Any]) -> bytes:
    """The netCDF file of a dataset, made in memory: the HDF5 library can crash on a full disk."""
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        content.dump_to_store(H5NetCDFStore(file), encoding=encoding)
    return buffer.getvalue()


def write_bytes(content: bytes, path: Path) -> None:
    """Put a file in place, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with space_for(path), _temporary(path) as temporary:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)


def read_dataset(
    path: Path, *, what: str, key: str, version: int, selection: Mapping[str, list[int]] | None = None
) -> xr.Dataset:
    """Load a netCDF file or Zarr folder of ours; anything else is refused in one sentence."""
    try:
        if path.suffix == ".zarr":
            _require_zarr()
            with xr.open_zarr(path, consolidated=False) as opened:
                content = opened.isel(selection or {}).load()
        else:
            with xr.open_dataset(path, engine="h5netcdf") as opened:
                content = opened.isel(selection or {}).load()
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path} is no {what}: it cannot be read ({str(error).splitlines()[0]}).") from None
    if key not in content.attrs:
        raise ValueError(f"{path} is no {what}: it has no attribute {key!r}.")
    if int(content.attrs[key]) != version:
        raise ValueError(f"{path} has {key} {content.attrs[key]}; this version of the package reads {version}.")
    # How it was stored must not steer how it is stored next.
    for variable in content.variables.values():
        variable.encoding = {}
    content.encoding = {}
    texts = {name: coord.astype(str) for name, coord in content.coords.items() if coord.dtype.kind in "OUT"}
    return content.assign_coords(texts)


def _check_suffix(path: Path) -> None:
    if path.suffix not in (".nc", ".zarr"):
        raise ValueError(f"a recording ends in .nc or .zarr, received {path.name!r}.")


def _require_zarr() -> None:
    if importlib.util.find_spec("zarr") is None:
        raise ModuleNotFoundError("the ending .zarr needs the package zarr: pip install zarr; or use .nc.")


def _write_zarr(record: xr.Dataset, path: Path, compression: int) -> None:
    _require_zarr()
    path.parent.mkdir(parents=True, exist_ok=True)
    with space_for(path), _temporary(path) as made, _temporary(path) as earlier:
        # Format 2, which older readers know too; its store holds fixed-length text.
        record.to_zarr(made, mode="w", consolidated=True, zarr_format=2, encoding=_zarr_encoding(record, compression))
        if path.exists():
            os.replace(path, earlier)
        try:
            os.replace(made, path)
        except BaseException:
            if earlier.exists():
                os.replace(earlier, path)
            raise


def _zarr_encoding(record: xr.Dataset, compression: int) -> dict[str, Any]:
    from numcodecs import Zlib  # type: ignore[import-untyped]

    compressors = [Zlib(compression)] if compression else None
    return {str(name): {"compressors": compressors} for name in record.variables}


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """A name beside the target that is gone at the end, file or folder."""
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent) as folder:
        yield Path(folder) / path.name
