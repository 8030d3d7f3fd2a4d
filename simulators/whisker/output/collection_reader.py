"""A collection of sweeps, read lazily: labels as a table, recordings one by one, network inputs in batches."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ...format import save_stimulus_set
from .shards import TABLE, Manifest, Shard, as_array, is_whole, read_shard, read_table
from .views import Layout, published_view


def open_collection(folder: str | Path) -> "Collection":
    """Open a collection that `write_collection` wrote, complete or not.

    Raises
    ------
    FileNotFoundError
        If the folder holds none.
    ValueError
        If its manifest or table is not ours.
    """
    folder = Path(folder)
    manifest = Manifest.load(folder)
    table = read_table(folder, manifest.config["columns"])
    if len(table) != manifest.config["n_sweeps"]:
        raise ValueError(
            f"{folder / TABLE} has {len(table)} rows, the manifest {manifest.config['n_sweeps']} sweeps; write the "
            "collection again with resume=True."
        )
    return Collection(folder, manifest, table)


class Collection:
    """Sweeps on disk with a table of their labels; no recording is read before it is asked for.

    Length, iteration and numbers mean the sweeps that are written and were not refused, in order. The SHA-256 of a
    shard is checked when it is first read.

    Attributes
    ----------
    table : pd.DataFrame
        One row per sweep: id, seed, labels, state (written, refused, missing) and the sentence that refused it.
    ids : list of str
        Sweeps that can be read.
    failures : dict
        Id to the sentence that refused the sweep.
    config : dict
        What the collection was made with.
    """

    def __init__(self, folder: Path, manifest: Manifest, table: pd.DataFrame) -> None:
        self.folder = folder
        self.config = manifest.config
        self.failures = dict(manifest.failures)
        state = np.full(len(table), "missing", dtype=object)
        for shard in manifest.shards:
            state[shard.first : shard.stop] = "written"
        state[table["id"].isin(list(self.failures)).to_numpy()] = "refused"
        self.table = table.assign(state=state, failure=[self.failures.get(one, "") for one in table["id"]])
        self._places: dict[str, tuple[Shard, int]] = {}
        for shard in manifest.shards:
            ids = [one for one in table["id"][shard.first : shard.stop] if one not in self.failures]
            self._places |= {one: (shard, k) for k, one in enumerate(ids)}
        self.ids = list(self._places)
        self._verified: set[str] = set()

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[xr.Dataset]:
        for content in self._read(self.ids):
            for k in range(content.sizes["sweep"]):
                yield content.isel(sweep=k)

    def __repr__(self) -> str:
        n = self.table["state"].value_counts()
        return (
            f"Collection {self.folder}: {n.get('written', 0)} of {len(self.table)} sweeps written, "
            f"{n.get('refused', 0)} refused, {n.get('missing', 0)} missing"
        )

    def load(self, which: int | str) -> xr.Dataset:
        """One recording, by number or id; its labels are scalar coordinates.

        Raises
        ------
        IndexError
            If the number is not below the length.
        ValueError
            If the sweep was refused, is not written yet or is unknown, or its file is not the one that was written.
        """
        sweep_id = self.ids[which] if isinstance(which, int) else which
        (content,) = self._read([sweep_id])
        return content.isel(sweep=0)

    def array(self, view: Layout = "network", *, ids: Sequence[str] | None = None, **options: Any) -> xr.DataArray:
        """Inputs of a tactile network, (stimulus, ...), with ``stimulus_id`` and the labels as coordinates.

        Parameters
        ----------
        view
            ``network``, ``grid`` or ``whiskers``; see `published_view`.
        ids
            Which sweeps; all that can be read when left out.
        **options
            Of `published_view`.

        Raises
        ------
        ValueError
            If there is no sweep, or as `load` and `published_view` do.
        """
        chosen = self.ids if ids is None else list(ids)
        if not chosen:
            raise ValueError(f"{self.folder} has no sweep to read; see the columns state and failure of its table.")
        views: list[xr.DataArray] = []
        for content in self._read(chosen):
            views += [published_view(content.isel(sweep=k), view, **options) for k in range(content.sizes["sweep"])]
        labels = self.table.set_index("id").loc[chosen].drop(columns=["state", "failure"])
        coords: dict[str, Any] = {str(name): coord for name, coord in views[0].coords.items() if coord.ndim}
        coords |= {str(name): ("stimulus", as_array(labels[name])) for name in labels.columns}
        coords["stimulus_id"] = ("stimulus", np.array(chosen, dtype=str))
        stacked = np.stack([one.values for one in views])
        return xr.DataArray(stacked, dims=("stimulus", *views[0].dims), coords=coords, attrs=views[0].attrs)

    def batches(
        self, size: int, view: Layout = "network", *, ids: Sequence[str] | None = None, **options: Any
    ) -> Iterator[xr.DataArray]:
        """The sweeps in the given order, as arrays of at most ``size``; the rest as for `array`."""
        if size < 1:
            raise ValueError(f"size of a batch is {size}; it must be at least 1.")
        chosen = self.ids if ids is None else list(ids)
        for start in range(0, len(chosen), size):
            yield self.array(view, ids=chosen[start : start + size], **options)

    def save_stimuli(
        self, path: str | Path, *, name: str, view: Layout = "network", group: str | None = None, **options: Any
    ) -> Path:
        """Write the network inputs as one stimulus set, which ``data.load_stimulus_set`` reads.

        Parameters
        ----------
        path
            Target (.nc); a sidecar (.json) comes beside it.
        name
            Name of the set.
        view, **options
            As for `array`.
        group
            Label whose values mark stimuli that belong together, the object for instance.
        """
        generator = {"collection": self.config, "view": view, "refused": self.failures}
        return save_stimulus_set(self.array(view, **options), path, name=name, generator=generator, group=group)

    def _read(self, ids: Sequence[str]) -> Iterator[xr.Dataset]:
        """Recordings in the given order, neighbours of one shard together."""
        for shard, group in groupby((self._place(one) for one in ids), key=lambda place: place[0]):
            if shard.file not in self._verified:
                if not is_whole(self.folder, shard):
                    raise ValueError(
                        f"{self.folder / shard.file} is not the file that was written (its SHA-256 differs, or it is "
                        "gone); write the collection again with resume=True."
                    )
                self._verified.add(shard.file)
            yield read_shard(self.folder, shard, [k for _, k in group])

    def _place(self, sweep_id: str) -> tuple[Shard, int]:
        if sweep_id in self._places:
            return self._places[sweep_id]
        if sweep_id in self.failures:
            raise ValueError(f"sweep {sweep_id!r} was refused: {self.failures[sweep_id]}")
        known = (self.table["id"] == sweep_id).any()
        what = "is not written yet; resume the run" if known else "is not in the collection; its table has the ids"
        raise ValueError(f"sweep {sweep_id!r} {what}.")
