"""Importing is cheap, and models run on a machine that holds no scoring libraries."""

import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "sklearn", "himalaya", "matplotlib", "scipy", "pandas", "xarray")
SAY_HEAVY = f"import sys; print(sorted(set({HEAVY}) & set(sys.modules)))"
HELP = (
    "from neuromodels.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0"
)

BARE_MACHINE = """
import sys

ABSENT = {"alignment", "data", "sklearn", "pooch", "matplotlib", "h5netcdf", "himalaya", "pandas"}


class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in ABSENT else self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)


sys.meta_path[:] = map(Without, sys.meta_path)
import neuromodels
import simulators
import torch

assert "language/suma-small" in neuromodels.list_models()
model = neuromodels.create_model("language/suma-small", seed=1, dim=16, n_heads=2, vocab_size=50)
states = model(torch.zeros(1, 3, dtype=torch.long))
print(tuple(states.shape), bool(torch.isfinite(states).all()), sorted(ABSENT & set(sys.modules)))
"""


def python(code):
    """What a fresh process prints on stdout."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("package", ["neuromodels", "simulators", "data", "alignment"])
def test_importing_a_package_loads_nothing_heavy(package):
    assert python(f"import {package}; {SAY_HEAVY}") == "[]\n"


def test_help_loads_nothing_heavy_and_names_every_command():
    said = python(f"{HELP}\n{SAY_HEAVY}")
    assert said.endswith("[]\n")
    assert "unavailable" not in said
    for command in ("list", "data", "report", "score"):
        assert f"\n    {command} " in said


def test_models_without_torch_in_a_listing():
    assert python(f"import neuromodels; neuromodels.list_models(); {SAY_HEAVY}") == "[]\n"


def test_models_run_where_nothing_else_is_installed():
    assert python(BARE_MACHINE) == "(1, 3, 16) True []\n"
