"""MT neurons of CRCNS mt-1, on files that the test writes with the fields that readers of the recording use."""

import numpy as np
import pytest
from scipy.io import savemat

from data.catalogue import load_dataset
from data.errors import DataNotAvailableError

NAME = "motion/crcns-mt1"


def fields(n=40, **changed):
    rng = np.random.default_rng(0)
    return {
        "cellid": "x",
        "dt": 25.0,
        "spkt": np.sort(rng.uniform(0, 1000, 30))[:, None],
        "spkbinned": rng.poisson(1.0, (n, 1)),
        "opticflows": rng.normal(size=(n, 6)),
        "aperturecenter": rng.normal(size=(n, 2)),
        "aperturediameter": 12.0,
        "eyeloc": rng.normal(size=(n, 2)),
    } | changed


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    found = tmp_path / "motion" / "crcns-mt1" / "crcns-mt1-data"
    found.mkdir(parents=True)
    savemat(found / "Cell1.mat", {"mtdata": fields()})
    savemat(found / "Cell2.mat", {"mtdata": fields(n=30)})
    return found


def test_signal_and_spikes_are_those_of_the_file(folder):
    dataset = load_dataset(NAME)
    written = fields()
    np.testing.assert_array_equal(dataset.responses.values[0, 0], written["spkbinned"][:, 0])
    stimuli = dataset.stimuli.arrays
    np.testing.assert_allclose(stimuli.values[0], np.hstack([written["opticflows"], written["aperturecenter"]]))
    assert stimuli.attrs == {"unit": "as stored", "rate_hz": 40.0, "aperture_diameter": 12.0}
    assert dataset.responses["time_bin_end_ms"].values[-1] == 1000
    assert list(dataset.provenance) == ["Cell1.mat"]


def test_a_cell_is_chosen_by_name(folder):
    assert load_dataset(NAME, options={"cell": "Cell2"}).responses.sizes["time_bin"] == 30
    with pytest.raises(ValueError, match="has no cell 'Cell9' here; there are Cell1, Cell2"):
        load_dataset(NAME, options={"cell": "Cell9"})


def test_other_layouts_are_refused(folder):
    savemat(folder / "Cell1.mat", {"mtdata": fields(opticflows=np.zeros((6, 40)))})
    with pytest.raises(ValueError, match=r"optic flow of shape \(6, 40\)"):
        load_dataset(NAME)
    incomplete = fields()
    del incomplete["eyeloc"]
    savemat(folder / "Cell1.mat", {"mtdata": incomplete})
    with pytest.raises(ValueError, match="mtdata has no eyeloc; it has cellid"):
        load_dataset(NAME)
    savemat(folder / "Cell1.mat", {"other": 1})
    with pytest.raises(ValueError, match="holds no struct mtdata"):
        load_dataset(NAME)
    (folder / "Cell1.mat").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="holds no struct mtdata"):
        load_dataset(NAME)


def test_absent_recording_says_where_it_comes_from(no_real_data):
    with pytest.raises(DataNotAvailableError, match="crcns.org/data-sets/vc/mt-1"):
        load_dataset(NAME)
