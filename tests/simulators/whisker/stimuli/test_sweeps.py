import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.whisker.stimuli.objects import LabelledObject
from simulators.whisker.stimuli.shapenet import read_object_list
from simulators.whisker.stimuli.sweeps import SweepGrid, clean_grid, published_110_hz_grid, published_1000_hz_grid


class Listed:
    """Labelled objects that have no shape."""

    def __init__(self, objects):
        self.objects = tuple(objects)

    def solid(self, object_id, diagonal_mm):
        raise NotImplementedError


def labelled(n_labels=3, n_each=10):
    return Listed(
        LabelledObject(f"c{label}/{number}", f"c{label}", label)
        for label in range(n_labels)
        for number in range(n_each)
    )


def test_published_grids_have_the_totals_of_their_scripts(real_data):
    objects = Listed(read_object_list(real_data / "whiskers" / "stimuli" / "object_labels.csv"))
    assert len(published_1000_hz_grid(objects)) == 9981 * 16 == 159_696
    train, test = (published_110_hz_grid(objects, part) for part in ("train", "test"))
    assert (len(train), len(test)) == (2_874_528, 239_544)
    last = train[len(train) - 1]
    assert last.object_id == objects.objects[-1].object_id and last.draw == 23


def test_fine_grid_is_the_product_of_its_steps():
    sweeps = list(published_1000_hz_grid(labelled(1, 1)))
    steps = {(s.height_mm, s.distance_mm, s.rotation_deg) for s in sweeps}
    assert steps == {(h, d, t) for h in (-5, 0) for d in (5, 8) for t in (0, 30, 90, 120)}
    assert {(s.diagonal_mm, s.speed_mm_s, s.start_mm, s.duration_s, s.tilt_deg) for s in sweeps} == {(40, 30, 16, 1, 0)}


def test_draws_lie_in_the_published_ranges_and_reach_their_ends():
    grid = published_110_hz_grid(labelled(1, 40))
    sweeps = grid[::12]
    for values, low, high in (
        ([s.diagonal_mm for s in sweeps], 20, 60),
        ([s.speed_mm_s for s in sweeps], 30, 60),
        ([s.rotation_deg % 90 for s in sweeps], 0, 89),
    ):
        assert set(values) == set(range(low, high + 1))
    first = grid[:12]
    assert len({(s.diagonal_mm, s.speed_mm_s, s.draw) for s in first}) == 1
    assert {(s.height_mm, s.rotation_deg - first[0].rotation_deg) for s in first} == {
        (h, t) for h in (-3, 0, 3) for t in (0, 90, 180, 270)
    }


def test_train_and_test_draws_differ():
    train, test = (published_110_hz_grid(labelled(1, 2), part) for part in ("train", "test"))
    assert {s.draw for s in train} == set(range(24)) and {s.draw for s in test} == {24, 25}


def test_a_sweep_depends_on_object_draw_and_seed_alone():
    objects = labelled(2, 2)
    grid = published_110_hz_grid(objects, seed=5)
    same = published_110_hz_grid(objects, seed=5)
    shuffled = published_110_hz_grid(Listed(objects.objects[::-1]), seed=5)
    assert list(grid) == list(same) == [grid[i] for i in range(len(grid))] == grid[:]
    assert {s.stimulus_id: s for s in grid} == {s.stimulus_id: s for s in shuffled}
    assert list(grid) != list(published_110_hz_grid(objects, seed=6))
    assert grid[-1] == grid[len(grid) - 1]
    with pytest.raises(IndexError):
        grid[len(grid)]


@pytest.mark.parametrize("make", [published_1000_hz_grid, published_110_hz_grid, clean_grid])
def test_stimulus_ids_are_unique(make):
    grid = make(labelled(2, 2))
    assert len({sweep.stimulus_id for sweep in grid}) == len(grid)


def test_clean_grid_draws_tilts_that_are_not_whole():
    sweeps = list(clean_grid(labelled(), tilt_deg=(0.0, 180.0), speed_mm_s=(50, 60), duration_s=None, n_draws=3))
    assert len({s.tilt_deg for s in sweeps}) == 30 * 3
    assert all(s.start_mm is None and s.duration_s is None and 50 <= s.speed_mm_s <= 60 for s in sweeps)


@settings(deadline=None, max_examples=30)
@given(st.integers(3, 12), st.integers(1, 4), st.integers(0, 2**31))
def test_division_by_object_never_divides_an_object(n_each, n_draws, seed):
    grid = clean_grid(labelled(3, n_each), n_draws=n_draws)
    parts = grid.split("object", (0.34, 0.33, 0.33), seed=seed)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(grid)))
    per_object = n_draws * grid.n_per_draw
    owners = {name: set(numbers // per_object) for name, numbers in parts.items()}
    assert sum(len(owned) for owned in owners.values()) == 3 * n_each
    for owned in owners.values():
        assert {number // n_each for number in owned} == {0, 1, 2}


def test_division_by_draw_keeps_a_draw_together_and_every_object_everywhere():
    grid = published_110_hz_grid(labelled(1, 6))
    parts = grid.split("draw", (0.75, 0.125, 0.125), seed=1)
    assert {name: len(numbers) for name, numbers in parts.items()} == {
        "train": 6 * 18 * 12, "validation": 6 * 3 * 12, "test": 6 * 3 * 12
    }  # fmt: skip
    draws = {name: {(grid[i].object_id, grid[i].draw) for i in numbers} for name, numbers in parts.items()}
    assert not draws["train"] & draws["test"]
    assert {object_id for object_id, _ in draws["test"]} == {item.object_id for item in grid.objects.objects}
    assert len({draw for object_id, draw in draws["test"] if object_id == "c0/0"}) == 3


def test_without_draws_the_steps_of_each_object_are_divided():
    grid = published_1000_hz_grid(labelled())
    parts = grid.split("draw", (0.75, 0.125, 0.125))
    assert [len(parts[name]) for name in ("train", "validation", "test")] == [30 * 12, 30 * 2, 30 * 2]
    assert len({tuple(i % 16 for i in parts["test"] if i // 16 == item) for item in range(30)}) > 10


def test_divisions_repeat_with_the_seed():
    grid = clean_grid(labelled())
    first, again, other = (grid.split(seed=seed)["test"] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_part_may_be_left_empty():
    parts = clean_grid(labelled()).split("object", (0.9, 0.0, 0.1))
    assert len(parts["validation"]) == 0 and len(parts["test"]) == 3 * 16


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clean_grid(labelled(), heights_mm=()), "heights_mm is"),
        (lambda: clean_grid(labelled(), distances_mm=(5.0, 5.0)), "distances_mm is"),
        (lambda: clean_grid(labelled(), diagonal_mm=(40, 30)), "lowest and the highest"),
        (lambda: clean_grid(labelled(), diagonal_mm=(0, 30)), "diagonal_mm begins at 0"),
        (lambda: clean_grid(labelled(), speed_mm_s=(-3.0, 3.0)), "speed_mm_s begins at -3"),
        (lambda: clean_grid(labelled(), tilt_deg=(0.0, float("inf"))), "tilt_deg is"),
        (lambda: clean_grid(labelled(), duration_s=0.0), "duration_s is 0"),
        (lambda: clean_grid(labelled(), duration_s=None), "needs a speed or a duration"),
        (lambda: clean_grid(labelled(), n_draws=0), "n_draws 0"),
        (lambda: clean_grid(labelled(), seed=-1), "seed -1"),
        (lambda: SweepGrid(labelled(), (0.0,), (5.0,), (0.0,), start_mm=16.0), "fixed start needs both"),
        (lambda: published_110_hz_grid(labelled(), "validation"), "part is 'validation'"),
        (lambda: clean_grid(labelled()).split("category"), "by is 'category'"),
        (lambda: clean_grid(labelled()).split(fractions=(0.5, 0.2, 0.2)), "add up to 1"),
        (lambda: clean_grid(labelled(2, 2)).split(), "2 objects of label 0 cannot be divided"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
