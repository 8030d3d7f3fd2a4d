"""Shared set-up: one thread, a private home folder, no network beyond this machine, the real data where they are."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

REAL_DATA = os.environ.get("NEUROMODELS_DATA", "")


@pytest.fixture(autouse=True)
def _private_home(tmp_path, monkeypatch):
    """Caches and downloads go to a folder of the test; the user's own are neither read nor written."""
    monkeypatch.setenv("NEUROMODELS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NEUROMODELS_OFFLINE", raising=False)


@pytest.fixture
def real_data():
    """Folder of real recordings; the test is skipped with the reason where there is none."""
    if not REAL_DATA or not Path(REAL_DATA).is_dir():
        pytest.skip("NEUROMODELS_DATA names no folder of real recordings")
    return Path(REAL_DATA)


@pytest.fixture
def no_real_data(monkeypatch):
    """A machine without recordings."""
    monkeypatch.delenv("NEUROMODELS_DATA", raising=False)


@pytest.fixture
def golden(real_data):
    """Reader of the golden values of other libraries: a file name to its JSON content or its arrays."""
    folder = real_data / "alignment" / "golden"

    def read(name):
        if name.endswith(".json"):
            return json.loads((folder / name).read_text(encoding="utf-8"))
        with np.load(folder / name, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays}

    return read
