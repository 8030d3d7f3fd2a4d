import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from simulators.whisker.geometry.shape import (
    centre_line_mm,
    inclination_rad,
    link_angles,
    parabola_abscissa,
    parabola_arc_length,
    whiskit_link_angles,
)

curvatures = st.floats(-0.2, 0.2)
steps = st.lists(st.floats(1e-3, 5.0), min_size=1, max_size=40)


@pytest.mark.parametrize("curvature", [0.0, 1e-12, 0.0049, 0.0646, -0.03, 2.0])
def test_arc_length_is_the_integral_of_the_slope(curvature):
    for end in (0.01, 3.0, 50.0):
        integral, _ = quad(lambda x: np.sqrt(1 + (2 * curvature * x) ** 2), 0, end, epsabs=1e-12, epsrel=1e-12)
        assert parabola_arc_length(curvature, end) == pytest.approx(integral, rel=1e-11)


@settings(max_examples=200, deadline=None)
@given(st.floats(-50, 50), st.floats(0, 1e3, allow_subnormal=False))
def test_abscissa_inverts_arc_length(curvature, arc):
    abscissa = parabola_abscissa(curvature, arc)
    assert 0 <= abscissa <= arc * (1 + 1e-15)
    assert parabola_arc_length(curvature, abscissa) == pytest.approx(arc, rel=1e-12, abs=1e-15)


def test_inclination_is_that_of_the_tangent():
    arcs, h = np.linspace(0.5, 20, 9), 1e-5
    ahead, behind = centre_line_mm(0.02, arcs + h), centre_line_mm(0.02, arcs - h)
    tangent = (ahead - behind) / (2 * h)
    np.testing.assert_allclose(-np.arctan2(tangent[:, 1], tangent[:, 0]), inclination_rad(0.02, arcs), atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(tangent, axis=1), 1, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(curvatures, steps)
def test_chain_of_chords_passes_through_the_parabola(curvature, spacing):
    arcs = np.concatenate([[0.0], np.cumsum(spacing)])
    chain = link_angles(curvature, arcs)
    assert chain.rest_rad[0] == 0
    direction = chain.offset_rad + np.cumsum(chain.rest_rad)
    nodes = np.cumsum(chain.lengths_mm[:, None] * np.stack([np.cos(direction), np.sin(direction)], axis=1), axis=0)
    np.testing.assert_allclose(nodes, centre_line_mm(curvature, arcs)[1:, :2], atol=1e-11 * (1 + arcs[-1]))
    assert (chain.lengths_mm <= np.diff(arcs) * (1 + 1e-9)).all()


@settings(max_examples=100, deadline=None)
@given(curvatures, steps)
def test_program_convention_gives_joint_1_the_inclination_of_chord_1(curvature, spacing):
    arcs = np.concatenate([[0.0], np.cumsum(spacing)])
    chords, program = link_angles(curvature, arcs), link_angles(curvature, arcs, convention="program")
    assert program.offset_rad == program.rest_rad[0] == 0
    np.testing.assert_allclose(program.lengths_mm, spacing, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        np.cumsum(program.rest_rad)[1:], chords.offset_rad + np.cumsum(chords.rest_rad)[1:], atol=1e-12
    )


def test_opposite_curvature_bends_the_other_way_and_a_straight_whisker_not_at_all():
    arcs = np.array([0.0, 1.0, 4.0, 9.0])
    bent, opposite = link_angles(0.03, arcs), link_angles(-0.03, arcs)
    assert bent.offset_rad == -opposite.offset_rad < 0
    np.testing.assert_array_equal(bent.rest_rad, -opposite.rest_rad)
    straight = link_angles(0.0, arcs)
    assert straight.offset_rad == 0 and not straight.rest_rad.any()


@pytest.mark.parametrize(
    "table", ["rat/sim_array_average_rat", "rat/sim_array_model_rat", "mouse/sim_array_average_mouse"]
)
def test_angles_of_every_published_table(real_data, table):
    with (real_data / "whiskers" / f"{table}.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 60
    for row in rows:
        published = [float(row[f"link_angle_{i:02d}_rad"]) for i in range(20)]
        ours = whiskit_link_angles(float(row["A_per_mm"]), float(row["S_mm"]))
        # the tables round A, S and the angles to five digits
        np.testing.assert_allclose(ours, published, atol=2e-6)


def test_whiskit_angles_of_other_numbers_of_links():
    full = whiskit_link_angles(0.02, 15.0)
    np.testing.assert_array_equal(whiskit_link_angles(0.02, 15.0, 7), full[:7])
    np.testing.assert_array_equal(whiskit_link_angles(0.02, 15.0, 21), np.append(full, full[-1]))
    assert not whiskit_link_angles(0.0, 15.0).any()
    # close to, and not the same as, chords between points on the curve
    chords = link_angles(0.02, np.linspace(0, 15, 21), convention="program").rest_rad
    assert 1e-5 < np.abs(full - chords).max() < 2e-3


@pytest.mark.parametrize(
    "call",
    [
        lambda: parabola_abscissa(0.01, -1.0),
        lambda: parabola_abscissa(np.nan, 1.0),
        lambda: link_angles(0.01, np.array([0.0])),
        lambda: link_angles(0.01, np.array([0.0, 1.0, 1.0])),
        lambda: link_angles(0.01, np.array([0.5, 1.0])),
        lambda: link_angles(0.01, np.array([0.0, np.inf])),
    ],
)
def test_wrong_arcs_are_refused(call):
    with pytest.raises(ValueError, match="finite and not negative|increase from 0"):
        call()


def test_other_wrong_values_are_refused():
    with pytest.raises(ValueError, match="'tangent' is not known; give chord or program"):
        link_angles(0.01, np.array([0.0, 1.0]), convention="tangent")
    with pytest.raises(ValueError, match="n_links is 22; the published tables serve 1 to 21"):
        whiskit_link_angles(0.01, 10.0, 22)
    with pytest.raises(ValueError, match="length_mm is 0"):
        whiskit_link_angles(0.01, 0.0)
