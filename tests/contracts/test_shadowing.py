"""A user's own data.py or alignment.py never breaks the command in silence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).parent / "neuromodels"
BENCHMARKS = ("language/planted-ridge", "language/pereira2018.384-ridge", "language/tuckute2024-ridge")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the user's own data.py and alignment.py, free of import settings from outside."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    monkeypatch.delenv("NEUROMODELS_DEBUG", raising=False)
    path = tmp_path / "project"
    path.mkdir()
    for name in ("data.py", "alignment.py"):
        (path / name).write_text("VALUES = [1, 2, 3]\n")
    return path


def run(*words, folder, **variables):
    return subprocess.run(
        [str(word) for word in words], cwd=folder, env=os.environ | variables, capture_output=True, text=True
    )


@pytest.mark.parametrize("start", [(COMMAND,), (sys.executable, "-m", "neuromodels")], ids=["command", "python -m"])
def test_command_works_beside_files_of_the_same_name(folder, start):
    done = run(*start, "list", "benchmarks", folder=folder)
    assert done.returncode == 0, done.stderr
    for name in BENCHMARKS:
        assert name in done.stdout


@pytest.mark.parametrize("start", [(COMMAND,), (sys.executable, "-m", "neuromodels")], ids=["command", "python -m"])
def test_command_works_beside_folders_of_the_same_name(folder, start):
    for name in ("data", "alignment"):
        (folder / f"{name}.py").unlink()
        (folder / name).mkdir()
    done = run(*start, "data", "info", "language/planted", folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("language/planted\n")


def test_import_names_the_file_that_hides_data(folder):
    (folder / "alignment.py").unlink()
    done = run(sys.executable, "-c", "import alignment", folder=folder)
    assert done.returncode == 1
    assert f"ImportError: {folder / 'data.py'} hides the package 'data' that alignment needs" in done.stderr


@pytest.mark.parametrize(
    ("hiding", "words"),
    [
        ("alignment.py", ("list", "benchmarks")),
        ("data.py", ("list", "benchmarks")),
        ("data.py", ("data", "info", "language/planted")),
        ("alignment.py", ("report", ".")),
    ],
)
def test_command_names_the_file_that_hides_a_package_on_the_import_path(folder, hiding, words):
    for path in folder.iterdir():
        if path.name != hiding:
            path.unlink()
    done = run(COMMAND, *words, folder=folder, PYTHONPATH=".")
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"{folder / hiding} hides the package {Path(hiding).stem!r}" in done.stderr
    assert "rename it" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_survives_a_hidden_package(folder):
    done = run(COMMAND, "--help", folder=folder, PYTHONPATH=".")
    assert done.returncode == 0, done.stderr
    assert "what there is: models, benchmarks, datasets" in done.stdout
    assert "hides the package" in " ".join(done.stdout.split())
