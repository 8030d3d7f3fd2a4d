"""A whisker's names and what it refuses."""

import math

import pytest

from simulators.whisker.geometry.array import mouse_array, rat_array
from simulators.whisker.geometry.whisker import MAX_SLENDERNESS, MIN_SLENDERNESS, Whisker

GOOD = {
    "name": "LD3", "length_mm": 20.0, "curvature_per_mm": 0.01, "base_point_mm": (1.0, 2.0, 3.0), "azimuth_deg": 90.0,
    "elevation_deg": 10.0, "roll_deg": 20.0, "base_radius_mm": 0.05, "tip_radius_mm": 0.002,
}  # fmt: skip


def test_names_tell_side_row_and_column():
    whisker = Whisker(**GOOD)
    assert (whisker.side, whisker.row, whisker.column, whisker.anatomical_name) == ("left", "D", 3, "D4")
    assert Whisker(**GOOD | {"name": "RA0"}).side == "right"


@pytest.mark.parametrize("name", ["", "C2", "RC", "RF1", "XC1", "RC12", "rc1", "RC1 "])
def test_unknown_names_are_refused(name):
    with pytest.raises(ValueError, match="whisker name"):
        Whisker(**GOOD | {"name": name})


@pytest.mark.parametrize(
    "field",
    ["length_mm", "base_radius_mm", "tip_radius_mm", "density_base_kg_m3", "density_tip_kg_m3", "youngs_modulus_pa"],
)
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_sizes_must_be_positive_and_finite(field, value):
    with pytest.raises(ValueError, match=f"{field} of whisker LD3 is {value}"):
        Whisker(**GOOD | {field: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tip_radius_mm": 0.06}, "thicker at its tip"),
        ({"base_point_mm": (1.0, 2.0)}, r"base_point_mm of whisker LD3 is \(1.0, 2.0\); give the numbers x, y, z"),
        ({"base_point_mm": 3.0}, "base_point_mm of whisker LD3 is 3.0; give"),
        ({"base_point_mm": (1.0, "a", 2.0)}, "y in base_point_mm of whisker LD3 is 'a'; it must be one number"),
        ({"length_mm": "20"}, "length_mm of whisker LD3 is '20'; it must be one number"),
        ({"azimuth_deg": None}, "azimuth_deg of whisker LD3 is None; it must be one number"),
        ({"name": 7}, "whisker name 7 is not known"),
        ({"base_point_mm": (1.0, math.nan, 2.0)}, "not finite"),
        ({"curvature_per_mm": math.nan}, "not finite"),
        ({"azimuth_deg": math.inf}, "not finite"),
        ({"roll_deg": math.nan}, "not finite"),
    ],
)
def test_other_nonsense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Whisker(**GOOD | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"youngs_modulus_pa": 3.3}, "is 3.3 Pa; 1e.06 to 1e.13 Pa is accepted .* as 3.3e9 for 3.3 GPa"),
        ({"youngs_modulus_pa": 3300.0}, "is 3300.0 Pa"),
        ({"base_radius_mm": 50.0, "tip_radius_mm": 2.0}, "a ratio of 0.4; .* as 0.05 for a radius of 50 um"),
        ({"base_radius_mm": 5e-5, "tip_radius_mm": 2e-6}, r"a ratio of 4e\+05"),
        ({"length_mm": 0.02}, "a ratio of 0.4; 20 to 100000 is accepted"),
        ({"length_mm": 20_000.0}, r"a ratio of 4e\+05"),
        ({"density_base_kg_m3": 1.26}, "density_base_kg_m3 of whisker LD3 is 1.26; 10 to 100000 kg/m3"),
    ],
)
def test_other_units_are_seen(change, message):
    with pytest.raises(ValueError, match=message):
        Whisker(**GOOD | change)


@pytest.mark.parametrize("build", [mouse_array, rat_array])
def test_whiskers_of_individuals_are_far_from_the_bounds(build):
    for seed in (None, 0, 1):
        for whisker in build(scatter_seed=seed).whiskers:
            assert 5 * MIN_SLENDERNESS < whisker.length_mm / whisker.base_radius_mm < MAX_SLENDERNESS / 5


def test_a_cylinder_and_a_straight_whisker_are_whiskers():
    whisker = Whisker(**GOOD | {"tip_radius_mm": 0.05, "curvature_per_mm": 0.0})
    assert whisker.tip_radius_mm == whisker.base_radius_mm
