"""The command line: listings, exit codes, and commands of other packages."""

import argparse
import json
import os
import subprocess
import sys
import types
from importlib.metadata import EntryPoint, EntryPoints

import pytest

import neuromodels
from neuromodels import cli, list_models
from neuromodels.errors import ContractError, ResourceNotAvailableError, UnknownNameError


def add_entry_points(monkeypatch, *added, group=cli.GROUP_COMMANDS):
    """The entry points of this installation and a few more, given as (name, value)."""
    installed, extra = cli.entry_points, [EntryPoint(name, value, group) for name, value in added]

    def entry_points(*, group):
        return EntryPoints([*installed(group=group), *(point for point in extra if point.group == group)])

    monkeypatch.setattr(cli, "entry_points", entry_points)


@pytest.fixture
def plug_in(monkeypatch):
    """Enter the command ``plug-in`` of another package; its ``run`` is what the test supplies."""

    def enter(run):
        class Command:
            summary = "a command of another package"

            def configure(self, parser):
                parser.add_argument("--times", type=int, default=1)

        Command.run = lambda self, arguments, toolbox: run(arguments, toolbox)
        module = types.ModuleType("acme_commands")
        module.Command = Command
        monkeypatch.setitem(sys.modules, "acme_commands", module)
        add_entry_points(monkeypatch, ("plug-in", "acme_commands:Command"))

    return enter


def failing(error):
    def run(arguments, toolbox):
        raise error

    return run


def exit_code_of(arguments):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    return caught.value.code


def test_version(capsys):
    assert exit_code_of(["--version"]) == 0
    assert capsys.readouterr().out == f"neuromodels {neuromodels.__version__}\n"


def test_help_lists_the_commands_and_the_exit_codes(capsys):
    assert exit_code_of(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for command in ("list", "score", "report", "data"):
        assert f" {command} " in shown
    assert cli.ListCommand.summary in shown
    assert "3 data or weights not available" in shown


def test_words_are_taken_from_the_command_line_by_default(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["neuromodels", "list", "models"])
    assert cli.main() == 0
    assert "language/suma" in capsys.readouterr().out


def test_list_prints_a_name_and_its_summary_per_line(capsys):
    assert cli.main(["list", "models"]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert [line.split()[0] for line in lines] == list_models()
    for line in lines:
        name, summary = line.split(maxsplit=1)
        assert summary == neuromodels.model_info(name).summary
    assert len({line.index(line.split(maxsplit=1)[1]) for line in lines}) == 1
    assert printed.err == ""


def test_list_long_prints_all_that_is_known(capsys):
    assert cli.main(["list", "models", "language/suma", "--long"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "language/suma"
    assert "    parameters: 272969728" in lines
    assert "    layers: input_layernorm, self_attn" in lines
    assert "    committed layer: self_attn" in lines
    assert any(line.startswith("    paper: ") for line in lines)


def test_list_json_prints_one_object_per_line(capsys):
    assert cli.main(["list", "models", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["name"] for row in rows] == list_models()
    assert all(row["layers"] == list(neuromodels.model_info(row["name"]).layers) for row in rows)


@pytest.mark.parametrize("kind", ["benchmarks", "datasets"])
def test_list_of_other_kinds_prints_names(capsys, kind):
    assert cli.main(["list", kind, "language/*"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(line.startswith("language/") for line in lines)


def test_list_takes_a_shell_pattern(capsys):
    assert cli.main(["list", "models", "*/suma-s*"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["language/suma-small"]


@pytest.mark.parametrize("form", [[], ["--long"], ["--json"]])
def test_list_without_a_match_says_so_on_stderr(capsys, form):
    assert cli.main(["list", "models", "vision/*", *form]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "no models match 'vision/*'\n"


def test_listing_of_another_package_is_a_kind(monkeypatch, capsys):
    module = types.ModuleType("acme_listing")
    module.rows = lambda: [{"name": "acme/one", "summary": "first", "size": 3}]
    monkeypatch.setitem(sys.modules, "acme_listing", module)
    add_entry_points(monkeypatch, ("gadgets", "acme_listing:rows"), group=cli.GROUP_LISTINGS)
    assert cli.main(["list", "gadgets", "--long"]) == 0
    assert capsys.readouterr().out.splitlines() == ["acme/one", "    summary: first", "    size: 3"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "required: COMMAND"),
        (["lsit"], "invalid choice: 'lsit'"),
        (["lsit", "list"], "invalid choice: 'lsit'"),
        (["list"], "required: kind"),
        (["list", "planets"], "invalid choice: 'planets'"),
        (["list", "models", "--lnog"], "unrecognized arguments: --lnog"),
    ],
)
def test_wrong_usage_exits_with_2(capsys, words, message):
    assert exit_code_of(words) == 2
    assert message in capsys.readouterr().err


def test_plug_in_gets_its_arguments_and_the_toolbox(plug_in):
    received = []
    plug_in(lambda arguments, toolbox: received.append((arguments, toolbox)) or 7)
    assert cli.main(["plug-in", "--times", "3"]) == 7
    arguments, toolbox = received[0]
    assert isinstance(arguments, argparse.Namespace) and arguments.times == 3
    assert toolbox.list_models("language/*") == list_models("language/*")
    assert toolbox.create_model("language/suma-small", dim=8, n_heads=1).name == "language/suma-small"
    assert toolbox.resolve_device("cpu") == "cpu"
    assert toolbox.version == neuromodels.__version__


def test_plug_in_is_listed_with_its_summary(plug_in, capsys):
    plug_in(lambda arguments, toolbox: 0)
    assert exit_code_of(["--help"]) == 0
    assert "a command of another package" in " ".join(capsys.readouterr().out.split())


class _OwnError(Exception):
    exit_code = 3


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("what is wrong"), 1),
        (UserWarning("what is wrong"), 1),
        (ContractError("what is wrong"), 1),
        (UnknownNameError("what is wrong"), 2),
        (ResourceNotAvailableError("what is wrong"), 3),
        (_OwnError("what is wrong"), 3),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_error_is_one_line_and_sets_the_exit_code(plug_in, capsys, error, code):
    plug_in(failing(error))
    assert cli.main(["plug-in"]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"neuromodels: {type(error).__name__}: what is wrong\n"


def test_interrupt_exits_with_130(plug_in, capsys):
    plug_in(failing(KeyboardInterrupt()))
    assert cli.main(["plug-in"]) == 130
    assert "interrupted; files that were finished are kept" in capsys.readouterr().err


def test_debugging_shows_the_traceback(plug_in, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_DEBUG", "1")
    plug_in(failing(ValueError("what is wrong")))
    with pytest.raises(ValueError, match="what is wrong"):
        cli.main(["plug-in"])


def test_debugging_leaves_the_interrupt_quiet(plug_in, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_DEBUG", "1")
    plug_in(failing(KeyboardInterrupt()))
    assert cli.main(["plug-in"]) == 130


@pytest.mark.parametrize("buffering", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["at the end", "at the first line"])
@pytest.mark.parametrize("words", [["list", "models"], ["list", "models", "--json"], ["--help"]], ids=" ".join)
def test_reader_that_went_away_ends_the_command_quietly(tmp_path, words, buffering):
    reader, writer = os.pipe()
    os.close(reader)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    with os.fdopen(writer, "wb") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "neuromodels", *words],
            cwd=tmp_path,
            env={**environment, **buffering},
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "value", ["acme_missing:Command", "acme_broken:Missing", "acme_broken:Failing", "acme_broken:Percent"]
)
def test_broken_plug_in_takes_nothing_away_from_the_others(monkeypatch, capsys, value):
    def fail(message):
        raise RuntimeError(message)

    module = types.ModuleType("acme_broken")
    module.Failing = lambda: fail("no licence")
    module.Percent = lambda: fail("disk is 100% full")
    monkeypatch.setitem(sys.modules, "acme_broken", module)
    add_entry_points(monkeypatch, ("broken", value))
    assert exit_code_of(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "broken (unavailable: " in shown
    assert cli.ListCommand.summary in shown
    assert cli.main(["list", "models"]) == 0
    assert capsys.readouterr().err == ""
    assert cli.main(["broken"]) == 1
    assert capsys.readouterr().err.startswith("neuromodels: ")


def test_only_the_chosen_command_is_loaded(monkeypatch, capsys):
    loaded = []
    module = types.ModuleType("acme_costly")
    module.__getattr__ = lambda name: loaded.append(name)
    monkeypatch.setitem(sys.modules, "acme_costly", module)
    add_entry_points(monkeypatch, ("costly", "acme_costly:Command"))
    assert cli.main(["list", "models"]) == 0
    assert loaded == []


@pytest.mark.parametrize("package", cli.OWN_PACKAGES)
def test_file_that_hides_one_of_our_packages_is_named(monkeypatch, capsys, tmp_path, package):
    hiding = types.ModuleType(package)
    hiding.__file__ = str(tmp_path / f"{package}.py")
    monkeypatch.setitem(sys.modules, package, hiding)
    add_entry_points(monkeypatch, ("hidden", f"{package}.not_there:Command"))
    assert cli.main(["hidden"]) == 1
    assert f"{hiding.__file__} hides the package {package!r} of neuromodels; rename it" in capsys.readouterr().err


def test_failure_inside_our_own_package_is_not_called_hidden(monkeypatch, capsys):
    add_entry_points(monkeypatch, ("gone", "neuromodels.not_there:Command"))
    assert cli.main(["gone"]) == 1
    message = capsys.readouterr().err
    assert "No module named 'neuromodels.not_there'" in message
    assert "hides" not in message
