"""Tasks: what is kept, what is refused, who is at fault in a batch."""

import numpy as np
import pytest
import xarray as xr

from simulators.whisker.output.workers import Entry, Task, run_in_order


def make_record(value):
    if value < 0:
        raise ValueError(f"{value} is negative.")
    force = np.full((2, 1, 3), value / 3)
    return xr.Dataset({"force": (("time", "whisker", "axis"), force), "tip": ("time", np.zeros(2))})


def make_task(values, simulate=make_record, batched=False, **options):
    entries = tuple(Entry(str(k), {}, value) for k, value in enumerate(values))
    options = {"variables": ("force",), "precision": "float32"} | options
    return Task(simulate, entries, tuple(range(len(entries))), batched=batched, **options)


def shown(results):
    return [one if isinstance(one, str) else float(one["force"].max()) for one in results]


def test_only_what_is_asked_for_is_kept():
    (record,) = make_task([1.0]).run()
    assert set(record) == {"force"}
    assert record["force"].dtype == np.float32


def test_scene_that_is_a_function_gets_the_seed():
    (record,) = make_task([lambda seed: 3.0 * seed]).run()
    assert shown([record]) == [0.0]
    assert shown(make_task([1.0, lambda seed: 30.0 * seed]).run())[1] == 10.0


@pytest.mark.parametrize("error", [ValueError("why."), FloatingPointError("why."), FileNotFoundError("why.")])
def test_refusals_are_sentences(error):
    def refuse(scene):
        raise error

    assert make_task([1.0], refuse).run() == ["why."]


def test_nameless_refusal_has_the_name_of_its_kind():
    def refuse(scene):
        raise ZeroDivisionError

    assert make_task([1.0], refuse).run() == ["ZeroDivisionError"]


def test_batch_names_the_scene_at_fault():
    calls = []

    def simulate(scenes):
        calls.append(len(scenes))
        return [make_record(scene) for scene in scenes]

    def broken(seed):
        raise ValueError("no such object.")

    assert shown(make_task([3.0, broken, 6.0], simulate, batched=True).run()) == [1.0, "no such object.", 2.0]
    assert calls == [2]
    assert shown(make_task([3.0, -1.0, 6.0], simulate, batched=True).run()) == [1.0, "-1.0 is negative.", 2.0]
    assert calls == [2, 3, 1, 1, 1]


def test_results_come_in_order():
    tasks = [make_task([3.0 * k]) for k in range(5)]
    assert shown(run_in_order(tasks, 1)) == [0.0, 1.0, 2.0, 3.0, 4.0]
