"""The registry: each entry against the model it builds, names, errors, and models from other packages."""

import json
import random
import sys
from importlib.metadata import EntryPoint, EntryPoints

import numpy as np
import pytest
import torch

from neuromodels import create_model, list_models, model_info, register_model, registry
from neuromodels.errors import ResourceNotAvailableError, UnknownNameError

# Options that make a small network of each registered model; one without an entry is built as it is.
SMALL = {
    "language/suma": {"dim": 16, "n_heads": 2, "init_std": 0.32},
    "language/suma-small": {"dim": 16, "n_heads": 2, "init_std": 0.32},
    "motion/nishimoto-gallant": {"n_rows": 40, "n_cols": 40},
}


def tiny_tactile(name):
    """Options that make a tactile network small and leave its parts and layers as they are."""
    parts = {"encoder": "zhuang", "attender": "none", "decoder": "mlp", **model_info(name).defaults}
    options = {"output": 16, "input_shape": (9, 30, 5, 7)}
    if parts["encoder"] == "zhuang":
        options |= {"channels": (4, 6, 6, 6, 6, 4), "hidden": 24}
    elif parts["encoder"] == "resnet18":
        options |= {"channels": (8, 8, 8, 8)}
    else:
        options |= {"width": 16}
    if parts["attender"] == "gpt":
        options |= {"attender_width": 16}
    if parts["decoder"] != "linear":
        options |= {"decoder_widths": (24, 16)}
    return options


SMALL |= {name: tiny_tactile(name) for name in list_models(family="tactile")}
every_model = pytest.mark.parametrize("name", list_models())
# Networks that compute something that no other one does.
every_network = pytest.mark.parametrize(
    "name",
    [name for name in list_models() if not name.endswith("-linear") and not name.startswith("tactile/small")],
)


def small(name, **options):
    return create_model(name, **{**SMALL.get(name, {}), **options})


def some_stimuli(model, n=3):
    """Stimuli that fit ``model.input_spec``."""
    if model.input_spec["kind"] == "text":
        return ["The quick brown fox", "jumps over", "the lazy dog today"][:n]
    if model.input_spec["dims"] == ("time", "channel"):  # digits, any number of them
        return np.random.default_rng(0).integers(0, 2, (n, 12, 1)).astype(np.float32)
    if "shape" not in model.input_spec:  # clips of any size that fits
        n_frames = getattr(model, "n_frames", None) or 16
        return np.random.default_rng(0).uniform(size=(n, n_frames, 1, 40, 40))
    return np.random.default_rng(0).normal(size=(n, *model.input_spec["shape"]))


def on_meta(name, monkeypatch):
    """The model at full size, shapes alone: nothing is drawn and no memory is taken."""
    monkeypatch.setattr(
        torch.nn.utils, "skip_init", lambda cls, *sizes, **options: cls(*sizes, **{**options, "device": "meta"})
    )
    with torch.device("meta"):
        return create_model(name, device="meta")


@pytest.fixture
def own_registry(monkeypatch):
    """A copy of the registry, so that what a test enters is gone after it."""
    list_models()
    registry.list_models()  # a family that is imported while the table is replaced would be lost with it
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))


@pytest.fixture
def outside_package(own_registry, tmp_path, monkeypatch):
    """A family of another package, announced through an entry point."""
    (tmp_path / "acme_models.py").write_text(
        "from neuromodels import register_model\n\n"
        "@register_model('acme/net', paper='Doe 2020', layers=('a', 'b'), expected_params=3, committed_layer='b')\n"
        "def net(*, seed, width=2):\n"
        '    """A network of another package.\n\n    Not part of the summary.\n    """\n'
        "    import torch\n"
        "    from neuromodels import Recordable\n\n"
        "    class Net(Recordable, torch.nn.Linear):\n"
        "        layers = ('a', 'b')\n\n"
        "    return Net(width, 1)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "acme_models", raising=False)
    points = EntryPoints([EntryPoint("acme", "acme_models", "neuromodels.models")])
    monkeypatch.setattr(registry, "entry_points", lambda *, group: points.select(group=group))
    yield
    sys.modules.pop("acme_models", None)


@every_model
def test_entry_states_what_a_reader_needs(name):
    info = model_info(name)
    assert registry.GRAMMAR.fullmatch(name)
    assert info.name == name
    assert info.paper.strip()
    assert info.summary.strip() and "\n" not in info.summary
    assert info.layers and len(set(info.layers)) == len(info.layers)
    assert info.committed_layer in info.layers
    assert info.weights


@every_model
def test_entry_agrees_with_the_class(name):
    info, model = model_info(name), small(name)
    assert tuple(model.layers) == tuple(info.layers)
    assert model.committed_layer == info.committed_layer
    assert model.input_spec["kind"] in ("text", "array")


@every_model
def test_number_of_parameters_is_that_of_the_shapes(name, monkeypatch):
    expected = model_info(name).n_params
    model = on_meta(name, monkeypatch)
    assert {parameter.device.type for parameter in model.parameters()} <= {"meta"}
    assert sum(parameter.numel() for parameter in model.parameters()) == expected


@pytest.mark.slow
@every_model
def test_number_of_parameters_is_that_of_the_model_at_full_size(name):
    model = create_model(name)
    assert sum(parameter.numel() for parameter in model.parameters()) == model_info(name).n_params
    for layer, values in model.record(some_stimuli(model)).items():
        assert torch.isfinite(values).all(), layer


@every_model
def test_model_knows_its_name_and_seed_and_is_in_evaluation_mode(name):
    model = small(name, seed=11)
    assert (model.name, model.seed) == (name, 11)
    assert not any(module.training for module in model.modules())
    assert "seed=11" in model.revision


@every_network
def test_default_seed_is_stated(name):
    assert small(name).revision == small(name, seed=registry.DEFAULT_SEED).revision


@every_network
def test_building_leaves_the_global_random_states_alone(name):
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()  # noqa: NPY002
    small(name)
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate()
    np.testing.assert_equal(np.random.get_state(), states[2])  # noqa: NPY002


@every_network
def test_weights_do_not_depend_on_the_global_random_state(name):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = small(name)
        torch.manual_seed(2)
        assert small(name).revision == first.revision


@every_network
def test_record_gives_finite_rows_that_differ_between_stimuli(name):
    model = small(name)
    recorded = model.record(some_stimuli(model))
    assert list(recorded) == list(model.layers)
    for layer, values in recorded.items():
        assert values.ndim >= 2 and len(values) == 3, layer
        assert torch.isfinite(values).all(), layer
        assert values.flatten(1).std(dim=0).max() > 0, layer


@every_network
def test_state_dict_carries_the_whole_network(name, tmp_path):
    source, target = small(name, seed=1), small(name, seed=2)
    torch.save(source.state_dict(), tmp_path / "weights.pt")
    target.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    stimuli = some_stimuli(source)
    for layer, values in source.record(stimuli).items():
        assert torch.equal(values, target.record(stimuli)[layer]), layer
    target.seed = source.seed
    assert target.revision == source.revision


@every_network
def test_gradient_reaches_every_parameter(name):
    model = small(name)
    if hasattr(model, "flows"):
        pytest.skip("learns from all its predictions, as motion/test_network.py tests")
    if not list(model.parameters()):
        pytest.skip("a model of constants")
    outputs = []
    model.register_forward_hook(lambda module, inputs, output: outputs.append(output))
    _, batch = next(model.batches(some_stimuli(model), 3))
    model.forward_stimuli(batch)
    weights = torch.randn(outputs[0].shape, generator=torch.Generator().manual_seed(0))
    (outputs[0] * weights).sum().backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key
        assert parameter.grad.abs().max() > 0, key


@every_model
def test_published_weights_are_refused_where_there_are_none(name):
    with pytest.raises(ResourceNotAvailableError, match=f"'{name}' has no published weights.*Leave pretrained=False"):
        create_model(name, pretrained=True)


def test_device_is_where_the_parameters_go():
    model = small("language/suma-small", device="meta")
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}


@pytest.mark.parametrize("seed", [-1, True, 0.5])
def test_bad_seed_is_refused(seed):
    with pytest.raises(ValueError, match="seed must be a whole number"):
        small("language/suma-small", seed=seed)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", ["language/suma", "language/suma-small"]),
        ("language/suma", ["language/suma"]),
        ("*-small", ["language/suma-small"]),
        ("LANGUAGE/*", []),
        ("language/sum[!a]*", []),
    ],
)
def test_patterns_are_those_of_a_shell(pattern, expected):
    assert [name for name in list_models(pattern, family="language") if name.startswith("language/")] == expected


def test_names_are_sorted():
    assert list_models() == sorted(list_models())


@pytest.mark.parametrize("ask", [model_info, create_model])
def test_unknown_model_names_the_closest(ask):
    with pytest.raises(
        UnknownNameError, match=r"Unknown model 'language/suma-smal'; closest: language/suma-small.*list_models\(\)"
    ):
        ask("language/suma-smal")


@pytest.mark.parametrize("name", ["langage/suma", "langage", "languag/e/suma"])
def test_unknown_family_names_the_closest(name):
    with pytest.raises(
        UnknownNameError,
        match=rf"Unknown model family 'langu?ag'?e?'?.*closest: language.*Received model name '{name}'",
    ):
        model_info(name)


def test_listing_an_unknown_family_names_the_closest():
    with pytest.raises(UnknownNameError, match="Unknown model family 'languages'; closest: language"):
        list_models(family="languages")


@pytest.mark.parametrize("name", ["a/b", "a_1/b2", "language/own-net", "a/b-c-d.tag", "time/gru.per-cell"])
def test_names_of_the_grammar_are_accepted(own_registry, name):
    @register_model(name, paper="P", layers=("x",))
    def build(*, seed):
        """One line."""

    assert model_info(name).summary == "One line."


@pytest.mark.parametrize(
    "name", ["suma", "Language/suma", "language/", "/suma", "a/b/c", "a/b_c", "a/-b", "a/b-", "a/b.", "a/b c", "a/b\n"]
)
def test_names_outside_the_grammar_are_refused(name):
    with pytest.raises(ValueError, match=r"must be family/architecture\[.tag\] in lower case"):
        register_model(name, paper="P", layers=("x",))


def test_name_that_is_taken_is_refused():
    list_models()
    with pytest.raises(ValueError, match="'language/suma' is registered already; choose another name"):
        register_model("language/suma", paper="P", layers=("x",))


def test_factory_without_a_docstring_is_refused(own_registry):
    with pytest.raises(ValueError, match="factory of 'own/net' needs a docstring"):
        register_model("own/net", paper="P", layers=("x",))(lambda *, seed: None)
    assert "own/net" not in list_models()


def test_family_of_another_package_is_listed_described_and_built(outside_package):
    assert list_models("acme/*") == list_models(family="acme") == ["acme/net"]
    info = model_info("acme/net")
    assert info.summary == "A network of another package."
    assert (info.paper, info.n_params, info.layers, info.committed_layer) == ("Doe 2020", 3, ("a", "b"), "b")
    model = create_model("acme/net", seed=9, width=5)
    assert (model.name, model.seed, model.in_features, model.training) == ("acme/net", 9, 5, False)


def test_other_package_is_imported_only_when_asked(outside_package):
    model_info("language/suma")
    list_models(family="language")
    assert "acme_models" not in sys.modules
    create_model("acme/net")
    assert "acme_models" in sys.modules


def test_family_of_another_package_stands_among_the_closest(outside_package):
    with pytest.raises(UnknownNameError, match="Unknown model family 'acm'; closest: acme"):
        model_info("acm/net")
    with pytest.raises(UnknownNameError, match="Unknown model 'acme/nets'; closest: acme/net"):
        model_info("acme/nets")


def test_other_package_cannot_replace_a_family_of_ours(outside_package, monkeypatch):
    points = EntryPoints([EntryPoint("language", "acme_models", "neuromodels.models")])
    monkeypatch.setattr(registry, "entry_points", lambda *, group: points)
    assert list_models(family="language") == ["language/suma", "language/suma-small"]
    assert "acme_models" not in sys.modules


def test_family_registered_by_hand_is_listed_like_any_other(own_registry):
    @register_model("own/net", paper="P", layers=("x",))
    def build(*, seed):
        """One line."""

    assert "own/net" in list_models()
    assert list_models(family="own") == ["own/net"]
    with pytest.raises(UnknownNameError, match="closest: own"):
        model_info("owm/net")


def test_listing_has_one_row_per_model_that_json_can_hold():
    rows = json.loads(json.dumps(registry.listing()))
    assert [row["name"] for row in rows] == list_models()
    for row in rows:
        info = model_info(row["name"])
        assert row["parameters"] == info.n_params
        assert row["layers"] == list(info.layers)
        assert (row["summary"], row["paper"], row["weights"]) == (info.summary, info.paper, info.weights)
        assert row["committed_layer"] == info.committed_layer
