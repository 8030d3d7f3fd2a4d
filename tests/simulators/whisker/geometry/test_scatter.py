import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.whisker.geometry.array import mouse_array, rat_array
from simulators.whisker.geometry.names import whisker_names
from simulators.whisker.geometry.regressions import base_diameter_mm, mouse_morphology, rat_morphology
from simulators.whisker.geometry.scatter import MOUSE_SCATTER, Scatter, measured_scatter, scattered


def test_constants_are_those_of_the_measured_whiskers(real_data):
    measured = measured_scatter(real_data / "whiskers/mouse/mouse_individual_whiskers.csv")
    for field in dataclasses.fields(Scatter):
        assert getattr(MOUSE_SCATTER, field.name) == float(f"{getattr(measured, field.name):.4g}"), field.name


def test_measuring_recovers_a_planted_scatter_across_the_turn_of_a_circle(tmp_path):
    names = [name for name in whisker_names("mouse") for _ in range(200)]
    mouse, rng = mouse_morphology(names), np.random.default_rng(5)
    planted = Scatter(5.0, 6.0, 0.1, 0.2, 0.3, 10.0, 12.0, 40.0)
    draw = rng.standard_normal((8, len(names)))
    columns = {
        "thetaBP_deg": mouse.base_azimuth_deg + 5 * draw[0],
        "phiBP_deg": mouse.base_elevation_deg + 6 * draw[1],
        "rBP_mm": mouse.base_distance_mm * np.exp(0.1 * draw[2]),
        "S2D_mm": mouse.length_mm * np.exp(0.2 * draw[3]),
        "A2D_per_mm": mouse.curvature_per_mm * np.exp(0.3 * draw[4]),
        "thetaW_deg": mouse.azimuth_deg + 10 * draw[5],
        "phiW_deg": mouse.elevation_deg + 12 * draw[6],
        "zetaW_deg": (mouse.roll_deg + 40 * draw[7] + 180) % 360 - 180,
    }
    lines = ["row,col1," + ",".join(columns)]
    for i, name in enumerate(names):
        cells = ["" if (i + k) % 50 == 0 else repr(float(values[i])) for k, values in enumerate(columns.values())]
        lines.append(",".join([str("ABCDE".index(name[1]) + 1), str(int(name[2]) + 1), *cells]))
    path = tmp_path / "whiskers.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    recovered = measured_scatter(path)
    for field in dataclasses.fields(Scatter):
        assert getattr(recovered, field.name) == pytest.approx(getattr(planted, field.name), rel=0.06), field.name


def test_missing_columns_and_measurements_are_named(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("row,col1,S2D_mm\n1,1,20\n", encoding="utf-8")
    with pytest.raises(ValueError, match="few.csv lacks the columns A2D_per_mm, phiBP_deg"):
        measured_scatter(path)
    header = "row,col1,S2D_mm,A2D_per_mm,rBP_mm,thetaBP_deg,phiBP_deg,thetaW_deg,phiW_deg,zetaW_deg\n"
    path.write_text(header + "1,1,20,0.01,4,-30,40,50,45,50\n", encoding="utf-8")
    with pytest.raises(ValueError, match="1 measurements of thetaBP_deg; a spread needs at least 10"):
        measured_scatter(path)


def test_many_individuals_have_the_spread_and_the_centre_of_the_regressions():
    names = whisker_names("mouse")
    mean = mouse_morphology(names)
    drawn = [scattered(mean, seed) for seed in range(300)]
    n = 300 * len(names)
    for angle in ("base_azimuth_deg", "base_elevation_deg", "azimuth_deg", "elevation_deg", "roll_deg"):
        deviation = np.array([getattr(one, angle) - getattr(mean, angle) for one in drawn])
        spread = getattr(MOUSE_SCATTER, angle)
        assert abs(deviation.mean()) < 4 * spread / math.sqrt(n)
        assert deviation.std() == pytest.approx(spread, rel=0.04)
    length = np.log([one.length_mm / mean.length_mm for one in drawn])
    assert abs(np.median(length)) < 0.02 and length.std() == pytest.approx(MOUSE_SCATTER.log_length, rel=0.04)
    curvature = np.array([one.curvature_per_mm / mean.curvature_per_mm for one in drawn])
    assert curvature.mean() == pytest.approx(1, abs=0.04)
    assert np.log(curvature).std() == pytest.approx(MOUSE_SCATTER.log_curvature, rel=0.04)
    distance = np.array([one.base_distance_mm / mean.base_distance_mm for one in drawn])
    assert distance.mean() == pytest.approx(1, abs=0.01)


def test_quantities_are_drawn_independently_and_whiskers_differ():
    names = whisker_names("rat", "both")
    one = scattered(rat_morphology(names), 3)
    deviation = (one.roll_deg - rat_morphology(names).roll_deg) / MOUSE_SCATTER.roll_deg
    assert len(np.unique(np.round(deviation, 9))) == 60
    other = (one.azimuth_deg - rat_morphology(names).azimuth_deg) / MOUSE_SCATTER.azimuth_deg
    assert abs(np.corrcoef(deviation, other)[0, 1]) < 0.5


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**63), st.sampled_from([mouse_array, rat_array]), st.sampled_from(["proper", "whiskit"]))
def test_every_seed_gives_a_valid_repeatable_individual(seed, build, preset):
    array = build("both", scatter_seed=seed, preset=preset)
    assert array == build("both", scatter_seed=seed, preset=preset)
    assert np.isfinite(array.centre_lines_mm(5)).all()
    # a whisker does not depend on which others there are
    assert build("left", names="LD2 LB0", scatter_seed=seed, preset=preset) == array.subset("LD2 LB0")


def test_seeds_differ_and_none_is_the_average():
    assert mouse_array(scatter_seed=1) != mouse_array(scatter_seed=2)
    assert mouse_array(scatter_seed=1) != mouse_array()
    assert mouse_array() == mouse_array(scatter_seed=None)


def test_thickness_follows_the_scattered_length():
    names = ("RC1", "RD3")
    mean = dataclasses.replace(mouse_morphology(names), base_diameter_mm=np.array([0.1, 0.09]))
    one = scattered(mean, 8)
    np.testing.assert_allclose(one.base_diameter_mm - mean.base_diameter_mm, 0.002 * (one.length_mm - mean.length_mm))
    array = mouse_array(names="RC1 RD3", scatter_seed=8)
    lengths = np.array([whisker.length_mm for whisker in array.whiskers])
    np.testing.assert_allclose(
        [2 * whisker.base_radius_mm for whisker in array.whiskers], base_diameter_mm(names, lengths), rtol=1e-12
    )


@pytest.mark.parametrize("seed", [-1, 1.5, "a", True])
def test_wrong_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="scatter seed is .*; give a whole number from 0"):
        mouse_array(scatter_seed=seed)
