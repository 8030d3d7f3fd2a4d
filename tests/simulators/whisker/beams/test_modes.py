"""Small motions of a chain against finite differences, beams of known modes, and each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh

from simulators.whisker.beams.chain import beam_chain, whiskit_chain
from simulators.whisker.beams.modes import (
    damping_ratios,
    mass_matrix,
    natural_frequencies_hz,
    rest_inclinations_rad,
    tip_compliance_mm_per_un,
)
from simulators.whisker.geometry.array import rat_array
from simulators.whisker.geometry.whisker import Whisker

CURVED = rat_array(names=["RC2"]).whiskers[0]


def placed(chain, angles, column):
    """Centroids, link axes and tip of a chain whose hinges about one axis are turned, in plain loops."""

    def turn(axis, angle):
        c, s = np.cos(angle), np.sin(angle)
        return np.array([[[c, 0, s], [0, 1, 0], [-s, 0, c]], [[c, -s, 0], [s, c, 0], [0, 0, 1]]][axis])

    rotation, point = np.eye(3), np.zeros(3)
    centroids, axes = [], []
    for i, rest in enumerate(chain.rest_angles_rad):
        extra = angles[i - 1] if i else 0.0
        if column == 0:
            rotation = rotation @ turn(0, extra) @ turn(1, rest)
        else:
            rotation = rotation @ turn(1, rest + extra)
        centroids.append(point + chain.centroids[i] * chain.lengths_mm[i] * rotation[:, 0])
        axes.append(rotation[:, 0])
        point = point + chain.lengths_mm[i] * rotation[:, 0]
    return np.array(centroids), np.array(axes), point


@pytest.mark.parametrize(("plane", "column"), [("out", 0), ("in", 1)])
def test_mass_matrix_is_that_of_small_motions(plane, column):
    chain, eps = beam_chain(CURVED, 7, 0.1), 1e-5
    moves, turns = [], []
    for j in range(6):
        one = np.zeros(6)
        one[j] = eps
        after, before = placed(chain, one, column), placed(chain, -one, column)
        moves.append((after[0] - before[0]) / (2 * eps))
        turns.append((after[1] - before[1]) / (2 * eps))
    expected = np.einsum("i,jia,kia->jk", chain.masses_ug, moves, moves)
    expected += np.einsum("i,jia,kia->jk", chain.inertias_ug_mm2, turns, turns)
    np.testing.assert_allclose(mass_matrix(chain, plane), expected, rtol=1e-6, atol=1e-8 * expected.max())


@pytest.mark.parametrize(("plane", "column"), [("out", 0), ("in", 1)])
def test_tip_compliance_is_that_of_small_loads(plane, column):
    chain, force, eps = beam_chain(CURVED, 7, 0.1), 1e-3, 1e-5
    axes, tip = placed(chain, np.zeros(6), column)[1:]
    direction = np.array([0.0, 0.0, 1.0]) if plane == "out" else np.array([-axes[-1][1], axes[-1][0], 0.0])
    angles = np.zeros(6)
    for j in range(6):
        one = np.zeros(6)
        one[j] = eps
        lever = (placed(chain, one, column)[2] - placed(chain, -one, column)[2]) @ direction / (2 * eps)
        angles[j] = force * lever / chain.stiffness[j + 1]
    moved = (placed(chain, angles, column)[2] - tip) @ direction
    np.testing.assert_allclose(tip_compliance_mm_per_un(chain, plane), moved / force, rtol=1e-3)


def test_unknown_planes_are_refused():
    with pytest.raises(ValueError, match="plane 'up' is not known"):
        mass_matrix(beam_chain(CURVED, 5, 0.1), "up")


def test_rest_inclinations_are_sums_of_turns():
    chain = beam_chain(CURVED, 7, 0.1)
    np.testing.assert_allclose(rest_inclinations_rad(chain), np.cumsum(chain.rest_angles_rad))


@settings(max_examples=30, deadline=None)
@given(st.integers(4, 20), st.floats(0.02, 1.0), st.floats(5.0, 60.0), st.floats(0.0, 0.04), st.floats(0.01, 0.4))
def test_frequencies_ascend_and_higher_modes_are_damped_more(n_links, taper, length, curvature, ratio):
    whisker = Whisker("RC1", length, curvature, (0, 0, 0), 90.0, 0.0, 0.0, 0.05, taper * 0.05)
    chain = beam_chain(whisker, n_links, ratio)
    for plane in ("out", "in"):
        frequencies = natural_frequencies_hz(chain, n_links - 1, plane)
        assert (np.diff(frequencies) > 0).all() and frequencies[0] > 0
    found = damping_ratios(chain, 3)
    np.testing.assert_allclose(
        found, ratio * natural_frequencies_hz(chain, 3) / natural_frequencies_hz(chain, 1), rtol=1e-8
    )


def test_ten_times_the_size_rings_at_a_tenth_of_the_frequency():
    small, large = (
        Whisker("RC1", 3.0 * k, 0.01 / k, (0, 0, 0), 90.0, 0.0, 0.0, 0.005 * k, 0.001 * k) for k in (1.0, 10.0)
    )
    frequencies = [natural_frequencies_hz(beam_chain(whisker, 13, 0.0)) for whisker in (small, large)]
    np.testing.assert_allclose(frequencies[0], 10 * frequencies[1], rtol=1e-9)


def test_damping_that_does_not_follow_the_springs_is_projected_on_the_modes():
    chain = whiskit_chain(CURVED, 15)
    mass = mass_matrix(chain)
    squares, shapes = eigh(np.diag(chain.stiffness[1:]), mass)
    np.testing.assert_allclose(shapes.T @ mass @ shapes, np.eye(14), atol=1e-9)
    for mode, found in enumerate(damping_ratios(chain, 4)):
        lost = shapes[:, mode] ** 2 @ chain.damping[1:]
        np.testing.assert_allclose(found, lost / (2 * np.sqrt(squares[mode])), rtol=1e-9)
