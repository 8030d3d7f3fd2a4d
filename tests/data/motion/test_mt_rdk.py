"""MT neurons under dots: rates as published, trials in their conditions, and what is said where files are absent."""

import numpy as np
import pytest

from data.catalogue import dataset_info, list_datasets, load_dataset
from data.errors import ChecksumError, DataNotAvailableError
from data.motion.mt_rdk import CELLS

PUBLISHED = {
    "cell1": [4.6, 10.1, 24.9, 60.3, 86.0, 67.2, 40.0, 11.9],
    "cell2": [10.5, 4.3, 6.0, 9.1, 11.0, 20.3, 39.3, 27.8],
    "cell3": [5.0, 6.6, 5.5, 21.5, 22.2, 9.0, 9.6, 18.6],
    "cell4": [5.2, 4.9, 14.2, 28.9, 29.1, 23.9, 14.7, 4.6],
}


@pytest.mark.parametrize("cell", CELLS)
def test_rates_of_eight_directions_are_the_published_ones(real_data, cell):
    dataset = load_dataset(f"motion/mt-rdk.{cell}")
    table = dataset.stimuli.table.set_index("stimulus_id").loc[dataset.responses["stimulus_id"].values]
    rates = dataset.responses.values[:, 0]
    means = [
        rates[((table["experiment"] == "direction") & (table["direction_deg"] == degrees)).to_numpy()].mean()
        for degrees in range(0, 360, 45)
    ]
    np.testing.assert_allclose(means, PUBLISHED[cell], atol=0.051)
    assert len(rates) == CELLS[cell][0]


@pytest.mark.parametrize("cell", CELLS)
def test_counts_are_those_of_a_plain_loop(real_data, cell):
    dataset = load_dataset(f"motion/mt-rdk.{cell}")
    responses = dataset.responses
    with np.load(real_data / "recordings" / "macaque_mt_rdk" / f"mt_{cell}.npz", allow_pickle=False) as arrays:
        counts, lasted = [], []
        for experiment in ("direction", "coherence"):
            indptr = arrays[f"{experiment}_spike_indptr"]
            for trial in range(len(indptr) - 1):
                spikes = arrays[f"{experiment}_spike_ms"][indptr[trial] : indptr[trial + 1]]
                on, off = (arrays[f"{experiment}_dot_{end}_ms"][trial] for end in ("on", "off"))
                counts.append(int(((spikes >= on) & (spikes < off)).sum()))
                lasted.append((off - on) / 1000)
    assert responses["n_spikes"].values.tolist() == counts
    np.testing.assert_allclose(responses["duration_s"], lasted)
    np.testing.assert_allclose(responses.values[:, 0], np.array(counts) / lasted)


def test_trials_state_their_condition(real_data):
    dataset = load_dataset("motion/mt-rdk.cell1")
    table = dataset.stimuli.table
    assert set(table["kind"]) == {"dots"}
    shown = table[table["experiment"] == "coherence"]
    assert sorted(set(shown["coherence"])) == [0.0, 0.032, 0.064, 0.128, 0.256, 0.512, 0.999]
    assert sorted(set(shown["direction_deg"])) == [0, 180]
    assert set(dataset.responses["task"].values.tolist()) == {3, 6}
    assert dataset.responses["region"].values.tolist() == ["MT"]
    counts = np.unique(dataset.responses["stimulus_id"].values, return_counts=True)[1]
    assert counts.sum() == 733


def test_absent_recording_says_where_it_comes_from(no_real_data):
    with pytest.raises(DataNotAvailableError, match="zpsheldon/Visual_Cortical_Neuron_Analysis.*Licence: none stated"):
        load_dataset("motion/mt-rdk.cell2")


def test_files_are_listed_with_their_hashes(real_data):
    assert [f"motion/mt-rdk.{cell}" for cell in CELLS] == list_datasets("motion/mt-rdk*")
    for cell in CELLS:
        info = dataset_info(f"motion/mt-rdk.{cell}")
        (file,) = info.files
        assert (real_data / info.folder / file.path).stat().st_size == file.n_bytes
        assert load_dataset(info.name).provenance == {file.path: file.sha256}


def test_other_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    (tmp_path / "recordings" / "macaque_mt_rdk").mkdir(parents=True)
    np.savez(tmp_path / "recordings" / "macaque_mt_rdk" / "mt_cell1.npz", spikes=np.zeros(3))
    with pytest.raises(ChecksumError, match="has SHA-256"):
        load_dataset("motion/mt-rdk.cell1")


@pytest.mark.parametrize("cell", CELLS)
def test_equal_dots_of_both_experiments_are_one_condition(real_data, cell):
    table = load_dataset(f"motion/mt-rdk.{cell}").stimuli.table
    for _, same in table.groupby("condition"):
        assert same["coherence"].nunique() == 1
        assert same["coherence"].iloc[0] == 0 or same["direction_deg"].nunique() == 1
    shown = table.assign(direction_deg=table["direction_deg"].where(table["coherence"] > 0, 0))
    assert table["condition"].nunique() == len(shown.drop_duplicates(["direction_deg", "coherence"])) < len(table)
