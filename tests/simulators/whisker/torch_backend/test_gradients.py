"""Derivatives of base moments with respect to geometry and material against central differences, free and in contact."""

import pytest
import torch

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.geometry.array import WhiskerArray
from simulators.whisker.geometry.whisker import Whisker
from simulators.whisker.motion import RigidMotion, head_motion
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.solids import Box, Cylinder, Mesh, Sphere
from simulators.whisker.solver.plan import plan_scene
from simulators.whisker.torch_backend import beam_chains, integrate, pack_batch

# Length, curvature, base and tip radius, modulus, densities, damping ratio.
WHISKER = (20.0, 0.01, 0.054, 0.01, 3.3e9, 1260.0, 1690.0, 0.14)
WANTED = {"length": 0, "curvature": 1, "base radius": 2, "modulus": 4, "damping": 7}
ARRAY = WhiskerArray((Whisker("RC1", 20.0, 0.01, (0, 0, 0), 90.0, 0.0, -90.0, 0.054, 0.01),))
MECHANICS, INTERVALS = Mechanics(n_links=5), 4


def from_the_front(solid, y):
    """A solid that comes along -y against the middle of the whisker and turns."""
    return (SceneObject(solid, RigidMotion.linear((13.0, y, 0.5), (0, -150.0, 30.0), (10, 20, 30), (60, 20, 40))),)


SHAKEN = RigidMotion.linear((0, 0, 0), (0, 40, 9), (0, 0, 0), (0, 90, 200))
SCENES = {
    "free": lambda: Scene(ARRAY, base_motion=head_motion(ARRAY, SHAKEN)),
    "sphere": lambda: Scene(ARRAY, from_the_front(Sphere(1.5, friction=0.0), 0.1)),
    "peg": lambda: Scene(ARRAY, from_the_front(Cylinder(1.0, 20.0, friction=0.4), -0.1)),
    "edge of a box": lambda: Scene(ARRAY, from_the_front(Box((1.0, 1.0, 20.0), friction=0.0), -0.4)),
    "mesh": lambda: Scene(ARRAY, from_the_front(Mesh(*Box((1.0, 1.0, 20.0)).surface(), friction=0.0), -0.3)),
}  # fmt: skip


def moments(scene, scale, stiffness, checkpoint_every=None):
    """Weighted sum of what a base feels (chain,), for whiskers scaled by ``scale`` (chain, 8)."""
    plan = plan_scene(Scene(*(getattr(scene, name) for name in ("array", "objects", "base_motion")), 0.004), MECHANICS)
    batch = pack_batch([plan] * len(scale), torch.device("cpu"), torch.float64)
    *geometry, damping = (scale[:, k] * value for k, value in enumerate(WHISKER))
    batch = batch._replace(chain=beam_chains(*geometry, n_links=5, damping_ratio=damping))
    if batch.around is not None:
        law = batch.around.law._replace(stiffness=stiffness)
        batch = batch._replace(around=batch.around._replace(law=law))
    rows, _ = integrate(batch, INTERVALS, checkpoint_every=checkpoint_every)
    weights = torch.linspace(0.2, 1.0, INTERVALS, dtype=torch.float64)[:, None, None]
    felt = rows.moment * torch.tensor([0.3, -1.0, 0.7]) + rows.force * torch.tensor([1.0, 0.5, -0.8])
    return (weights * felt).sum((0, 2)), rows.contact_weight


@pytest.mark.parametrize("name", SCENES)
def test_derivatives_are_central_differences(name):
    scene, stiffness = SCENES[name](), 3e4
    small = 1e-4 if name == "free" else 1e-6
    scale = torch.ones(1, len(WHISKER), dtype=torch.float64, requires_grad=True)
    hard = torch.tensor(stiffness, dtype=torch.float64, requires_grad=True)
    total, weight = moments(scene, scale, hard)
    assert bool(weight.any()) == (name != "free")
    found = torch.autograd.grad(total.sum(), [scale, hard], allow_unused=name == "free")
    parameters = list(WANTED.values())
    moved = torch.ones(2 * len(parameters), len(WHISKER), dtype=torch.float64)
    for row, k in enumerate(parameters):
        moved[2 * row, k], moved[2 * row + 1, k] = 1 + small, 1 - small
    with torch.no_grad():
        values, _ = moments(scene, moved, stiffness)
        differences = (values[::2] - values[1::2]) / (2 * small)
        if name != "free":
            one = torch.ones(1, len(WHISKER), dtype=torch.float64)
            more, less = (moments(scene, one, stiffness * (1 + sign * small))[0] for sign in (1, -1))
            differences = torch.cat([differences, (more - less) / (2 * small)])
    ours = found[0][0, parameters]
    if name != "free":
        ours = torch.cat([ours, stiffness * found[1][None]])
    assert (differences.abs() > 1e-6 * differences.abs().max()).all()
    torch.testing.assert_close(ours, differences, rtol=1e-5, atol=1e-7 * float(differences.abs().max()))


# The first of a process loads much of torch.
@pytest.mark.slow
def test_steps_computed_again_give_the_same_derivatives():
    found = []
    for every in (None, 2):
        scale = torch.ones(1, len(WHISKER), dtype=torch.float64, requires_grad=True)
        total, weight = moments(SCENES["sphere"](), scale, 3e4, every)
        assert weight.any()
        found.append(torch.autograd.grad(total.sum(), scale)[0])
    torch.testing.assert_close(found[1], found[0], rtol=1e-12, atol=0)
