"""Folders that are written on request: what stands in them, and what is refused; Brain-Score is not needed here."""

import pytest

import alignment.brainscore
from alignment.brainscore import write_submission
from alignment.brainscore.command import BrainScoreCommand, UsageError
from alignment.brainscore.layers import layer_map
from alignment.brainscore.plugins import MARK, Plugin
from neuromodels.cli import main

REQUIREMENTS = ("mymodels @ git+https://example.org/mymodels",)


def read(files):
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def test_submission_of_a_registered_model(tmp_path):
    plugin = Plugin(
        "suma-small",
        "language/suma-small",
        "language",
        layers={"language_system": "self_attn"},
        seed=7,
        requirements=REQUIREMENTS,
        n_parameters=55_659_520,
        bibtex="@article{x}",
    )
    files = write_submission(plugin, tmp_path)
    assert {file.parent for file in files} == {tmp_path / "models" / "suma_small"}
    content = read(files)
    assert sorted(content) == ["__init__.py", "metadata.yml", "model.py", "requirements.txt", "test.py"]
    assert content["__init__.py"].startswith(MARK)
    assert "model_registry['suma-small'] = get_model" in content["__init__.py"]
    assert "from brainscore_language import model_registry" in content["__init__.py"]
    assert "create_model('language/suma-small', seed=7)" in content["model.py"]
    assert "as_artificial_subject(" in content["model.py"]
    assert "layers={'language_system': 'self_attn'}" in content["model.py"]
    assert "visual_degrees" not in content["model.py"]
    assert content["requirements.txt"].splitlines() == list(REQUIREMENTS)
    assert '"suma-small":' in content["metadata.yml"]
    assert "total_parameter_count: 55659520" in content["metadata.yml"]
    for name in ("__init__.py", "model.py", "test.py"):
        compile(content[name], name, "exec")


def test_written_model_is_what_was_asked_for(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("def build():\n    return 'a model'\n")
    monkeypatch.syspath_prepend(tmp_path)
    plugin = Plugin("mine", "mine:build", layers={"IT": "x"}, visual_degrees=10, requirements=REQUIREMENTS)
    code = read(write_submission(plugin, tmp_path))["model.py"]
    monkeypatch.setattr(alignment.brainscore, "as_brain_model", lambda *a, **b: (a, b), raising=False)
    space = {}
    exec(compile(code, "model.py", "exec"), space)
    assert space["get_model"]() == (("a model",), {"identifier": "mine", "layers": {"IT": "x"}, "visual_degrees": 10})
    assert space["get_bibtex"]("mine") == ""


def test_earlier_folder_is_kept_unless_forced_and_a_foreign_one_always(tmp_path):
    plugin = Plugin("mine", "mine:build", requirements=REQUIREMENTS)
    files = write_submission(plugin, tmp_path)
    (files[0].parent / "notes.txt").write_text("stale")
    with pytest.raises(FileExistsError, match=r"pass force=True \(--force\)"):
        write_submission(plugin, tmp_path)
    write_submission(plugin, tmp_path, force=True)
    assert not (files[0].parent / "notes.txt").exists()
    files[0].write_text("# somebody else's\n")
    with pytest.raises(FileExistsError, match="was not written by neuromodels"):
        write_submission(plugin, tmp_path, force=True)
    assert files[0].read_text() == "# somebody else's\n"


def test_submission_without_requirements_is_refused(tmp_path):
    with pytest.raises(ValueError, match="needs requirements: lines by which pip finds the code"):
        write_submission(Plugin("mine", "mine:build"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("identifier", ["", "_mine", "a/b", "a b", "x']; import os"])
def test_identifier_that_could_not_be_found_is_refused(identifier):
    with pytest.raises(ValueError, match="must start with a letter or digit"):
        Plugin(identifier, "mine:build")


@pytest.mark.parametrize("source", ["mine:", ":build", "a b:c", "mine:build()", "os;x:y"])
def test_source_that_is_no_function_is_refused(source):
    with pytest.raises(ValueError, match="must be package.module:function"):
        Plugin("mine", source)


def test_folder_is_a_module_that_brain_score_does_not_skip():
    assert Plugin("My-Net.v1", "a:b").folder == "my_net_v1"
    assert Plugin("3net", "a:b").folder == "model_3net"


def test_command_writes_a_submission_and_checks_the_layer_first(tmp_path, monkeypatch, capsys):
    code = "class M:\n    name, revision, layers, input_spec = 'a/b', '1', ('x', 'y'), {}\n\n\ndef build():\n    return M()\n"
    (tmp_path / "mine2.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    out = tmp_path / "out"

    class Arguments:
        action, model, id, seed, visual_degrees, bibtex, force, language = (
            "submission",
            "mine2:build",
            "mine",
            0,
            8,
            None,
            False,
            False,
        )
        region, requirement = ["IT=x"], list(REQUIREMENTS)
        out = str(tmp_path / "out")

    assert BrainScoreCommand().run(Arguments, None) == 0
    assert capsys.readouterr().out.count("wrote: ") == 5
    Arguments.region = ["IT=z"]
    with pytest.raises(ValueError, match="has no layer 'z'; it has x, y"):
        BrainScoreCommand().run(Arguments, None)
    Arguments.region = ["IT"]
    with pytest.raises(UsageError, match="--region takes REGION=LAYER"):
        BrainScoreCommand().run(Arguments, None)
    Arguments.region, Arguments.model = [], "mine2:nothing"
    with pytest.raises(UsageError, match="cannot be imported"):
        BrainScoreCommand().run(Arguments, None)
    assert out.is_dir()


@pytest.mark.parametrize("package", ["vision", "language"])
def test_check_and_shim_say_how_to_install_where_it_is_absent(package, capsys, monkeypatch):
    from alignment.brainscore import environment

    monkeypatch.setattr(environment, "find_spec", lambda name: None)
    flag = ["--language"] if package == "language" else []
    extra = "brainscore-language" if package == "language" else "brainscore"
    for words in (["check"], ["remove", "anything"], ["shim", "language/suma-small", "--id", "x"]):
        if words[0] == "shim" and package == "vision":
            continue  # builds a model of 55 million parameters; once is enough
        assert main(["brainscore", *words, *flag]) == 3
        assert f"'neuromodels[{extra}]'" in capsys.readouterr().err


def test_every_public_name_resolves_and_is_documented():
    for name in alignment.brainscore.__all__:
        assert getattr(alignment.brainscore, name).__doc__
    assert sorted(alignment.brainscore.__all__) == alignment.brainscore.__all__
    assert set(alignment.brainscore.__all__) <= set(dir(alignment.brainscore))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        alignment.brainscore.nothing  # noqa: B018


class Layered:
    name = "test/layered"
    input_spec: dict = {}
    revision = ""

    def __init__(self, *layers, committed=None):
        self.layers, self.committed_layer = layers, committed


def test_layers_are_stated_never_chosen():
    assert layer_map(Layered("a"), None) == ("a", {})
    assert layer_map(Layered("a", "b", committed="b"), None) == ("b", {})
    assert layer_map(Layered("a", "b"), "a") == ("a", {})
    assert layer_map(Layered("a", "b"), {"IT": "a", "V1": ["a", "b"]}) == (None, {"IT": ["a"], "V1": ["a", "b"]})
    with pytest.raises(ValueError, match="has 2 layers and none is committed; pass layers=... with one of a, b"):
        layer_map(Layered("a", "b"), None)
    with pytest.raises(ValueError, match="has no layer 'c'"):
        layer_map(Layered("a", "b"), {"IT": ["a", "c"]})


def test_importing_the_adapter_imports_nothing_of_brain_score_and_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys, alignment.brainscore, alignment.brainscore.command\n"
        "print([one for one in sys.modules if one.startswith('brainscore') or one in ('torch', 'xarray', 'pandas')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
