"""Folders by which the installed Brain-Score finds our models, written by the command and removed again."""

import importlib
import sys
from contextlib import suppress

import pytest

pytest.importorskip("brainscore_vision", reason="brainscore-vision is not installed; run `make test-brainscore`")

import brainscore_vision

from alignment.brainscore import environment_problems, load_brain_model, remove_shim, require_brainscore, write_shim
from alignment.brainscore.plugins import Plugin
from neuromodels.cli import main

FACTORY = """
import numpy as np


class Squares:
    name, revision, layers, committed_layer = "test/squares", "1", ("squares", "cubes"), "squares"
    input_spec = {"kind": "array", "shape": [3]}

    def record(self, stimuli, layers=None):
        made = {"squares": np.asarray(stimuli) ** 2, "cubes": np.asarray(stimuli) ** 3}
        return {layer: made[layer] for layer in layers or made}


def build():
    return Squares()
"""


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A user's own module with a function that returns a model."""
    (tmp_path / "users_models.py").write_text(FACTORY)
    monkeypatch.syspath_prepend(tmp_path)
    yield "users_models:build"
    sys.modules.pop("users_models", None)


@pytest.fixture
def clean():
    """Removes the shims of these tests, and what Brain-Score remembers of them."""
    names = ("neuromodels-test-squares", "neuromodels-test-suma")
    yield names
    for name in names:
        with suppress(ValueError):
            remove_shim(name)
        brainscore_vision.model_registry.pop(name, None)
        for module in [one for one in sys.modules if name.replace("-", "_") in one]:
            del sys.modules[module]
    importlib.invalidate_caches()


def test_environment_is_sound():
    assert environment_problems("vision") == []
    assert require_brainscore("vision") is brainscore_vision


@pytest.mark.parametrize(
    ("distribution", "version"),
    [("numpy", "2.4.1"), ("xarray", "2026.1.0"), ("pandas", "3.0.0"), ("scikit-learn", "1.9.1")],
)
def test_bounds_that_brain_score_declares_are_read(distribution, version, monkeypatch):
    from alignment.brainscore import environment

    known = environment.metadata.version
    monkeypatch.setattr(environment.metadata, "version", lambda name: version if name == distribution else known(name))
    with pytest.raises(environment.BrainScoreEnvironmentError, match=f"but {distribution} {version} is installed"):
        require_brainscore("vision")


def test_load_model_of_brain_score_finds_a_users_model_after_the_command(source, clean, capsys):
    import numpy as np

    name = clean[0]
    words = ["brainscore", "shim", source, "--id", name, "--region", "S1=cubes", "V1=squares", "--visual-degrees", "4"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.count("wrote: ") == 2
    assert f"to undo: neuromodels brainscore remove {name}" in said
    model = brainscore_vision.load_model(name)
    assert (model.identifier, model.visual_degrees()) == (name, 4)
    assert model.region_layer_map == {"S1": ["cubes"], "V1": ["squares"], "readout": ["squares"]}
    stimuli = brainscore_vision.StimulusSet({"stimulus_id": ["a"], "values": [np.array([1.0, 2.0, 3.0])]})
    model._read = "values"
    model.start_recording("S1", [(0, 1)])
    assert model.look_at(stimuli).values.tolist() == [[1, 8, 27]]
    assert load_brain_model(name).identifier == name
    assert brainscore_vision.load_model_bibtex(name) is None

    assert main(words) == 1
    assert "pass force=True (--force)" in capsys.readouterr().err
    assert main([*words, "--force"]) == 0
    assert main(["brainscore", "remove", name]) == 0
    assert capsys.readouterr().out.rstrip().endswith("neuromodels_test_squares")
    brainscore_vision.model_registry.pop(name)
    with pytest.raises(AssertionError, match="No registrations found"):
        brainscore_vision.load_model(name)
    with pytest.raises(ValueError, match="nothing was removed"):
        remove_shim(name)


def test_load_model_of_brain_score_finds_a_registered_model_of_ours(clean):
    name = clean[1]
    assert main(["brainscore", "shim", "language/suma-small", "--id", name, "--seed", "3"]) == 0
    model = brainscore_vision.load_model(name)
    assert model.identifier == name
    assert "seed=3" in model._model.revision


def test_name_of_a_model_of_brain_score_is_not_taken(source):
    with pytest.raises(FileExistsError, match="is registered by .*alexnet"):
        write_shim(Plugin("alexnet", source))
    with pytest.raises(FileExistsError, match="was not written by neuromodels"):
        write_shim(Plugin("AlexNet", source))
    with pytest.raises(ValueError, match="nothing was removed"):
        remove_shim("alexnet")


def test_filling_the_registry_does_not_help_and_the_message_says_what_does(monkeypatch):
    monkeypatch.setitem(brainscore_vision.model_registry, "my-alexnet", lambda: None)
    with pytest.raises(AssertionError, match="No registrations found for my-alexnet"):
        brainscore_vision.load_model("my-alexnet")
    with pytest.raises(ValueError, match=r"no folder registers it; closest names: .*alexnet.*score_benchmark.*shim"):
        load_brain_model("my-alexnet")


def test_submission_is_a_plugin_that_brain_score_finds(source, tmp_path, capsys, monkeypatch):
    from brainscore_core.plugin_management.import_plugin import ImportPlugin

    words = ["brainscore", "submission", source, "--id", "squares-1.0", "--out", str(tmp_path)]
    assert main(words) == 1
    assert "needs requirements" in capsys.readouterr().err
    assert main([*words, "--requirement", "mymodels @ git+https://example.org/mymodels"]) == 0
    folder = tmp_path / "models" / "squares_1_0"
    assert sorted(path.name for path in folder.iterdir()) == [
        "__init__.py",
        "metadata.yml",
        "model.py",
        "requirements.txt",
        "test.py",
    ]
    finder = object.__new__(ImportPlugin)
    finder.plugins_dir, finder.registry_name, finder.identifier = tmp_path / "models", "model_registry", "squares-1.0"
    assert finder.locate_plugin() == "squares_1_0"
    yaml = pytest.importorskip("yaml")
    facts = yaml.safe_load((folder / "metadata.yml").read_text())
    assert facts["models"]["squares-1.0"]["runnable"] is True
    for name in ("__init__.py", "model.py", "test.py"):
        compile((folder / name).read_text(), name, "exec")


def test_check_says_that_it_works(capsys):
    assert main(["brainscore", "check"]) == 0
    assert capsys.readouterr().out == "brainscore_vision works here.\n"
