"""The planted recording: what is embedded is what simulator and network give, its ceiling, its layout, its NWB files."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from data import load_dataset
from data.tactile import CANONICAL_ORDER, load_animals, planted, read_session, six_stimuli, write_planted
from data.tactile.rodgers2022 import population
from data.tactile.six_stimuli import hidden_layer

SCRIPT = Path(__file__).resolve().parents[3] / "examples" / "make_barrel_cortex_stimuli.py"


def dissimilarities(patterns):
    """1 - Pearson r over columns, upper triangle."""
    return 1 - np.corrcoef(patterns)[np.triu_indices(len(patterns), 1)]


@pytest.fixture(scope="module")
def script():
    """The script that made the embedded file."""
    spec = importlib.util.spec_from_file_location("make_barrel_cortex_stimuli", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def dataset():
    return planted.generate()


def test_embedded_features_are_those_of_the_network(script):
    fresh = script.hidden_features(np.asarray(six_stimuli("any").items()).astype(np.float16))
    assert fresh.shape == (6, 768)
    np.testing.assert_allclose(hidden_layer(), fresh, rtol=1e-4, atol=1e-6)
    embedded, computed = (dissimilarities(features.astype(np.float64)) for features in (hidden_layer(), fresh))
    assert np.corrcoef(embedded, computed)[0, 1] > 0.999


@pytest.mark.slow
def test_embedded_stimuli_are_those_of_the_simulator(script):
    fresh = script.simulated_stimuli().astype(np.float32)
    np.testing.assert_allclose(six_stimuli("any").items(), fresh, atol=2e-3 * np.abs(fresh).max())


def test_stimuli_are_network_input_in_canonical_order():
    stimuli = six_stimuli("any")
    assert stimuli.ids == list(CANONICAL_ORDER)
    assert stimuli.spec["dims"] == ["time", "channel", "row", "col"]
    assert stimuli.spec["shape"] == [22, 30, 5, 7]
    assert stimuli.items().dtype == np.float32
    # Whiskers have 30 of 35 places, rows of 5, 5, 7, 7, 6; nearer plates press harder.
    felt = np.abs(stimuli.items()).sum(axis=(0, 1, 2))
    assert (felt > 0).sum(axis=1).tolist() == [5, 5, 7, 7, 6]
    force = np.abs(stimuli.items()).mean(axis=(1, 2, 3, 4)).reshape(2, 3)
    assert (np.diff(force, axis=1) < 0).all()


@pytest.mark.parametrize("n_units", [20, 36])
def test_expected_rates_have_the_rdm_of_the_hidden_layer(n_units):
    rates = planted.expected_rates(n_units, np.random.default_rng(n_units))
    assert rates.min() >= 0.1 * planted.RATE_HZ - 1e-9
    np.testing.assert_allclose(rates.mean(axis=1), planted.RATE_HZ)
    assert np.corrcoef(dissimilarities(rates), dissimilarities(hidden_layer()))[0, 1] > 1 - 1e-6
    both = np.concatenate([rates, planted.expected_rates(28, np.random.default_rng(0))], axis=1)
    assert np.corrcoef(dissimilarities(both), dissimilarities(rates))[0, 1] > 1 - 1e-6


def test_expected_rates_of_another_hidden_layer():
    features = np.random.default_rng(0).standard_normal((6, 50))
    rates = planted.expected_rates(30, np.random.default_rng(1), features)
    assert np.corrcoef(dissimilarities(rates), dissimilarities(features))[0, 1] > 1 - 1e-9


def test_layout_is_that_of_the_real_recording(dataset):
    responses = dataset.responses
    assert len(np.unique(responses["subject"])) == planted.N_ANIMALS
    assert dataset.stimuli.ids == list(CANONICAL_ORDER)
    assert dataset.info.splits["halves20"].scheme == "explicit"
    assert responses.attrs["unit"] == "spikes/s"
    assert responses.attrs["bin_ms"] == 45
    sessions = {(one, two) for one, two in zip(responses["subject"].values, responses["session"].values, strict=True)}
    assert len(sessions) > planted.N_ANIMALS
    shown = np.isfinite(responses.values)
    counts = {
        (session, name): int(shown[responses["stimulus_id"].values == name][:, place].sum())
        for place, session in enumerate(responses["session"].values[:3])
        for name in CANONICAL_ORDER
    }
    assert len(set(counts.values())) > 1
    low, high = planted.TRIALS
    assert all(low <= count <= high for count in counts.values())
    assert "seed 20260415" in dataset.provenance["generator"]
    assert "make_barrel_cortex_stimuli.py" in dataset.provenance["generator"]


def test_counts_are_poisson_about_the_expected_rates():
    record = next(planted.planted_sessions(3))
    rng = np.random.default_rng(3)
    n_units, n_sessions = rng.integers(20, 37), rng.integers(1, 3)
    rates = planted.expected_rates(int(n_units), rng)[:, np.array_split(np.arange(n_units), n_sessions)[0]]
    counts = np.array([np.histogram(one, np.append(record.start_s, np.inf))[0] for one in record.spikes_s]).T
    assert all((np.diff(one) >= 0).all() for one in record.spikes_s)
    expected = rates[[CANONICAL_ORDER.index(name) for name in record.stimulus]] * 2.025
    z = (counts - expected) / np.sqrt(expected)
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert z.var() == pytest.approx(1, abs=0.1)


def test_seed_gives_the_same_recording_again(dataset):
    assert dataset.responses.equals(load_dataset("tactile/planted").responses)
    other = next(planted.planted_sessions(1))
    assert other.sha256 == next(planted.planted_sessions(1)).sha256
    assert other.sha256 != next(planted.planted_sessions(2)).sha256


def test_nwb_files_give_the_same_recording(dataset, tmp_path, monkeypatch):
    folder = tmp_path / "tactile" / "rodgers2022"
    paths = write_planted(folder)
    assert paths[0] == folder / "sub-P01" / "sub-P01_ses-1_behavior+ecephys+image.nwb"
    read = population([read_session(path) for path in paths])
    np.testing.assert_allclose(read.values, dataset.responses.values, rtol=1e-12)
    assert read["neuroid_id"].values.tolist() == dataset.responses["neuroid_id"].values.tolist()
    assert sorted(load_animals(folder)) == sorted(set(dataset.responses["subject"].values.tolist()))
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    opened = load_dataset("tactile/rodgers2022")
    np.testing.assert_allclose(opened.responses.values, dataset.responses.values, rtol=1e-12)
    np.testing.assert_array_equal(opened.stimuli.items(), dataset.stimuli.items())
