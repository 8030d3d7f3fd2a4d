import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.whisker.geometry.array import mouse_array, rat_array, read_array
from simulators.whisker.geometry.tables import read_table, write_table

WHISKERS = (
    "name,length_mm,curvature_per_mm,base_x_mm,base_y_mm,base_z_mm,azimuth_deg,elevation_deg,roll_deg,base_radius_mm,"
    "tip_radius_mm"
)
ONE = "RC1,19.3,0.0074,4.2,-1.4,0.6,70,22,27,0.054,0.01"
PROGRAM = "name,S_mm,A_per_mm,bp_x_mm,bp_y_mm,bp_z_mm,theta_rad,phi_rad,zeta_rad"
AVERAGE = "label,S_mm,A_per_mm,thetaW_deg,phiW_deg,zetaW_deg,rBP_mm,thetaBP_deg,phiBP_deg"


@pytest.fixture
def table(tmp_path):
    def write(*lines):
        path = tmp_path / "mine.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def read(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(
    ("file", "species"),
    [
        ("rat/sim_array_average_rat", "rat"),
        ("rat/sim_array_model_rat", "rat"),
        ("mouse/sim_array_average_mouse", "mouse"),
    ],
)
def test_program_tables_come_back_whole_in_the_whiskit_convention(real_data, file, species):
    path = real_data / "whiskers" / f"{file}.csv"
    rows, array = read(path), read_array(path, species=species, convention="whiskit")
    assert array.names == tuple(row["name"] for row in rows) and len(array) == 60
    for row, whisker in zip(rows, array.whiskers, strict=True):
        assert whisker.length_mm == float(row["S_mm"]) and whisker.curvature_per_mm == float(row["A_per_mm"])
        assert whisker.base_point_mm == pytest.approx([float(row[f"bp_{axis}_mm"]) for axis in "xyz"], abs=1e-12)
        angles = np.radians([whisker.azimuth_deg, whisker.elevation_deg, whisker.roll_deg])
        assert angles == pytest.approx([float(row[f"{name}_rad"]) for name in ("theta", "phi", "zeta")], abs=1e-12)
        assert 2 * whisker.base_radius_mm == pytest.approx(float(row["Dbase_mm"]), abs=1e-12)
        assert whisker.tip_radius_mm == pytest.approx(float(row["Rtip_whiskit_mm"]), abs=1e-12)
        slope = (whisker.base_radius_mm - whisker.tip_radius_mm) / whisker.length_mm
        assert slope == pytest.approx(float(row["radius_slope_whiskit"]), abs=1e-12)


def test_density_of_the_published_programs(real_data):
    folder = real_data / "whiskers"
    mouse = read_array(folder / "mouse/sim_array_average_mouse.csv", species="mouse", convention="whiskit")
    rat = read_array(folder / "rat/sim_array_average_rat.csv", species="rat", convention="whiskit")
    assert {(w.density_base_kg_m3, w.density_tip_kg_m3) for w in mouse.whiskers} == {(630.0, 845.0)}
    assert {(w.density_base_kg_m3, w.density_tip_kg_m3) for w in rat.whiskers} == {(1260.0, 1690.0)}


@pytest.mark.parametrize(
    ("file", "species", "count"), [("mouse/mouse_average", "mouse", 30), ("rat/rat_average_27", "rat", 27)]
)
def test_average_tables_give_proper_base_points(real_data, file, species, count):
    path = real_data / "whiskers" / f"{file}.csv"
    rows, proper = read(path), read_array(path, species=species)
    whiskit = read_array(path, species=species, convention="whiskit")
    assert len(proper) == count
    for row, one, other in zip(rows, proper.whiskers, whiskit.whiskers, strict=True):
        assert one.base_point_mm == pytest.approx([float(row[f"bp_{axis}_mm"]) for axis in "xyz"], abs=1e-6)
        assert other.base_point_mm == pytest.approx([float(row[f"bp_{axis}_whiskit_mm"]) for axis in "xyz"], abs=1e-6)
        assert (one.azimuth_deg, one.roll_deg) == (float(row["thetaW_deg"]), float(row["zetaW_deg"]))
        assert other.tip_radius_mm == pytest.approx(float(row["Rtip_whiskit_mm"]), abs=1e-8)


def test_average_and_program_table_of_the_mouse_agree_to_their_rounding(real_data):
    folder = real_data / "whiskers/mouse"
    average = mouse_array("both", source=folder / "mouse_average.csv", preset="whiskit")
    program = mouse_array("both", source=folder / "sim_array_average_mouse.csv", preset="whiskit")
    assert average.names == program.names
    np.testing.assert_allclose(average.base_points_mm(), program.base_points_mm(), atol=5e-4)
    np.testing.assert_allclose(average.centre_lines_mm(), program.centre_lines_mm(), atol=2e-3)
    # the same in the proper convention, where the program's base points are brought back to the sphere
    average = mouse_array("both", source=folder / "mouse_average.csv")
    program = mouse_array("both", source=folder / "sim_array_average_mouse.csv")
    np.testing.assert_allclose(average.base_points_mm(), program.base_points_mm(), atol=1e-3)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([mouse_array, rat_array]))
def test_written_whiskers_come_back_bit_for_bit(tmp_path_factory, seed, build):
    array = build("both", scatter_seed=seed, youngs_modulus_pa=4e9)
    path = write_table(array.whiskers, tmp_path_factory.mktemp("table") / "array.csv")
    assert read_array(path, species="mouse") == array


def test_material_is_not_needed_and_a_missing_side_is_mirrored(table):
    path = table(WHISKERS, ONE)
    (whisker,) = read_array(path, species="mouse").whiskers
    assert (whisker.density_base_kg_m3, whisker.youngs_modulus_pa) == (1260.0, 3.3e9)
    (left,) = read_array(path, species="mouse", side="left").whiskers
    assert (left.name, left.base_point_mm, left.azimuth_deg, left.roll_deg) == ("LC1", (-4.2, -1.4, 0.6), -70, -27)
    assert read_array(path, species="mouse", side="both").names == ("RC1", "LC1")
    assert mouse_array("both", source=path, names="LC1").whiskers == (left,)


def test_spreadsheet_habits_are_understood(table):
    path = table("\ufeff" + WHISKERS.replace(",", ", ") + ",note", ONE + ",mine", "", ONE.replace("RC1", "RC2") + ",")
    assert read_table(path).names == ("RC1", "RC2")
    path = table(AVERAGE, "C2,19,0.007,70,22,27,4.4,-18,7")
    assert read_table(path).names == ("RC1",)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((WHISKERS,), "mine.csv holds no whiskers"),
        (
            (WHISKERS.replace(",roll_deg", ""), ONE.replace(",27", "")),
            "line 1: .*'whiskers' it lacks the columns roll_deg; it has name",
        ),
        ((AVERAGE.replace("label,", ""), "1,2,3,4,5,6,7,8"), r"lacks the columns sim_name \(or label\)"),
        ((WHISKERS, ONE, ONE.replace("4.2", "")), "line 3: whisker RC1 is in the table twice"),
        ((WHISKERS, ONE.replace("4.2", "")), "line 2: column base_x_mm holds '', which is no number"),
        ((WHISKERS, ONE.replace("4.2", "4,2")), "line 2: 12 cells under 11 columns; separate them by commas"),
        ((WHISKERS, ONE.replace("4.2", "nan")), "line 2: column base_x_mm is nan; it must be finite"),
        ((WHISKERS, ONE.replace("0.054", "-0.054")), "line 2: base_radius_mm of whisker RC1 is -0.054; it must be pos"),
        ((WHISKERS, ONE.replace("0.054", "0.005")), "line 2: whisker RC1 is thicker at its tip"),
        ((WHISKERS, ONE.replace("RC1", "C2")), "line 2: whisker name 'C2' in column name is not known"),
        ((AVERAGE, "C0,19,0.007,70,22,27,4.4,-18,7"), "line 2: label 'C0' is not known; labels .* from 1"),
        ((AVERAGE, "C2,0,0.007,70,22,27,4.4,-18,7"), "line 2: column S_mm is 0; it must be positive and finite"),
        ((PROGRAM, "RA0,19,0.005,1,1,3,0.8,0.7,0.8"), "line 2: base point height 3.0 mm is larger than its distance"),
    ],
)
def test_faults_are_named_with_file_line_and_column(table, lines, message):
    with pytest.raises(ValueError, match=message):
        read_array(table(*lines), species="mouse")


def test_what_a_complete_table_already_decides_is_refused(table):
    path = table(WHISKERS, ONE)
    for choice in ({"taper": "whiskit"}, {"scatter_seed": 1}):
        with pytest.raises(ValueError, match="mine.csv gives radii and material of its whiskers"):
            mouse_array(source=path, **choice)
    with pytest.raises(ValueError, match="species 'vole' is not known; give mouse or rat"):
        read_array(path, species="vole")
    with pytest.raises(ValueError, match="'lost.csv' is no file and no built-in array of the mouse"):
        read_array("lost.csv", species="mouse")


def test_arrays_with_halved_tips_are_those_of_the_beam_table(real_data):
    folder = real_data / "whiskers"
    arrays = {
        "rat": rat_array(source=folder / "rat/sim_array_average_rat.csv", taper="whiskit"),
        "mouse": mouse_array(source=folder / "mouse/sim_array_average_mouse.csv", taper="whiskit"),
    }
    rows = read(folder / "analytic_beam_table.csv")
    assert len(rows) == 60
    for row in rows:
        (whisker,) = arrays[row["species"]].subset(row["name"]).whiskers
        ours = [whisker.length_mm, whisker.curvature_per_mm, 1e3 * whisker.base_radius_mm, 1e3 * whisker.tip_radius_mm]
        assert ours == pytest.approx([float(row[c]) for c in ("S_mm", "A_per_mm", "Rbase_um", "Rtip_um")], rel=1e-4)
        assert (whisker.density_base_kg_m3, whisker.density_tip_kg_m3) == (1260.0, 1690.0)
