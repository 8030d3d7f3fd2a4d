"""``python -m neuromodels``: the console command, also in a folder with files named like our packages."""

import os
import subprocess
import sys

import pytest

import neuromodels


def run_module(*arguments, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", "neuromodels", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_version_and_exit_code_pass_through(tmp_path):
    done = run_module("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"neuromodels {neuromodels.__version__}\n", "")
    assert run_module("list", "planets", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("kind", ["datasets", "benchmarks"])
def test_users_files_named_like_our_packages_do_not_hide_them(tmp_path, kind):
    for name in ("data", "alignment", "simulators"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('a file of the user')\n")
    done = run_module("list", kind, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "language/" in done.stdout


def test_file_that_hides_a_package_through_the_path_is_named(tmp_path):
    (tmp_path / "place").mkdir()
    hiding = tmp_path / "place" / "data.py"
    hiding.write_text("")
    done = run_module("data", "info", "language/gpt2_bpe", cwd=tmp_path, PYTHONPATH=str(hiding.parent))
    assert done.returncode == 1
    assert f"{hiding} hides the package 'data' of neuromodels; rename it" in done.stderr
    assert "Traceback" not in done.stderr
