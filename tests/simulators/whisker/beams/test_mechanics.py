"""Mechanical models: presets, defaults and every refusal."""

import math

import numpy as np
import pytest

from simulators.whisker.beams.chain import beam_chain, whiskit_chain
from simulators.whisker.beams.mechanics import DEFAULT_LINKS, WHISKIT_RAT_LINKS, Mechanics
from simulators.whisker.geometry.array import mouse_array, rat_array

WHISKER = rat_array(names=["RC2"]).whiskers[0]


def same(chain, other):
    for name, value in chain.__dict__.items():
        np.testing.assert_array_equal(value, getattr(other, name))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "rigid"}, "preset 'rigid' is not known"),
        ({"preset": "custom"}, "needs build_chain"),
        ({"build_chain": lambda whisker: None}, "belongs to the preset 'custom'"),
        ({"n_links": 2}, "n_links is 2"),
        ({"rho": 1.1}, "rho is 1.1"),
        ({"rho": -0.1}, "rho is -0.1"),
        ({"rho": math.nan}, "rho is nan"),
        ({"max_step_ms": 1.5}, "max_step_ms is 1.5"),
        ({"youngs_modulus_pa": 0.0}, "youngs_modulus_pa is 0.0"),
        ({"youngs_modulus_pa": math.nan}, "youngs_modulus_pa is nan"),
        ({"youngs_modulus_pa": 3.3}, "youngs_modulus_pa is 3.3 Pa; .* as 3.3e9 for 3.3 GPa"),
        ({"n_links": 5.5}, "n_links is 5.5; it must be a whole number"),
        ({"n_links": 5.0}, "n_links is 5.0; it must be a whole number"),
        ({"n_links": "17"}, "n_links is '17'; it must be a whole number"),
        ({"n_links": True}, "n_links is True; it must be a whole number"),
        ({"n_links": 17, "links_per_mm": 1.0}, "n_links is 17 and links_per_mm 1.0; .* give one of them"),
        ({"friction": "0.4"}, "friction is '0.4'; it must be one number"),
        ({"damping_ratio": None}, "damping_ratio is None; it must be one number"),
        ({"rho": "1"}, "rho is '1'; it must be one number"),
        ({"max_step_ms": [0.1]}, r"max_step_ms is \[0.1\]; it must be one number"),
        ({"preset": "custom", "build_chain": 3}, "build_chain is 3; it must be a function"),
    ],
)
def test_what_makes_no_model_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Mechanics(**options)


@pytest.mark.parametrize(
    "field", ["links_per_mm", "contact_stiffness_mn_per_mm", "slip_speed_mm_s", "max_step_ms", "steps_per_period"]
)
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_these_must_be_positive(field, value):
    with pytest.raises(ValueError, match=f"{field} is {value}"):
        Mechanics(**{field: value})


@pytest.mark.parametrize("field", ["damping_ratio", "friction", "contact_relaxation_ms"])
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_these_may_not_be_negative(field, value):
    with pytest.raises(ValueError, match=f"{field} is {value}"):
        Mechanics(**{field: value})
    assert getattr(Mechanics(**{field: 0.0}), field) == 0.0


def test_friction_depends_on_the_preset_unless_given():
    assert Mechanics().coefficient_of_friction == 0.4
    assert Mechanics(preset="whiskit").coefficient_of_friction == 0.0
    assert Mechanics(preset="whiskit", friction=0.2).coefficient_of_friction == 0.2


def test_beam_takes_links_modulus_and_damping():
    same(Mechanics().chain(WHISKER), beam_chain(WHISKER, DEFAULT_LINKS, 0.14))
    changed = Mechanics(n_links=7, damping_ratio=0.05, youngs_modulus_pa=5e9)
    same(changed.chain(WHISKER), beam_chain(WHISKER, 7, 0.05, 5e9))


def test_whiskit_takes_links_per_mm():
    long, short = (mouse_array(names=[name]).whiskers[0] for name in ("RC1", "RE5"))
    same(Mechanics(preset="whiskit").chain(long), whiskit_chain(long, int(long.length_mm)))
    same(Mechanics(preset="whiskit", links_per_mm=0.5).chain(long), whiskit_chain(long, int(long.length_mm / 2)))
    same(Mechanics(preset="whiskit", links_per_mm=0.1).chain(short), whiskit_chain(short, 3))
    same(Mechanics(preset="whiskit", n_links=20).chain(WHISKER), whiskit_chain(WHISKER, 20))


def test_numbers_of_numpy_are_numbers():
    assert Mechanics(n_links=np.int64(7), friction=np.float64(0.2)) == Mechanics(n_links=7, friction=0.2)
    assert type(Mechanics(n_links=np.int64(7)).n_links) is int


def test_whiskit_says_how_long_whiskers_are_divided():
    with pytest.raises(
        ValueError, match=r"whisker RC2 of [\d.]+ mm would have [\d]+ links .* or give n_links=20, as the"
    ):
        Mechanics(preset="whiskit").chain(WHISKER)
    assert len(Mechanics(preset="whiskit", n_links=WHISKIT_RAT_LINKS).chain(WHISKER)) == 20


def test_custom_builds_its_own_chain():
    own = beam_chain(WHISKER, 5, 0.0)
    assert Mechanics(preset="custom", build_chain=lambda whisker: own).chain(WHISKER) is own


@pytest.mark.parametrize("links", [{"n_links": 2000}, {"links_per_mm": 100.0}])
def test_thousands_of_links_are_refused_however_they_are_asked_for(links):
    whisker = mouse_array(names="RC1").whiskers[0]
    with pytest.raises(ValueError, match="RC1 would have .* links; at most 200 are accepted"):
        Mechanics(**links).chain(whisker)
