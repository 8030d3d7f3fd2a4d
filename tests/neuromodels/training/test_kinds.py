"""Kinds that recipes name: known ones, third parties', and options that they do not take."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from neuromodels.training import kinds
from neuromodels.training.tables import Choice, RecipeError


def test_known_kinds(toy):
    assert {"tactile/sweeps", "toy/blobs"} <= set(kinds.list_kinds("data"))
    assert {"autoencoder", "classification", "motion/flow", "probe", "simclr", "simsiam"} <= set(
        kinds.list_kinds("task")
    )


def test_kind_is_called_with_its_options(toy):
    samples = kinds.build("data", Choice("toy/blobs", {"n": 8, "n_classes": 2}), part="train")
    assert len(samples) == 8
    assert samples.n_classes == 2


def test_unknown_kind_names_the_closest(toy):
    with pytest.raises(RecipeError, match="data.kind 'toy/blob' is not known; the closest ones are toy/blobs"):
        kinds.build("data", Choice("toy/blob"), part="train")


def test_unknown_option_names_the_closest(toy):
    with pytest.raises(RecipeError, match="data.n_class is no option of 'toy/blobs'; the closest one is n_classes"):
        kinds.build("data", Choice("toy/blobs", {"n_class": 3}), part="train")


def test_what_the_engine_gives_is_no_option(toy):
    with pytest.raises(RecipeError, match="data.part is no option"):
        kinds.build("data", Choice("toy/blobs", {"part": "test"}), part="train")


def test_kind_without_options_says_so(toy):
    with pytest.raises(RecipeError, match="it takes no options"):
        kinds.build("data", Choice("toy/trials", {"n": 3}), part="train")


def test_missing_option_is_named(toy, monkeypatch):
    toy.needy = lambda folder, part: folder
    kinds.OURS["neuromodels.training_data"]["needy"] = "toy_family:needy"
    with pytest.raises(RecipeError, match=r"data.folder is missing: 'needy' needs it; add it to \[data\]"):
        kinds.build("data", Choice("needy"), part="train")


def test_other_packages_add_kinds(toy, monkeypatch):
    points = EntryPoints([EntryPoint("theirs", "toy_family:blobs", "neuromodels.training_data")])
    monkeypatch.setattr(kinds, "entry_points", lambda group: points.select(group=group))
    assert "theirs" in kinds.list_kinds("data")
    assert len(kinds.build("data", Choice("theirs"), part="train")) == 32
