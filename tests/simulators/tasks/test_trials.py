"""Trials as a data set and a stimulus file."""

import numpy as np
import pytest
import torch

import data
from simulators.tasks import chance_level, labels, labels_in_time, memory_trials, save_memory_trials


def test_trials_hold_digits_and_answers():
    trials = memory_trials(5, [2, 4], seed=3)
    assert dict(trials.sizes) == {"stimulus": 5, "time": 17, "channel": 1, "head": 2}
    digits = torch.from_numpy(trials["digits"].values[:, :, 0])
    assert digits.dtype == torch.float32
    np.testing.assert_array_equal(trials["label"], labels(digits, [2, 4]))
    np.testing.assert_array_equal(trials["label_in_time"], labels_in_time(digits, [2, 4]))
    assert trials["chance"].values.tolist() == [chance_level("parity", n) for n in (2, 4)]
    assert trials.attrs == {"rule": "parity", "odds": "per sequence", "seed": 3, "time_unit": "step"}
    assert memory_trials(5, [2, 4], seed=3).identical(trials)
    assert not memory_trials(5, [2, 4], seed=4).identical(trials)


def test_matches_have_even_odds_by_default():
    trials = memory_trials(2, np.arange(2, 5), rule="match", length=6)
    assert (trials.attrs["odds"], trials.sizes["time"]) == ("even", 6)
    assert trials["chance"].values.tolist() == [0.5] * 3


def test_saved_trials_are_a_stimulus_set(tmp_path):
    trials = memory_trials(4, [2, 3], rule="match", seed=1)
    stimuli = data.load_stimulus_set(save_memory_trials(trials, tmp_path / "match.nc"))
    assert stimuli.name == "match" and len(stimuli) == 4
    assert stimuli.spec == {"kind": "array", "dims": ["time", "channel"], "shape": [13, 1], "unit": "digits"}
    np.testing.assert_array_equal(stimuli.items(), trials["digits"])
    for place, n in enumerate((2, 3)):
        np.testing.assert_array_equal(stimuli.table[f"label_{n}"], trials["label"][:, place])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ns": [3, 2]}, "must rise from head to head"),
        ({"rule": "xor"}, "rule must be one of"),
        ({"odds": "fair"}, "odds must be one of"),
        ({"length": 2}, "2 digits say nothing about N = 3"),
        ({"n_trials": 0}, "at least 1 sequence"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        memory_trials(**{"n_trials": 2, "ns": [2, 3], **options})
