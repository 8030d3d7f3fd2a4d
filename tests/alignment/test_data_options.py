"""Choices with which a recording is opened: sessions that lack stimuli are refused or left out by name."""

import json
from dataclasses import replace

import numpy as np
import pytest

from alignment import load_benchmark, score
from alignment.recording_model import RecordingModel
from data import load_dataset
from data.tactile import load_animals
from data.tactile.nwb_writer import write_nwb
from data.tactile.planted import planted_sessions
from neuromodels.cli import main

NAME = "tactile/rodgers2022"
COMMAND = ["score", "recording:tactile/planted", "--on", f"{NAME}-rsa", "--boot", "20", "--no-cache"]
LACKS = "ses-9 of sub-P01 has no usable trial of concave close, concave medium, concave far"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three animals of the planted recording as files, one of them with a session that showed convex shapes only."""
    place = tmp_path / "mirror" / NAME
    records = list(planted_sessions(n_animals=3))
    rows = np.flatnonzero(np.char.startswith(records[0].stimulus.astype(str), "convex"))
    trials = ("trial_id", "stimulus", "start_s", "choice_s", "first_touch_s")
    less = {name: getattr(records[0], name)[rows] for name in trials}
    for record in (*records, replace(records[0], session="ses-9", **less)):
        write_nwb(record, place)
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path / "mirror"))
    return place


def test_command_refuses_a_session_without_a_stimulus_and_names_the_choice(folder, capsys):
    assert main(COMMAND) == 1
    received = capsys.readouterr().err
    assert LACKS in received and "neuromodels score ... --set unusable='leave out'" in received
    assert len(received.splitlines()) == 1


def test_command_leaves_it_out_and_says_so_on_stderr_and_in_the_report(folder, capsys, tmp_path):
    out = tmp_path / "out"
    assert main([*COMMAND, "--set", "unusable=leave out", "--json", "--out", str(out)]) == 0
    received = capsys.readouterr()
    assert received.err.count(LACKS) == 1
    (row,) = [json.loads(line) for line in received.out.splitlines()][:1]
    assert row["benchmark"] == f"{NAME}-rsa.unusable-leave-out"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert LACKS in page and "opened with unusable = &#x27;leave out&#x27;" in page
    assert "left out of tactile/rodgers2022: session" in page


def test_dry_run_says_what_is_left_out(folder, capsys):
    assert main([*COMMAND, "--set", "unusable=leave out", "--dry-run"]) == 0
    assert f"    left out of {NAME}: session {LACKS}." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message", "code"),
    [
        (
            ["unusual=leave out"],
            "--set unusual: none of these recordings has such a choice; they have: as_released, unus",
            2,
        ),
        (["unusable"], "--set takes KEY=VALUE, received 'unusable'", 2),
        (["as_released=1"], "option 'as_released' of tactile/rodgers2022 must be true or false, received '1'", 1),
        (["unusable=ignore"], "unusable must be one of refuse, leave out, keep, received 'ignore'", 1),
    ],
)
def test_choices_that_cannot_be_meant_are_one_line(folder, capsys, words, message, code):
    assert main([*COMMAND, "--set", *words]) == code
    received = capsys.readouterr()
    assert message in received.err and len(received.err.splitlines()) == 1 and received.out == ""


def test_benchmark_whose_recording_has_no_such_choice_says_so(folder, capsys):
    words = ["score", f"recording:{NAME}", "--on", "tactile/planted-rsa", f"{NAME}-rsa", "--boot", "20", "--no-cache"]
    assert main([*words, "--set", "unusable=leave out"]) == 0
    received = capsys.readouterr()
    assert "tactile/planted-rsa has no choice 'unusable' and is scored without it." in received.err
    assert f"Score of recording:{NAME}" in received.out and "on tactile/planted-rsa," in received.out


def test_as_released_shows_in_name_protocol_and_notes(folder):
    bench = load_benchmark(f"{NAME}-rsa").with_data_options({"unusable": "leave out", "as_released": True})
    assert bench.name == f"{NAME}-rsa.unusable-leave-out.as-released"
    found = score(RecordingModel(load_dataset("tactile/planted")), bench, n_boot=20, cache=False)
    assert found.provenance["benchmark"] == bench.name
    assert "The recording is opened with as_released = True." in found.protocol
    assert "AS RELEASED" in found.provenance["dataset_notes"]


def test_choices_that_change_nothing_change_no_name():
    bench = load_benchmark(f"{NAME}-rsa")
    assert bench.with_data_options({"unusable": "keep", "as_released": False}).name == bench.name
    with pytest.raises(ValueError, match="tactile/planted-rsa has no option 'unusable'; its options: none"):
        load_benchmark("tactile/planted-rsa").with_data_options({"unusable": "keep"})


def test_as_released_responses_are_those_of_the_released_loader(folder):
    dataset = load_dataset(NAME, options={"unusable": "leave out", "as_released": True})
    animals = load_animals(folder, as_released=True, unusable="leave out")
    responses = dataset.responses
    for name, cube in animals.items():
        mine = responses.values[:, responses["subject"].values == name]
        longest = responses["repetition"].values.max() + 1
        cubes = mine.reshape(longest, 6, -1)
        np.testing.assert_array_equal(cubes[: cube.sizes["repetition"]], cube.values)
        assert np.isnan(cubes[cube.sizes["repetition"] :]).all()
    assert dataset.left_out == (f"session {LACKS}",)
