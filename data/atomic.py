"""Writes that are either whole or absent: an interrupted one leaves the earlier file as it was."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def write_netcdf(content: "xr.DataArray | xr.Dataset", target: str | Path) -> None:
    """Write labelled arrays to netCDF, whole or not at all.

    The file is made in the temporary folder first: the netCDF library itself cannot survive a full disk.
    """
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "content.nc"
        content.to_netcdf(made, engine="h5netcdf")
        with atomic_path(target) as temporary:
            temporary.write_bytes(made.read_bytes())


@contextmanager
def atomic_path(target: str | Path) -> Iterator[Path]:
    """Temporary path beside ``target`` that takes its place when the block ends without an error.

    The folder is made if it is missing. On an error, a full disk or an interrupt the temporary file is removed and
    ``target`` keeps its earlier content.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        # mkstemp makes private files; a result should have the permissions any new file gets.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
