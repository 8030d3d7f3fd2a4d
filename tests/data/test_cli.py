"""``neuromodels data`` as a user calls it: what is printed, where, and with which exit code."""

import json

import pytest

from data.access import home
from data.catalogue import dataset_info, register_dataset
from neuromodels.cli import main

from .conftest import CONTENT, digest

GPT2 = "language/gpt2_bpe"


@pytest.fixture(autouse=True)
def _plain_errors(monkeypatch):
    monkeypatch.delenv("NEUROMODELS_DEBUG", raising=False)


def test_info_says_what_is_known(capsys, no_real_data):
    assert main(["data", "info", "language/tuckute2024"]) == 0
    said = capsys.readouterr().out
    info = dataset_info("language/tuckute2024")
    for fact in (info.summary, info.citation, info.how_to_get, info.units, info.notes, info.files[1].sha256):
        assert fact in said
    for line in ("licence: none stated", "access: own copy", "available: False", "93,832 bytes", "url: none"):
        assert line in said
    assert "sha256: not recorded; checked by content" in said


def test_info_leaves_out_empty_facts(capsys, own_catalogue, make_info):
    register_dataset(make_info(notes=""), None)
    assert main(["data", "info", "testing/small"]) == 0
    assert "notes" not in capsys.readouterr().out


def test_info_as_json_is_one_object_per_dataset(capsys, no_real_data):
    assert main(["data", "info", "--json", "language/planted", GPT2]) == 0
    said = capsys.readouterr()
    planted, gpt2 = map(json.loads, said.out.splitlines())
    assert said.err == ""
    assert (planted["name"], planted["access"], planted["available"]) == ("language/planted", "embedded", True)
    assert planted["files"] == []
    assert (gpt2["name"], gpt2["licence"], gpt2["available"]) == (GPT2, "MIT", False)
    assert [file["path"] for file in gpt2["files"]] == ["encoder.json", "vocab.bpe"]


def test_info_knows_what_is_here(capsys, own_catalogue, make_info, mirror, put):
    register_dataset(make_info(), None)
    put(mirror / "testing" / "small" / "small.bin")
    assert main(["data", "info", "testing/small"]) == 0
    assert "available: True" in capsys.readouterr().out


def test_fetch_of_an_embedded_dataset_says_that_it_is_generated(capsys, sockets):
    assert main(["data", "fetch", "language/planted"]) == 0
    said = capsys.readouterr()
    assert said.out == "language/planted: It is generated when it is loaded.\n"
    assert said.err == ""
    assert sockets == []


def test_fetch_prints_the_path_of_what_is_here(capsys, own_catalogue, make_info, mirror, put, sockets):
    register_dataset(make_info(), None)
    path = put(mirror / "testing" / "small" / "small.bin")
    assert main(["data", "fetch", "testing/small"]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert sockets == []


@pytest.mark.parametrize("action", ["info", "fetch"])
def test_unknown_dataset_is_a_usage_error_with_the_closest_name(capsys, action):
    assert main(["data", action, "language/tuckute"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("neuromodels: UnknownNameError: Unknown dataset 'language/tuckute'; ")
    assert "closest: language/tuckute2024" in said.err


def test_missing_recording_is_exit_code_3_with_source_and_licence(capsys, no_real_data, sockets):
    assert main(["data", "fetch", "language/pereira2018"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("neuromodels: DataNotAvailableError: language/pereira2018 is not on this machine")
    assert dataset_info("language/pereira2018").how_to_get in said.err
    assert "Licence: none stated." in said.err
    assert sockets == []


def test_wrong_file_is_exit_code_3(capsys, own_catalogue, make_info, mirror, put):
    register_dataset(make_info(), None)
    put(mirror / "testing" / "small" / "small.bin", b"other")
    assert main(["data", "fetch", "testing/small"]) == 3
    said = capsys.readouterr().err
    assert said.startswith("neuromodels: ChecksumError: ")
    assert digest(b"other") in said
    assert digest(CONTENT) in said


@pytest.mark.parametrize("how", ["option", "variable"])
def test_offline_fetch_is_exit_code_3_and_opens_nothing(capsys, no_real_data, monkeypatch, sockets, how):
    if how == "variable":
        monkeypatch.setenv("NEUROMODELS_OFFLINE", "1")
    assert main(["data", "fetch", GPT2, *(["--offline"] if how == "option" else [])]) == 3
    assert "downloads are switched off" in capsys.readouterr().err
    assert sockets == []


def test_dry_run_says_where_downloads_would_go_and_opens_nothing(capsys, no_real_data, sockets):
    assert main(["data", "fetch", "--dry-run", GPT2]) == 0
    folder = home() / "datasets" / "language" / "gpt2_bpe"
    assert capsys.readouterr().out.splitlines() == [
        f"{folder / 'encoder.json'}  would be downloaded",
        f"{folder / 'vocab.bpe'}  would be downloaded",
    ]
    assert sockets == []
    assert not home().exists()


def test_dry_run_says_what_is_here(capsys, own_catalogue, make_info, mirror, put):
    register_dataset(make_info(), None)
    path = put(mirror / "testing" / "small" / "small.bin")
    assert main(["data", "fetch", "--dry-run", "testing/small"]) == 0
    assert capsys.readouterr().out == f"{path}  is here\n"


@pytest.mark.parametrize("name", ["language/pereira2018", "language/tuckute2024"])
def test_dry_run_promises_no_download_of_an_own_copy(capsys, no_real_data, name):
    main(["data", "fetch", "--dry-run", name])
    assert "would be downloaded" not in capsys.readouterr().out


def test_real_tokenizer_files_are_verified_where_they_lie(capsys, real_data, sockets):
    assert main(["data", "fetch", GPT2]) == 0
    folder = real_data / "language" / "gpt2_bpe"
    assert capsys.readouterr().out.splitlines() == [str(folder / "encoder.json"), str(folder / "vocab.bpe")]
    assert sockets == []


@pytest.mark.parametrize("words", [["data"], ["data", "fetch"], ["data", "lend", "language/planted"]])
def test_incomplete_or_unknown_command_is_a_usage_error(capsys, words):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: neuromodels data" in capsys.readouterr().err
