"""From a sweep of a grid to forces, with the real simulator."""

import pickle

import numpy as np
import pytest
import xarray as xr

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.commands.sweep_simulation import SceneSimulator, SweepSimulator
from simulators.whisker.geometry.array import mouse_array
from simulators.whisker.output.collection import Entry, write_collection
from simulators.whisker.stimuli.objects import LabelledObject
from simulators.whisker.stimuli.placement import posed_for_sweeps
from simulators.whisker.stimuli.sweeps import clean_grid


class Balls:
    """Spheres: the smallest set of objects."""

    objects = (LabelledObject("ball/0", "ball", 0), LabelledObject("ball/1", "ball", 0))

    def solid(self, object_id, diagonal_mm):
        from simulators.whisker.solids import Sphere

        return Sphere(diagonal_mm / np.sqrt(12))


@pytest.fixture
def grid():
    return clean_grid(Balls(), heights_mm=(0.0,), distances_mm=(5.0,), rotations_deg=(0.0, 30.0), duration_s=0.1)


@pytest.fixture
def simulator():
    array = posed_for_sweeps(mouse_array(names="RC2"))
    return SweepSimulator(Balls(), array, SceneSimulator(Mechanics()), rate_hz=500.0)


def test_sweep_touches_the_whisker_and_says_how_it_was_placed(grid, simulator):
    record = simulator(grid[0])
    assert record["contact"].any()
    assert np.abs(record["force"]).max() > 1e-3
    placed = simulator.placed(grid[0])
    for name in ("speed_mm_s", "start_x_mm", "start_y_mm", "start_z_mm"):
        assert record[name].shape == ()
        assert float(record[name]) == placed.labels[name]
    assert "nodes" not in record


def test_list_of_sweeps_is_each_of_them(grid, simulator):
    for one, alone in zip(simulator(grid[:2]), map(simulator, grid[:2]), strict=True):
        xr.testing.assert_identical(one, alone)


def test_simulators_can_be_sent_to_other_processes(grid, simulator):
    sent, sweep = pickle.loads(pickle.dumps((simulator, grid[1])))  # noqa: S301
    assert sent.array == simulator.array
    assert sent.placed(sweep).labels == simulator.placed(grid[1]).labels


def test_interrupted_collection_of_real_sweeps_is_the_same(grid, simulator, tmp_path):
    entries = [Entry(sweep.stimulus_id, {"category": sweep.category}, sweep) for sweep in grid]
    whole = write_collection(entries, tmp_path / "whole", simulate=simulator, shard_size=2)
    calls = []

    def interrupted(sweep):
        calls.append(sweep)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return simulator(sweep)

    with pytest.raises(KeyboardInterrupt):
        write_collection(entries, tmp_path / "cut", simulate=interrupted, shard_size=2)
    again = write_collection(entries, tmp_path / "cut", simulate=simulator, shard_size=2, resume=True)
    assert len(again) == len(whole) == 4
    for one, other in zip(again, whole, strict=True):
        xr.testing.assert_identical(one, other)
