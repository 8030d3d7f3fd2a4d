"""Stimuli: a table with one row per stimulus and, for anything but text, an array beside it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .errors import ChecksumError, DataNotAvailableError

# Mirrored from simulators.format, joined by a test: the two packages do not import each other.
LAYOUT_VERSION = 1


@dataclass(frozen=True)
class StimulusSet:
    """A set of stimuli.

    Attributes
    ----------
    name
        Name for provenance.
    table
        One row per stimulus, with unique ``stimulus_id`` in presentation order; texts stand in ``text``.
    group
        Column whose values mark stimuli that belong together (passage, story, movie), or None.
    arrays
        ``DataArray`` with first dimension ``stimulus`` in the table's order, or None for texts.
    """

    name: str
    table: pd.DataFrame
    group: str | None = None
    arrays: xr.DataArray | None = None

    def __post_init__(self) -> None:
        if "stimulus_id" not in self.table:
            raise ValueError(f"stimulus table of {self.name!r} has no column 'stimulus_id': {list(self.table)}.")
        ids = self.table["stimulus_id"].astype(str)
        doubled = ids[ids.duplicated()]
        if len(doubled):
            raise ValueError(f"stimulus_id {doubled.iloc[0]!r} of {self.name!r} occurs twice; ids must be unique.")
        if self.group is not None and self.group not in self.table:
            raise ValueError(f"stimulus table of {self.name!r} has no group column {self.group!r}.")
        if self.arrays is None and "text" not in self.table:
            raise ValueError(f"stimulus set {self.name!r} has neither a column 'text' nor arrays.")
        if self.arrays is None and self.table["text"].isna().any():
            raise ValueError(f"stimulus set {self.name!r} has rows without a text; give one each.")
        if self.arrays is not None and self.arrays.dims[0] != "stimulus":
            raise ValueError(f"first dimension of {self.name!r} must be 'stimulus', received {self.arrays.dims}.")
        if self.arrays is not None and len(self.arrays) != len(self.table):
            raise ValueError(
                f"stimulus set {self.name!r} has {len(self.table)} rows and {len(self.arrays)} arrays; give one each."
            )
        named = self.arrays is not None and "stimulus_id" in self.arrays.coords
        if named and list(map(str, self.arrays["stimulus_id"].values)) != self.ids:  # type: ignore[index]
            raise ValueError(f"arrays of {self.name!r} are not in the order of its table; sort one by the other.")

    def __len__(self) -> int:
        return len(self.table)

    @property
    def ids(self) -> list[str]:
        """Stimulus ids in presentation order."""
        return [str(value) for value in self.table["stimulus_id"]]

    @property
    def spec(self) -> dict[str, Any]:
        """What one stimulus is, in the words of a model's ``input_spec``."""
        if self.arrays is None:
            return {"kind": "text"}
        facts: dict[str, Any] = {"kind": "array", "dims": list(map(str, self.arrays.dims[1:]))}
        facts["shape"] = list(self.arrays.shape[1:])
        for key in ("rate_hz", "unit"):
            if key in self.arrays.attrs:
                value = self.arrays.attrs[key]
                facts[key] = value.item() if isinstance(value, np.generic) else value
        return facts

    def items(self) -> Sequence[str] | np.ndarray:
        """Texts, or the array ``(stimulus, ...)``, in presentation order."""
        if self.arrays is None:
            return [str(text) for text in self.table["text"]]
        return np.asarray(self.arrays.values)

    def table_with_content(self) -> pd.DataFrame:
        """The table with a column ``text`` that is equal for equal stimuli: arrays stand there as hashes.

        Folds look at it, so that copies of a stimulus under several ids do not stand on both sides.
        """
        if self.arrays is None or "text" in self.table:
            return self.table
        values = np.ascontiguousarray(self.arrays.values)
        hashes = [hashlib.sha256(one.tobytes()).hexdigest() for one in values]
        # Arrays that are all the same are placeholders and tell nothing.
        return self.table if len(set(hashes)) == 1 else self.table.assign(text=hashes)

    def content_hash(self) -> str:
        """SHA-256 over ids and content, in order."""
        digest = hashlib.sha256(json.dumps([self.ids, self.spec], default=str).encode())
        if self.arrays is None:
            digest.update(json.dumps(list(self.items())).encode())
        else:
            values = np.ascontiguousarray(self.arrays.values)
            digest.update(str(values.dtype).encode())
            digest.update(values.view(np.uint8).data)
        return digest.hexdigest()


def load_stimulus_set(path: str | Path) -> StimulusSet:
    """Open a stimulus file (layout 1: netCDF plus a JSON sidecar), as ``simulators.save_stimulus_set`` writes it.

    Raises
    ------
    DataNotAvailableError
        If the file or its sidecar is missing.
    ChecksumError
        If the file's SHA-256 is not the one in the sidecar.
    ValueError
        If the layout is not version 1.
    """
    path = Path(path)
    sidecar = path.with_suffix(".json")
    for needed in (path, sidecar):
        if not needed.is_file():
            raise DataNotAvailableError(f"stimulus file {needed} does not exist; a set is a .nc and a .json file.")
    try:
        facts = json.loads(sidecar.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"sidecar {sidecar} is no JSON ({error}); write the set again.") from None
    received = hashlib.sha256(path.read_bytes()).hexdigest()
    if facts.get("layout_version") != LAYOUT_VERSION:
        raise ValueError(f"{sidecar} has layout {facts.get('layout_version')!r}; this version reads {LAYOUT_VERSION}.")
    if received != facts["sha256"]:
        raise ChecksumError(f"{path} has SHA-256 {received}, its sidecar says {facts['sha256']}; write it again.")
    engine = "scipy" if path.read_bytes()[:3] == b"CDF" else "h5netcdf"
    with xr.open_dataarray(path, engine=engine) as opened:
        arrays = opened.load()
    columns = {str(name): coord.values for name, coord in arrays.coords.items() if coord.dims == ("stimulus",)}
    table = pd.DataFrame(columns)
    return StimulusSet(facts["name"], table, group=facts.get("group"), arrays=arrays)
