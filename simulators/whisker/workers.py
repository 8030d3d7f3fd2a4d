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

Simulate: TypeAlias = Callable[[Any], xr.Dataset]


@dataclass(frozen=True)
class Sweep:
    """One sweep to simulate.

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
    """One sweep with all that a process needs to do it."""

    simulate: Simulate
    sweep: Sweep
    seed: int
    variables: tuple[str, ...]
    precision: Precision

    def run(self) -> xr.Dataset | str:
        """The recording, or the sentence that refused it."""
        scene = self.sweep.scene
        try:
            record = self.simulate(scene(self.seed) if callable(scene) else scene)
        except (ValueError, ArithmeticError, FileNotFoundError) as error:
            return str(error)
        absent = [name for name in self.variables if name not in record]
        if absent:
            raise KeyError(f"the recording has no variable {absent[0]!r}; it has {', '.join(map(str, record))}.")
        return as_precision(record[list(self.variables)], self.precision)


def run_in_order(tasks: Sequence[Task], workers: int) -> Generator[xr.Dataset | str, None, None]:
    """Results of the tasks, one after the other; a few are under way ahead of the one that is awaited."""
    if workers == 1 or len(tasks) < 2:
        yield from map(Task.run, tasks)
        return
    # Spawned, not forked: threads of this process (numba, torch) do not survive a fork.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context, initializer=_as_worker)
    waiting = iter(tasks)
    under_way: deque[Future[xr.Dataset | str]] = deque()
    try:
        for task in waiting:
            under_way.append(pool.submit(task.run))
            if len(under_way) >= 4 * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _as_worker() -> None:
    """One thread per process; the interrupt key is the parent's business."""
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def require_picklable(simulate: Simulate, sweep: Sweep) -> None:
    """Refuse, in one sentence, what other processes cannot be sent."""
    try:
        pickle.dumps((simulate, sweep))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"several workers need a simulate function and scenes that can be pickled ({error}); define functions at "
            "the top of a module, or give workers=1."
        ) from None
