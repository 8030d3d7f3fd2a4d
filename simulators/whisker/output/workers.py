"""Sweeps simulated one after the other, or in several processes with the results in order."""

import multiprocessing
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from .shards import Label
from .storage import Precision, as_precision

Simulate: TypeAlias = Callable[[Any], Any]

REFUSALS = (ValueError, ArithmeticError, FileNotFoundError)


@dataclass(frozen=True)
class Entry:
    """One sweep of a collection, to be simulated.

    Parameters
    ----------
    id
        Unique name.
    labels
        Columns of the table: category, height_mm, ...; the same names for all sweeps of a collection.
    scene
        What is handed to the simulator, or a function of a seed that returns it. With several workers it must be
        picklable: a function at the top of a module or a ``functools.partial`` of one.
    """

    id: str
    labels: Mapping[str, Label]
    scene: Any = field(repr=False)


def sweep_seed(seed: int, index: int) -> int:
    """Seed of sweep ``index`` of a collection: it depends on these two numbers alone."""
    return int(np.random.SeedSequence(seed, spawn_key=(index,)).generate_state(1, np.uint64)[0] >> np.uint64(1))


@dataclass(frozen=True)
class Task:
    """Some sweeps with all that a process needs to simulate them.

    Parameters
    ----------
    simulate
        Scene to recording or, if ``batched``, a list of scenes to a list of recordings.
    entries, seeds
        One seed each.
    variables, precision
        What is kept of a recording.
    batched
        Whether all entries go to ``simulate`` at once.
    """

    simulate: Simulate
    entries: tuple[Entry, ...]
    seeds: tuple[int, ...]
    variables: tuple[str, ...]
    precision: Precision
    batched: bool = False

    def run(self) -> list[xr.Dataset | str]:
        """The recordings, or the sentences that refused them, in the order of the entries."""
        results: list[xr.Dataset | str] = []
        scenes: list[Any] = []
        for entry, seed in zip(self.entries, self.seeds, strict=True):
            try:
                scene = entry.scene(seed) if callable(entry.scene) else entry.scene
                results.append("" if self.batched else self._kept(self.simulate(scene)))
                scenes.append(scene)
            except REFUSALS as error:
                results.append(str(error) or type(error).__name__)
        if not self.batched:
            return results
        recordings = iter(self._batch(scenes))
        return [next(recordings) if result == "" else result for result in results]

    def _batch(self, scenes: list[Any]) -> list[xr.Dataset | str]:
        """All at once; if one of them is refused, one by one to learn which."""
        if not scenes:
            return []
        try:
            return [self._kept(record) for record in self.simulate(scenes)]
        except REFUSALS as error:
            if len(scenes) == 1:
                return [str(error) or type(error).__name__]
            return [result for scene in scenes for result in self._batch([scene])]

    def _kept(self, record: xr.Dataset) -> xr.Dataset:
        absent = [name for name in self.variables if name not in record]
        if absent:
            raise KeyError(f"the recording has no variable {absent[0]!r}; it has {', '.join(map(str, record))}.")
        return as_precision(record[list(self.variables)], self.precision)


def run_in_order(tasks: Sequence[Task], workers: int) -> Generator[xr.Dataset | str, None, None]:
    """Results of the tasks, one after the other; a few are under way ahead of the one that is awaited."""
    if workers == 1 or len(tasks) < 2:
        for task in tasks:
            yield from task.run()
        return
    # Spawned, not forked: threads of this process (numba, torch) do not survive a fork.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context, initializer=_as_worker)
    under_way: deque[Future[list[xr.Dataset | str]]] = deque()
    try:
        for task in tasks:
            under_way.append(pool.submit(task.run))
            if len(under_way) >= 4 * workers:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _as_worker() -> None:
    """One thread per process; the interrupt key is the parent's business."""
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def require_picklable(simulate: Simulate, entry: Entry) -> None:
    """Refuse, in one sentence, what other processes cannot be sent."""
    try:
        pickle.dumps((simulate, entry))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"several workers need a simulate function and scenes that can be pickled ({error}); define functions at "
            "the top of a module, or give workers=1."
        ) from None
