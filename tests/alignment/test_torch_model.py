"""Any torch network as a scored model: what is recorded, what is restored, what is refused."""

import pytest
import torch
from torch import nn

from alignment import RecordableModel, TorchModel


def seeded(module, seed=0):
    """The module with weights drawn from a generator of its own."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return module


def inputs(n_stimuli=10, width=3):
    return torch.randn(n_stimuli, width, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def net():
    return seeded(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.5))))


class Recurrent(nn.Module):
    """GRU whose output is a tuple."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 4, batch_first=True)
        self.read_out = nn.Linear(4, 1)

    def forward(self, x):
        states, _ = self.gru(x)
        return self.read_out(states)


class Repeated(nn.Module):
    """One layer applied twice, another one never."""

    def __init__(self):
        super().__init__()
        self.step = nn.Linear(3, 3)
        self.idle = nn.Linear(3, 3)

    def forward(self, x):
        return self.step(torch.tanh(self.step(x)))


class WrongAxis(nn.Module):
    """Layers whose outputs do not start with the batch."""

    def __init__(self):
        super().__init__()
        self.transposed, self.summed = nn.Identity(), nn.Identity()
        self.texts = Texts()

    def forward(self, x):
        self.transposed(x.T)
        self.summed(x.sum())
        self.texts(x)
        return x


class Texts(nn.Module):
    """Layer that returns no tensor."""

    def forward(self, x):
        return {"values": x}


def lengths(texts):
    return torch.tensor([[float(len(text)), float(text.count("a")), 1.0] for text in texts])


def test_layers_equal_a_direct_forward_pass(net):
    x = inputs()
    model = TorchModel(net, layers=["0", "1", "2.0", "2"])
    with torch.no_grad():
        net.eval()
        expected = {"0": net[0](x), "1": net[1](net[0](x)), "2.0": net[2][0](net[1](net[0](x))), "2": net(x)}
    recorded = model.record(x)
    assert list(recorded) == ["0", "1", "2.0", "2"]
    for layer, values in recorded.items():
        torch.testing.assert_close(values, expected[layer])


def test_a_layer_before_an_in_place_one_keeps_its_own_values():
    x = inputs()
    net = seeded(nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True)))
    recorded = TorchModel(net, layers=["0", "1"]).record(x)
    with torch.no_grad():
        torch.testing.assert_close(recorded["0"], net[0](x))
        torch.testing.assert_close(recorded["1"], net[0](x).relu())


@pytest.mark.parametrize("batch_size", [1, 3, 10, 64])
def test_batches_do_not_matter(net, batch_size):
    model = TorchModel(net, layers=["1", "2"])
    whole, parts = model.record(inputs(), batch_size=1000), model.record(inputs(), batch_size=batch_size)
    for layer in model.layers:
        torch.testing.assert_close(parts[layer], whole[layer])


def test_subset_of_layers_in_the_order_asked_for(net):
    model = TorchModel(net, layers=["0", "1", "2"])
    assert list(model.record(inputs(), ["2", "0"])) == ["2", "0"]


def test_activations_lie_on_the_cpu_without_gradient(net):
    values = TorchModel(net, layers=["2"]).record(inputs())["2"]
    assert not values.requires_grad and values.device.type == "cpu"
    assert all(parameter.grad is None for parameter in net.parameters())


def test_features_are_flattened_per_stimulus():
    net = seeded(nn.Sequential(nn.Conv1d(1, 2, 3)))
    x = torch.randn(6, 1, 8, generator=torch.Generator().manual_seed(0))
    recorded = TorchModel(net, layers=["0"]).record(x)["0"]
    assert recorded.shape == (6, 12)
    torch.testing.assert_close(recorded, net(x).detach().reshape(6, -1))


def test_first_tensor_of_a_tuple_is_recorded():
    net = seeded(Recurrent())
    x = torch.randn(5, 7, 2, generator=torch.Generator().manual_seed(0))
    recorded = TorchModel(net, layers=["gru"]).record(x)["gru"]
    torch.testing.assert_close(recorded, net.gru(x)[0].detach().reshape(5, -1))


def test_last_run_of_a_repeated_layer_is_recorded():
    net = seeded(Repeated())
    recorded = TorchModel(net, layers=["step"]).record(inputs())["step"]
    torch.testing.assert_close(recorded, net(inputs()).detach())


def test_texts_go_through_preprocess():
    net = seeded(nn.Sequential(nn.Linear(3, 2)))
    model = TorchModel(net, layers=["0"], preprocess=lengths)
    texts = ["a banana", "", "tree"]
    assert model.input_spec == {"kind": "text"}
    torch.testing.assert_close(model.record(texts, batch_size=2)["0"], net(lengths(texts)).detach())


@pytest.mark.parametrize("kind", ["list", "numpy", "double", "integers"])
def test_arrays_become_tensors_of_the_networks_precision(kind):
    net = seeded(nn.Sequential(nn.Linear(3, 2)))
    x = torch.arange(12).reshape(4, 3)
    stimuli = {"list": x.tolist(), "numpy": x.numpy(), "double": x.double(), "integers": x}[kind]
    values = TorchModel(net, layers=["0"]).record(stimuli)["0"]
    assert values.dtype == torch.float32
    torch.testing.assert_close(values, net(x.float()).detach())


def test_modes_are_restored_and_dropout_is_off(net):
    net.train()
    net[1].eval()
    before = [module.training for module in net.modules()]
    model = TorchModel(net, layers=["2"])
    assert torch.equal(model.record(inputs())["2"], model.record(inputs())["2"])
    assert [module.training for module in net.modules()] == before


def test_modes_and_hooks_are_restored_after_an_error(net):
    net.train()
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        TorchModel(net, layers=["2"]).record(inputs(width=7))
    assert all(module.training for module in net.modules())
    assert not any(module._forward_hooks for module in net.modules())


def test_recording_leaves_running_statistics_alone():
    net = nn.Sequential(nn.BatchNorm1d(3)).train()
    TorchModel(net, layers=["0"]).record(inputs())
    assert net[0].num_batches_tracked == 0


def test_unknown_layer_names_the_closest(net):
    with pytest.raises(ValueError, match=r"Sequential has no layer '2\.5'; closest: 2\.[01]"):
        TorchModel(net, layers=["2.5"])
    with pytest.raises(ValueError, match="Sequential has no layer 'attention'; known: 0, 1, 2, 2.0, 2.1"):
        TorchModel(net, layers=["attention"])


def test_layer_that_was_not_declared_is_refused(net):
    with pytest.raises(ValueError, match="does not record layer '1'; known: 0, 2"):
        TorchModel(net, layers=["0", "2"]).record(inputs(), ["1"])


@pytest.mark.parametrize("layers", ["0", [], ()])
def test_layers_must_be_a_list_of_names(net, layers):
    with pytest.raises(ValueError, match="layers must be a list of submodule names, received .*known: 0, 1, 2"):
        TorchModel(net, layers=layers)


def test_layer_that_does_not_run_is_named():
    with pytest.raises(ValueError, match="layer 'idle' of Repeated did not run in forward"):
        TorchModel(Repeated(), layers=["idle"]).record(inputs())


@pytest.mark.parametrize(
    ("layer", "shape"), [("transposed", r"\(3, 10\)"), ("summed", r"\(\)"), ("texts", "dict")], ids=lambda value: value
)
def test_first_axis_must_be_the_batch(layer, shape):
    with pytest.raises(ValueError, match=rf"{layer}.* gave {shape} for 10 stimuli; the first axis must be the batch"):
        TorchModel(WrongAxis(), layers=[layer]).record(inputs())


def test_batch_size_must_be_positive(net):
    with pytest.raises(ValueError, match="batch_size must be at least 1, received 0"):
        TorchModel(net, layers=["0"]).record(inputs(), batch_size=0)


def test_no_stimuli_are_refused(net):
    with pytest.raises(ValueError, match="stimul"):
        TorchModel(net, layers=["0"]).record(inputs(0))


def test_name_and_committed_layer_have_defaults(net):
    assert TorchModel(net, layers=["0", "1"]).committed_layer is None
    assert TorchModel(net, layers=["1"]).committed_layer == "1"
    assert TorchModel(net, layers=["0", "1"], committed_layer="0").committed_layer == "0"
    assert TorchModel(net, layers=["1"]).name == "Sequential"
    assert TorchModel(net, layers=["1"], name="mine").name == "mine"
    assert TorchModel(net, layers=["1", "0", "1"]).layers == ("1", "0")


def test_committed_layer_must_be_one_of_the_layers(net):
    with pytest.raises(ValueError, match="committed_layer"):
        TorchModel(net, layers=["0", "1"], committed_layer="2")


def test_adapter_follows_the_protocol(net):
    model = TorchModel(net, layers=["0"])
    assert isinstance(model, RecordableModel)
    assert model.input_spec == {"kind": "array"}


def test_revision_follows_weights_attributes_and_preprocess(net):
    def shifted(texts):
        return lengths(texts) + 1

    def scaled(factor):
        def preprocess(texts):
            return lengths(texts) * factor

        return preprocess

    model = TorchModel(net, layers=["0"])
    plain = model.revision
    revisions = [plain]
    revisions += [
        TorchModel(net, layers=["0"], preprocess=made).revision for made in (lengths, shifted, scaled(2), scaled(3))
    ]
    net[2][1].p = 0.25
    revisions.append(model.revision)
    with torch.no_grad():
        net[0].weight[0, 0] += 1e-6
    revisions.append(model.revision)
    assert all(revision.startswith("sha256=") for revision in revisions)
    assert len(set(revisions)) == len(revisions)


def test_revision_is_the_same_for_the_same_content(net):
    assert TorchModel(net, layers=["0"]).revision == TorchModel(net, layers=["1"]).revision
    assert TorchModel(net.train(), layers=["0"]).revision == TorchModel(net.eval(), layers=["0"]).revision


def test_what_cannot_be_keyed_has_no_revision(net):
    embedding = nn.Embedding(3, 3)
    assert TorchModel(net, layers=["0"], preprocess=lambda texts: embedding(lengths(texts))).revision == ""
    assert TorchModel(net, layers=["0"], preprocess=torch.as_tensor).revision == ""
    net.settings = {"a": 1}
    assert TorchModel(net, layers=["0"]).revision == ""
