"""The same scenes and gradients on a CUDA device."""

import numpy as np
import pytest
import torch

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.geometry.array import mouse_array
from simulators.whisker.motion import RigidMotion, whisking
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.simulation import simulate_scenes
from simulators.whisker.solids import Box, Capsule, CurvedPlate, Cylinder, Mesh, Plane, Sphere, Torus
from simulators.whisker.solver.clearance import cleared
from simulators.whisker.solver.plan import plan_scene
from simulators.whisker.torch_backend import beam_chains, integrate, pack_batch, simulate_torch

pytestmark = pytest.mark.gpu
ARRAY = mouse_array(names=["RB1", "RC2", "RD3"])
SOLIDS = [
    Sphere(2.0), Box((3.0, 4.0, 5.0)), Cylinder(1.0, 40.0), Capsule(0.8, 6.0), Torus(2.5, 0.8),
    CurvedPlate(15.0, 60.0, 12.0, 1.0), Mesh(*Box((3.0, 4.0, 5.0)).surface()),
]  # fmt: skip


@pytest.fixture
def device():
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    return "cuda"


def scenes(duration_s=0.02):
    middle = ARRAY.centre_lines_mm(3)[:, 1:].mean(axis=(0, 1))
    path = RigidMotion.linear(middle, (0, -150.0, 0), (20.0, 10.0, 35.0), (0.0, 90.0, 200.0))
    side = RigidMotion.linear(ARRAY.centre_lines_mm(2)[:, 1].max(axis=0), (-150.0, 0, 0), (0, -80.0, 0))
    objects = [SceneObject(solid, path) for solid in SOLIDS] + [SceneObject(Plane(), side)]
    built = [cleared(Scene(ARRAY, (item,), None, duration_s), Mechanics(), "push") for item in objects]
    return [*built, Scene(ARRAY, (), whisking(ARRAY), duration_s)]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-5), (torch.float32, 1e-2)])
def test_scenes_go_as_in_the_compiled_loop(device, dtype, tolerance):
    built = scenes()
    for theirs, ours in zip(simulate_scenes(built), simulate_torch(built, device=device, dtype=dtype), strict=True):
        for name in ("force", "moment", "contact_force"):
            greatest = max(np.abs(theirs[name].values).max(), 1e-9)
            np.testing.assert_allclose(ours[name].values, theirs[name].values, rtol=0, atol=tolerance * greatest)


def test_gradients_are_those_of_the_host(device):
    found = []
    for where in ("cpu", device):
        plan = plan_scene(scenes(0.004)[-1], Mechanics(n_links=5))
        batch = pack_batch([plan], torch.device(where), torch.float64)
        names = (
            "length_mm", "curvature_per_mm", "base_radius_mm", "tip_radius_mm", "youngs_modulus_pa",
            "density_base_kg_m3", "density_tip_kg_m3",
        )  # fmt: skip
        values = [
            torch.tensor([getattr(whisker, name) for whisker in ARRAY.whiskers], dtype=torch.float64, device=where)
            for name in names
        ]
        values = [value.requires_grad_() for value in values]
        rows, _ = integrate(batch._replace(chain=beam_chains(*values, n_links=5)), 4)
        found.append([gradient.cpu() for gradient in torch.autograd.grad(rows.moment.square().sum(), values)])
    for ours, theirs in zip(found[1], found[0], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=0)


def test_the_device_is_found_by_itself(device):
    (found,) = simulate_torch(scenes(0.002)[:1])
    assert np.isfinite(found["moment"].values).all()
