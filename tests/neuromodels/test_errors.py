"""Error classes: what a message holds, what the command line returns for them."""

import pytest

from neuromodels.errors import ContractError, NeuromodelsError, ResourceNotAvailableError, UnknownNameError


@pytest.mark.parametrize(
    ("error", "code"),
    [(NeuromodelsError, 1), (ContractError, 1), (UnknownNameError, 2), (ResourceNotAvailableError, 3)],
)
def test_exit_codes(error, code):
    assert issubclass(error, NeuromodelsError)
    assert error.exit_code == code


def test_unknown_name_is_caught_as_lookup_error_and_prints_without_quotes():
    error = UnknownNameError.for_name("layer", "hiden", ["output", "hidden"], "See model.layers for all.")
    assert isinstance(error, LookupError)
    assert str(error) == "Unknown layer 'hiden'; closest: hidden. See model.layers for all."


def test_unknown_name_without_a_close_match_shows_the_first_names():
    error = UnknownNameError.for_name("layer", "zzz", iter(["d", "c", "b", "a"]), "")
    assert "closest: a, b, c." in str(error)


def test_unknown_name_of_an_empty_registry():
    assert "closest: none." in str(UnknownNameError.for_name("model", "x/y", [], ""))
