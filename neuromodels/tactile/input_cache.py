"""Network inputs of a collection of sweeps, decoded once and read sweep by sweep afterwards."""

import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from simulators.whisker import Collection

INPUT_SHAPE = (22, 30, 5, 7)
N_BYTES = 4 * math.prod(INPUT_SHAPE)
FOLDER = "network-inputs"
CACHE_VERSION = 1


class InputCache:
    """Shards of a collection as float32 arrays ``(sweep, 22, 30, 5, 7)``, one .npy file each.

    A shard is decoded when one of its sweeps is first asked for, checked against its SHA-256, and kept in a file that
    is named after the hash of its content and of the view, so that a collection that grows or is written anew finds what
    still fits and never what does not. A batch then reads its sweeps alone, from the pages that the system keeps in
    memory as far as they fit, in any order and for any number of shards: a memory map of each would cost an open file.

    Parameters
    ----------
    collection
        An opened collection.
    folder
        Where the files are kept; None is ``network-inputs`` in the folder of the collection.
    view
        Options of `simulators.whisker.published_view` beside the layout; values are cleaned as published.
    """

    def __init__(self, collection: "Collection", folder: str | Path | None, view: Mapping[str, Any]) -> None:
        from simulators.whisker.output.shards import Manifest

        self.folder = collection.folder / FOLDER if folder is None else Path(folder)
        self._collection = collection
        self._view = {"cleaning": True} | dict(view)
        self._shards = Manifest.load(collection.folder).shards
        written = (collection.table["state"] == "written").to_numpy()
        ids = collection.table["id"].to_numpy()
        self._ids = [ids[shard.first : shard.stop][written[shard.first : shard.stop]] for shard in self._shards]
        self._begin: dict[int, int] = {}

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Shard, and place in it, of every written sweep in the order of the table."""
        sizes = [len(ids) for ids in self._ids]
        shard = np.repeat(np.arange(len(sizes)), sizes)
        return shard, np.concatenate([np.arange(size) for size in sizes] or [np.empty(0, dtype=int)])

    def path(self, shard: int) -> Path:
        """Where the inputs of a shard are kept."""
        facts = {"version": CACHE_VERSION, "shard": self._shards[shard].sha256, "view": self._view}
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return self.folder / f"{digest[:32]}.npy"

    def check_length(self) -> None:
        """Refuse recordings that are too short for a network, by the first one, before any is decoded.

        Raises
        ------
        ValueError
            Naming both lengths.
        """
        from simulators.whisker.output.views import N_FRAMES

        written = [number for number, ids in enumerate(self._ids) if len(ids)]
        if not written or self.path(written[0]).is_file():
            return
        first = self._ids[written[0]][0]
        n_intervals = self._collection.load(first).sizes["time"]
        if n_intervals < N_FRAMES:
            raise ValueError(
                f"sweep {first!r} of {self._collection.folder} has {n_intervals} intervals, but a tactile network takes "
                f"{N_FRAMES}; simulate longer sweeps, or at a higher rate (--duration, --rate)."
            )

    def prepare(self, shards: Sequence[int], *, progress: bool = False) -> None:
        """Decode what is not decoded yet, so that reading needs no more than the files."""
        from tqdm.auto import tqdm

        for shard in tqdm(shards, unit="shard", disable=None if progress else True):
            if not self.path(shard).is_file():
                self._decode(shard)

    def read(self, shards: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Inputs ``(sweep, 22, 30, 5, 7)`` of some sweeps, by shard and place in it."""
        inputs = np.empty((len(shards), *INPUT_SHAPE), dtype=np.float32)
        for shard in np.unique(shards):
            begin, path = self._data_begin(int(shard)), self.path(int(shard))
            with open(path, "rb", buffering=0) as file:
                for row in np.flatnonzero(shards == shard):
                    file.seek(begin + int(places[row]) * N_BYTES)
                    if file.readinto(memoryview(inputs[row]).cast("B")) != N_BYTES:
                        raise _not_ours(path)
        return inputs

    def _data_begin(self, shard: int) -> int:
        """Bytes before the first input in the file of a shard, which is made if it is not there."""
        if shard not in self._begin:
            path = self.path(shard)
            if not path.is_file():
                self._decode(shard)
            try:
                mapped = np.load(path, mmap_mode="r", allow_pickle=False)
            except ValueError:
                raise _not_ours(path) from None
            if mapped.shape != (len(self._ids[shard]), *INPUT_SHAPE) or mapped.dtype != np.float32:
                raise _not_ours(path)
            self._begin[shard] = path.stat().st_size - mapped.nbytes
        return self._begin[shard]

    def _decode(self, shard: int) -> None:
        from simulators.whisker.output.storage import write_bytes

        inputs = self._collection.array("network", ids=list(self._ids[shard]), **self._view).values
        content = io.BytesIO()
        np.save(content, inputs.astype(np.float32), allow_pickle=False)
        try:
            write_bytes(content.getvalue(), self.path(shard))
        except PermissionError:
            raise PermissionError(
                f"network inputs cannot be written to {self.folder}; give cache= a folder that may be written to."
            ) from None


def _not_ours(path: Path) -> ValueError:
    return ValueError(f"{path} is not the file of inputs that was written; delete it, and it is made again.")
