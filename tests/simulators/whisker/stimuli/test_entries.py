import pickle

import numpy as np
import pytest

from simulators.whisker.geometry.array import mouse_array
from simulators.whisker.output.shards import table_of
from simulators.whisker.stimuli.entries import sweep_entries
from simulators.whisker.stimuli.objects import ProceduralObjects
from simulators.whisker.stimuli.placement import place, posed_for_sweeps
from simulators.whisker.stimuli.sweeps import clean_grid, published_1000_hz_grid

ARRAY = posed_for_sweeps(mouse_array(names="RC*"))
OBJECTS = ProceduralObjects(4, ["box", "torus"])


def test_entries_make_the_table_of_a_collection():
    for grid in (published_1000_hz_grid(OBJECTS), clean_grid(OBJECTS)):
        found = sweep_entries(grid, ARRAY)
        table = table_of([entry.id for entry in found], [entry.labels for entry in found])
        assert len(table) == len(grid) and set(table["group"]) == {item.object_id for item in OBJECTS.objects}


def test_scenes_are_made_when_asked_for_also_elsewhere():
    grid = clean_grid(OBJECTS, duration_s=0.4)
    numbers = grid.split("object", (0.5, 0.25, 0.25))["test"]
    entry = pickle.loads(pickle.dumps(sweep_entries(grid, ARRAY, numbers=numbers, rate_hz=275.0)[5]))  # noqa: S301
    sweep = grid[int(numbers[5])]
    scene, other = entry.scene(0), entry.scene(1)
    assert entry.id == sweep.stimulus_id and scene.n_intervals == 110
    placed = place(sweep, OBJECTS.solid(sweep.object_id, sweep.diagonal_mm), ARRAY)
    for made in (scene, other):
        pose, same = (motion.at(np.array([0.0, 0.3])) for motion in (made.objects[0].motion, placed.motion))
        np.testing.assert_array_equal(pose.position_mm, same.position_mm)


def test_numbers_outside_the_grid_are_refused():
    with pytest.raises(IndexError):
        sweep_entries(clean_grid(OBJECTS), ARRAY, numbers=[10**6])
