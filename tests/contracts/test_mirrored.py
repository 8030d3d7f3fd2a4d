"""Facts that stand in two packages, because those do not import each other, are the same in both."""

from pathlib import Path

import pytest

from data.access import home
from data.catalogue import dataset_info
from data.registry import GRAMMAR as DATA_NAMES
from neuromodels.language import bpe
from neuromodels.registry import GRAMMAR as MODEL_NAMES
from neuromodels.registry import list_models


@pytest.mark.parametrize(
    "variables",
    [
        {"HOME": "/home/someone"},
        {"HOME": "/home/someone", "XDG_CACHE_HOME": "/var/cache/someone"},
        {"HOME": "/home/someone", "XDG_CACHE_HOME": ""},
        {"HOME": "/home/someone", "NEUROMODELS_HOME": "/scratch/models"},
        {"HOME": "/home/someone", "NEUROMODELS_HOME": "/scratch/models/", "XDG_CACHE_HOME": "/var/cache/someone"},
        {"HOME": "/home/someone", "NEUROMODELS_HOME": "relative/folder"},
        {"HOME": "/home/someone", "NEUROMODELS_HOME": ""},
        {"HOME": "/home/someone", "NEUROMODELS_HOME": "~/models"},
    ],
)
def test_models_and_data_share_one_cache_folder(monkeypatch, variables):
    for name in ("NEUROMODELS_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Path(bpe._home()) == home()


def test_cache_folder_is_the_users_by_default(monkeypatch):
    monkeypatch.delenv("NEUROMODELS_HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/someone")
    assert home() == Path("/home/someone/.cache/neuromodels")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/someone")
    assert home() == Path("/var/cache/someone/neuromodels")


def test_tokenizer_hashes_are_those_of_the_download():
    files = dataset_info("language/gpt2_bpe").files
    assert {file.path: file.sha256 for file in files} == bpe.GPT2_FILES


def test_tokenizer_is_looked_for_where_it_is_downloaded(no_real_data, tmp_path, monkeypatch):
    folder = home() / "datasets" / "language" / "gpt2_bpe"
    folder.mkdir(parents=True)
    for name in bpe.GPT2_FILES:
        (folder / name).write_text("any")
    assert bpe.find_gpt2_bpe() == folder


def test_tokenizer_is_looked_for_where_the_mirror_holds_it(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    folder = tmp_path / dataset_info("language/gpt2_bpe").folder
    folder.mkdir(parents=True)
    for name in bpe.GPT2_FILES:
        (folder / name).write_text("any")
    assert bpe.find_gpt2_bpe() == folder


def test_names_of_models_follow_the_grammar_of_all_names():
    assert all(MODEL_NAMES.fullmatch(name) and DATA_NAMES.fullmatch(name) for name in list_models())
