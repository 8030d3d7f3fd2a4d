"""Whiskers bent by a force on the tip: balance at every joint, buckling, and the motion when let go."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import ellipe, ellipk

from simulators.whisker import analysis
from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.beams.modes import damping_ratios, natural_frequencies_hz, tip_compliance_mm_per_un
from simulators.whisker.geometry.array import WhiskerArray, mouse_array, rat_array
from simulators.whisker.geometry.whisker import Whisker
from simulators.whisker.pluck import pluck_whisker, static_shape

CURVED = rat_array(names=["RC2"]).whiskers[0]
STRAIGHT = Whisker("RC1", 30.0, 0.0, (0, 0, 0), 90.0, 0.0, -90.0, 0.05, 0.005, 1300.0, 1300.0, 3.3e9)


def turn(axis, angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[[c, 0, s], [0, 1, 0], [-s, 0, c]], [[c, -s, 0], [s, c, 0], [0, 0, 1]]][axis])


def unbalanced(chain, shape, force_un):
    """Largest moment that a spring leaves over at its hinge (uN.mm), and the link ends, in plain loops."""
    rotation, nodes, hinges = turn(1, chain.rest_angles_rad[0]), [np.zeros(3)], []
    for i in range(len(chain)):
        if i > 0:
            hinges.append((rotation[:, 1], shape.angles_rad[i, 0], i))
            rotation = rotation @ turn(0, shape.angles_rad[i, 0])
            hinges.append((rotation[:, 2], shape.angles_rad[i, 1] - chain.rest_angles_rad[i], i))
            rotation = rotation @ turn(1, shape.angles_rad[i, 1])
        nodes.append(nodes[-1] + chain.lengths_mm[i] * rotation[:, 0])
    left = [axis @ np.cross(nodes[-1] - nodes[i], force_un) - chain.stiffness[i] * angle for axis, angle, i in hinges]
    return np.abs(left).max(), np.array(nodes)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-6, -2), st.floats(0, math.pi), st.floats(0, 2 * math.pi), st.sampled_from([CURVED, STRAIGHT]),
    st.integers(3, 20),
)  # fmt: skip
def test_every_joint_is_in_balance_however_far_it_bends(magnitude, polar, around, whisker, n_links):
    force = 10.0**magnitude * np.array([np.cos(polar), np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around)])
    mechanics = Mechanics(n_links=n_links)
    shape = static_shape(whisker, mechanics, force)
    left, nodes = unbalanced(mechanics.chain(whisker), shape, 1000 * force)
    assert left < 1e-8 * 1000 * np.linalg.norm(force) * whisker.length_mm
    np.testing.assert_allclose(shape.nodes_mm, nodes, atol=1e-10)
    np.testing.assert_allclose(shape.moment_un_m, np.cross(nodes[-1], force), rtol=1e-9, atol=1e-12)
    # Whoever pulls a tip aside has it follow.
    rest = static_shape(whisker, mechanics).nodes_mm[-1]
    assert (nodes[-1] - rest) @ force >= -1e-12


def test_without_a_force_it_is_at_rest():
    shape = static_shape(CURVED)
    np.testing.assert_allclose(shape.nodes_mm[:, 1], -CURVED.curvature_per_mm * shape.nodes_mm[:, 0] ** 2, atol=1e-12)
    np.testing.assert_array_equal(shape.moment_un_m, 0.0)


def test_small_forces_bend_by_the_compliance():
    force = 1e-7
    moved = static_shape(CURVED, None, (0, 0, force)).nodes_mm[-1] - static_shape(CURVED).nodes_mm[-1]
    expected = 1000 * force * tip_compliance_mm_per_un(Mechanics().chain(CURVED), "out")
    np.testing.assert_allclose(moved, [0, 0, expected], rtol=1e-4, atol=1e-4 * expected)


def test_world_axes_are_those_of_the_array():
    rotation = WhiskerArray((CURVED,)).base_rotations()[0]
    force = np.array([1e-4, -2e-4, 3e-4])
    here, world = static_shape(CURVED, None, force), static_shape(CURVED, None, rotation @ force, axes="world")
    np.testing.assert_allclose(world.nodes_mm, here.nodes_mm @ rotation.T, atol=1e-9)
    np.testing.assert_allclose(world.moment_un_m, rotation @ here.moment_un_m, atol=1e-9)


def test_a_push_along_a_straight_whisker_buckles_it_at_the_load_of_the_chain():
    # Smallest load at which K - P G, G from the shortening by the angles, is singular.
    mechanics = Mechanics(n_links=41)
    cylinder = Whisker("RC1", 30.0, 0.0, (0, 0, 0), 90.0, 0.0, -90.0, 0.05, 0.05)
    chain = mechanics.chain(cylinder)
    beyond = np.tril(np.ones((41, 40)), -1)
    shortening = beyond.T @ (chain.lengths_mm[:, None] * beyond)
    root = np.diag(chain.stiffness[1:] ** -0.5)
    critical = 1 / np.linalg.eigvalsh(root @ shortening @ root).max()
    np.testing.assert_allclose(critical, math.pi**2 * 3.3e9 * math.pi / 4 * 0.05**4 / 4 / 30**2, rtol=2e-3)
    below = static_shape(cylinder, mechanics, (-0.98e-3 * critical, 0, 0))
    np.testing.assert_allclose(below.angles_rad, 0.0, atol=1e-9)
    above = static_shape(cylinder, mechanics, (-1.1e-3 * critical, 0, 0))
    assert unbalanced(chain, above, np.array([-1.1 * critical, 0, 0]))[0] < 1e-8 * critical * 30
    # A column beyond its critical load, as elliptic integrals of the modulus k with K(k) = pi/2 sqrt(1.1).
    modulus = brentq(lambda k: ellipk(k * k) - np.pi / 2 * np.sqrt(1.1), 1e-3, 0.9)
    whole = ellipk(modulus**2)
    aside, along = np.linalg.norm(above.nodes_mm[-1, 1:]), above.nodes_mm[-1, 0]
    np.testing.assert_allclose(
        [aside, along], [60 * modulus / whole, 30 * (2 * ellipe(modulus**2) / whole - 1)], rtol=5e-3
    )


@pytest.mark.parametrize(
    ("force", "axes", "message"),
    [
        ((0.0, 1.0), "whisker", "three finite numbers"),
        ((0.0, math.nan, 0.0), "whisker", "three finite numbers"),
        ((0.0, 0.0, 0.0), "head", "axes 'head' is not known"),
    ],
)
def test_unclear_forces_are_refused(force, axes, message):
    with pytest.raises(ValueError, match=message):
        static_shape(CURVED, None, force, axes=axes)


@pytest.mark.parametrize("axis", ["y", "z"])
@pytest.mark.parametrize("deflection", [0.5, -8.0])
def test_it_starts_where_it_was_held_and_comes_back_to_rest(axis, deflection):
    mechanics = Mechanics(damping_ratio=0.3)
    frequency = natural_frequencies_hz(mechanics.chain(CURVED), 1)[0]
    record = pluck_whisker(
        CURVED, mechanics, deflection_mm=deflection, axis=axis, duration_s=8 / frequency, rate_hz=400 * frequency
    )
    array = WhiskerArray((CURVED,))
    tip = (record["tip"].values[:, 0] - array.base_points_mm()[0]) @ array.base_rotations()[0]
    aside = tip[:, "xyz".index(axis)] - static_shape(CURVED, mechanics).nodes_mm[-1, "xyz".index(axis)]
    # In the first 1/400 of a period it has hardly moved.
    np.testing.assert_allclose(aside[0], deflection, rtol=5e-3)
    assert np.abs(aside[-1]) < 1e-3 * abs(deflection)
    assert not record["contact"].values.any()


def test_force_and_deflection_are_two_ways_to_say_the_same():
    by_force = static_shape(STRAIGHT, None, (0, 0, 2e-4)).nodes_mm[-1, 2]
    first = pluck_whisker(STRAIGHT, tip_force_mn=2e-4, duration_s=0.02)
    second = pluck_whisker(STRAIGHT, deflection_mm=by_force, duration_s=0.02)
    np.testing.assert_allclose(first["tip"].values, second["tip"].values, atol=1e-7)


def as_asked(whisker, mechanics, axis):
    """Lowest natural frequency and damping ratio, read from a pluck with the tools as they stand, over those of the chain."""
    plane, chain = {"y": "in", "z": "out"}[axis], mechanics.chain(whisker)
    record = pluck_whisker(whisker, mechanics, axis=axis)
    found = analysis.ring_down(record["tip"][:, 0], record.attrs["rate_hz"])
    frequency, ratio = natural_frequencies_hz(chain, 1, plane)[0], damping_ratios(chain, 1, plane)[0]
    return found.natural_frequency_hz[0] / frequency, found.damping_ratio[0] / ratio


EVERY = [("mouse", mouse_array), ("rat", rat_array)]
SOME = {"mouse": ("RC0", "RC2", "RA0", "RE1", "RD6"), "rat": ("RC0", "RC2", "RA0", "RE1", "RD6")}


@pytest.mark.parametrize("axis", ["y", "z"])
@pytest.mark.parametrize(("species", "build"), EVERY)
def test_plucked_whiskers_ring_as_asked(species, build, axis):
    for whisker in build(names=SOME[species]).whiskers:
        frequency, ratio = as_asked(whisker, Mechanics(), axis)
        np.testing.assert_allclose(frequency, 1, rtol=0.01)
        np.testing.assert_allclose(ratio, 1, rtol=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("axis", ["y", "z"])
@pytest.mark.parametrize("preset", ["beam", "whiskit"])
@pytest.mark.parametrize(("species", "build"), EVERY)
def test_every_plucked_whisker_rings_as_asked(species, build, preset, axis):
    mechanics = Mechanics(preset=preset, n_links=20 if (preset, species) == ("whiskit", "rat") else None)
    found = np.array([as_asked(whisker, mechanics, axis) for whisker in build().whiskers])
    np.testing.assert_allclose(found[:, 0], 1, rtol=0.01)
    np.testing.assert_allclose(found[:, 1], 1, rtol=0.1)


@pytest.mark.parametrize("ratio", [0.01, 0.05, 0.3])
def test_it_rings_at_its_first_mode(ratio):
    frequency, found = as_asked(STRAIGHT, Mechanics(damping_ratio=ratio), "z")
    np.testing.assert_allclose(frequency, 1, rtol=0.01)
    np.testing.assert_allclose(found, 1, rtol=0.1)


@pytest.mark.parametrize(("deflection", "rate"), [(0.005, 5000.0), (0.05, 20_000.0), (0.5, 10_000.0)])
def test_neither_the_pull_nor_the_silence_after_it_matters(deflection, rate):
    whisker = rat_array(names=["RD6"]).whiskers[0]
    record = pluck_whisker(whisker, deflection_mm=deflection * whisker.length_mm, duration_s=0.3, rate_hz=rate)
    found = analysis.ring_down(record["tip"][:, 0], rate)
    frequency = natural_frequencies_hz(Mechanics().chain(whisker), 1)[0]
    np.testing.assert_allclose(found.natural_frequency_hz[0], frequency, rtol=0.01)
    np.testing.assert_allclose(found.damping_ratio[0], 0.14, rtol=0.1)


def test_an_overdamped_whisker_is_said_not_to_swing():
    record = pluck_whisker(STRAIGHT, Mechanics(damping_ratio=1.5))
    with pytest.raises(ValueError, match="swings in 0 of 1 mode asked for; a mode that is missing is overdamped"):
        analysis.ring_down(record["tip"][:, 0], record.attrs["rate_hz"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tip_force_mn": 1e-4, "deflection_mm": 1.0}, "give one of them"),
        ({"tip_force_mn": 1e-4, "axis": "x"}, "axis 'x' is not known"),
        ({"deflection_mm": 31.0}, "cannot be moved by 31.0 mm"),
        ({"tip_force_mn": math.nan}, "three finite numbers"),
    ],
)
def test_unclear_plucks_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        pluck_whisker(STRAIGHT, **options)
