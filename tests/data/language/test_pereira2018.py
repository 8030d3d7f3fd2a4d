"""Pereira et al. 2018: 384 sentences in 96 passages, as recorded."""

import numpy as np
import pytest

from data.catalogue import dataset_info, load_dataset
from data.errors import ChecksumError
from data.language.pereira2018 import SPLITS

NAME = "language/pereira2018"


def test_sentences_as_recorded(real_data):
    dataset = load_dataset(NAME)
    assert dataset.responses.sizes == {"presentation": 384, "neuroid": 1}
    assert dataset.responses["neuroid_id"].values.tolist() == ["lang_LH_netw"]
    assert dataset.responses.values[:2, 0].tolist() == [0.38487, 0.59025]
    assert np.isfinite(dataset.responses.values).all()
    assert dataset.responses["stimulus_id"].values.tolist() == dataset.stimuli.ids
    assert dataset.stimuli.ids[:2] == ["384sentences.0", "384sentences.1"]
    assert dataset.stimuli.items()[0] == "An accordion is a portable musical instrument with two keyboards."


def test_96_passages_of_4_in_order(real_data):
    table = load_dataset(NAME).stimuli.table
    assert table["passage"].tolist() == np.repeat(np.arange(96), 4).tolist()
    assert table["position"].tolist() == [0, 1, 2, 3] * 96


def test_text_keeps_the_pronoun_of_the_recording(real_data):
    table = load_dataset(NAME).stimuli.table
    assert int((table["text"] != table["sentence_with_referent"]).sum()) == 46


def test_hash_is_quoted(real_data):
    (file,) = dataset_info(NAME).files
    assert load_dataset(NAME).provenance == {"exp384_public.csv": file.sha256}
    assert (real_data / dataset_info(NAME).folder / file.path).stat().st_size == file.n_bytes


def test_changed_file_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / dataset_info(NAME).folder
    folder.mkdir(parents=True)
    (folder / "exp384_public.csv").write_text("row,passage,position_in_passage,sentence,sentence_with_referent\n")
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    with pytest.raises(ChecksumError, match=f"expected {dataset_info(NAME).files[0].sha256}"):
        load_dataset(NAME)


def test_passages_stay_whole_by_default(real_data):
    dataset = load_dataset(NAME)
    assert next(iter(dataset.splits.values())) == SPLITS["passage5"]
    assert dataset.stimuli.group == SPLITS["passage5"].group == "passage"


def test_splits_that_divide_passages_say_so():
    divides = {name for name, split in SPLITS.items() if split.group is None}
    assert divides == {name for name, split in SPLITS.items() if "divides passages" in split.source}
