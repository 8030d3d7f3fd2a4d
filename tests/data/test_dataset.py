"""Facts of a dataset: defaults and immutability."""

from dataclasses import FrozenInstanceError

import pytest
import xarray as xr

from data.dataset import NeuralDataset


def test_folder_is_the_name_unless_given(make_info):
    assert make_info().folder == "testing/small"
    assert make_info(folder="elsewhere").folder == "elsewhere"


def test_facts_cannot_be_changed(make_info):
    info = make_info()
    with pytest.raises(FrozenInstanceError):
        info.licence = "mine"
    with pytest.raises(FrozenInstanceError):
        info.files[0].sha256 = None


def test_dataset_has_the_name_of_its_facts(make_info):
    assert NeuralDataset(make_info(), None, None, {}, rdms=xr.DataArray([[1.0]])).name == "testing/small"


def test_dataset_holds_responses_or_dissimilarities(make_info):
    some = xr.DataArray([[1.0]])
    for responses, rdms in ((None, None), (some, some)):
        with pytest.raises(ValueError, match="'testing/small' must hold either responses or rdms"):
            NeuralDataset(make_info(), responses, None, {}, rdms=rdms)
