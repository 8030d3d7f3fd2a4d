"""Recordings of afferents and thalamus: numbers as in the files, and what is said where they are absent."""

import numpy as np
import pytest

from data.catalogue import dataset_info, list_datasets, load_dataset
from data.cli import DataCommand
from data.errors import ChecksumError, DataNotAvailableError
from data.tactile import released_glm
from data.tactile.medlock2024 import FREQUENCIES_HZ, NEURONS
from data.tactile.moore2015 import NAME

VPM = "recordings/rat_vpm_whisking"
LTMR = "recordings/rodent_ltmr_vibrotactile"


def test_thalamus_has_the_spikes_inside_the_whiskers_time(real_data):
    dataset = load_dataset(NAME)
    spikes, angle = dataset.responses.values[:, 0], dataset.stimuli.arrays
    assert spikes.shape == angle.shape == (4, 10_008)
    assert spikes.sum(axis=1).tolist() == [177, 524, 229, 464]
    whisking = angle.whisking.values
    rates = [(1000 * y[w].mean(), 1000 * y[~w].mean()) for y, w in zip(spikes, whisking, strict=True)]
    np.testing.assert_allclose(rates, [(27.6, 9.0), (58.8, 21.5), (46.5, 7.2), (58.4, 17.4)], atol=0.05)
    phase = angle.phase_rad.values[whisking]
    strength = abs(np.exp(1j * phase) @ spikes[whisking]) / spikes[whisking].sum()
    assert strength == pytest.approx(0.400, abs=5e-4)
    with np.load(real_data / VPM / "vpm_cell_83_E2.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(angle.values[2], arrays["position_deg_2"])
        tick, first = arrays["spike_sample_2"][20], arrays["sample_2"][0]
    assert spikes[2, (tick - first) // 40] >= 1


@pytest.mark.parametrize(
    ("neuron", "n_spikes", "shortest_ms"), [("neuron1", 1320, 4.5), ("neuron2", 2251, 2.7), ("neuron3", 575, 4.3)]
)
def test_mechanoreceptors_have_their_spikes_and_sweeps(real_data, neuron, n_spikes, shortest_ms):
    dataset = load_dataset(f"tactile/medlock2024.{neuron}")
    spikes, table = dataset.responses.values[:, 0], dataset.stimuli.table
    assert spikes.sum() == n_spikes
    assert np.diff(np.flatnonzero(spikes.ravel())).min() / 10 == pytest.approx(shortest_ms)
    assert len(table) == NEURONS[neuron][0]
    assert set(table["frequency_hz"]) == set(FREQUENCIES_HZ)
    each = table["frequency_hz"].value_counts()
    assert each.sum() - 45 == (-1 if neuron == "neuron1" else 0)  # its first sweep of 70 Hz is missing
    assert (dataset.stimuli.arrays.values[:, 10_001:] == 0).all()
    with np.load(real_data / LTMR / f"ltmr_{neuron}.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(dataset.stimuli.arrays.values.ravel(), arrays["stimulus"])
        np.testing.assert_array_equal(spikes.ravel(), arrays["spikes"])
        np.testing.assert_array_equal(released_glm(dataset.name).stimulus_filter[::-1], arrays["glm_k"])


def test_released_filters_look_back_and_leave_out_the_spike_itself(real_data):
    model = released_glm("tactile/medlock2024.neuron3")
    assert model.stimulus_filter.argmax() in range(35, 50)  # 3.5 to 5 ms back
    assert model.history_filter[0] == 0
    assert model.history_filter[1] < -3
    assert (len(model.stimulus_filter), len(model.history_filter), model.rate_hz) == (500, 838, 10_000)


def test_other_datasets_have_no_released_model():
    with pytest.raises(ValueError, match="'tactile/rodgers2022' has no released model; those that have: .*neuron1"):
        released_glm("tactile/rodgers2022")


def test_files_are_listed_with_their_hashes(real_data):
    names = [NAME, *(f"tactile/medlock2024.{neuron}" for neuron in NEURONS)]
    assert set(names) <= set(list_datasets("tactile/*"))
    for name in names:
        info = dataset_info(name)
        (file,) = info.files
        assert (real_data / info.folder / file.path).stat().st_size == file.n_bytes
        assert load_dataset(name).provenance == {file.path: file.sha256}
        assert "no ceiling can be estimated" in info.notes


@pytest.mark.parametrize("name", [NAME, "tactile/medlock2024.neuron2"])
def test_absent_recording_says_where_it_comes_from(no_real_data, name, capsys):
    with pytest.raises(DataNotAvailableError, match="github.com/.*Licence: none stated"):
        load_dataset(name)
    DataCommand._info(name, as_json=False)
    assert "available: False" in capsys.readouterr().out


def test_other_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    for folder, file, name in (
        (VPM, "vpm_cell_83_E2.npz", NAME),
        (LTMR, "ltmr_neuron1.npz", "tactile/medlock2024.neuron1"),
    ):
        (tmp_path / folder).mkdir(parents=True)
        np.savez(tmp_path / folder / file, stimulus=np.zeros(3))
        with pytest.raises(ChecksumError, match="has SHA-256"):
            load_dataset(name)
