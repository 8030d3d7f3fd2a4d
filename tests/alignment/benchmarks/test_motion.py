import pytest

from alignment.benchmarks import load_benchmark
from alignment.folds import make_folds
from data import load_dataset


@pytest.mark.parametrize("name", ["motion/mt-rdk.cell2", "motion/goris2015.m624l54"])
def test_no_condition_is_on_both_sides_of_a_fold(real_data, name):
    dataset, bench = load_dataset(name), load_benchmark(f"{name}-ridge")
    table = dataset.stimuli.table
    specs = [bench.split] if bench.split else list(dataset.splits.values())
    for spec in specs:
        tested = set()
        for fold in make_folds(spec, table):
            seen, held = (set(table["condition"].iloc[rows]) for rows in (fold.train, fold.test))
            assert not seen & held
            tested |= held
        assert tested == set(table["condition"])
