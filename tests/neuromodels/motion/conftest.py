"""Golden arrays of the published motion networks."""

import numpy as np
import pytest


@pytest.fixture
def motion_golden(real_data):
    """Reader of the golden arrays: a file name to its arrays."""
    folder = real_data / "motion" / "reference_outputs"

    def read(name):
        with np.load(folder / name, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays}

    return read
