"""A collection on disk: shards of many sweeps, the table of their labels, and the manifest that vouches for them."""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from .storage import netcdf_bytes, netcdf_encoding, read_dataset, write_bytes

COLLECTION_VERSION = 1
MANIFEST = "collection.json"
TABLE = "sweeps.csv"
LOCK = ".writing"
COMPRESSION = 4

Label: TypeAlias = str | int | float | bool


@dataclass(frozen=True)
class Shard:
    """One file of successful sweeps: those of the range ``first`` to ``stop`` that did not fail.

    ``file`` is empty where all of them failed.
    """

    first: int
    stop: int
    file: str
    sha256: str
    n_bytes: int


@dataclass
class Manifest:
    """What a collection is and what of it is whole.

    Parameters
    ----------
    config
        Facts that decide every byte: seed, number of sweeps, shard size, what the simulator was told.
    layout
        Sizes, names and units that all sweeps share; empty until the first sweep is done.
    shards
        Those that are written, in order.
    failures
        Id of a sweep to the sentence that refused it.
    """

    config: dict[str, Any]
    layout: dict[str, Any] = field(default_factory=dict)
    shards: list[Shard] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Replace the manifest of a folder in one step."""
        facts = {"collection_version": COLLECTION_VERSION, **asdict(self)}
        write_bytes(json.dumps(facts, indent=1).encode(), folder / MANIFEST)

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """Read the manifest of a folder.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            If it is not ours, or of another version.
        """
        path = folder / MANIFEST
        if not path.is_file():
            raise FileNotFoundError(f"{folder} holds no collection of sweeps: it has no {MANIFEST}.")
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            version = facts.pop("collection_version")
        except (ValueError, KeyError, AttributeError, TypeError):
            raise ValueError(f"{path} is no manifest of a collection of sweeps; give another folder.") from None
        if version != COLLECTION_VERSION:
            raise ValueError(f"{path} has version {version}; this version of the package reads {COLLECTION_VERSION}.")
        return cls(**facts | {"shards": [Shard(**shard) for shard in facts["shards"]]})


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_whole(folder: Path, shard: Shard) -> bool:
    """Whether the file of a shard is there and is the one that was recorded."""
    if not shard.file:
        return True
    path = folder / shard.file
    return path.is_file() and path.stat().st_size == shard.n_bytes and sha256_of(path) == shard.sha256


def layout_of(record: xr.Dataset) -> dict[str, Any]:
    """What sweeps must share to lie in one array: sizes, whiskers, time axis, variables with units."""
    time = record["time"].values
    return {
        "sizes": {str(name): int(size) for name, size in sorted(record.sizes.items(), key=lambda item: str(item[0]))},
        "whiskers": [str(name) for name in record["whisker"].values],
        "first_time_s": float(time[0]),
        "last_time_s": float(time[-1]),
        "rate_hz": float(record.attrs["rate_hz"]),
        "units": {str(name): str(value.attrs.get("unit")) for name, value in record.items()},
    }


def write_shard(folder: Path, records: Mapping[str, xr.Dataset], first: int, stop: int, table: pd.DataFrame) -> Shard:
    """Write the successful sweeps of a range as one netCDF file, whole or not at all.

    Parameters
    ----------
    folder
        Of the collection.
    records
        Id to recording; all of one layout.
    first, stop
        Range of the collection that this shard covers.
    table
        Labels of the whole collection; those of the sweeps become coordinates.

    Returns
    -------
    Shard
        Its entry for the manifest.
    """
    if not records:
        return Shard(first, stop, "", "", 0)
    parts = list(records.values())
    content = xr.Dataset(
        {
            name: (("sweep", *value.dims), np.stack([part[name].values for part in parts]), value.attrs)
            for name, value in parts[0].items()
        },
        # Names of objects differ from sweep to sweep.
        coords={name: coord for name, coord in parts[0].coords.items() if name != "object"}
        | _label_coords(table, list(records)),
        attrs={
            key: value
            for key, value in parts[0].attrs.items()
            if all(key in part.attrs and part.attrs[key] == value for part in parts)
        }
        | {"collection_version": COLLECTION_VERSION},
    )
    encoding = netcdf_encoding(content, COMPRESSION, chunks={"sweep": 1})
    made = netcdf_bytes(content, encoding=encoding)
    name = f"sweeps-{first:07d}-{stop - 1:07d}.nc"
    write_bytes(made, folder / name)
    return Shard(first, stop, name, hashlib.sha256(made).hexdigest(), len(made))


def read_shard(folder: Path, shard: Shard, sweeps: Sequence[int]) -> xr.Dataset:
    """Some sweeps of a shard, by their place in it, in memory."""
    path = folder / shard.file
    selection = {"sweep": list(sweeps)}
    return read_dataset(
        path, what="shard of sweeps", key="collection_version", version=COLLECTION_VERSION, selection=selection
    )


def _label_coords(table: pd.DataFrame, ids: Sequence[str]) -> dict[str, tuple[str, np.ndarray]]:
    rows = table.set_index("id").loc[list(ids)]
    labels = {str(name): ("sweep", as_array(rows[name])) for name in rows.columns}
    return {"sweep": ("sweep", np.array(ids, dtype=str)), **labels}


def as_array(column: pd.Series) -> np.ndarray:
    """A column of labels as an array that netCDF can keep."""
    values = column.to_numpy()
    return values if values.dtype.kind in "biuf" else values.astype(str)


def table_of(
    ids: Sequence[str], labels: Sequence[Mapping[str, Label]], seeds: Sequence[int] | None = None
) -> pd.DataFrame:
    """Table with the columns ``id``, ``seed`` (if given) and the labels, one row per sweep.

    Raises
    ------
    ValueError
        If ids repeat, or the labels of two sweeps have other names, or a name is taken or has a space.
    """
    repeated = pd.Index(ids)[pd.Index(ids).duplicated()]
    if len(repeated):
        raise ValueError(f"sweep id {repeated[0]!r} occurs twice; ids must be unique.")
    names = list(labels[0]) if labels else []
    for sweep_id, one in zip(ids, labels, strict=True):
        if list(one) != names:
            raise ValueError(
                f"sweep {sweep_id!r} has the labels {list(one)}, the first one {names}; give all the same."
            )
    taken = {"id", "seed", "sweep", "failure", "stimulus", "stimulus_id", "time", "whisker", "axis", "channel", "row",
             "col", "place", "quaternion", "object", "node"}  # fmt: skip
    for name in names:
        if name in taken or not name.isidentifier():
            raise ValueError(
                f"label {name!r} cannot be a column; give another name, of letters, digits and underscores."
            )
    columns: dict[str, Any] = {"id": list(ids)} | ({"seed": list(seeds)} if seeds is not None else {})
    return pd.DataFrame(columns | {name: [one[name] for one in labels] for name in names})


def table_bytes(table: pd.DataFrame) -> bytes:
    """The table as CSV."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def kinds_of(table: pd.DataFrame) -> dict[str, str]:
    """Kind of each column: int, float, bool or text; CSV does not keep it."""
    names = {"i": "int", "u": "int", "f": "float", "b": "bool"}
    return {str(name): names.get(table[name].dtype.kind, "text") for name in table}


def read_table(folder: Path, kinds: Mapping[str, str]) -> pd.DataFrame:
    """The table of a collection, every column of its kind: text stays text, whatever it looks like.

    Raises
    ------
    ValueError
        If it has other columns.
    """
    path = folder / TABLE
    texts = pd.read_csv(path, dtype=str, keep_default_na=False)
    if list(texts) != list(kinds):
        raise ValueError(f"{path} has the columns {list(texts)}, the manifest {list(kinds)}; write it again (resume).")
    convert: dict[str, Callable[[str], Any]] = {
        "int": int,
        "float": lambda text: float(text or "nan"),
        "bool": lambda text: text == "True",
        "text": str,
    }
    return pd.DataFrame({name: [convert[kind](text) for text in texts[name]] for name, kind in kinds.items()})


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold a folder for one process; the lock ends with the process, however it ends.

    Raises
    ------
    ValueError
        If another process holds it.
    """
    with open(folder / LOCK, "a+b") as file:
        try:
            _lock(file.fileno())
        except OSError:
            raise ValueError(f"another process is writing to {folder}; wait for it, or give another folder.") from None
        yield


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
