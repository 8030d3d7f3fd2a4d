"""Data sets of many sweeps: written by any number of processes, resumed after any interruption."""

import hashlib
import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from ...space import NO_SPACE
from ..numbers_given import whole_number
from .collection_reader import Collection, open_collection
from .shards import (
    TABLE,
    Manifest,
    is_whole,
    kinds_of,
    layout_of,
    only_writer,
    sha256_of,
    table_bytes,
    table_of,
    write_shard,
)
from .storage import Precision, write_bytes
from .workers import Entry, Simulate, Task, require_picklable, run_in_order, sweep_seed

__all__ = ["Collection", "Entry", "open_collection", "sweep_seed", "write_collection"]

VARIABLES = ("force", "moment", "contact")


class BegunOtherwise(ValueError):
    """A collection that cannot be resumed because it was begun under other facts.

    Parameters
    ----------
    folder
        Of the collection.
    name
        Of the fact; parts of a path are joined by dots.
    before, now
        Its values.
    """

    def __init__(self, folder: Path, name: str, before: object, now: object) -> None:
        super().__init__(
            f"the collection in {folder} was begun with {name} = {before!r}, now it is {now!r}; give the former, or "
            "another folder."
        )
        self.folder, self.name, self.before, self.now = folder, name, before, now


def write_collection(
    sweeps: Iterable[Entry],
    folder: str | Path,
    *,
    simulate: Simulate,
    seed: int = 0,
    config: Mapping[str, Any] | None = None,
    shard_size: int = 64,
    variables: Sequence[str] = VARIABLES,
    precision: Precision = "float32",
    workers: int = 1,
    batch: int | None = None,
    resume: bool = False,
    strict: bool = False,
    progress: bool = False,
) -> Collection:
    """Simulate many sweeps and write them in shards; bit for bit the same for any number of workers.

    A shard (netCDF) is written whole or not at all, and only then entered with its SHA-256 in the manifest. A sweep
    that is refused with a ValueError or an ArithmeticError is recorded by id with its sentence and left out.

    Parameters
    ----------
    sweeps
        In the order of the collection.
    folder
        Made if it is missing.
    simulate
        Scene to recording; picklable with several workers. See ``batch``.
    seed
        Sweep i gets ``sweep_seed(seed, i)``, where its scene is a function.
    config
        What else decides the result (preset, array, package version); plain values. A run is only resumed under the
        same.
    shard_size
        Sweeps per shard.
    variables
        Of the recording that are kept.
    precision
        Of what is kept.
    workers
        Processes; 1 simulates in this one.
    batch
        ``simulate`` takes lists of so many scenes (a GPU backend) and returns lists of recordings.
    resume
        Go on with what is in the folder; shards whose SHA-256 does not fit are made again. Without it a folder that
        holds a collection is refused.
    strict
        Stop at the first sweep that is refused.
    progress
        Show a bar on stderr (where that is a terminal).

    Returns
    -------
    Collection
        Of what was written.

    Raises
    ------
    FileExistsError
        If the folder holds a collection and ``resume`` is false.
    BegunOtherwise
        If a run is resumed that was begun otherwise; a ValueError.
    ValueError
        If another process writes to the folder, the folder is a file, a parameter cannot be meant, or (strict) a sweep
        is refused.
    OSError
        If the disk is full or a limit of it reached; what was written stays valid, and the message says how to go on.
    """
    folder, sweeps = Path(folder), list(sweeps)
    for name, value in (
        ("shard_size", shard_size),
        ("workers", workers),
        ("batch", 1 if batch is None else batch),
        ("number of sweeps", len(sweeps)),
    ):
        if whole_number(name, value) < 1:
            raise ValueError(f"{name} is {value}; it must be at least 1.")
    if workers > 1:
        require_picklable(simulate, sweeps[0])
    seeds = [sweep_seed(seed, index) for index in range(len(sweeps))]
    drawn = any(callable(sweep.scene) for sweep in sweeps)
    table = table_of([sweep.id for sweep in sweeps], [sweep.labels for sweep in sweeps], seeds if drawn else None)
    both = set(variables) & set(table)
    if both:
        raise ValueError(f"{min(both)!r} is both a label and a variable that is kept; rename the label.")
    facts = _facts(table, seed, config or {}, shard_size, batch, variables, precision)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file, and a collection of sweeps is a folder; give another name.")
    folder.mkdir(parents=True, exist_ok=True)
    with only_writer(folder):
        manifest = _begin(folder, facts, table, resume)
        missing = _missing(folder, manifest, len(sweeps), shard_size)
        tasks = [
            Task(
                simulate,
                tuple(sweeps[start:end]),
                tuple(seeds[start:end]),
                tuple(variables),
                precision,
                batch is not None,
            )
            for first, stop in missing
            for start in range(first, stop, batch or 1)
            for end in [min(start + (batch or 1), stop)]
        ]
        with closing(_results(tasks, workers, len(sweeps), progress)) as results:
            try:
                _write(folder, manifest, missing, results, table, strict)
            except (OSError, BrokenProcessPool) as error:
                raise _how_to_go_on(error, manifest, len(sweeps), folder) from error
    return open_collection(folder)


def _facts(
    table: pd.DataFrame,
    seed: int,
    config: Mapping[str, Any],
    shard_size: int,
    batch: int | None,
    variables: Sequence[str],
    precision: str,
) -> dict[str, Any]:
    # In the order in which they are compared: what was asked for before what follows from it.
    facts = {
        "simulator": dict(config),
        "seed": seed,
        "n_sweeps": len(table),
        "shard_size": shard_size,
        "variables": list(variables),
        "precision": precision,
        "batch": batch,
        "columns": kinds_of(table),
        "ids_and_labels_sha256": hashlib.sha256(table_bytes(table)).hexdigest(),
    }
    try:
        return dict(json.loads(json.dumps(facts)))
    except TypeError as error:
        raise ValueError(
            f"config must hold plain values only ({error}); give numbers, text, lists, mappings."
        ) from None


def _begin(folder: Path, facts: dict[str, Any], table: pd.DataFrame, resume: bool) -> Manifest:
    """The manifest to go on with; a new one where there is none."""
    try:
        manifest = Manifest.load(folder)
    except FileNotFoundError:
        manifest = Manifest(facts)
        write_bytes(table_bytes(table), folder / TABLE)
        manifest.save(folder)
        return manifest
    if not resume:
        raise FileExistsError(f"{folder} holds a collection of sweeps; give resume=True (--resume) or another folder.")
    difference = next(_differences(manifest.config, facts), None)
    if difference:
        raise BegunOtherwise(folder, *difference)
    if not (folder / TABLE).is_file() or sha256_of(folder / TABLE) != facts["ids_and_labels_sha256"]:
        write_bytes(table_bytes(table), folder / TABLE)
    return manifest


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    for name in dict.fromkeys([*before, *now]):
        one, other = before.get(name), now.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differences(one, other, f"{prefix}{name}.")
        elif one != other:
            yield prefix + name, one, other


def _missing(folder: Path, manifest: Manifest, n_sweeps: int, shard_size: int) -> list[tuple[int, int]]:
    """Ranges whose shard is not whole; their entries leave the manifest."""
    manifest.shards = [shard for shard in manifest.shards if is_whole(folder, shard)]
    there = {shard.first for shard in manifest.shards}
    starts = range(0, n_sweeps, shard_size)
    return [(first, min(first + shard_size, n_sweeps)) for first in starts if first not in there]


def _write(
    folder: Path,
    manifest: Manifest,
    missing: Sequence[tuple[int, int]],
    results: Iterator[xr.Dataset | str],
    table: pd.DataFrame,
    strict: bool,
) -> None:
    """Gather the results in order and write a shard whenever one is full."""
    ids = [str(name) for name in table["id"]]
    for first, stop in missing:
        records: dict[str, xr.Dataset] = {}
        failures: dict[str, str] = {}
        layout = manifest.layout
        for sweep_id in ids[first:stop]:
            result = next(results)
            if isinstance(result, xr.Dataset):
                layout = layout or layout_of(result)
                difference = next(_differences(layout, layout_of(result)), None)
                if difference:
                    name, expected, received = difference
                    result = f"its recording has {name} = {received!r}, the first one {expected!r}."
            if isinstance(result, xr.Dataset):
                records[sweep_id] = result
            elif strict:
                raise ValueError(f"sweep {sweep_id!r} is refused: {result}")
            else:
                failures[sweep_id] = result
        shard = write_shard(folder, records, first, stop, table)
        # Changed on a copy: an error while it is saved must not leave a shard that the file does not know.
        changed = Manifest(manifest.config, layout)
        changed.shards = sorted([*manifest.shards, shard], key=lambda one: one.first)
        kept = {name: why for name, why in manifest.failures.items() if name not in set(ids[first:stop])} | failures
        changed.failures = {name: kept[name] for name in ids if name in kept}
        changed.save(folder)
        manifest.layout, manifest.shards, manifest.failures = changed.layout, changed.shards, changed.failures


def _results(
    tasks: Sequence[Task], workers: int, total: int, progress: bool
) -> Generator[xr.Dataset | str, None, None]:
    """Results in order, with a bar; closing it ends the processes."""
    from tqdm.auto import tqdm

    # None hides the bar where stderr is no terminal.
    left = sum(len(task.entries) for task in tasks)
    bar = tqdm(total=total, initial=total - left, unit="sweep", disable=None if progress else True)
    with bar, closing(run_in_order(tasks, workers)) as results:
        for result in results:
            bar.update()
            yield result


def _how_to_go_on(error: Exception, manifest: Manifest, n_sweeps: int, folder: Path) -> Exception:
    """The error with how much is whole and how to go on, if it is one that going on can help."""
    done = sum(shard.stop - shard.first for shard in manifest.shards)
    rest = f"{done} of {n_sweeps} sweeps are whole in {folder}; run again with resume=True (--resume)"
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return OSError(error.errno, f"{NO_SPACE[error.errno]}: {rest} when there is space.")
    if isinstance(error, BrokenProcessPool):
        return RuntimeError(
            f"a worker process ended early, for lack of memory or because a script has no `if __name__ == '__main__':` "
            f"around its run: {rest}, with fewer workers."
        )
    return error
