"""Trained networks on disk: what is written, what is refused, and that a killed writer leaves the earlier one."""

import json
import os

import pytest
import torch
from safetensors.torch import load_file, save_file

import neuromodels
from neuromodels import ContractError, ResourceNotAvailableError, create_model, load_model, save_model
from neuromodels.weights import is_model_folder, label_of, replaced_folder, settled

NAME = "language/suma-small"
SIZES = {"dim": 16, "n_heads": 2, "vocab_size": 60}


def small(seed=3, **options):
    return create_model(NAME, seed=seed, **{**SIZES, **options})


@pytest.fixture
def folder(tmp_path):
    model = small()
    with torch.no_grad():
        model.q.weight += 1
    return save_model(model, tmp_path / "My run_7", facts={"epochs": 3})


def test_created_model_remembers_what_was_asked_for():
    model = small()
    assert (model.registered_name, model.options, model.seed) == (NAME, SIZES, 3)


def test_saved_model_comes_back(folder):
    facts = json.loads((folder / "model.json").read_text())
    assert (facts["name"], facts["options"], facts["seed"], facts["epochs"]) == (NAME, SIZES, 3, 3)
    model, untrained = load_model(folder), small()
    for name, value in model.state_dict().items():
        expected = untrained.state_dict()[name] + (name == "q.weight")
        assert torch.equal(value, expected), name
    assert not model.training


def test_name_and_revision_tell_trained_weights_apart(folder, tmp_path):
    model, untrained = load_model(folder), small()
    assert model.name == f"{NAME}.my-run-7"
    assert model.registered_name == NAME
    assert model.revision.startswith("trained my-run-7 sha256=")
    assert untrained.revision.startswith("untrained seed=3 sha256=")
    assert load_model(folder).revision == model.revision
    other = save_model(model, tmp_path / "again", label="other")
    assert load_model(other).name == f"{NAME}.other"


def test_run_folder_stands_for_its_best_network(folder, tmp_path):
    os.makedirs(tmp_path / "run")
    os.rename(folder, tmp_path / "run" / "best")
    assert is_model_folder(tmp_path / "run")
    assert load_model(tmp_path / "run").name == f"{NAME}.my-run-7"


def test_folder_without_network_says_so(tmp_path):
    assert not is_model_folder(tmp_path)
    with pytest.raises(ResourceNotAvailableError, match="holds no trained network"):
        load_model(tmp_path)


def test_damaged_facts_are_named(folder):
    (folder / "model.json").write_text('{"name": ')
    with pytest.raises(ContractError, match=r"model.json is damaged \(.*\); copy the whole folder again"):
        load_model(folder)


def edit(folder, change):
    """Other options in the JSON file: the weights then are of another architecture."""
    path = folder / "model.json"
    facts = json.loads(path.read_text())
    facts["options"].update(change)
    path.write_text(json.dumps(facts))


def rewrite(folder, change):
    """Other tensors, with a hash that fits."""
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    facts = json.loads((folder / "model.json").read_text())
    facts["sha256"] = neuromodels.weights.file_hash(folder / "model.safetensors")
    (folder / "model.json").write_text(json.dumps(facts))


def test_other_shape_names_the_first_tensor_and_both_shapes(folder):
    edit(folder, {"vocab_size": 61})
    words = r"another architecture than Suma: 'embedding.weight' has shape \(60, 16\) there and \(61, 16\) here"
    with pytest.raises(ContractError, match=words):
        load_model(folder)


def test_missing_tensor_is_named(folder):
    rewrite(folder, lambda tensors: tensors.pop("v.weight"))
    with pytest.raises(ContractError, match=r"'v.weight' is missing there and has shape \(16, 16\) here"):
        load_model(folder)


def test_unexpected_tensor_is_named(folder):
    rewrite(folder, lambda tensors: tensors.update(extra=torch.zeros(2)))
    with pytest.raises(ContractError, match=r"'extra' of shape \(2,\) is unexpected here"):
        load_model(folder)


def test_damaged_weights_are_refused(folder):
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ContractError, match="has SHA-256 .* but .* was written beside it"):
        load_model(folder)


def test_model_that_no_name_builds_is_refused(tmp_path):
    class Own(neuromodels.Recordable, torch.nn.Module):
        pass

    with pytest.raises(ContractError, match="Own was not built by create_model"):
        save_model(Own(), tmp_path / "own")
    assert not any(tmp_path.iterdir())


def test_options_that_are_no_plain_values_are_refused(tmp_path):
    model = small()
    model.options = {"tokenizer": object()}
    with pytest.raises(ContractError, match="must be plain values"):
        save_model(model, tmp_path / "own")


def test_tied_and_transposed_weights_are_written(tmp_path):
    model = small()
    model.k.weight = model.q.weight
    with torch.no_grad():
        model.v.weight.set_(model.v.weight.t().clone().t())
    loaded = load_model(save_model(model, tmp_path / "tied"))
    assert torch.equal(loaded.k.weight, model.q.weight)
    assert torch.equal(loaded.v.weight, model.v.weight)


def test_failed_write_keeps_the_earlier_folder(folder):
    before = (folder / "model.safetensors").read_bytes()
    with pytest.raises(RuntimeError), replaced_folder(folder) as place:
        (place / "model.safetensors").write_bytes(b"half")
        raise RuntimeError
    assert (folder / "model.safetensors").read_bytes() == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_folder_comes_back_if_a_process_died_while_it_was_replaced(folder):
    os.rename(folder, folder.parent / f".{folder.name}.old")
    assert settled(folder) == folder
    assert load_model(folder)


def test_leftover_of_a_finished_replacement_goes(folder):
    old = folder.parent / f".{folder.name}.old"
    old.mkdir()
    settled(folder)
    assert not old.exists()
    assert folder.exists()


def test_labels_are_parts_of_names():
    assert label_of("/runs/Small UGRNN_3/") == "small-ugrnn-3"
    assert label_of("/") == "trained"
