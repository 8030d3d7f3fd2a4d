"""The recording mixin on small networks of a user: what it returns, and that it leaves the network as it was."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from neuromodels import create_model
from neuromodels.errors import ContractError, UnknownNameError
from neuromodels.recording import Recordable

N_STIMULI = 7


class Feedforward(Recordable, nn.Module):
    name = "own/feedforward"
    layers = ("hidden", "output")
    input_spec = {"kind": "array", "dims": ("channel",), "shape": (4,)}
    committed_layer = "output"

    def __init__(self):
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        self.first, self.second = nn.Linear(4, 6), nn.Linear(6, 3)
        for parameter in self.parameters():
            nn.init.normal_(parameter, generator=rng)
        self.norm = nn.BatchNorm1d(6)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        hidden = self.tap("hidden", torch.relu(self.norm(self.first(x))))
        return self.tap("output", self.second(self.drop(hidden)))


class Recurrent(Recordable, nn.Module):
    """Taps its state at every time step; the recorded layer holds all steps."""

    name = "own/recurrent"
    layers = ("state",)
    input_spec = {"kind": "array", "dims": ("time", "channel"), "shape": (5, 2)}

    def __init__(self):
        super().__init__()
        rng = torch.Generator().manual_seed(1)
        self.inward, self.recurrent = nn.Linear(2, 3), nn.Linear(3, 3, bias=False)
        for parameter in self.parameters():
            nn.init.normal_(parameter, generator=rng)

    def forward(self, x):
        state = x.new_zeros(len(x), 3)
        for step in range(x.shape[1]):
            state = self.tap("state", torch.tanh(self.inward(x[:, step]) + self.recurrent(state)))
        return state

    def collect(self, layer, values):
        return torch.stack(values, dim=1)


class Custom(Recordable, nn.Module):
    """One weight and a forward pass that a test supplies."""

    name = "own/custom"
    layers = ("a",)
    input_spec = {"kind": "array"}

    def __init__(self, forward, weight=None):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1) if weight is None else weight, requires_grad=False)
        self.run = forward

    def forward(self, x):
        return self.run(self, x)


class Bare(Recordable, nn.Module):
    """A fixed transform: neither parameters nor buffers."""

    name = "own/bare"
    layers = ("a",)
    input_spec = {"kind": "array"}

    def forward(self, x):
        return self.tap("a", 2 * x)


@pytest.fixture
def network():
    return Feedforward().eval()


@pytest.fixture
def arrays():
    return np.random.default_rng(0).normal(size=(N_STIMULI, 4)).astype(np.float32)


def modes(module):
    return {name: child.training for name, child in module.named_modules()}


def test_layers_are_the_values_of_the_forward_pass(network, arrays):
    x = torch.from_numpy(arrays)
    with torch.no_grad():
        hidden = torch.relu(network.norm(network.first(x)))
        output = network.second(hidden)
    recorded = network.record(arrays)
    assert list(recorded) == ["hidden", "output"]
    torch.testing.assert_close(recorded["hidden"], hidden)
    torch.testing.assert_close(recorded["output"], output)


def test_layers_come_as_asked_and_once(network, arrays):
    assert list(network.record(arrays, ["output"])) == ["output"]
    assert list(network.record(arrays, ("output", "hidden", "output"))) == ["output", "hidden"]


@pytest.mark.parametrize("training", [True, False])
def test_every_module_keeps_its_mode(network, arrays, training):
    network.train(training)
    network.norm.train(not training)
    before = modes(network)
    network.record(arrays)
    assert modes(network) == before


def test_every_module_keeps_its_mode_when_forward_fails(network, arrays):
    network.train()
    network.norm.eval()
    before = modes(network)
    network.second.register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(RuntimeError("out of order")))
    with pytest.raises(RuntimeError, match="out of order"):
        network.record(arrays)
    assert modes(network) == before


def test_network_can_be_recorded_and_run_after_a_failure(network, arrays):
    expected = network.record(arrays)
    handle = network.first.register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        network.record(arrays)
    handle.remove()
    for layer, values in network.record(arrays).items():
        assert torch.equal(values, expected[layer])


def test_modules_are_in_evaluation_mode_meanwhile(network, arrays):
    seen = []
    network.train()
    network.drop.register_forward_hook(lambda module, *_: seen.append(modes(network)))
    network.record(arrays)
    assert seen and not any(seen[0].values())


def test_statistics_of_batch_normalisation_do_not_move(network, arrays):
    network.train()
    before = {key: value.clone() for key, value in network.norm.state_dict().items()}
    network.record(arrays)
    assert all(torch.equal(before[key], value) for key, value in network.norm.state_dict().items())


def test_no_gradient_is_kept(network, arrays):
    assert all(parameter.requires_grad for parameter in network.parameters())
    for values in network.record(arrays).values():
        assert not values.requires_grad
    assert torch.is_grad_enabled()
    assert all(parameter.grad is None for parameter in network.parameters())


def test_forward_after_a_recording_keeps_gradients_and_no_activation(network, arrays):
    network.record(arrays)
    network(torch.from_numpy(arrays)).sum().backward()
    assert network.first.weight.grad.abs().max() > 0
    assert network._tapped is None


def test_tap_outside_a_recording_returns_its_argument(network):
    value = torch.ones(2)
    assert network.tap("hidden", value) is value
    assert network.tap("no such layer", value) is value


@pytest.mark.parametrize("batch_size", [1, 2, 3, N_STIMULI, 64])
def test_batch_size_changes_neither_rows_nor_their_order(network, arrays, batch_size):
    expected = network.record(arrays, batch_size=N_STIMULI)
    for layer, values in network.record(arrays, batch_size=batch_size).items():
        torch.testing.assert_close(values, expected[layer], rtol=0, atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 64])
def test_batch_size_changes_neither_rows_nor_their_order_of_texts(batch_size):
    texts = ["a much longer text than the others are", "No", "one two three", "Yes", "It is what it is", "b"]
    model = create_model("language/suma-small", dim=16, n_heads=2, init_std=0.32)
    expected = [model.record([text]) for text in texts]
    for layer, values in model.record(texts, batch_size=batch_size).items():
        torch.testing.assert_close(values, torch.cat([row[layer] for row in expected]), rtol=0, atol=1e-5)


def test_family_may_reorder_its_batches(arrays):
    class Backwards(Feedforward):
        def batches(self, stimuli, batch_size):
            yield [6, 2, 4], stimuli[[6, 2, 4]]
            yield [0], stimuli[[0]]
            yield [5, 1, 3], stimuli[[5, 1, 3]]

    expected = Feedforward().eval().record(arrays)
    for layer, values in Backwards().eval().record(arrays).items():
        torch.testing.assert_close(values, expected[layer], rtol=0, atol=1e-5)


@pytest.mark.parametrize("convert", [torch.from_numpy, np.float64, np.ndarray.tolist], ids=["tensor", "double", "list"])
def test_stimuli_may_be_any_kind_of_array(network, arrays, convert):
    expected = network.record(arrays)
    for layer, values in network.record(convert(arrays)).items():
        assert values.dtype == torch.float32
        torch.testing.assert_close(values, expected[layer], rtol=0, atol=1e-5)


def test_stimuli_may_be_a_list_of_arrays(network, arrays):
    expected = network.record(arrays)
    for layer, values in network.record(list(arrays)).items():
        torch.testing.assert_close(values, expected[layer])


def test_stimuli_may_be_read_only(network, arrays):
    expected = network.record(arrays)
    arrays.flags.writeable = False
    for layer, values in network.record(arrays).items():
        assert torch.equal(values, expected[layer])


def test_stimuli_stay_as_they_are_where_forward_works_in_place(arrays):
    before = arrays.copy()
    Custom(lambda self, x: self.tap("a", x.relu_())).record(arrays)
    np.testing.assert_array_equal(arrays, before)


def test_recording_holds_the_value_at_the_tap_where_forward_goes_on_in_place(arrays):
    recorded = Custom(lambda self, x: self.tap("a", 2 * x).zero_()).record(arrays)
    torch.testing.assert_close(recorded["a"], torch.from_numpy(2 * arrays))


def test_recording_does_not_share_memory_with_stimuli(arrays):
    recorded = Custom(lambda self, x: self.tap("a", x)).record(arrays)["a"]
    before = arrays.copy()
    recorded.zero_()
    np.testing.assert_array_equal(arrays, before)


def test_last_tap_counts_by_default(arrays):
    def three_taps(self, x):
        for factor in (1, 2, 3):
            self.tap("a", factor * x)

    torch.testing.assert_close(Custom(three_taps).record(arrays)["a"], torch.from_numpy(3 * arrays))


@pytest.mark.parametrize("batch_size", [2, 64])
def test_recurrent_network_stacks_its_steps(batch_size):
    network = Recurrent().eval()
    x = np.random.default_rng(2).normal(size=(N_STIMULI, 5, 2)).astype(np.float32)
    recorded = network.record(x, batch_size=batch_size)["state"]
    assert recorded.shape == (N_STIMULI, 5, 3)
    inward, bias = network.inward.weight.detach().numpy(), network.inward.bias.detach().numpy()
    recurrent = network.recurrent.weight.detach().numpy()
    for row in range(N_STIMULI):
        state = np.zeros(3)
        for step in range(5):
            state = np.tanh(inward @ x[row, step] + bias + recurrent @ state)
            np.testing.assert_allclose(recorded[row, step].numpy(), state, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_values_have_the_dtype_of_the_network(network, arrays, dtype):
    expected = network.record(arrays)
    tolerance = 16 * max(torch.finfo(dtype).eps, torch.finfo(torch.float32).eps)
    for layer, values in network.to(dtype).record(arrays).items():
        assert values.dtype == dtype
        torch.testing.assert_close(values.float(), expected[layer], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_text_network_records_in_its_dtype(dtype):
    model = create_model("language/suma-small", dim=16, n_heads=2).to(dtype)
    for values in model.record(["one", "two words"]).values():
        assert values.dtype == dtype
        assert torch.isfinite(values).all()


def test_whole_numbers_reach_a_real_valued_network_as_real_numbers(network):
    pixels = np.arange(8, dtype=np.uint8).reshape(2, 4)
    for layer, values in network.record(pixels).items():
        torch.testing.assert_close(values, network.record(pixels.astype(np.float32))[layer])


def test_fractions_are_not_cut_off_where_the_first_parameter_is_a_whole_number(arrays):
    network = Custom(lambda self, x: self.tap("a", x), weight=torch.ones(1, dtype=torch.int64))
    torch.testing.assert_close(network.record(arrays)["a"].float(), torch.from_numpy(arrays))


def test_network_without_parameters_can_be_recorded(arrays):
    torch.testing.assert_close(Bare().record(arrays)["a"], torch.from_numpy(2 * arrays))


def test_unknown_layer_names_the_closest(network, arrays):
    with pytest.raises(UnknownNameError, match="layer of 'own/feedforward' 'hiden'; closest: hidden.*model.layers"):
        network.record(arrays, ["output", "hiden"])


def test_text_instead_of_a_list_of_layers_is_refused(network, arrays):
    with pytest.raises(
        TypeError, match=r"layers must be a list of names, received the text 'hidden'; use \['hidden'\]"
    ):
        network.record(arrays, "hidden")


@pytest.mark.parametrize("stimuli", [[], np.zeros((0, 4))], ids=["list", "array"])
def test_no_stimuli_are_refused(network, stimuli):
    with pytest.raises(ValueError, match="record of 'own/feedforward' received no stimuli; give at least one"):
        network.record(stimuli)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_batch_size_below_one_is_refused(network, arrays, batch_size):
    with pytest.raises(ValueError, match=f"batch_size must be at least 1, received {batch_size}"):
        network.record(arrays, batch_size=batch_size)


def test_layer_that_is_never_tapped_breaks_the_contract(arrays):
    network = Custom(lambda self, x: x).train()
    with pytest.raises(ContractError, match="layer 'a' of 'own/custom' was never tapped in forward"):
        network.record(arrays)
    assert network.training
    assert network._tapped is None


@pytest.mark.parametrize(
    "value",
    [
        torch.tensor(3),
        torch.tensor(0.5),
        torch.tensor(True),
        torch.zeros(0),
        torch.arange(6).reshape(2, 3).T,
        torch.ones(3, dtype=torch.bfloat16),
        torch.ones(3, dtype=torch.complex64),
    ],
    ids=["scalar int", "scalar float", "scalar bool", "empty", "not contiguous", "bfloat16", "complex"],
)
def test_revision_takes_any_buffer(value):
    def holding(tensor):
        network = Bare()
        network.register_buffer("table", tensor)
        return network.revision

    assert holding(value) == holding(value.clone())
    if value.numel():
        assert holding(value) != holding(torch.zeros_like(value))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64, torch.int8, torch.int64, torch.bool])
def test_revision_takes_parameters_of_any_dtype(dtype):
    def holding(values):
        return Custom(None, weight=torch.tensor(values).to(dtype)).revision

    assert holding([1, 0, 1]) == holding([1, 0, 1])
    assert holding([1, 0, 1]) != holding([1, 0, 0])
    assert holding([1, 0, 1]) != Custom(None, weight=torch.tensor([1.0, 0.0, 1.0])).revision


def test_revision_of_batch_normalisation_follows_its_statistics():
    network = Feedforward()
    before = network.revision
    network.norm.running_mean[0] += 1
    assert network.revision != before


def test_revision_without_parameters_holds_the_seed():
    first, second = Bare(), Bare()
    assert first.revision == second.revision
    second.seed = 4
    assert second.revision.startswith("untrained seed=4 sha256=")


def test_revision_tells_apart_shapes_and_names_of_equal_bytes():
    def holding(name, shape):
        network = Bare()
        network.register_buffer(name, torch.zeros(shape))
        return network.revision

    assert len({holding("a", (2, 3)), holding("a", (3, 2)), holding("b", (2, 3))}) == 3


def test_revision_does_not_depend_on_mode_or_memory_layout():
    network = Custom(None, weight=torch.arange(6.0).reshape(2, 3))
    before = network.train().revision
    network.weight.data = network.weight.data.T.contiguous().T
    assert not network.weight.is_contiguous()
    assert network.eval().revision == before


def test_network_typed_in_at_a_prompt_is_never_taken_for_another(tmp_path):
    program = (
        "import torch\n"
        "from neuromodels import Recordable\n"
        "class Net(Recordable, torch.nn.Module):\n"
        "    pass\n"
        "print(Net().revision)\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True) for _ in range(2)
    ]
    assert (runs[0].returncode, runs[0].stderr) == (0, "")
    assert runs[0].stdout != runs[1].stdout


class Chain(Recordable, nn.Module):
    """A network whose options are attributes and submodules, not a configuration."""

    name, layers, input_spec = "test/chain", ("out",), {"kind": "array"}

    def __init__(self, activation, gain=1.0, option=None):
        super().__init__()
        self.activation, self.gain, self.option = activation, gain, option

    def forward(self, x):
        return self.tap("out", self.gain * self.activation(x))


def test_revision_tells_options_and_submodules_without_weights_apart():
    revisions = [Chain(nn.ReLU()).revision, Chain(nn.Tanh()).revision, Chain(nn.ReLU(), gain=2.0).revision]
    assert len(set(revisions)) == 3
    assert Chain(nn.ReLU()).revision == revisions[0]


def test_revision_with_an_option_that_cannot_be_keyed_belongs_to_one_object():
    first, second = Chain(nn.ReLU(), option=object()), Chain(nn.ReLU(), option=object())
    assert first.revision != second.revision
    assert first.revision == first.revision
