"""Shared by the tests of recordings of time: a machine with the package that carries one of them."""

from importlib.util import find_spec

import pytest


@pytest.fixture
def grasshopper(monkeypatch):
    """The grasshopper's recording as it comes with pip; the test is skipped where the package is absent."""
    if find_spec("nitime") is None:
        pytest.skip("nitime is not installed (pip install 'neuromodels[recordings]')")
    monkeypatch.delenv("NEUROMODELS_DATA", raising=False)
