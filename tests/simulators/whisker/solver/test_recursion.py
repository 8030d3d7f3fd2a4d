"""The linear-time recursions against plain loops, finite differences and dense matrices."""

import numpy as np
import pytest

from simulators.whisker.beams.chain import beam_chain
from simulators.whisker.geometry.array import rat_array
from simulators.whisker.solver.recursion import (
    CHANGE_SIZE,
    EXTRA_SIZE,
    LINK_SIZE,
    SHIFT_SIZE,
    WORK_SIZE,
    carry_links,
    place_links,
    solve_links,
)

WHISKER = rat_array(names=["RC2"]).whiskers[0]
LINKS = 6


def about(axis, angle):
    """Right-handed turn about an axis (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def quaternion(rotation):
    w = np.sqrt(1 + np.trace(rotation)) / 2
    antisymmetric = rotation - rotation.T
    return np.array([w, *(np.array([antisymmetric[2, 1], antisymmetric[0, 2], antisymmetric[1, 0]]) / (4 * w))])


def forward(chain, angles, position, rotation):
    """Link rotations (n, 3, 3), hinge axes (n, 2, 3), nodes (n + 1, 3) and centroids (n, 3), link by link."""
    rotation = rotation @ about((0, 0, 1), chain.rest_angles_rad[0])
    turned, axes, nodes, centroids = [], [], [np.array(position)], []
    for i in range(len(chain)):
        first = second = np.zeros(3)
        if i > 0:
            first = rotation[:, 1]
            rotation = rotation @ about((0, 1, 0), angles[i, 0])
            second = rotation[:, 2]
            rotation = rotation @ about((0, 0, 1), angles[i, 1])
        turned.append(rotation)
        axes.append((first, second))
        centroids.append(nodes[-1] + chain.centroids[i] * chain.lengths_mm[i] * rotation[:, 0])
        nodes.append(nodes[-1] + chain.lengths_mm[i] * rotation[:, 0])
    return np.array(turned), np.array(axes), np.array(nodes), np.array(centroids)


class Moving:
    """A chain whose joints and base move along polynomials, so that any derivative is a finite difference."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.chain = beam_chain(WHISKER, LINKS, 0.1)
        self.q, self.v, self.a = 0.4 * rng.normal(size=(3, LINKS, 2))
        self.place, self.speed, self.push = rng.normal(size=(3, 3))
        self.axis = np.array([2.0, -1.0, 2.0]) / 3
        self.turn, self.rate, self.gain = 0.7, 0.3, -0.4

    def angles(self, t):
        return self.q + t * self.v + t**2 / 2 * self.a

    def base(self, t):
        turn = self.turn + t * self.rate + t**2 / 2 * self.gain
        return self.place + t * self.speed + t**2 / 2 * self.push, about(self.axis, turn)

    def at(self, t):
        return forward(self.chain, self.angles(t), *self.base(t))

    def placed(self):
        """What the compiled recursion makes of it at time 0, (n, 30)."""
        base = np.concatenate(
            [
                self.place,
                self.speed,
                self.push,
                quaternion(self.base(0)[1]),
                self.rate * self.axis,
                self.gain * self.axis,
            ]
        )
        link = np.full((LINKS, LINK_SIZE), np.nan)
        link[0, 3:9] = 0.0
        place_links(self.q, self.v, self.a, *inertia(self.chain), self.chain.rest_angles_rad[0], base, link)
        return link


def inertia(chain):
    return chain.lengths_mm, chain.masses_ug, chain.centroids, chain.inertias_ug_mm2


def spatial_inertia(chain, i, axis, centre):
    """6 x 6 of a thin link about the origin: (moment, force) per (angular, linear) acceleration."""
    cross = np.array([[0, -centre[2], centre[1]], [centre[2], 0, -centre[0]], [-centre[1], centre[0], 0]])
    m = chain.masses_ug[i]
    turning = chain.inertias_ug_mm2[i] * (np.eye(3) - np.outer(axis, axis)) - m * cross @ cross
    return np.block([[turning, m * cross], [-m * cross, m * np.eye(3)]])


def lever(chain, axes, nodes, i):
    """(6, 2 n) spatial velocity of link i per hinge rate, origin at the base point."""
    columns = np.zeros((6, len(chain), 2))
    for j in range(1, i + 1):
        for h in range(2):
            columns[:, j, h] = np.concatenate([axes[j, h], np.cross(nodes[j] - nodes[0], axes[j, h])])
    return columns.reshape(6, -1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_links_are_where_plain_loops_put_them(seed):
    moving = Moving(seed)
    link, (turned, axes, nodes, _) = moving.placed(), moving.at(0)
    np.testing.assert_allclose(link[:, 0:3], turned[:, :, 0], atol=1e-13)
    np.testing.assert_allclose(link[1:, 3:9], axes[1:].reshape(-1, 6), atol=1e-13)
    np.testing.assert_allclose(link[:, 9:12], nodes[:-1] - nodes[0], atol=1e-12)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_velocities_and_accelerations_are_derivatives(seed):
    moving, eps = Moving(seed), 1e-3
    link = moving.placed()
    after, now, before = moving.at(eps), moving.at(0), moving.at(-eps)
    spin, gain, at_origin, at_origin_gain = link[:, 12:15], link[:, 18:21], link[:, 15:18], link[:, 21:24]
    turning = (after[0] - before[0]) / (2 * eps)
    np.testing.assert_allclose(np.cross(spin[:, :, None], now[0], axis=1), turning, atol=1e-5)
    arm = now[3] - now[2][0]
    velocity = at_origin + np.cross(spin, arm)
    np.testing.assert_allclose(velocity, (after[3] - before[3]) / (2 * eps), atol=1e-5 * np.abs(velocity).max())
    acceleration = at_origin_gain + np.cross(gain, arm) + np.cross(spin, velocity)
    found = (after[3] - 2 * now[3] + before[3]) / eps**2
    np.testing.assert_allclose(acceleration, found, atol=1e-5 * np.abs(found).max())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_inertial_forces_are_rates_of_momentum(seed):
    moving, eps = Moving(seed), 1e-3
    chain, origin = moving.chain, moving.place

    def momentum(t):
        after, now, before = moving.at(t + eps), moving.at(t), moving.at(t - eps)
        linear = chain.masses_ug[:, None] * (after[3] - before[3]) / (2 * eps)
        spin = np.cross(now[0][:, :, 0], (after[0] - before[0])[:, :, 0] / (2 * eps))
        return np.cross(now[3] - origin, linear) + chain.inertias_ug_mm2[:, None] * spin, linear

    link = moving.placed()
    moment, force = ((after - before) / (2 * eps) for after, before in zip(momentum(eps), momentum(-eps), strict=True))
    np.testing.assert_allclose(link[:, 24:27], moment, atol=3e-5 * np.abs(moment).max())
    np.testing.assert_allclose(link[:, 27:30], force, atol=3e-5 * np.abs(force).max())


@pytest.mark.parametrize("seed", [0, 1])
def test_carried_links_move_as_a_small_change_of_the_joints(seed):
    moving, eps = Moving(seed), 1e-6
    rng = np.random.default_rng(seed)
    angles, rates = rng.normal(size=(2, LINKS, 2))
    shift, link = np.full((LINKS, SHIFT_SIZE), np.nan), moving.placed()
    carry_links(angles, rates, link, shift)
    after, now, before = (forward(moving.chain, moving.q + step * angles, *moving.base(0)) for step in (eps, 0.0, -eps))
    moved = (after[3] - before[3]) / (2 * eps)
    np.testing.assert_allclose(shift[:, 3:6] + np.cross(shift[:, 0:3], now[3] - now[2][0]), moved, atol=1e-6)
    other = np.full((LINKS, SHIFT_SIZE), np.nan)
    carry_links(rates, angles, link, other)
    np.testing.assert_array_equal(shift[:, 6:12], other[:, 0:6])


@pytest.mark.parametrize("contacts", [False, True], ids=["free", "touching"])
@pytest.mark.parametrize("seed", [0, 1])
def test_solved_accelerations_balance_every_joint_like_dense_matrices(seed, contacts):
    moving, rng = Moving(seed), np.random.default_rng(seed)
    chain, link = moving.chain, moving.placed()
    _, axes, nodes, centres = moving.at(0)
    pull, stiff = rng.normal(size=(LINKS, 2)), rng.uniform(0, 5, LINKS)
    extra = np.zeros((LINKS, EXTRA_SIZE))
    dense = np.zeros((LINKS, 6, 6))
    if contacts:
        for i in range(1, LINKS):
            root = rng.normal(size=(6, 6))
            dense[i] = root @ root.T
            extra[i] = np.concatenate(
                [dense[i][:3, :3][np.triu_indices(3)], dense[i][:3, 3:].ravel(), dense[i][3:, 3:][np.triu_indices(3)]]
            )
    forces = link[:, 24:30].copy()
    change, wrench = np.full((LINKS, CHANGE_SIZE), np.nan), np.full(6, np.nan)
    work = np.full((LINKS, WORK_SIZE), np.nan)
    solve_links(pull, stiff, *inertia(chain), link, extra, work, change, wrench)

    matrix, right = np.diag(np.repeat(stiff, 2)), pull.ravel().copy()
    levers = [lever(chain, axes, nodes, i) for i in range(LINKS)]
    masses = [spatial_inertia(chain, i, link[i, 0:3], centres[i] - nodes[0]) + dense[i] for i in range(LINKS)]
    for columns, mass, force in zip(levers, masses, forces, strict=True):
        matrix += columns.T @ mass @ columns
        right -= columns.T @ force
    expected = np.concatenate([np.zeros(2), np.linalg.solve(matrix[2:, 2:], right[2:])])
    np.testing.assert_allclose(change[:, 0:2].ravel(), expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
    moved = np.array([columns @ expected for columns in levers])
    np.testing.assert_allclose(change[:, 2:8], moved, atol=1e-9 * np.abs(moved).max())
    held = sum(force + mass @ one for force, mass, one in zip(forces, masses, moved, strict=True))
    np.testing.assert_allclose(wrench, held, rtol=1e-9, atol=1e-9 * np.abs(held).max())
