"""Numbers as a user gives them: what is none is refused by the name of its field."""

import math
import numbers
import operator

import numpy as np

MODULUS_RANGE_PA = (1e6, 1e13)
"""From rubber to far beyond diamond: what lies outside was given in another unit."""


def refuse_no_number(field: str, value: object) -> None:
    """Refuse text, ``None``, truth values and arrays where one number is meant.

    Raises
    ------
    ValueError
        With the field and what was received.
    """
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise ValueError(f"{field} is {value!r}; it must be one number.")


def refuse_not_positive(field: str, value: object) -> None:
    """Refuse what is not one number above 0 and finite.

    Raises
    ------
    ValueError
        With the field and what was received.
    """
    refuse_no_number(field, value)
    if not (math.isfinite(value) and value > 0):  # type: ignore[arg-type, operator]
        raise ValueError(f"{field} is {value}; it must be positive and finite.")


def refuse_negative(field: str, value: object) -> None:
    """Refuse what is not one number from 0 on and finite.

    Raises
    ------
    ValueError
        With the field and what was received.
    """
    refuse_no_number(field, value)
    if not (math.isfinite(value) and value >= 0):  # type: ignore[arg-type, operator]
        raise ValueError(f"{field} is {value}; it must be finite and not negative.")


def whole_number(field: str, value: object) -> int:
    """The value as ``int``.

    Raises
    ------
    ValueError
        If it is no whole number; 5.0 is none, so that no fraction is ever cut off.
    """
    if isinstance(value, bool):
        raise ValueError(f"{field} is {value!r}; it must be a whole number.")
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{field} is {value!r}; it must be a whole number.") from None


def array_of_numbers(field: str, values: object) -> np.ndarray:
    """The values as float64.

    Raises
    ------
    ValueError
        If one of them is no number, or rows differ in length.
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{field} holds something that is no number ({error}); give numbers in equal rows.") from None


def refuse_modulus(field: str, value: object) -> None:
    """Refuse a Young's modulus that is not positive and finite, or that tells of another unit than the pascal.

    Raises
    ------
    ValueError
        With the field, what was received and what is accepted.
    """
    refuse_not_positive(field, value)
    low, high = MODULUS_RANGE_PA
    if not low <= value <= high:  # type: ignore[operator]
        raise ValueError(
            f"{field} is {value} Pa; {low:g} to {high:g} Pa is accepted (whiskers: about 3.3e9): give pascals, as "
            "3.3e9 for 3.3 GPa."
        )
