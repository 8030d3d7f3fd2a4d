import csv

import numpy as np
import pytest

from simulators.whisker.geometry.names import whisker_names
from simulators.whisker.geometry.regressions import (
    SMALLEST_TIP_RADIUS_MM,
    base_diameter_mm,
    mouse_morphology,
    radius_slope,
    rat_morphology,
    rat_morphology_towal2011,
    tip_radius_mm,
)


def read(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def five_digits(value):
    return float(f"{value:.4e}")


def test_mouse_equations_by_hand():
    whisker = mouse_morphology(["RC1"])  # row 3, column 2
    assert whisker.base_azimuth_deg[0] == pytest.approx(-17.8)
    assert whisker.base_elevation_deg[0] == pytest.approx(5.9)
    assert whisker.base_distance_mm[0] == pytest.approx(4.44 + 0.0152 * 17.8 - 0.0165 * 5.9)
    assert whisker.length_mm[0] == pytest.approx(11.7 * np.exp(0.018 * 17.8))
    assert whisker.curvature_per_mm[0] == pytest.approx(0.017 - 0.00037 * 17.8)
    assert whisker.azimuth_deg[0] == pytest.approx(85.1 - 0.922 * 17.8)
    assert whisker.elevation_deg[0] == pytest.approx(16.1)
    assert whisker.roll_deg[0] == pytest.approx(43.0 - 0.62 * 17.8 + 5.9)


def test_rat_equations_give_the_published_model_array(real_data):
    rows = [row for row in read(real_data / "whiskers/rat/sim_array_model_rat.csv") if row["side"] == "1"]
    names = [row["name"] for row in rows]
    assert tuple(names) == whisker_names("rat")
    rat = rat_morphology(names)
    points = rat.base_points_mm("whiskit")
    base_radius = base_diameter_mm(names, rat.length_mm) / 2
    columns = {
        "S_mm": rat.length_mm,
        "A_per_mm": rat.curvature_per_mm,
        "bp_x_mm": points[:, 0],
        "bp_y_mm": points[:, 1],
        "bp_z_mm": points[:, 2],
        "theta_rad": np.radians(rat.azimuth_deg),
        "phi_rad": np.radians(rat.elevation_deg),
        "zeta_rad": np.radians(rat.roll_deg),
    }
    for column, values in columns.items():
        published = [float(row[column]) for row in rows]
        assert list(map(five_digits, values)) == pytest.approx(published, rel=1e-12), column
    np.testing.assert_allclose(2 * base_radius, [float(row["Dbase_mm"]) for row in rows], atol=1e-6)
    tips = tip_radius_mm(names, rat.length_mm, base_radius, "whiskit")
    np.testing.assert_allclose(tips, [float(row["Rtip_whiskit_mm"]) for row in rows], atol=1e-6)


def test_mouse_equations_describe_the_average_mouse(real_data):
    rows = read(real_data / "whiskers/mouse/mouse_average.csv")
    mouse = mouse_morphology([row["sim_name"] for row in rows])
    for column, values, spread in (
        ("thetaBP_deg", mouse.base_azimuth_deg, 8),
        ("phiBP_deg", mouse.base_elevation_deg, 6),
        ("rBP_mm", mouse.base_distance_mm, 0.4),
        ("phiW_deg", mouse.elevation_deg, 9),
    ):
        measured = np.array([float(row[column]) for row in rows])
        assert np.sqrt(np.mean((measured - values) ** 2)) < spread, column


@pytest.mark.parametrize("table", ["mouse/mouse_average", "rat/rat_average_27"])
def test_thickness_of_the_average_animals(real_data, table):
    rows = read(real_data / f"whiskers/{table}.csv")
    names, length = [row["sim_name"] for row in rows], np.array([float(row["S_mm"]) for row in rows])
    diameter = base_diameter_mm(names, length)
    np.testing.assert_allclose(diameter, [float(row["Dbase_mm"]) for row in rows], atol=1e-8)
    np.testing.assert_allclose(radius_slope(names), [float(row["radius_slope_eq"]) for row in rows], atol=1e-9)
    undivided = np.array([float(row["Rtip_eq_mm"]) for row in rows])
    np.testing.assert_allclose(
        tip_radius_mm(names, length, diameter / 2), np.maximum(undivided, SMALLEST_TIP_RADIUS_MM), atol=1e-8
    )
    np.testing.assert_allclose(
        tip_radius_mm(names, length, diameter / 2, "whiskit"),
        [float(row["Rtip_whiskit_mm"]) for row in rows],
        atol=1e-8,
    )


def test_what_the_docstring_says_of_both_tapers():
    floors, kept = {}, {}
    for taper in ("belli2017", "whiskit"):
        rat, mouse = whisker_names("rat"), whisker_names("mouse")
        length = rat_morphology(rat).length_mm
        tips = tip_radius_mm(rat, length, base_diameter_mm(rat, length) / 2, taper)
        floors[taper] = int((tips == SMALLEST_TIP_RADIUS_MM).sum())
        length = mouse_morphology(mouse).length_mm
        base = base_diameter_mm(mouse, length) / 2
        kept[taper] = (tip_radius_mm(mouse, length, base, taper) / base).max()
    assert floors == {"belli2017": 13, "whiskit": 16}
    assert kept == pytest.approx({"belli2017": 0.46, "whiskit": 0.23}, abs=0.005)
    with pytest.raises(ValueError, match="'cone' is not known; give belli2017 or whiskit"):
        tip_radius_mm(["RC1"], np.array([10.0]), np.array([0.05]), "cone")


def test_proper_base_points_are_at_their_distance_and_whiskit_ones_too_far():
    for morphology in (mouse_morphology(whisker_names("mouse")), rat_morphology(whisker_names("rat"))):
        proper, whiskit = morphology.base_points_mm(), morphology.base_points_mm("whiskit")
        np.testing.assert_allclose(np.linalg.norm(proper, axis=1), morphology.base_distance_mm, rtol=1e-12)
        cosine = np.cos(np.radians(morphology.base_elevation_deg))
        np.testing.assert_allclose(proper[:, :2], whiskit[:, :2] * cosine[:, None], rtol=1e-12)
        np.testing.assert_array_equal(proper[:, 2], whiskit[:, 2])


def test_the_older_rat_array_lies_on_its_ellipsoid_right_of_the_midline():
    names = whisker_names("rat_31")
    rat = rat_morphology_towal2011(names)
    points = rat.base_points_mm() - np.array([1.9128, -7.6549, -5.4439])
    turned = np.radians([-19.5401, -2.5211, 106.51])
    (ca, cb, cc), (sa, sb, sc) = np.cos(turned), np.sin(turned)
    about_x = np.array([[1, 0, 0], [0, ca, -sa], [0, sa, ca]])
    about_y = np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
    about_z = np.array([[cc, -sc, 0], [sc, cc, 0], [0, 0, 1]])
    own = points @ (about_z @ about_y @ about_x)
    np.testing.assert_allclose(np.linalg.norm(own / [9.5304, 5.5393, 6.9745], axis=1), 1, rtol=1e-10)
    assert (rat.base_points_mm()[:, 0] > 0).all()
    columns = np.array([int(name[2]) for name in names])
    for row in "ABCDE":
        in_row = np.array([name[1] == row for name in names])
        assert (np.diff(rat.length_mm[in_row]) < 0).all()
        assert (np.diff(rat.base_points_mm()[in_row, 1]) > 0).all()
        assert (np.diff(columns[in_row]) == 1).all()


def test_selected_mirrors_a_side_that_is_not_there():
    mouse = mouse_morphology(["RA0", "RC1"])
    left = mouse.selected(["LC1", "RA0"])
    assert left.names == ("LC1", "RA0")
    np.testing.assert_array_equal(left.length_mm, mouse.length_mm[::-1])
