"""V1 and V2 neurons under sums of gratings: counts as published, conditions, and the gratings of every trial."""

import numpy as np
import pytest

from data.catalogue import dataset_info, list_datasets, load_dataset
from data.errors import ChecksumError, DataNotAvailableError
from data.motion import grating_components
from data.motion.goris2015 import UNITS

MEAN_COUNT = {"m620r12": 2.52, "m620r35": 32.92, "m624l54": 18.34, "m625r62": 0.29}
ODD_EVEN = {"m620r12": 0.935, "m620r35": 0.990, "m624l54": 0.879, "m625r62": 0.967}


@pytest.mark.parametrize("unit", UNITS)
def test_counts_and_areas_are_the_published_ones(real_data, unit):
    dataset = load_dataset(f"motion/goris2015.{unit}")
    responses = dataset.responses
    assert len(responses) == UNITS[unit][1]
    assert responses["n_spikes"].values.mean() == pytest.approx(MEAN_COUNT[unit], abs=0.005)
    assert responses["region"].values.tolist() == [UNITS[unit][0]]
    np.testing.assert_allclose(responses.values[:, 0] * responses["duration_s"].values, responses["n_spikes"].values)
    np.testing.assert_allclose(responses["duration_s"], 1, atol=0.01)


@pytest.mark.parametrize("unit", UNITS)
def test_blanks_are_one_stimulus_and_conditions_repeat(real_data, unit):
    dataset = load_dataset(f"motion/goris2015.{unit}")
    table, ids = dataset.stimuli.table.set_index("stimulus_id"), dataset.responses["stimulus_id"].values
    assert len(table) == 161
    blank = ids == "blank"
    assert blank.sum() == (130 if unit == "m625r62" else 160)
    assert table.loc["blank", "contrast"] == 0
    assert np.isnan(table.loc["blank", "direction_deg"])
    assert len(np.unique(dataset.responses["block"].values[blank])) == 16
    _, counts = np.unique(ids[~blank], return_counts=True)
    assert set(counts.tolist()) <= {8, 9, 10}


@pytest.mark.parametrize("unit", UNITS)
def test_odd_and_even_repeats_agree_as_published(real_data, unit):
    responses = load_dataset(f"motion/goris2015.{unit}").responses
    counts, block = responses["n_spikes"].values, responses["block"].values
    halves = [[np.mean(counts[block == number][start::2]) for number in np.unique(block)[:175]] for start in (0, 1)]
    assert np.corrcoef(*halves)[0, 1] == pytest.approx(ODD_EVEN[unit], abs=0.012)


def test_conditions_state_centre_spread_and_contrast(real_data):
    dataset = load_dataset("motion/goris2015.m620r35")
    table = dataset.stimuli.table.set_index("stimulus_id")
    one, several = table.loc["condition000"], table.loc["condition036"]
    assert (one["kind"], one["direction_deg"], one["contrast"], one["spread_deg"]) == ("grating", 230, 1, 0)
    assert (several["kind"], several["n_components"], several["direction_deg"]) == ("grating sum", 9, 320)
    arrays = dataset.stimuli.arrays.sel(quantity="contrast").values[table.index.get_loc("condition036")]
    away = np.array([0, -20, 20, -40, 40, -60, 60, -80, 80])
    assert several["spread_deg"] == pytest.approx(np.sqrt((arrays * away**2).sum() / arrays.sum()), rel=1e-5)
    assert several["contrast"] == pytest.approx(arrays.sum(), rel=1e-5)


def test_every_trial_has_its_gratings(real_data):
    dataset = load_dataset("motion/goris2015.m620r12")
    parts = grating_components("motion/goris2015.m620r12")
    assert dict(parts.sizes) == {"presentation": 1760, "component": 9, "sf": 11}
    table = dataset.stimuli.table.set_index("stimulus_id").loc[dataset.responses["stimulus_id"].values]
    np.testing.assert_allclose(parts["contrast"].sum("component"), table["contrast"], rtol=1e-6)
    np.testing.assert_array_equal(np.isnan(parts["direction_deg"]), parts["contrast"] == 0)
    np.testing.assert_array_equal(
        parts["temporal_frequency_hz"].values[:, 0], dataset.responses["temporal_frequency_hz"].values
    )
    # one condition, several temporal frequencies
    rows = dataset.responses["stimulus_id"].values == "condition000"
    assert len(np.unique(parts["temporal_frequency_hz"].values[rows, 0])) > 5
    assert len(np.unique(parts["direction_deg"].values[rows, 0])) == 1
    assert parts["sf_cpd"].values[parts["sf_rate_hz"].values.argmax()] == pytest.approx(2.51189)
    assert (parts["phase_deg"].values[parts["contrast"].values > 0] == 0).all()


def test_other_datasets_have_no_gratings():
    with pytest.raises(
        ValueError, match="'motion/mt-rdk.cell1' has no gratings; those that have: motion/goris2015.m620r12"
    ):
        grating_components("motion/mt-rdk.cell1")


def test_absent_recording_says_where_it_comes_from(no_real_data):
    for open_it in (load_dataset, grating_components):
        with pytest.raises(DataNotAvailableError, match="lacerbi/infbench.*not to be passed on"):
            open_it("motion/goris2015.m624l54")


def test_files_are_listed_with_their_hashes(real_data):
    assert [f"motion/goris2015.{unit}" for unit in UNITS] == list_datasets("motion/goris2015*")
    for unit in UNITS:
        info = dataset_info(f"motion/goris2015.{unit}")
        (file,) = info.files
        assert (real_data / info.folder / file.path).stat().st_size == file.n_bytes
        assert load_dataset(info.name).provenance == {file.path: file.sha256}


def test_other_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    folder = tmp_path / "recordings" / "macaque_v1v2_grating_mixtures"
    folder.mkdir(parents=True)
    np.savez(folder / "m620r12.npz", counts=np.zeros(3))
    with pytest.raises(ChecksumError, match="has SHA-256"):
        load_dataset("motion/goris2015.m620r12")


@pytest.mark.parametrize("unit", UNITS)
def test_conditions_of_equal_gratings_are_one(real_data, unit):
    dataset = load_dataset(f"motion/goris2015.{unit}")
    table, codes = dataset.stimuli.table, dataset.stimuli.arrays.values
    slow = [next(k for k in range(len(codes)) if (codes[k] == one).all()) for one in codes]
    assert table["condition"].tolist() == table["stimulus_id"].iloc[slow].tolist()
    assert (table["condition"] != table["stimulus_id"]).sum() == (14 if unit == "m624l54" else 0)
