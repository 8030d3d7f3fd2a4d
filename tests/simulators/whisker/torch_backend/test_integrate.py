"""The time loop: starts that were prescribed, stretches, sleep, step lengths, states that are none, how it waits."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.geometry.array import mouse_array, rat_array
from simulators.whisker.motion import RigidMotion
from simulators.whisker.pluck import static_shape
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.solids import Box, Sphere
from simulators.whisker.solver.kernel import HALVINGS
from simulators.whisker.solver.plan import plan_scene
from simulators.whisker.torch_backend import State, integrate, pack_batch
from simulators.whisker.torch_backend.integrate import _allowed, advance_stretch, start_carry

CPU = torch.device("cpu")


def packed(plan):
    return pack_batch([plan], CPU, torch.float64)


def bent(whisker, mechanics, force_mn=(0.0, 0.005, 0.01)):
    """Start at rest in the shape that a force on the tip bends a whisker to."""
    held = static_shape(whisker, mechanics, force_mn)
    start = np.zeros((3, *held.angles_rad.shape))
    start[0] = held.angles_rad
    return start


@pytest.mark.parametrize(
    "array", [mouse_array(names=["RC1"]), rat_array(names=["RD2"]).mirrored()], ids=["mouse", "rat"]
)
@pytest.mark.parametrize("mechanics", [Mechanics(), Mechanics("whiskit", n_links=12)], ids=["beam", "whiskit"])
def test_a_pluck_rings_as_in_the_compiled_loop(array, mechanics):
    plan = plan_scene(Scene(array, duration_s=0.02), mechanics)
    start = bent(array.whiskers[0], mechanics)
    batch = packed(plan)
    first = State.of(*(torch.from_numpy(values.copy())[None] for values in start))
    with torch.no_grad():
        found, end = integrate(batch, plan.scene.n_intervals, first)
    plan.run(0, start)
    expected = plan.outputs[0]
    assert np.abs(expected[-1, 14:17] - expected[0, 14:17]).max() > 0.05
    for ours, columns in ((found.force, slice(0, 3)), (found.moment, slice(3, 6)), (found.energy[..., None], [24])):
        theirs = expected[:, columns]
        np.testing.assert_allclose(ours[:, 0], theirs, rtol=0, atol=1e-11 * np.abs(theirs).max())
    np.testing.assert_allclose(found.nodes[:, 0], plan.nodes[0], rtol=0, atol=1e-10)
    for ours, theirs in zip((end.q[0, 1:], end.v[0, 1:]), start[:2, 1:], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-11 * max(1.0, np.abs(theirs).max()))


def test_a_first_link_that_is_turned_stays_so():
    # The first chord of a strongly curved whisker leaves its base at an angle.
    array = mouse_array(names=["RA0"])
    plan = plan_scene(Scene(array, duration_s=0.005), Mechanics(n_links=3))
    assert abs(plan.chains[0].rest_angles_rad[0]) > 1e-3
    with torch.no_grad():
        found, _ = integrate(packed(plan), 5)
    plan.run(0)
    np.testing.assert_allclose(found.nodes[:, 0], plan.nodes[0], rtol=0, atol=1e-12)


def test_stretches_of_any_length_give_the_same():
    array = mouse_array(names=["RB1", "RC2"])
    ball = SceneObject(Sphere(2.0), RigidMotion.linear(array.centre_lines_mm(3)[1, 2] + [0, 2.15, 0], (0, -200.0, 0)))
    batch = packed(plan_scene(Scene(array, (ball,), duration_s=0.012), Mechanics(n_links=6)))
    found = []
    with torch.no_grad():
        for every in (6, 4):
            rows, end = integrate(batch, 6, checkpoint_every=every)
            found.append((*rows, *end))
    assert found[0][5].any()
    for other in found[1:]:
        for ours, theirs in zip(other, found[0], strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_a_chain_at_rest_takes_no_steps():
    array = mouse_array(names=["RB1", "RC2"])
    away = SceneObject(Sphere(2.0), RigidMotion.linear((60, 0, 0), (-100.0, 0, 0)))
    batch = packed(plan_scene(Scene(array, (away,), duration_s=0.1), Mechanics(n_links=6)))
    with torch.no_grad():
        carry, rows = advance_stretch(batch, 0, 100, start_carry(batch))
    assert carry.asleep.all() and (carry.steps == 1).all()
    assert not rows.force.any() and not rows.energy.any()
    torch.testing.assert_close(rows.nodes, rows.nodes[:1].expand_as(rows.nodes))


@pytest.mark.parametrize("behind", [0.0, 0.05])
def test_the_longest_step_allowed_is_that_of_halving(behind):
    rng = np.random.default_rng(0)
    tick = 0.125 / (1 << HALVINGS)
    urgency = 10.0 ** rng.uniform(-6, 6, 500)
    urgency[:3] = 0.0, 1 / tick * 0.999, 1 / tick * 1.001
    expected = []
    for one in urgency:
        wanted = 1 << HALVINGS
        while wanted > 1 and one * (wanted * tick + behind) > 1:
            wanted //= 2
        expected.append(wanted)
    allowed = _allowed(
        torch.from_numpy(urgency), torch.tensor(tick, dtype=torch.float64), torch.tensor(behind, dtype=torch.float64)
    )
    np.testing.assert_array_equal(allowed, expected)


@pytest.mark.parametrize("rate", [float("nan"), 1e5])
def test_a_state_that_is_none_ends_the_run_with_the_words_of_the_compiled_loop(rate):
    array = mouse_array(names=["RC1"])
    plan = plan_scene(Scene(array, duration_s=0.003), Mechanics())
    start = np.zeros((3, len(plan.chains[0]), 2))
    start[0, 1:, 1] = plan.chains[0].rest_angles_rad[1:]
    start[1, -1, 0] = rate
    first = State.of(*(torch.from_numpy(values.copy())[None] for values in start))
    with pytest.raises(FloatingPointError, match="its state is no longer finite") as ours, torch.no_grad():
        integrate(packed(plan), 3, first)
    with pytest.raises(FloatingPointError) as theirs:
        plan.run(0, start)
    assert str(ours.value) == str(theirs.value)


class Waits(TorchDispatchMode):
    """Counts what would hold up the host until a device is done."""

    NAMES = ("aten._local_scalar_dense.default", "aten.nonzero.default", "aten.lift_fresh.default")

    def __init__(self):
        super().__init__()
        self.count = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count[str(function)] += 1
        return function(*args, **(kwargs or {}))

    @property
    def total(self):
        return sum(self.count[name] for name in self.NAMES)


@pytest.mark.parametrize(("touches", "most"), [(False, 2), (True, 20)])
def test_the_host_waits_for_the_device_a_few_times_per_step(touches, most):
    array = mouse_array(names=["RC2"])
    middle = array.centre_lines_mm(3)[0, 1]
    path = RigidMotion.linear(middle + ([0, 1.4, 0] if touches else [0, 60.0, 0]), (0, -100.0, 0), (0, 0, 30.0))
    plan = plan_scene(Scene(array, (SceneObject(Box((1.0, 1.0, 4.0)), path),), duration_s=0.02), Mechanics())
    batch = packed(plan)
    chain = batch.chain
    start = torch.stack([torch.full_like(chain.rest_angles, 0.01) * chain.joints, chain.rest_angles], -1)
    carry = start_carry(batch, State.of(start, torch.zeros_like(start), torch.zeros_like(start)))
    with torch.no_grad():
        carry, _ = advance_stretch(batch, 0, 5, carry)
        before = int(carry.steps.max())
        with Waits() as waits:
            carry, rows = advance_stretch(batch, 5, 2, carry)
    assert bool(rows.contact_weight.any()) == touches
    assert 0 < waits.total <= most * (int(carry.steps.max()) - before + 1)
