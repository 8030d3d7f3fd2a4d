"""The preset `whiskit` against recordings of the published programs (Zweifel et al. 2021; Chung et al. 2025).

Tolerances follow from what the law of its springs was measured to explain. Whiskers of fewer than ten links are left out:
the programs' own step is too coarse for their first modes (0.5 to 6 kHz).
"""

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.beams.modes import natural_frequencies_hz, tip_compliance_mm_per_un

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "whisker_reference.py"


@pytest.fixture(scope="module")
def bench():
    return runpy.run_path(str(SCRIPT))


@pytest.fixture
def folder(real_data):
    if not (real_data / "whiskers" / "reference_runs").is_dir():
        pytest.skip("no recordings of the published whisker programs")
    return real_data / "whiskers"


def test_the_arrays_start_where_the_programs_put_them(bench, folder):
    rows = pd.DataFrame(bench["geometry_rows"](folder))
    assert len(rows) == 5
    assert (rows["base_points_mm"] < 2e-6).all()
    assert (rows["first_link_mm"] < 2e-6).all()
    # Single precision of the recordings: 20 links of a 50 mm whisker.
    assert (rows["links_mm"] < 1.2e-5).all()
    # The programs' tables round the link angles to 1e-6 rad; by formula the chain ends a little elsewhere.
    assert (rows["links_by_formula_mm"] < 1e-4).all()


@pytest.mark.parametrize("species", ["mouse", "rat"])
def test_springs_and_dampers_are_those_measured(bench, folder, species):
    table = pd.read_csv(folder / "reference_runs" / "whiskit_equivalent_joints.csv")
    preset = Mechanics("whiskit", n_links=20 if species == "rat" else None)
    compared = 0
    for whisker in bench["species_array"](folder, species).whiskers:
        rows = table[(table["species"] == species) & (table["name"] == whisker.name)]
        chain = preset.chain(whisker)
        if len(rows) != len(chain) - 1:
            continue
        compared += 1
        np.testing.assert_allclose(1e-3 * chain.stiffness[1:], rows["K_equiv_uNm_per_rad"], rtol=1e-4)
        np.testing.assert_allclose(1e-6 * chain.damping[1:], rows["C_equiv_uNm_s_per_rad"], rtol=1e-4)
        np.testing.assert_allclose(chain.masses_ug[1:], rows["distal_link_mass_ug"], rtol=1e-4)
    assert compared == 30


def test_modes_of_the_package_are_those_of_plain_loops(bench, folder):
    for species, name in (("mouse", "RC2"), ("rat", "RA1")):
        (whisker,) = bench["species_array"](folder, species).subset(name).whiskers
        chain = Mechanics("whiskit", n_links=20 if species == "rat" else None).chain(whisker)
        undamped = chain.__class__(**{**chain.__dict__, "damping": 1e-9 * chain.damping})
        for axis, plane in (("y", "in"), ("z", "out")):
            loops = bench["small_motion"](undamped, axis)
            np.testing.assert_allclose(natural_frequencies_hz(chain, 1, plane), [loops["frequency_hz"]], rtol=1e-9)
            # The loops load the middle of the last link, the package its end.
            assert 1.0 < tip_compliance_mm_per_un(chain, plane) / loops["compliance_mm_per_un"] < 1.2


def test_small_motions_in_the_plane_of_curvature(bench, folder):
    rows = pd.DataFrame(bench["modal_rows"](folder))
    rows = rows[(rows["axis"] == "y") & (rows["n_links"] >= 10)]
    assert len(rows) == 48
    assert (rows["frequency_ratio"] - 1).abs().max() < 0.03
    assert (rows["damping_factor"] - 1).abs().max() < 0.10
    assert (rows["compliance_ratio"] - 1).abs().max() < 0.06
    assert (rows["moment_factor"] - 1).abs().max() < 0.02


def test_small_motions_out_of_the_plane_of_curvature(bench, folder):
    # The more a whisker curves, the softer the programs are here, as if the twist that they lock gave way.
    rows = pd.DataFrame(bench["modal_rows"](folder))
    rows = rows[(rows["axis"] == "z") & (rows["n_links"] >= 10)]
    assert len(rows) == 48
    off = (rows["frequency_ratio"] - 1).abs()
    assert off.max() < 0.115
    assert (off < 0.08).sum() >= 39
    assert (rows["damping_factor"] - 1).abs().max() < 0.18
    assert ((rows["damping_factor"] - 1).abs() < 0.10).sum() >= 25
    compliance = (rows["compliance_ratio"] - 1).abs()
    assert compliance.max() < 0.28
    assert (compliance < 0.25).sum() >= 47
    rat = rows[rows["species"] == "rat"]
    assert rat["frequency_ratio"].corr(rat["curve_deg"]) > 0.85


def test_ring_downs(bench, folder):
    for row in bench["ring_down_rows"](folder):
        assert row["frequency_hz"] == pytest.approx(row["published_frequency_hz"], rel=0.01)
        assert row["damping_ratio"] == pytest.approx(row["published_damping_ratio"], rel=0.03)
        assert row["trace_rms"] < 0.03


@pytest.mark.parametrize("name", ["mouse_RC2_peg", "rat_RC2_peg"])
def test_a_slow_peg_pushes_one_whisker(bench, folder, name):
    (row,) = bench["contact_rows"](folder, (name,))
    assert abs(row["onset_difference"]) <= 2
    assert abs(row["release_difference"]) < 0.10 * row["published_release_ms"]
    assert row["moment_correlation"][2] > 0.90
    assert row["peak_moment_ratio"] == pytest.approx(1, abs=0.30)
    assert row["peak_force_ratio"] == pytest.approx(1, abs=0.30)


@pytest.mark.slow
def test_a_fast_peg_sweeps_the_rat_array(bench, folder):
    rows = pd.DataFrame(bench["contact_rows"](folder, ("rat_array_peg_passive",)))
    assert len(rows) == 12
    assert all(touched == [True, True] for touched in rows["touched"])
    assert rows["onset_difference"].abs().max() <= 2
    assert (rows["release_difference"].abs() / rows["published_release_ms"]).max() < 0.10
    assert (rows["peak_moment_ratio"] - 1).abs().max() < 0.30
    assert min(values[2] for values in rows["moment_correlation"]) > 0.90


@pytest.mark.slow
def test_a_sphere_sweeps_the_mouse_array(bench, folder):
    # Sideways slip on the sphere shows the programs' friction (0.5 x 0.5), which axial slip along the pegs does not.
    rows = pd.DataFrame(bench["contact_rows"](folder, ("mouse_array_sphere",), friction=0.25)).set_index("whisker")
    assert all(touched == [True, True] for touched in rows["touched"])
    assert rows["onset_difference"].abs().max() <= 2
    assert (rows["release_difference"].abs() / rows["published_release_ms"]).max() < 0.10
    long = rows[rows["n_links"] >= 14]
    assert len(long) == 8
    assert (long["peak_moment_ratio"] - 1).abs().max() < 0.30
    assert min(values[2] for values in long["moment_correlation"]) > 0.95


@pytest.mark.slow
def test_the_rat_array_whisks_in_air(bench, folder):
    rows = pd.DataFrame(bench["contact_rows"](folder, ("rat_array_whisk_free",))).set_index("whisker")
    # The recorded forces of these two jump in one interval at 48 ms, without contact.
    rows = rows.drop(["RA0", "RA1"])
    assert len(rows) == 25
    assert (rows["peak_moment_ratio"] - 1).abs().max() < 0.06
    assert rows["moment_rms"].max() < 0.07
    assert min(min(values) for values in rows["force_correlation"]) > 0.98
