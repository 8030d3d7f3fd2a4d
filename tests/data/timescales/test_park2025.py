"""Memory cells: pseudo-trials hold every trial once, and the counts that the source's summary states."""

import numpy as np
import pytest

from data.catalogue import load_dataset
from data.errors import DataNotAvailableError
from data.timescales.park2025 import _pseudo_trials


def test_pseudo_trials_hold_every_trial_of_every_unit_once():
    rng = np.random.default_rng(0)
    unit, code = rng.integers(0, 4, 60), rng.integers(1, 4, 60)
    counts = np.arange(60 * 3, dtype=np.float32).reshape(60, 3)
    cube, repetition, condition = _pseudo_trials(counts, unit, code, [1, 2, 3], 4)
    for one in range(4):
        for place, wanted in enumerate((1, 2, 3)):
            mine = cube[condition == place, one]
            mine = mine[np.isfinite(mine).all(axis=1)]
            np.testing.assert_array_equal(mine, counts[(unit == one) & (code == wanted)])
    assert np.isfinite(cube).all(axis=2).sum() == 60
    keys = set(zip(condition.tolist(), repetition.tolist(), strict=True))
    assert len(keys) == len(cube)


def test_delay_holds_between_31_and_287_trials_per_direction(real_data):
    dataset = load_dataset("timescale/park2025")
    assert dataset.responses.sizes["neuroid"] == 240
    assert dataset.responses.sizes["time_bin"] == 20
    there = np.isfinite(dataset.responses.values).all(axis=2)
    per = np.stack([there[dataset.responses["stimulus_id"].values == name].sum(axis=0) for name in dataset.stimuli.ids])
    assert (per.min(), per.max()) == (31, 287)
    assert there.sum() == 190_076
    means = np.stack(
        [
            np.nanmean(dataset.responses.values[dataset.responses["stimulus_id"].values == name], axis=(0, 2))
            for name in dataset.stimuli.ids
        ]
    )
    selectivity = (means.max(axis=0) - means.min(axis=0)) / (means.max(axis=0) + means.min(axis=0))
    assert np.median(selectivity) == pytest.approx(0.151, abs=0.001)


def test_trial_has_fixation_and_both_tasks_add_up(real_data):
    whole = load_dataset("timescale/park2025.trial")
    assert whole.responses["time_bin_start_ms"].values[[0, -1]].tolist() == [-500, 1150]
    parts = [load_dataset("timescale/park2025.trial", options={"task": task}) for task in ("look", "no look")]
    totals = [np.nansum(one.responses.values) for one in (whole, *parts)]
    assert totals[0] == sum(totals[1:])


def test_unknown_task_and_absent_recording(real_data, monkeypatch):
    with pytest.raises(
        ValueError, match="task of timescale/park2025 must be one of both, look, no look, received 'rest'"
    ):
        load_dataset("timescale/park2025", options={"task": "rest"})
    monkeypatch.delenv("NEUROMODELS_DATA")
    with pytest.raises(DataNotAvailableError, match="Orthogonal_Code.*Licence: none stated"):
        load_dataset("timescale/park2025")
