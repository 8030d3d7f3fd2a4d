"""Mass matrix, loads and base reaction against Lagrange's equations by automatic differentiation of a plain loop."""

import pytest
import torch

from simulators.whisker.torch_backend.chain import ChainBatch
from simulators.whisker.torch_backend.dynamics import carry, inertia, motion, pose
from simulators.whisker.torch_backend.paths import Frames

# torch.func imports what torch itself has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")

N = 5
ZERO = torch.zeros((), dtype=torch.float64)


def turn(axis, angle):
    """Rotation about y (1) or z (2)."""
    c, s, one, zero = angle.cos(), angle.sin(), torch.ones_like(angle), torch.zeros_like(angle)
    rows = [c, zero, s, zero, one, zero, -s, zero, c] if axis == 1 else [c, -s, zero, s, c, zero, zero, zero, one]
    return torch.stack(rows).view(3, 3)


def rotated(vector):
    x, y, z = vector.unbind()
    zero = torch.zeros_like(x)
    return torch.matrix_exp(torch.stack([zero, -z, y, z, zero, -x, -y, x, zero]).view(3, 3))


@pytest.fixture
def case():
    """A chain of five links and one of three, in any shape and motion, on a base that moves and turns."""
    random = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.rand(*shape, generator=random, dtype=torch.float64)

    links = torch.ones(2, N, dtype=torch.float64)
    links[1, 3:] = 0
    joints = links.clone()
    joints[:, 0] = 0
    chain = ChainBatch(
        lengths=(draw(2, N) + 0.3) * links,
        masses=(draw(2, N) + 0.3) * links,
        centroids=0.3 + 0.4 * draw(2, N),
        inertias=(0.02 + 0.05 * draw(2, N)) * links,
        radii=draw(2, N + 1),
        stiffness=draw(2, N) * joints,
        damping=draw(2, N) * joints,
        rest_angles=draw(2, N) * links,
        joints=joints,
        links=links,
    )
    q, v, a = ((2 * draw(2, N, 2) - 1) * joints[..., None] for _ in range(3))
    q[:, 0, 1] = chain.rest_angles[:, 0]
    rotation = torch.stack([rotated(2 * draw(3)) for _ in range(2)])
    velocity, acceleration, rate, rate_change = (2 * draw(2, 3) - 1 for _ in range(4))
    base = Frames(torch.zeros(2, 3).double(), velocity, acceleration, rotation, draw(2, 4), rate, rate_change)
    return chain, base, q, v, a


def centres(chain, base, row, q, time):
    """Centroids and directions of the links of one chain near time 0, by a loop over the links."""
    angle = base.rate[row] * time + base.rate_change[row] * time**2 / 2
    rotation = rotated(angle) @ base.rotation[row] @ turn(2, chain.rest_angles[row, 0])
    point = base.velocity[row] * time + base.acceleration[row] * time**2 / 2
    found = []
    for i in range(N):
        if i:
            rotation = rotation @ turn(1, q[i - 1, 0]) @ turn(2, q[i - 1, 1])
        along = chain.lengths[row, i] * rotation[:, 0]
        found.append(torch.cat([point + chain.centroids[row, i] * along, rotation[:, 0]]))
        point = point + along
    return torch.stack(found)


def kinetic(chain, base, row, q, v, time):
    _, rates = torch.func.jvp(
        lambda e: centres(chain, base, row, q + v * e, time + e), (ZERO,), (torch.ones_like(ZERO),)
    )
    move, swing = (rates[:, :3] ** 2).sum(-1), (rates[:, 3:] ** 2).sum(-1)
    return 0.5 * (chain.masses[row] * move + chain.inertias[row] * swing).sum()


@pytest.mark.parametrize("row", [0, 1])
def test_mass_matrix_and_joint_moments_are_those_of_lagrange(case, row):
    chain, base, q, v, a = case
    at = pose(chain, base.rotation, q)
    moving = motion(chain, base, at, v, a)
    joints = (at.axes * moving.load_moment[:, :, None]).sum(-1)[row, 1:].flatten()
    q, v, a = q[row, 1:], v[row, 1:], a[row, 1:]
    exist = chain.joints[row, 1:].repeat_interleave(2)

    hessian = torch.autograd.functional.hessian(lambda x: kinetic(chain, base, row, q, x, ZERO), v)
    expected = hessian.reshape(2 * N - 2, 2 * N - 2) * exist[:, None] * exist + torch.diag(1 - exist)
    torch.testing.assert_close(inertia(chain, at).matrix[row], expected, rtol=1e-10, atol=1e-12)

    def momenta(e):
        path = q + v * e + a * e**2 / 2
        return torch.func.grad(lambda x: kinetic(chain, base, row, path, x, e))(v + a * e)

    _, rate = torch.func.jvp(momenta, (ZERO,), (torch.ones_like(ZERO),))
    pull = torch.func.grad(lambda x: kinetic(chain, base, row, x, v, ZERO))(q)
    torch.testing.assert_close(joints, (rate - pull).flatten() * exist, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("row", [0, 1])
def test_base_carries_the_change_of_momentum(case, row):
    chain, base, q, v, a = case
    at = pose(chain, base.rotation, q)
    moving = motion(chain, base, at, v, a)

    def momentum(e):
        """Linear momentum, and angular momentum about the place of the base point at time 0."""
        now, later = torch.func.jvp(
            lambda f: centres(chain, base, row, q[row, 1:] + v[row, 1:] * f + a[row, 1:] * f**2 / 2, f),
            (e,),
            (torch.ones_like(e),),
        )
        linear = chain.masses[row][:, None] * later[:, :3]
        spin = chain.inertias[row][:, None] * torch.linalg.cross(now[:, 3:], later[:, 3:])
        return torch.stack([linear.sum(0), (spin + torch.linalg.cross(now[:, :3], linear)).sum(0)])

    _, rate = torch.func.jvp(momentum, (ZERO,), (torch.ones_like(ZERO),))
    torch.testing.assert_close(moving.load[row, 0], rate[0], rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(moving.load_moment[row, 0], rate[1], rtol=1e-10, atol=1e-12)


def test_reaction_to_an_acceleration_is_linear(case):
    chain, base, q, v, a = case
    at = pose(chain, base.rotation, q)
    whole, none = motion(chain, base, at, v, a), motion(chain, base, at, v, torch.zeros_like(a))
    mass = inertia(chain, at)
    flat = a[:, 1:].flatten(1)[:, None]
    torch.testing.assert_close(whole.load[:, 0] - none.load[:, 0], (flat @ mass.base_force)[:, 0])
    torch.testing.assert_close(whole.load_moment[:, 0] - none.load_moment[:, 0], (flat @ mass.base_moment)[:, 0])


def test_a_small_change_carries_nodes_along_their_tangent(case):
    chain, base, q, v, _ = case
    size = 1e-6
    moved = carry(chain, pose(chain, base.rotation, q), size * v)
    ahead, behind = (pose(chain, base.rotation, q + sign * size * v).nodes for sign in (1, -1))
    torch.testing.assert_close(moved.shifts, (ahead - behind) / 2, rtol=0, atol=1e-14)
