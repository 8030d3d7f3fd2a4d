"""Many scenes at once on one device: every whisker of every scene is a row of one batch."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.motion import Knots
from simulators.whisker.output.record import record_dataset
from simulators.whisker.scene import Scene
from simulators.whisker.simulation import _raw_record
from simulators.whisker.solver.clearance import cleared
from simulators.whisker.solver.plan import Plan, plan_scene
from simulators.whisker.torch_backend.chain import stack_chains
from simulators.whisker.torch_backend.contact import Law
from simulators.whisker.torch_backend.integrate import (
    STRETCH,
    Bases,
    Batch,
    Interval,
    Pull,
    advance_stretch,
    start_carry,
)
from simulators.whisker.torch_backend.pairs import Surroundings, pack_pairs
from simulators.whisker.torch_backend.paths import frames_at, pack_paths


def simulate_torch(
    scenes: Sequence[Scene],
    mechanics: Mechanics | None = None,
    *,
    device: str = "auto",
    dtype: torch.dtype = torch.float64,
    step_ms: float | None = None,
    overlap: Literal["refuse", "push"] = "refuse",
    nodes: bool = True,
    progress: bool = False,
    threads: int | None = None,
) -> list[xr.Dataset]:
    """Simulate scenes together, every whisker of every scene a row of one batch.

    For gradients use `integrate` on chains of `beam_chains`; this function keeps none.

    Parameters
    ----------
    scenes
        Any number; those of one rate and duration run together.
    mechanics
        Mechanical model; ``None`` takes `Mechanics` as it stands.
    device
        ``auto`` (CUDA where there is one, else the CPU) or a name that torch knows.
    dtype
        ``torch.float64`` or ``torch.float32``.
    step_ms
        Longest step of all whiskers, in place of the steps of the mechanics; the step is a power-of-two part of the output
        interval, and shorter while a fast tip nears a surface.
    overlap
        ``refuse`` a scene that starts with an object in the whiskers, or ``push`` the object back along its path.
    nodes
        Whether the recordings keep the shape of every whisker over time.
    progress
        Bar on stderr.
    threads
        Of torch on the CPU while this runs; ``None`` leaves torch's own number.

    Returns
    -------
    list of xr.Dataset
        In the order of the scenes; as `simulators.whisker.simulate` gives.

    Raises
    ------
    ValueError
        If the device, the precision, the step or the threads are not usable, a scene starts with an overlap, or a solid
        is one that this backend does not know.
    FloatingPointError
        If a whisker cannot be followed.
    """
    mechanics = Mechanics() if mechanics is None else mechanics
    where = choose_device(device)
    if dtype not in (torch.float32, torch.float64):
        raise ValueError(f"dtype is {dtype}; give torch.float64 or torch.float32.")
    if step_ms is not None and not (np.isfinite(step_ms) and step_ms > 0):
        raise ValueError(f"step_ms is {step_ms}; it must be positive and finite.")
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}; at least 1 is needed.")
    plans = [plan_scene(cleared(scene, mechanics, overlap), mechanics, nodes) for scene in scenes]
    together: dict[tuple[float, int], list[Plan]] = {}
    for plan in plans:
        together.setdefault((plan.scene.rate_hz, plan.scene.n_intervals), []).append(plan)
    with _threads(threads):
        for group in together.values():
            _run(group, where, dtype, step_ms, progress)
    return [record_dataset(_raw_record(plan, mechanics)) for plan in plans]


def choose_device(device: str) -> torch.device:
    """The device of a name; ``auto`` takes CUDA where there is one.

    Raises
    ------
    ValueError
        If torch does not know it, or it is CUDA and there is none.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise ValueError(f"device {device!r} is not known to torch; give 'auto', 'cpu' or 'cuda'.") from None
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device is {device!r} and torch finds no CUDA device; give 'cpu', or install torch with CUDA."
        )
    return chosen


def pack_batch(plans: list[Plan], device: torch.device, dtype: torch.dtype, step_ms: float | None = None) -> Batch:
    """Scenes of one rate and duration as one batch.

    Parameters
    ----------
    plans
        The scenes.
    device, dtype
        Of the tensors.
    step_ms
        Longest step; ``None`` takes those of the plans.
    """
    interval = 1000 / plans[0].scene.rate_hz
    levels = torch.tensor([level for plan in plans for level in plan.levels], device=device)
    if step_ms is not None:
        levels = torch.full_like(levels, max(0, int(np.ceil(np.log2(interval / step_ms) - 1e-9))))
    bases = [_body(plan.bases, w) for plan in plans for w in range(len(plan.names))]
    around = None
    if any(plan.scene.objects for plan in plans):
        objects = [item for plan in plans for item in _objects(plan)]
        _, stiffness, relaxation, slip_speed = plans[0].settings
        law = Law(stiffness, relaxation, slip_speed)
        around = Surroundings(pack_pairs(plans, device, dtype), pack_paths(objects, device), law)
    forces = np.stack([plan.tip_force_un for plan in plans for _ in plan.names])
    pull = None
    if any(plan.tip_force_until_ms > 0 for plan in plans):
        until = np.array([plan.tip_force_until_ms for plan in plans for _ in plan.names])
        pull = Pull(torch.from_numpy(forces).to(device, dtype), torch.from_numpy(until).to(device))
    return Batch(
        stack_chains([chain for plan in plans for chain in plan.chains]).to(device, dtype),
        Bases(pack_paths(bases, device), torch.arange(len(bases), device=device)),
        interval,
        levels,
        plans[0].settings[0],
        around,
        pull,
        tuple(
            name if len(plans) == 1 else f"{name} of scene {k}" for k, plan in enumerate(plans) for name in plan.names
        ),
        tuple(item.name or f"object {o}" for plan in plans for o, item in enumerate(plan.scene.objects)),
    )


def _run(plans: list[Plan], device: torch.device, dtype: torch.dtype, step_ms: float | None, progress: bool) -> None:
    """Fill the outputs of the plans."""
    batch = pack_batch(plans, device, dtype, step_ms)
    carry, n_intervals = start_carry(batch), plans[0].scene.n_intervals
    with torch.no_grad(), _bar(n_intervals, progress) as done:
        for first in range(0, n_intervals, STRETCH):
            count = min(STRETCH, n_intervals - first)
            carry, rows = advance_stretch(batch, first, count, carry)
            _keep(plans, batch, first, rows)
            done(count)
    steps, solves, unsettled, shortest = (
        values.cpu().numpy() for values in (carry.steps, carry.solves, carry.unsettled, carry.shortest_ms)
    )
    for plan, whiskers in _whiskers(plans):
        plan.reports[:, 0], plan.reports[:, 1] = steps[whiskers], solves[whiskers]
        plan.reports[:, 5] = unsettled[whiskers]
        plan.reports[:, 3] = np.where(np.isfinite(shortest[whiskers]), shortest[whiskers], 0.0)


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Let torch use so many threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(before if count is None else count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _bar(count: int, shown: bool) -> Iterator[Callable[[int], object]]:
    """What to call with the number of output intervals that are done."""
    if not shown:
        yield lambda done: None
        return
    from tqdm import tqdm

    with tqdm(total=count, unit="interval", file=sys.stderr, disable=None) as bar:
        yield bar.update


def _whiskers(plans: list[Plan]) -> Iterator[tuple[Plan, slice]]:
    """Plans with their rows of the batch."""
    first = 0
    for plan in plans:
        yield plan, slice(first, first + len(plan.names))
        first += len(plan.names)


def _keep(plans: list[Plan], batch: Batch, first: int, rows: Interval) -> None:
    """Copy intervals into the outputs of the plans, laid out as the compiled time loop leaves them."""
    count, n = rows.energy.shape
    ends = batch.interval_ms * torch.arange(
        first + 1, first + count + 1, dtype=torch.float64, device=rows.energy.device
    )
    base = frames_at(batch.bases.paths, batch.bases.body.repeat(count), ends.repeat_interleave(n))
    parts = (
        rows.force, rows.moment, rows.contact_force, rows.contact_point, rows.contact_arc[..., None],
        rows.contact_weight[..., None], _tips(batch, rows.nodes), base.position.view(count, n, 3),
        base.quaternion.view(count, n, 4), rows.energy[..., None],
    )  # fmt: skip
    values = torch.cat([part.double() for part in parts], 2).swapaxes(0, 1).cpu().numpy()
    keep_nodes = any(plan.nodes is not None for plan in plans)
    nodes = rows.nodes.double().swapaxes(0, 1).cpu().numpy() if keep_nodes else None
    for plan, whiskers in _whiskers(plans):
        plan.outputs[:, first : first + count] = values[whiskers]
        if plan.nodes is not None and nodes is not None:
            for shape, chain, found in zip(plan.nodes, plan.chains, nodes[whiskers], strict=True):
                shape[first : first + count, : len(chain) + 1] = found[:, : len(chain) + 1]


def _tips(batch: Batch, nodes: Tensor) -> Tensor:
    last = batch.chain.links.sum(1).long()
    return nodes[:, torch.arange(len(last), device=nodes.device), last]


def _body(knots: Knots, row: int) -> Knots:
    return Knots(knots.dt_ms, *(values[row] for values in knots[1:]))


def _objects(plan: Plan) -> list[Knots]:
    knots = plan.object_knots
    return [
        Knots(dt, *(values[first:last] for values in knots[1:]))
        for dt, first, last in zip(plan.object_dt, plan.first_knot[:-1], plan.first_knot[1:], strict=True)
    ]
