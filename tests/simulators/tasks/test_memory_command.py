"""``neuromodels simulate memory``."""

import argparse
import json

import numpy as np
import pytest

from data.stimuli import load_stimulus_set
from simulators.cli import SimulateCommand
from simulators.tasks import memory_trials


@pytest.fixture
def simulate(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser("neuromodels simulate")
    SimulateCommand().configure(parser)
    return lambda *words: SimulateCommand().run(parser.parse_args(["memory", *words]), None)


def test_options_reach_the_trials_and_the_file(simulate, capsys):
    words = ("--n", "2", "5", "--trials", "7", "--length", "9", "--odds", "balanced", "--seed", "3", "--json")
    assert simulate("match", "--out", "a.nc", *words) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts == {
        "rule": "match",
        "odds": "balanced",
        "trials": 7,
        "steps": 9,
        "chance": {"N2": 0.5, "N5": 0.5},
        "out": "a.nc",
    }
    stored, expected = (
        load_stimulus_set("a.nc"),
        memory_trials(7, [2, 5], rule="match", odds="balanced", length=9, seed=3),
    )
    np.testing.assert_array_equal(stored.items(), expected["digits"])
    np.testing.assert_array_equal(stored.table["label_5"], expected["label"][:, 1])


def test_it_says_the_level_of_chance(simulate, capsys):
    assert simulate("parity", "--n", "2", "3", "--out", "a.nc") == 0
    assert "chance: N2 0.6667, N3 0.5000\n" in capsys.readouterr().out
    assert load_stimulus_set("a.nc").items().shape == (100, 13, 1)


def test_what_cannot_be_done_is_said(simulate):
    simulate("parity", "--n", "2", "--out", "a.nc")
    with pytest.raises(FileExistsError, match="a.nc exists; give --overwrite or another name"):
        simulate("parity", "--n", "2", "--out", "a.nc")
    assert simulate("parity", "--n", "2", "--out", "a.nc", "--overwrite") == 0
    with pytest.raises(ValueError, match="N must rise from head to head"):
        simulate("parity", "--n", "3", "2", "--out", "b.nc")
    with pytest.raises(ValueError, match="ends in .nc"):
        simulate("parity", "--n", "3", "--out", "b.csv")
