"""Scenes in, recordings out: the compiled time loop for every whisker of every scene."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Literal

import numpy as np
import xarray as xr
from numba.core.event import Event, Listener, install_listener

from .beams.mechanics import Mechanics
from .numbers_given import whole_number
from .output.record import RawRecord, record_dataset
from .scene import Scene
from .solver.clearance import cleared
from .solver.plan import Plan, plan_scene

Backend = Literal["numba", "torch", "mujoco"]
Overlap = Literal["refuse", "push"]
SCENES_AHEAD = 3
"""Scenes whose whiskers wait for a thread while the next is prepared."""


def simulate(
    scene: Scene,
    mechanics: Mechanics | None = None,
    *,
    threads: int = 1,
    progress: bool = False,
    backend: Backend = "numba",
    overlap: Overlap = "refuse",
    nodes: bool = True,
) -> xr.Dataset:
    """Simulate one scene.

    Parameters
    ----------
    scene
        Array, objects and their motion.
    mechanics
        Mechanical model; ``None`` takes `Mechanics` as it stands (elastic beams).
    threads
        Whiskers computed at a time; the result does not depend on it.
    progress
        Bar on stderr.
    backend
        ``numba``; ``torch`` (batches on a GPU, gradients); ``mujoco`` (an independent engine, optional package).
    overlap
        ``refuse`` a scene that starts with an object in the whiskers, or ``push`` the object back along its path until
        it is 1 mm clear.
    nodes
        Whether the recording keeps the shape of every whisker over time.

    Returns
    -------
    xr.Dataset
        Forces [mN] and moments [uN.m] of every whisker on its base, contacts and shapes; see `record.record_dataset`.

    Raises
    ------
    ValueError
        If the scene starts with an overlap, an option is unknown or the input does not fit together.
    FloatingPointError
        If a whisker moves faster than the shortest step can follow, or its state is no longer finite.
    """
    return simulate_scenes(
        [scene], mechanics, threads=threads, progress=progress, backend=backend, overlap=overlap, nodes=nodes
    )[0]


def simulate_scenes(
    scenes: Sequence[Scene],
    mechanics: Mechanics | None = None,
    *,
    threads: int = 1,
    progress: bool = False,
    backend: Backend = "numba",
    overlap: Overlap = "refuse",
    nodes: bool = True,
) -> list[xr.Dataset]:
    """Simulate many scenes; parameters as in `simulate`.

    Returns
    -------
    list of xr.Dataset
        In the order of the scenes.

    Raises
    ------
    ValueError
        As `simulate`.
    FloatingPointError
        As `simulate`.
    """
    mechanics = Mechanics() if mechanics is None else mechanics
    if not isinstance(mechanics, Mechanics):
        raise ValueError(f"mechanics is {mechanics!r}; give a Mechanics, such as Mechanics('whiskit').")
    for scene in scenes:
        if not isinstance(scene, Scene):
            raise ValueError(f"what is simulated must be a Scene, received {scene!r}.")
    threads = whole_number("threads", threads)
    if threads < 1:
        raise ValueError(f"threads is {threads}; at least 1 is needed.")
    if backend == "torch":
        from .torch_backend import simulate_torch

        return simulate_torch(scenes, mechanics, overlap=overlap, nodes=nodes, progress=progress, threads=threads)
    if backend == "mujoco":
        return list(_from_mujoco(scenes, mechanics, overlap, nodes, threads, progress))
    if backend != "numba":
        raise ValueError(f"backend {backend!r} is not known; take 'numba', 'torch' or 'mujoco'.")
    with install_listener("numba:compile", _Announcement()):
        clear = [cleared(scene, mechanics, overlap) for scene in scenes]
        with _progress(sum(len(scene.array) for scene in clear), progress) as done:
            return list(_recordings((plan_scene(scene, mechanics, nodes) for scene in clear), mechanics, threads, done))


def _recordings(
    plans: Iterable[Plan], mechanics: Mechanics, threads: int, done: Callable[[], object]
) -> Iterator[xr.Dataset]:
    """Run and label one scene after another, so that a batch holds the working memory of a few; ``done`` after each whisker."""
    if threads == 1:
        for plan in plans:
            for whisker in range(len(plan.names)):
                plan.run(whisker)
                done()
            yield record_dataset(_raw_record(plan, mechanics))
        return

    def recording(plan: Plan, runs: list[Future[None]]) -> xr.Dataset:
        for run in runs:
            run.result()
            done()
        return record_dataset(_raw_record(plan, mechanics))

    # The compiled loop holds no lock, so that threads do run at a time, also while a recording is labelled here.
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[tuple[Plan, list[Future[None]]]] = deque()
        for plan in plans:
            waiting.append((plan, [pool.submit(plan.run, whisker) for whisker in range(len(plan.names))]))
            while sum(len(runs) for _, runs in waiting) > SCENES_AHEAD * max(threads, len(plan.names)):
                yield recording(*waiting.popleft())
        while waiting:
            yield recording(*waiting.popleft())


def _from_mujoco(
    scenes: Sequence[Scene], mechanics: Mechanics, overlap: Overlap, nodes: bool, threads: int, progress: bool
) -> Iterator[xr.Dataset]:
    from .mujoco_backend.simulate import simulate_mujoco

    if threads != 1:
        raise ValueError(f"threads is {threads}, but the MuJoCo backend runs on one; leave it at 1.")
    with _progress(len(scenes), progress, "scene") as done:
        for scene in scenes:
            record = record_dataset(simulate_mujoco(cleared(scene, mechanics, overlap), mechanics))
            yield record if nodes else record.drop_vars(["nodes", "node_arc"], errors="ignore")
            done()


@contextmanager
def _progress(count: int, shown: bool, unit: str = "whisker") -> Iterator[Callable[[], object]]:
    """What to call after each of so many."""
    if not shown:
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(total=count, unit=unit, file=sys.stderr, disable=None) as bar:
        yield bar.update


class _Announcement(Listener):
    """Says once, on stderr, that compilation has begun; a version found on disk compiles nothing."""

    def __init__(self) -> None:
        self.said = False

    def on_start(self, event: Event) -> None:
        """Compilation of one function begins."""
        if not self.said:
            self.said = True
            print("whisker simulator: compiling for this machine, once (about a minute) ...", file=sys.stderr)

    def on_end(self, event: Event) -> None:
        """Compilation of one function is over."""


def _raw_record(plan: Plan, mechanics: Mechanics) -> RawRecord:
    scene, out = plan.scene, plan.outputs.swapaxes(0, 1)
    times = (np.arange(scene.n_intervals) + 1) / scene.rate_hz
    objects = [item.motion.at(times) for item in scene.objects]
    bases = None if scene.base_motion is None else scene.base_motion.at(times)
    described = {key: value for key, value in mechanics.__dict__.items() if key != "build_chain" and value is not None}
    return RawRecord(
        names=plan.names,
        rate_hz=scene.rate_hz,
        time_ms=1000 * times,
        force_un=out[..., 0:3],
        moment_un_mm=out[..., 3:6],
        contact=out[..., 13] > 0,
        contact_force_un=out[..., 6:9],
        contact_point_mm=out[..., 9:12],
        contact_arc_mm=out[..., 12],
        tip_mm=out[..., 14:17],
        base_point_mm=out[..., 17:20],
        base_quaternion=out[..., 20:24],
        object_position_mm=np.stack([pose[0] for pose in objects], axis=1) if objects else np.zeros((len(times), 0, 3)),
        object_quaternion=np.stack([pose[1] for pose in objects], axis=1) if objects else np.zeros((len(times), 0, 4)),
        object_names=tuple(item.name or f"object{k}" for k, item in enumerate(scene.objects)),
        nodes_mm=None if plan.nodes is None else plan.nodes.swapaxes(0, 1),
        node_arc_mm=None if plan.nodes is None else plan.node_arcs,
        protraction_deg=None if bases is None else bases.protraction_deg,
        phase_rad=None if bases is None else bases.phase_rad,
        attributes={
            "preset": mechanics.preset,
            "mechanics": described,
            "steps": int(plan.reports[:, 0].sum()),
            "solves": int(plan.reports[:, 1].sum()),
            "unsettled_steps": int(plan.reports[:, 5].sum()),
            "shortest_step_ms": float(min((value for value in plan.reports[:, 3] if value > 0), default=0.0)),
            "tracked_values_filled": 0 if scene.base_motion is None else scene.base_motion.filled_values,
        },
    )
