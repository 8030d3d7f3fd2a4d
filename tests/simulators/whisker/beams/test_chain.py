"""Links and joints of a whisker: what they weigh, where they lie, how they bend."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from simulators.whisker.beams.chain import beam_chain, whiskit_chain
from simulators.whisker.beams.modes import damping_ratios
from simulators.whisker.geometry.array import mouse_array, rat_array
from simulators.whisker.geometry.shape import centre_line_mm
from simulators.whisker.geometry.whisker import Whisker

CURVED = rat_array(names=["RC2"]).whiskers[0]


def cone(length=20.0, base=0.05, taper=0.1, modulus=3.3e9, densities=(1260.0, 1690.0), curvature=0.0):
    return Whisker("RC1", length, curvature, (0, 0, 0), 90.0, 0.0, -90.0, base, taper * base, *densities, modulus)


def moment_of_flexibility(whisker, power):
    """Integral of (L - x)^power / (E I) over the whisker, mm^power rad/uN/mm."""

    def integrand(arc):
        radius = whisker.base_radius_mm + (whisker.tip_radius_mm - whisker.base_radius_mm) * arc / whisker.length_mm
        return (whisker.length_mm - arc) ** power * 4 / (math.pi * whisker.youngs_modulus_pa * radius**4)

    return quad(integrand, 0, whisker.length_mm, epsabs=0, epsrel=1e-11, limit=500)[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 30), st.floats(0.02, 1.0), st.floats(3.0, 60.0))
def test_joints_bend_like_the_cone_under_any_load_at_the_end(n_links, taper, length):
    whisker = cone(length, taper=taper)
    chain = beam_chain(whisker, n_links, 0.0)
    arms = length - chain.node_arcs_mm[1:-1]
    for power in (0, 1, 2):
        found = np.sum(arms**power / chain.stiffness[1:])
        # An odd number of joints leaves one alone in the first element, where it cannot do squares.
        tolerance = 1e-8 if n_links % 2 or power < 2 else 0.25 / n_links**2
        np.testing.assert_allclose(found, moment_of_flexibility(whisker, power), rtol=tolerance)
    assert (np.diff(chain.node_arcs_mm) > 0).all()
    assert chain.stiffness[0] == 0 and (chain.stiffness[1:] > 0).all() and (chain.damping == 0).all()
    np.testing.assert_allclose(chain.node_arcs_mm[-1], length, rtol=1e-12)


@pytest.mark.parametrize("n_links", [3, 8, 13, 40])
def test_masses_centroids_and_inertias_are_those_of_the_cone(n_links):
    whisker = cone()
    chain = beam_chain(whisker, n_links, 0.0)
    nodes = chain.node_arcs_mm

    def section(arc):
        share = arc / whisker.length_mm
        radius = whisker.base_radius_mm * (1 - 0.9 * share)
        return (1260.0 + 430.0 * share) * math.pi * radius**2, radius

    for i in range(n_links):
        mass, first, second = (
            quad(lambda x, power=power: section(x)[0] * x**power, nodes[i], nodes[i + 1], epsabs=0, epsrel=1e-11)[0]
            for power in range(3)
        )
        thick = quad(lambda x: section(x)[0] * section(x)[1] ** 2 / 4, nodes[i], nodes[i + 1], epsabs=0, epsrel=1e-11)
        centre = first / mass
        np.testing.assert_allclose(chain.masses_ug[i], mass, rtol=1e-9)
        np.testing.assert_allclose(nodes[i] + chain.centroids[i] * chain.lengths_mm[i], centre, rtol=1e-9)
        np.testing.assert_allclose(chain.inertias_ug_mm2[i], second - mass * centre**2 + thick[0], rtol=1e-6)
    np.testing.assert_allclose(chain.radii_mm, [section(arc)[1] for arc in nodes], rtol=1e-12)


@pytest.mark.parametrize("whisker", [CURVED, mouse_array("left", names=["LE4"]).whiskers[0]], ids=lambda w: w.name)
def test_nodes_at_rest_lie_on_the_parabola(whisker):
    chain = beam_chain(whisker, 13, 0.0)
    inclination = np.cumsum(chain.rest_angles_rad)
    steps = chain.lengths_mm[:, None] * np.stack([np.cos(inclination), np.sin(inclination)], axis=1)
    nodes = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    np.testing.assert_allclose(nodes[:, 1], -whisker.curvature_per_mm * nodes[:, 0] ** 2, atol=1e-12)
    tip = centre_line_mm(whisker.curvature_per_mm, np.array([whisker.length_mm]))[0]
    np.testing.assert_allclose(nodes[-1], tip[:2], atol=1e-12)


@pytest.mark.parametrize("ratio", [0.05, 0.14, 0.3])
def test_damping_is_as_asked_and_proportional_to_stiffness(ratio):
    chain = beam_chain(CURVED, 13, ratio)
    assert len(chain) == 13
    np.testing.assert_allclose(damping_ratios(chain, 1), [ratio], rtol=1e-10)
    np.testing.assert_allclose(np.ptp(chain.damping[1:] / chain.stiffness[1:]), 0, atol=1e-12)


def test_another_modulus_scales_the_springs():
    np.testing.assert_allclose(
        beam_chain(CURVED, 9, 0.1, 6.6e9).stiffness, 2 * beam_chain(CURVED, 9, 0.1).stiffness, rtol=1e-12
    )


@pytest.mark.parametrize("build", [lambda n: beam_chain(CURVED, n, 0.1), lambda n: whiskit_chain(CURVED, n)])
def test_too_few_links_are_refused(build):
    with pytest.raises(ValueError, match="at least 3 links, received 2"):
        build(2)


@pytest.mark.parametrize("ratio", [-0.1, math.nan, math.inf])
def test_impossible_damping_is_refused(ratio):
    with pytest.raises(ValueError, match="damping_ratio"):
        beam_chain(CURVED, 13, ratio)


def test_whiskit_links_follow_the_measured_law_link_by_link():
    n = 20
    chain, length = whiskit_chain(CURVED, n), CURVED.length_mm
    step = length / n
    radii = [CURVED.base_radius_mm + (CURVED.tip_radius_mm - CURVED.base_radius_mm) * i / n for i in range(n + 1)]
    turning = []
    for i in range(n):
        density = 1260.0 + (i + 1) * 430.0 / n
        wide, narrow, tip = radii[i], radii[i + 1], radii[n]
        mass = density * math.pi * step / 3 * (wide**2 + wide * narrow + narrow**2)
        turning.append(mass * (step**2 / 12 + ((wide + narrow) / 2) ** 2 / 4))
        np.testing.assert_allclose(
            [chain.lengths_mm[i], chain.masses_ug[i], chain.centroids[i], chain.inertias_ug_mm2[i]],
            [step, mass, 0.5, turning[i]],
            rtol=1e-12,
        )
        if i == 0:
            assert chain.stiffness[0] == chain.damping[0] == 0
            continue
        nominal = 5e9 * math.pi * wide**4 / 4 / length
        squares = wide**2 + wide * tip + tip**2
        arm = (n - i) * step / 4 * (wide**2 + 2 * wide * tip + 3 * tip**2) / squares
        beyond = density * math.pi * (n - i) / 3 * squares
        parameter = 1.0 / (2 * 0.32 * arm * math.sqrt(nominal * beyond) + arm**2 * beyond / 1.0)
        reduced = 1 / (1 / turning[i - 1] + 1 / turning[i])
        np.testing.assert_allclose(chain.stiffness[i], 1.5 * reduced * parameter * nominal / 0.01**2, rtol=1e-12)
        np.testing.assert_allclose(chain.damping[i], 1.5 * reduced * 20 / 0.01, rtol=1e-12)
