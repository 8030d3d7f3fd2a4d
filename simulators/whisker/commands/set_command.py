"""Data sets of sweeps on the command line: which sweeps, what they would cost, and the run."""

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..output.collection import VARIABLES, BegunOtherwise, Collection, write_collection
from ..output.record import package_version
from ..output.shards import table_of, write_shard
from ..output.size import refuse_beyond_memory, refuse_too_large
from ..output.views import N_FRAMES
from ..output.workers import Entry, Task
from .begun_otherwise import ASKED, in_words
from .command import mechanics_of, say
from .default_place import default_place
from .scene_options import DIAGONAL_MM, UsageError, make_array, whole_array
from .sweep_simulation import PLACE_UNITS, SceneSimulator, SweepSimulator

if TYPE_CHECKING:
    from ..geometry.array import WhiskerArray
    from ..simulation import Overlap
    from ..stimuli.objects import ObjectSet
    from ..stimuli.sweeps import SweepGrid

TRIALS = 5
TORCH_BATCH = 64


@dataclass(frozen=True)
class Job:
    """A data set before it is simulated.

    Parameters
    ----------
    entries
        Its sweeps.
    simulate
        Their simulator.
    variables
        Of the recordings, that are kept.
    config
        Facts that decide the result.
    names, n_intervals
        Whiskers and length of each recording.
    """

    entries: Sequence[Entry]
    simulate: Any
    variables: tuple[str, ...]
    config: dict[str, Any]
    names: tuple[str, ...]
    n_intervals: int


def run_set(arguments: argparse.Namespace) -> int:
    """Write the data set, or say what it would cost; returns the exit code."""
    job = make_job(arguments)
    batch = arguments.batch or (TORCH_BATCH if arguments.backend == "torch" else None)
    if arguments.dry_run:
        say(_cost(job, arguments), arguments.json)
        return 0
    view = _view_options(job, arguments)
    refuse_beyond_memory(
        # A shard and its file together, of 7 single-precision numbers per whisker and interval.
        2 * 7 * 4 * min(arguments.shard_size, len(job.entries)) * len(job.names) * job.n_intervals,
        f"a shard of {arguments.shard_size} sweeps with {job.n_intervals} output intervals",
        "lower --shard-size, --rate or --duration",
    )
    try:
        made = _written(job, arguments, batch)
    except BegunOtherwise as error:
        raise UsageError(in_words(error)) from None
    facts: dict[str, Any] = {"out": str(made.folder), "sweeps": len(job.entries), "written": len(made)}
    facts["refused"] = len(made.failures)
    if 0 < job.n_intervals < N_FRAMES:
        print(
            f"a sweep has {job.n_intervals} intervals, and tactile networks take {N_FRAMES}: they cannot be trained on these "
            "sweeps; for that give a longer --duration or a higher --rate.",
            file=sys.stderr,
        )
    for name, sentence in list(made.failures.items())[:3]:
        print(f"refused: {name}: {sentence}", file=sys.stderr)
    if len(made.failures) > 3:
        print(f"refused: {len(made.failures) - 3} more; see the failures of the collection.", file=sys.stderr)
    if not len(made):
        print("no sweep could be simulated.", file=sys.stderr)
        return 1
    if arguments.stimuli:
        group = "object_id" if arguments.set != "rodgers" else None
        facts["stimuli"] = str(made.save_stimuli(arguments.stimuli, name=made.folder.name, group=group, **view))
    say(facts, arguments.json)
    return 0


def _written(job: Job, arguments: argparse.Namespace, batch: int | None) -> Collection:
    return write_collection(
        job.entries,
        arguments.out,
        simulate=job.simulate,
        seed=arguments.seed,
        config=job.config,
        shard_size=arguments.shard_size,
        variables=job.variables,
        workers=arguments.workers,
        batch=batch,
        resume=arguments.resume,
        progress=sys.stderr.isatty(),
    )


def make_job(arguments: argparse.Namespace) -> Job:
    """The sweeps that the arguments describe, with their simulator."""
    array = make_array(arguments)
    overlap: Overlap = arguments.overlap or ("push" if arguments.set.startswith("published") else "refuse")
    rate = arguments.rate or (110.0 if arguments.set == "published-110" else 1000.0)
    simulator = SceneSimulator(mechanics_of(arguments), arguments.backend, overlap)
    config = {"version": package_version()} | {name: getattr(arguments, name) for name in ASKED}
    config |= {
        "overlap": overlap,
        "rate_hz": rate,
        "duration_s": arguments.duration,
        "table": arguments.table and hashlib.sha256(Path(arguments.table).read_bytes()).hexdigest(),
        "mechanics": {key: value for key, value in asdict(simulator.mechanics).items() if key != "build_chain"},
        # What is no option, as the numbers of the regressions, shows in the array.
        "array_sha256": hashlib.sha256(repr(array).encode()).hexdigest(),
    }
    if arguments.set == "rodgers":
        entries = _rodgers(arguments, array, rate)
        return Job(entries, simulator, VARIABLES, config, array.names, entries[0].scene.n_intervals)
    objects = _objects(arguments)
    grid = _grid(arguments, objects)
    chosen = spread(len(grid), arguments.sweeps, arguments.seed)
    entries = []
    for number in chosen:
        sweep = grid[number]
        labels = {key: value for key, value in asdict(sweep).items() if value is not None}
        entries.append(Entry(sweep.stimulus_id, labels, sweep))
    left = arguments.side == "left"
    names = array.mirrored().names if left else array.names
    simulate = SweepSimulator(objects, array, simulator, rate, mirrored=left)
    placed = [name for name in PLACE_UNITS if name not in entries[0].labels]
    n_intervals = int((grid.duration_s or 0.0) * rate * (1 + 1e-12))
    refuse_too_large(len(names), n_intervals)
    return Job(entries, simulate, (*VARIABLES, *placed), config, names, n_intervals)


def _view_options(job: Job, arguments: argparse.Namespace) -> dict[str, Any]:
    """Options of the network inputs, tried on an empty recording before the simulation rather than after it."""
    if not arguments.stimuli:
        return {}
    if Path(arguments.stimuli).suffix != ".nc":
        raise UsageError(f"--stimuli {arguments.stimuli} must end in .nc.")
    import numpy as np
    import xarray as xr

    from ..output.views import published_view

    side = "left" if arguments.side == "left" else "right"
    options: dict[str, Any] = {"side": side, "missing": "zero" if arguments.zero_missing else "refuse"}
    dims, empty = ("time", "whisker", "axis"), np.zeros((job.n_intervals, len(job.names), 3))
    record = xr.Dataset(
        {"force": (dims, empty, {"unit": "mN"}), "moment": (dims, empty, {"unit": "uN.m"})},
        coords={"time": 1.0 + np.arange(job.n_intervals), "whisker": list(job.names)},
        attrs={"rate_hz": job.config["rate_hz"]},
    )
    try:
        published_view(record, "network", **options)
    except ValueError as error:
        words = str(error).replace("give missing='zero'", "give --zero-missing")
        raise UsageError(f"--stimuli cannot be made: {words}") from None
    return options


def _objects(arguments: argparse.Namespace) -> "ObjectSet":
    if arguments.furniture:
        from ..stimuli.furniture import FurnitureObjects

        return FurnitureObjects(arguments.furniture)
    if arguments.shapenet:
        from ..stimuli.shapenet import ShapeNetObjects

        return ShapeNetObjects(*arguments.shapenet)
    from ..stimuli.families import categories
    from ..stimuli.objects import ProceduralObjects

    unknown = [name for name in arguments.categories or () if name not in categories()]
    if unknown:
        raise UsageError(f"--categories {unknown[0]} is not known; there are {', '.join(categories())}.")
    return ProceduralObjects(arguments.objects, arguments.categories, first_seed=arguments.seed)


def _grid(arguments: argparse.Namespace, objects: "ObjectSet") -> "SweepGrid":
    from ..stimuli.sweeps import clean_grid, published_110_hz_grid, published_1000_hz_grid

    if arguments.set == "published-1000":
        return published_1000_hz_grid(objects)
    if arguments.set == "published-110":
        return published_110_hz_grid(objects, arguments.part, seed=arguments.seed)
    steps = {
        key: tuple(values)
        for key, values in (
            ("heights_mm", arguments.height),
            ("distances_mm", arguments.distance),
            ("rotations_deg", arguments.rotation),
        )
        if values is not None
    }
    if arguments.species != "mouse":
        # The steps of the grid itself are those of the published mouse.
        usual = default_place(whole_array(arguments))
        steps = {"heights_mm": usual.heights_mm, "distances_mm": usual.distances_mm} | steps
    return clean_grid(
        objects,
        diagonal_mm=arguments.diagonal or (DIAGONAL_MM, DIAGONAL_MM),
        speed_mm_s=arguments.speed,
        duration_s=arguments.duration or 1.0,
        n_draws=arguments.draws,
        seed=arguments.seed,
        **steps,
    )


def _rodgers(arguments: argparse.Namespace, array: "WhiskerArray", rate_hz: float) -> list[Entry]:
    from ..stimuli.rodgers import rodgers_stimuli

    stimuli = rodgers_stimuli(array, duration_s=arguments.duration or 1.0, rate_hz=rate_hz, **(arguments.whisk or {}))
    return [Entry(one.name, {"shape": one.shape, "distance": one.distance}, one.scene) for one in stimuli]


def spread(total: int, wanted: int | None, seed: int) -> list[int]:
    """Numbers spread over a set, so that a part of it has all kinds of objects.

    One is drawn from each of ``wanted`` stretches of equal length: equal steps would fall in with those of the grid, and
    find one height and one distance only.
    """
    count = total if wanted is None else min(wanted, total)
    edges = [number * total // count for number in range(count + 1)]
    return np.random.default_rng(seed).integers(edges[:-1], edges[1:]).tolist()


def _cost(job: Job, arguments: argparse.Namespace) -> dict[str, Any]:
    """Sweeps, MB and minutes, from one trial sweep."""
    for entry in job.entries[:TRIALS]:
        # The first run compiles; only the second is timed.
        simulate = job.simulate
        task = Task(simulate, (entry,), (0,), job.variables, "float32")
        (record,) = task.run()
        if isinstance(record, str):
            refusal = record
            continue
        start = time.perf_counter()
        task.run()
        seconds = time.perf_counter() - start
        with tempfile.TemporaryDirectory() as folder:
            table = table_of([entry.id], [entry.labels])
            n_bytes = write_shard(Path(folder), {entry.id: record}, 0, 1, table).n_bytes
        return {
            "sweeps": len(job.entries),
            "files": -(-len(job.entries) // arguments.shard_size),
            "megabytes": float(f"{n_bytes * len(job.entries) / 1e6:.3g}"),
            "minutes": float(f"{seconds * len(job.entries) / arguments.workers / 60:.3g}"),
            "seconds_of_the_trial_sweep": float(f"{seconds:.3g}"),
        }
    raise ValueError(f"none of the first {min(TRIALS, len(job.entries))} sweeps can be simulated: {refusal}")
