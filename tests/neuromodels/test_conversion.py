"""``neuromodels convert``: published weights in, a folder that scores and loads out; and what cannot be meant."""

import json
import sys
import types
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest
import torch

import neuromodels
from neuromodels import cli, conversion
from neuromodels.motion.published_checkpoint import published_keys

TINY = ["levels=2", "units_per_level=4", "widths=[2, 4, 4]", "upsampler_width=8"]


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command as the console does; gives exit code, stdout and stderr."""
    monkeypatch.setattr(cli, "_commands", lambda: {"convert": conversion.ConvertCommand})

    def run(*words):
        code = cli.main(["convert", *map(str, words)])
        printed = capsys.readouterr()
        return SimpleNamespace(code=code, out=printed.out, err=printed.err)

    return run


@pytest.fixture
def checkpoint(tmp_path):
    """A small network, and a file of its weights under the published names."""
    model = neuromodels.create_model(
        "motion/dual", seed=4, levels=2, units_per_level=4, widths=[2, 4, 4], upsampler_width=8
    )
    state, found = model.state_dict(), {}
    for ours, place in published_keys(model.config).items():
        parts = state[ours].reshape(len(place.keys), -1)
        shape = tuple(state[ours].shape) if place.shape is None else place.shape
        found |= {f"module.{key}": part.reshape(shape).clone() for key, part in zip(place.keys, parts, strict=True)}
    torch.save({"state_dict": found}, tmp_path / "final.pth")
    return model, tmp_path / "final.pth"


def test_a_published_file_gives_a_network_that_loads(command, checkpoint, tmp_path):
    source, file = checkpoint
    done = command("motion/dual", file, "--out", tmp_path / "dual", "--set", *TINY)
    assert done.code == 0, done.err
    n_parameters = sum(parameter.numel() for parameter in source.parameters())
    assert done.out.startswith(f"motion/dual.published, {n_parameters:,} parameters, in {tmp_path / 'dual'}: ")
    model = neuromodels.load_model(tmp_path / "dual")
    assert all(torch.equal(value, source.state_dict()[key]) for key, value in model.state_dict().items())
    assert model.config.as_published


def test_label_options_and_json(command, checkpoint, tmp_path):
    words = ["--label", "first", "--set", *TINY, "iterations=2", "as_published=false", "--json"]
    done = command("motion/fom", checkpoint[1], "--out", tmp_path / "fom", *words)
    facts = json.loads(done.out)
    assert (facts["model"], facts["folder"]) == ("motion/fom.first", str(tmp_path / "fom"))
    assert facts["options"]["iterations"] == 2 and facts["options"]["as_published"] is False
    assert facts["parameters"] == sum(p.numel() for p in neuromodels.load_model(tmp_path / "fom").parameters())


def test_what_is_there_already_is_not_replaced(command, checkpoint, tmp_path):
    (tmp_path / "mine").mkdir()
    done = command("motion/dual", checkpoint[1], "--out", tmp_path / "mine", "--set", *TINY)
    assert done.code == 0  # an empty folder has nothing to lose
    for place in (tmp_path / "mine", checkpoint[1]):
        done = command("motion/dual", checkpoint[1], "--out", place, "--set", *TINY)
        assert done.code == 2 and f"--out {place} is there already" in done.err
    assert neuromodels.load_model(tmp_path / "mine").name == "motion/dual.published"


@pytest.mark.parametrize("content", [None, b"", b"<html>not found</html>"])
def test_files_that_are_no_checkpoint(command, tmp_path, content):
    if content is not None:
        (tmp_path / "file.pth").write_bytes(content)
    done = command("motion/dual", tmp_path / "file.pth", "--out", tmp_path / "dual")
    assert (done.code, "file.pth" in done.err) == (3 if content is None else 1, True)
    assert ("there is no file" if content is None else "cannot be read as tensors alone") in done.err
    assert not (tmp_path / "dual").exists()


def test_a_checkpoint_of_another_size_writes_nothing(command, checkpoint, tmp_path):
    done = command("motion/dual", checkpoint[1], "--out", tmp_path / "dual", "--set", *TINY, "upsampler_width=4")
    assert done.code == 1 and "it is of another configuration" in done.err
    assert not (tmp_path / "dual").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give MODEL FILE --out DIR"),
        (["motion/dual", "final.pth"], "give MODEL FILE --out DIR"),
        (["motion/fom-small", "final.pth", "--out", "x"], "closest: motion/fom"),
        (["motion/dual", "final.pth", "--out", "x", "--set", "iterations"], "--set takes KEY=VALUE"),
        (["motion/dual", "final.pth", "--out", "x", "--set", "folder=there"], "received 'folder=there'"),
        (["motion/dual", "final.pth", "--out", "x", "--set", "iteration=2"], "closest: iterations"),
    ],
)
def test_words_that_cannot_be_meant(command, words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command(*words)
    assert done.code == 2 and said in done.err
    assert list(tmp_path.glob("x*")) == []


def test_other_packages_add_converters(command, tmp_path, monkeypatch):
    def convert(path, folder, name, *, label="theirs", **options):
        return neuromodels.save_model(neuromodels.create_model(name, **options), folder, label=label)

    module = types.ModuleType("acme_weights")
    module.convert = convert
    monkeypatch.setitem(sys.modules, "acme_weights", module)
    point = EntryPoint("motion/fom-small", "acme_weights:convert", conversion.GROUP)
    monkeypatch.setattr(conversion, "entry_points", lambda *, group: [point] if group == conversion.GROUP else [])
    assert command("--list").out.split() == ["motion/dual", "motion/fom", "motion/fom-small"]
    done = command("motion/fom-small", tmp_path / "any", "--out", tmp_path / "net", "--set", "levels=2")
    assert done.out.startswith("motion/fom-small.theirs, ")


@pytest.mark.parametrize("model", conversion.list_converters())
def test_every_converter_is_there_and_documented(model):
    assert conversion.converter_of(model).__doc__
    assert model in neuromodels.list_models()
