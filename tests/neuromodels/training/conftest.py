"""The toy family, entered for each test and taken out again."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from neuromodels import registry
from neuromodels.training import kinds
from neuromodels.training.recipe import Recipe


@pytest.fixture
def toy(monkeypatch):
    """The module toy_family; its network and data sets can be named in recipes. Runs draw no curve: it takes a second."""
    spec = importlib.util.spec_from_file_location("toy_family", Path(__file__).with_name("toy_family.py"))
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "toy_family", module)
    registry.list_models()  # a family that is imported while the table is replaced would be lost with it
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    monkeypatch.setattr(kinds, "OURS", {group: dict(table) for group, table in kinds.OURS.items()})
    monkeypatch.setattr("neuromodels.training.run.save_learning_curve", lambda *arguments: None)
    spec.loader.exec_module(module)
    module.enter()
    return module


@pytest.fixture
def toy_recipe(toy):
    """A recipe that trains in a blink; sections are merged with what is given."""

    def make(**sections):
        content = {
            "model": {"name": toy.NAME, "options": {"n_classes": 4}},
            "data": {"kind": "toy/blobs"},
            "task": {"kind": "classification"},
            "optimizer": {"kind": "sgd", "lr": 0.2},
            "training": {"epochs": 3, "batch_size": 8},
        }
        for name, values in sections.items():
            content[name] = {**content.get(name, {}), **values}
        return Recipe.from_dict(content)

    return make


@pytest.fixture
def weights_of():
    """Weights of a saved network as one vector."""
    from safetensors.torch import load_file

    def read(folder):
        tensors = load_file(folder / "model.safetensors")
        return torch.cat([tensors[key].double().flatten() for key in sorted(tensors)])

    return read


@pytest.fixture
def trained_elsewhere(toy, tmp_path):
    """Train (folder, recipe, resume) in processes of their own; gives their exit codes and what they wrote to stderr."""

    def run(runs, n_processes=1, **environment):
        plan = tmp_path / "plan.json"
        content = [(str(folder), recipe.to_dict(), resume) for folder, recipe, resume in runs]
        plan.write_text(json.dumps(content), encoding="utf-8")
        port = 20000 + os.getpid() % 20000
        shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(n_processes)}
        paths = os.pathsep.join(path for path in sys.path if path)
        processes = [
            subprocess.Popen(
                [sys.executable, toy.__file__, str(plan)],
                env={**os.environ, **shared, "RANK": str(rank), "PYTHONPATH": paths, **environment},
                stderr=subprocess.PIPE,
                text=True,
            )
            for rank in range(n_processes)
        ]
        try:
            errors = [process.communicate(timeout=200)[1] for process in processes]
        finally:
            for process in processes:
                process.kill()
        return [process.returncode for process in processes], errors

    return run
