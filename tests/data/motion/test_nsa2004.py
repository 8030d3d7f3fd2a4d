"""MT neurons of the Neural Signal Archive, on files that the test writes in the archive's format."""

import numpy as np
import pytest

from data.catalogue import load_dataset
from data.errors import DataNotAvailableError

NAME = "motion/nsa2004.6"


def text(name, parameter, trials, duration=1030):
    lines = [
        f"Name {name}",
        "Start 0",
        f"Duration {duration}",
        "Sampling 1000",
        f"Params {parameter}",
        f"Trials {len(trials)}",
    ]
    for number, (value, spikes) in enumerate(trials, 1):
        lines += [f"T {number} {value}", " ".join(["R", str(len(spikes)), *map(str, spikes)])]
    return "\n".join(lines) + "\n"


@pytest.fixture
def files(tmp_path, monkeypatch):
    folder = tmp_path / "motion" / "nsa2004.6" / "a"
    folder.mkdir(parents=True)
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    (folder / "cell1.t1").write_text(text("one", "contrast", [(1.0, [5, 40, 900]), (0.5, []), (1.0, [29, 30, 1029])]))
    (folder / "cell2.t1").write_text(text("two", "direction", [(0, [100]), (90, [100, 200])]))
    return folder


def test_rates_leave_out_the_response_to_the_grating_before(files):
    responses = load_dataset(NAME).responses
    assert responses["neuroid_id"].values.tolist() == ["cell1", "cell2"]
    np.testing.assert_allclose(responses.values[:3, 0], [2, 0, 2])
    np.testing.assert_allclose(responses.values[3:, 1], [1, 2])
    assert np.isnan(responses.values[3:, 0]).all() and np.isnan(responses.values[:3, 1]).all()
    np.testing.assert_allclose(
        load_dataset(NAME, options={"latency_ms": 0.0}).responses.values[:3, 0], [3 / 1.03, 0, 3 / 1.03]
    )


def test_parameters_make_the_stimuli(files):
    dataset = load_dataset(NAME)
    table = dataset.stimuli.table
    assert table["stimulus_id"].tolist() == ["cell1|1.0", "cell1|0.5", "cell2|0", "cell2|90"]
    assert table["contrast"].tolist()[:2] == [1.0, 0.5] and table["direction"].tolist()[2:] == [0.0, 90.0]
    assert dataset.responses["repetition"].values.tolist() == [0, 0, 1, 0, 0]
    assert set(dataset.provenance) == {"cell1.t1", "cell2.t1"}


def test_what_does_not_fit_is_said(files, no_real_data):
    with pytest.raises(DataNotAvailableError, match="neuralsignal.org/data/04/nsa2004.6"):
        load_dataset(NAME)


def test_a_latency_beyond_the_trial_is_refused(files):
    with pytest.raises(ValueError, match="latency_ms is 2000, but trials of cell1.t1 last 1030 ms"):
        load_dataset(NAME, options={"latency_ms": 2000.0})
