"""92 object images and the dissimilarities of four people, as published."""

import numpy as np
import pytest

from data import ChecksumError, DataNotAvailableError, dataset_info, load_dataset

NAME = "vision/kriegeskorte2008"
FILE = "recordings/it_92images_rdms/it_92images.npz"


@pytest.fixture
def arrays(real_data):
    """The arrays of the file."""
    with np.load(real_data / FILE, allow_pickle=False) as found:
        return {key: found[key] for key in found}


def test_matrices_are_the_means_of_two_sessions(arrays):
    dataset = load_dataset(NAME)
    sessions = arrays["rdm_human_it_subject_session"]
    assert sessions.shape == (4, 2, 92, 92)
    assert dataset.responses is None
    assert dataset.rdms.dims == ("subject", "pair") and dataset.rdms.shape == (4, 92 * 91 // 2)
    expected = [sessions[:, :, row, column].mean(axis=1) for row in range(92) for column in range(row + 1, 92)]
    np.testing.assert_allclose(dataset.rdms.values, np.transpose(expected))
    assert np.isfinite(dataset.rdms).all() and (dataset.rdms > 0).all()
    assert len(set(dataset.rdms["subject"].values.tolist())) == 4
    named = [name.split("|")[1].strip() for name in arrays["rdm_human_names"][:, 0]]
    assert dataset.rdms["subject"].values.tolist() == named


def test_images_are_shares_of_white(arrays):
    stimuli = load_dataset(NAME).stimuli
    assert stimuli.spec["dims"] == ["channel", "row", "col"] and stimuli.spec["unit"] == "share of white"
    images = stimuli.items()
    assert images.dtype == np.float32 and images.shape[:2] == (92, 3)
    np.testing.assert_allclose(images[17, 2], arrays["images"][17, :, :, 2] / 255, rtol=1e-6)
    assert stimuli.table["category"].tolist() == arrays["category"].astype(str).tolist()
    assert stimuli.ids[:2] == ["image.00", "image.01"] and len(stimuli) == 92


def test_facts_are_stated(real_data):
    info = dataset_info(NAME)
    (file,) = info.files
    assert (real_data / FILE).stat().st_size == file.n_bytes
    assert load_dataset(NAME).provenance == {"it_92images.npz": file.sha256}
    assert list(info.splits) == ["kfold2"]


def test_missing_file_says_where_it_comes_from(no_real_data):
    with pytest.raises(
        DataNotAvailableError, match="vision/kriegeskorte2008 is not on this machine.*rsatoolbox.*Licence"
    ):
        load_dataset(NAME)


def test_other_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    (tmp_path / FILE).parent.mkdir(parents=True)
    np.savez(tmp_path / FILE, images=np.zeros(3))
    with pytest.raises(ChecksumError, match="has SHA-256"):
        load_dataset(NAME)
