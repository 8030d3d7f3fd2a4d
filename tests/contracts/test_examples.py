"""What people copy first: the example scripts, the Python of README and guides, the examples in docstrings all run."""

import doctest
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "examples").glob("[0-9]*.py"))
# They train networks, or draw and record hundreds of films: half a minute each.
LONG = ("15_from_touch_to_cortex", "18_train_a_motion_network", "21_score_on_real_v1", "25_score_memory_networks")


def run(script, folder):
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, script], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    "script",
    [pytest.param(path, id=path.stem, marks=pytest.mark.slow if path.stem in LONG else ()) for path in SCRIPTS],
)
def test_example_runs_and_saves_its_figure(script, tmp_path):
    done = run(script, tmp_path)
    if done.returncode == 3:
        assert "is not on this machine" in done.stderr
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d\.\d", done.stdout)  # a number, not a picture alone
    assert (tmp_path / f"{script.stem}.png").stat().st_size > 5_000


def test_every_example_is_in_the_table():
    table = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert [script.name for script in SCRIPTS] == re.findall(r"`(\d\d_\w+\.py)`", table)


def python_blocks():
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S)
        yield from (pytest.param(block, id=f"{page.stem}-{number}") for number, block in enumerate(blocks, start=1))


def test_the_readme_and_the_guide_hold_python():
    pages = {str(block.id).split("-")[0] for block in python_blocks()}
    assert {"README", "whiskers"} <= pages


@pytest.mark.parametrize("block", python_blocks())
def test_python_of_the_pages_runs_as_it_stands(block, tmp_path):
    script = tmp_path / "block.py"
    script.write_text(block, encoding="utf-8")
    done = run(script, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def modules_with_examples():
    for name in ("neuromodels", "simulators", "data", "alignment"):
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            path = ROOT / (found.name.replace(".", "/") + ".py")
            if path.is_file() and ">>> " in path.read_text(encoding="utf-8"):
                yield found.name


@pytest.mark.parametrize("name", list(modules_with_examples()))
def test_examples_in_docstrings_hold(name):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried > 0
    assert failed == 0
