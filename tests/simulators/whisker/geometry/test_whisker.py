"""A whisker's names and what it refuses."""

import math

import pytest

from simulators.whisker.geometry.whisker import Whisker

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
        ({"base_point_mm": (1.0, 2.0)}, "2 numbers"),
        ({"base_point_mm": (1.0, math.nan, 2.0)}, "not finite"),
        ({"curvature_per_mm": math.nan}, "not finite"),
        ({"azimuth_deg": math.inf}, "not finite"),
        ({"roll_deg": math.nan}, "not finite"),
    ],
)
def test_other_nonsense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Whisker(**GOOD | change)


def test_a_cylinder_and_a_straight_whisker_are_whiskers():
    whisker = Whisker(**GOOD | {"tip_radius_mm": 0.05, "curvature_per_mm": 0.0})
    assert whisker.tip_radius_mm == whisker.base_radius_mm
