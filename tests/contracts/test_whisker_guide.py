"""Numbers that the guide to the whisker simulator states."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulators.whisker import Mechanics, mouse_array, rat_array
from simulators.whisker.solver.plan import ADVICE, ENDINGS

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "whiskers.md").read_text(encoding="utf-8")


def bend_errors(n_links, places):
    """Bend of every whisker, straightened, under a load at a share of its length, over that of the cone, less 1."""
    mechanics, errors = Mechanics(n_links=n_links), []
    for whisker in (*rat_array().whiskers, *mouse_array().whiskers):
        straight = replace(whisker, curvature_per_mm=0.0)
        chain, length = mechanics.chain(straight), whisker.length_mm
        arms = np.clip(places[:, None] * length - np.cumsum(chain.lengths_mm)[:-1], 0, None)
        radius = whisker.base_radius_mm + (whisker.tip_radius_mm - whisker.base_radius_mm) * places
        stiffness = whisker.youngs_modulus_pa * np.pi * whisker.base_radius_mm**4 / 4
        cone = (places * length) ** 3 / (3 * stiffness) * whisker.base_radius_mm / radius
        errors.append((arms**2 / chain.stiffness[1:]).sum(axis=1) / cone - 1)
    return np.array(errors)


@pytest.mark.parametrize(
    ("n_links", "first", "last", "most"), [(17, 0.05, 1.0, 0.07), (17, 0.25, 0.9, 0.02), (34, 0.03, 1.0, 0.02)]
)
def test_loads_along_a_whisker_bend_it_by_theory(n_links, first, last, most):
    errors = bend_errors(n_links, np.linspace(first, last, 60))
    assert np.abs(errors).max() < most


def test_near_the_base_it_bends_too_little():
    errors = bend_errors(17, np.array([0.02, 0.03]))
    assert errors[:, 0].min() == pytest.approx(-0.85, abs=0.02)
    assert errors[:, 1].min() == pytest.approx(-0.2, abs=0.02)


def test_every_end_of_a_run_is_in_the_guide():
    assert set(ENDINGS) == set(ADVICE)
    for ending in ENDINGS.values():
        assert ending.format(object="the object").removeprefix("it ") in GUIDE
