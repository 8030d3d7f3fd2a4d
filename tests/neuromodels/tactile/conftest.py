"""Small collections of made-up sweeps, written by the simulator's own writer."""

import shutil
from functools import partial

import numpy as np
import pytest
import xarray as xr

from simulators.whisker import Entry, open_collection, write_collection
from simulators.whisker.output.views import POSITIONS

OPTIONS = {"shard_size": 12, "variables": ("force", "moment")}


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


CATEGORIES = ("mug", "ball", "cone")


def _entries(n_objects, n_sweeps, refused):
    entries = []
    for number, category in enumerate(CATEGORIES):
        for k in range(n_objects):
            for sweep in range(n_sweeps):
                index, thing = len(entries), f"{category}-{k}"
                labels = {"group": thing, "category": category, "label": number, "sweep_no": sweep}
                entries.append(Entry(f"{thing}.{sweep}", labels, partial(_scene, index, index in refused)))
    return entries


@pytest.fixture(scope="session")
def _written(tmp_path_factory):
    """Collections that were written already, by what they hold."""
    folders = {}

    def folder_of(*facts):
        if facts not in folders:
            folders[facts] = tmp_path_factory.mktemp("sweeps") / "set"
            write_collection(_entries(*facts), folders[facts], simulate=_recording, **OPTIONS)
        return folders[facts]

    return folder_of


@pytest.fixture
def write(tmp_path, _written):
    """A collection of three categories x objects x sweeps of its own; ``refused`` are numbers of sweeps."""

    def build(folder="set", *, n_objects=4, n_sweeps=3, refused=(), simulate=None):
        if simulate is not None:
            entries = _entries(n_objects, n_sweeps, refused)
            return write_collection(entries, tmp_path / folder, simulate=simulate, **OPTIONS)
        shutil.copytree(_written(n_objects, n_sweeps, refused), tmp_path / folder)
        return open_collection(tmp_path / folder)

    return build
