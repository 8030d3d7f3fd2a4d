"""Small collections of made-up sweeps, written by the simulator's own writer."""

from functools import partial

import numpy as np
import pytest
import xarray as xr

from simulators.whisker import Entry, write_collection
from simulators.whisker.output.views import POSITIONS


def _scene(index, refused, seed):
    if refused:
        raise ValueError("the object starts inside the array.")
    return index


def _recording(index):
    """Forces and moments that follow from the number of the sweep alone; every seventh has a value out of range."""
    generator = np.random.default_rng(index)
    dims, shape = ("time", "whisker", "axis"), (110, 30, 3)
    force, moment = generator.normal(size=shape), 50 * generator.normal(size=shape)
    if index % 7 == 0:
        force[40:43, 5, 1] = 5e4
        moment[0, 2, 0] = -2e3
    return xr.Dataset(
        {"force": (dims, force, {"unit": "mN"}), "moment": (dims, moment, {"unit": "uN.m"})},
        coords={"time": np.arange(1, 111) / 110, "whisker": ["R" + position for position in POSITIONS]},
        attrs={"record_version": 1, "rate_hz": 110.0},
    )


@pytest.fixture
def write(tmp_path):
    """Write a collection of categories x objects x sweeps; ``refused`` are numbers of sweeps."""

    def build(folder="set", *, categories=("mug", "ball", "cone"), n_objects=4, n_sweeps=3, refused=(), **options):
        entries = []
        for category in categories:
            for k in range(n_objects):
                for sweep in range(n_sweeps):
                    index, thing = len(entries), f"{category}-{k}"
                    labels = {
                        "group": thing,
                        "category": category,
                        "label": categories.index(category),
                        "sweep_no": sweep,
                    }
                    entries.append(Entry(f"{thing}.{sweep}", labels, partial(_scene, index, index in refused)))
        options = {"simulate": _recording, "shard_size": 5, "variables": ("force", "moment")} | options
        return write_collection(entries, tmp_path / folder, **options)

    return build
