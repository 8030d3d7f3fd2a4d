"""What is no number is refused by the name of its field."""

import math
from fractions import Fraction

import numpy as np
import pytest

from simulators.whisker.numbers_given import (
    array_of_numbers,
    refuse_modulus,
    refuse_negative,
    refuse_no_number,
    refuse_not_positive,
    whole_number,
)


@pytest.mark.parametrize("value", ["3", None, True, (1.0,), np.zeros(1), 1j])
def test_one_number_is_meant(value):
    for refuse in (refuse_no_number, refuse_not_positive, refuse_negative, refuse_modulus):
        with pytest.raises(ValueError, match=r"^height is .*; it must be one number\.$"):
            refuse("height", value)


@pytest.mark.parametrize("value", [3, 3.5, np.float32(2), np.int64(4), Fraction(1, 3)])
def test_all_kinds_of_numbers_are_taken(value):
    refuse_no_number("height", value)
    refuse_not_positive("height", value)
    refuse_negative("height", value)


def test_zero_is_not_negative_and_not_positive():
    refuse_negative("height", 0)
    with pytest.raises(ValueError, match="height is 0; it must be positive and finite"):
        refuse_not_positive("height", 0)
    for value in (-1, math.inf, math.nan):
        with pytest.raises(ValueError, match="it must be finite and not negative"):
            refuse_negative("height", value)


def test_whole_numbers_are_never_cut_off():
    assert whole_number("count", np.uint8(3)) == 3
    assert type(whole_number("count", np.uint8(3))) is int
    for value in (3.0, np.float64(3), "3", None, True):
        with pytest.raises(ValueError, match="^count is .*; it must be a whole number"):
            whole_number("count", value)


def test_moduli_are_pascals():
    refuse_modulus("modulus", 1e6)
    refuse_modulus("modulus", 1e13)
    for value in (3.3, 999_999.0, 1.1e13):
        with pytest.raises(ValueError, match=f"modulus is {value} Pa".replace("+", r"\+")):
            refuse_modulus("modulus", value)


def test_arrays_hold_numbers_in_equal_rows():
    np.testing.assert_array_equal(array_of_numbers("corners", [[1, 2], [3, 4]]), [[1.0, 2.0], [3.0, 4.0]])
    for values in ("abc", [[1, 2], [3]], [1, "b"], {}):
        with pytest.raises(
            ValueError, match=r"^corners holds something that is no number \(.*\); give numbers in equal"
        ):
            array_of_numbers("corners", values)
