"""Studies: read, refused, run, gone on with."""

import json
import tomllib
from importlib.resources import files

import pytest

from neuromodels.cli import build_parser, main
from neuromodels.stories import list_stories, load_story, run_story
from neuromodels.stories.runner import RECORD, StepFailed

LISTS = """
title = "Lists"
summary = "for tests"
[settings]
kind = "models"
pattern = "language/*"
n = 3
[[step]]
what = "names"
run = ["list", "{kind}", "{pattern}"]
[[step]]
what = "benchmarks"
run = ["list", "benchmarks", "language/planted*"]
"""


def write(folder, text=LISTS, name="lists.toml"):
    path = folder / name
    path.write_text(text)
    return path


def test_settings_are_filled_in_and_can_be_replaced(tmp_path):
    path = write(tmp_path)
    assert load_story(path).steps[0].words == ("list", "models", "language/*")
    story = load_story(path, {"kind": "datasets", "n": "4"})
    assert story.steps[0].words == ("list", "datasets", "language/*")
    assert story.settings == {"kind": "datasets", "pattern": "language/*", "n": 4}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("title", "titel", "'titel'; did you mean 'title'"),
        ("what =", "wat =", "step 1 of .*'wat'; did you mean 'what'"),
        ('run = ["list", "{kind}", "{pattern}"]', "run = []", "step 1 of .* needs run"),
        ("{kind}", "{sort}", r"uses \{sort\}; \[settings\] has kind, pattern, n"),
        ("title = ", "title ", "is not TOML"),
    ],
)
def test_a_file_that_is_no_study_is_refused(tmp_path, old, new, sentence):
    path = write(tmp_path, LISTS.replace(old, new))
    with pytest.raises(ValueError, match=sentence):
        load_story(path)


def test_unknown_names_and_settings_are_refused(tmp_path):
    path = write(tmp_path)
    with pytest.raises(ValueError, match="has 'knid'; did you mean 'kind'"):
        load_story(path, {"knid": "models"})
    with pytest.raises(ValueError, match="setting n is 'many'; it must be like 3"):
        load_story(path, {"n": "many"})
    with pytest.raises(ValueError, match=r"study 'nothing-such' is not known\. There are .*touch"):
        load_story("nothing-such")
    with pytest.raises(ValueError, match=r"has no \[\[step\]\]"):
        load_story(write(tmp_path, 'title = "x"', "empty.toml"))


def test_what_was_finished_is_not_done_again(tmp_path):
    path, out, said = write(tmp_path), tmp_path / "out", []
    first = run_story(load_story(path), out, say=said.append)
    assert [step["what"] for step in first] == ["names", "benchmarks"]
    assert json.loads((out / RECORD).read_text())["settings"]["kind"] == "models"
    said.clear()
    assert run_story(load_story(path), out, say=said.append) == first
    assert all(line.endswith("done before") for line in said)
    # Another first command makes the second one be done again too: it may read what the first one writes.
    said.clear()
    run_story(load_story(path, {"kind": "datasets"}), out, say=said.append)
    assert not any(line.endswith("done before") for line in said)


def test_a_failure_keeps_what_was_finished(tmp_path):
    path = write(tmp_path, LISTS.replace('"benchmarks", "language/planted*"', '"nothing"'))
    with pytest.raises(StepFailed, match="'neuromodels list nothing' ended with exit code 2") as failure:
        run_story(load_story(path), tmp_path / "out", say=lambda text: None)
    assert failure.value.exit_code == 2
    assert [step["what"] for step in json.loads((tmp_path / "out" / RECORD).read_text())["steps"]] == ["names"]


def test_a_broken_record_is_named(tmp_path):
    (tmp_path / RECORD).write_text("[")
    with pytest.raises(ValueError, match="is not a record of a study"):
        run_story(load_story(write(tmp_path)), tmp_path)


def test_the_command(tmp_path, capsys):
    path = write(tmp_path)
    assert main(["story", str(path), "--dry-run", "--set", "n=4"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "neuromodels list models language/*  # names"
    assert main(["story", str(path), "--out", str(tmp_path / "out"), "--json"]) == 0
    captured = capsys.readouterr()
    assert [json.loads(line)["what"] for line in captured.out.splitlines()] == ["names", "benchmarks"]
    assert "CPU minutes, results in" in captured.err
    assert main(["story"]) == 2
    assert main(["story", str(path), "--set", "n"]) == 2
    assert main(["story", "--list"]) == 0
    assert capsys.readouterr().out.split("\n")[:-1] == [f"{name}  {title}" for name, title in list_stories().items()]


@pytest.mark.parametrize("name", list_stories())
def test_every_command_of_the_shipped_studies_is_understood(name):
    for step in load_story(name).steps:
        build_parser(step.words).parse_args(step.words)
    content = tomllib.loads((files("neuromodels.stories") / f"{name}.toml").read_text("utf-8"))
    assert content["summary"]
