"""The contract check: it passes a sound model and names each rule that a model breaks."""

import numpy as np
import pytest
import torch
from torch import nn

from neuromodels import create_model, validate_model
from neuromodels.errors import ContractError
from neuromodels.recording import Recordable


class Sound(Recordable, nn.Module):
    """A network that keeps every rule; the tests below break one at a time."""

    name = "own/sound"
    layers = ("a", "b")
    input_spec = {"kind": "array", "dims": ("channel",), "shape": (3,)}
    committed_layer = "b"

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.arange(1.0, 4.0))

    def forward(self, x):
        return self.tap("b", torch.tanh(self.tap("a", self.weight * x)))


def changing(change):
    """A sound network whose recording passes through ``change(network, recorded)``."""

    class Changed(Sound):
        def record(self, stimuli, layers=None, *, batch_size=64):
            return change(self, super().record(stimuli, layers, batch_size=batch_size))

    return Changed()


def computing(compute, setup=lambda self: None):
    """A sound network whose layer ``a`` is ``compute(network, x)``."""

    class Computing(Sound):
        def __init__(self):
            super().__init__()
            setup(self)

        def forward(self, x):
            return self.tap("b", self.tap("a", compute(self, x)))

    return Computing()


def replacing(layer, replace):
    return changing(lambda self, recorded: {**recorded, layer: replace(recorded[layer])})


@pytest.fixture
def stimuli():
    return np.random.default_rng(0).normal(size=(6, 3))


def assert_broken(model, stimuli, rule):
    with pytest.raises(ContractError, match=rule):
        validate_model(model, stimuli)


@pytest.mark.parametrize("training", [True, False])
def test_sound_model_passes_in_either_mode(stimuli, training):
    assert validate_model(Sound().train(training), stimuli) is None


@pytest.mark.parametrize("name", ["language/suma", "language/suma-small"])
def test_registered_text_model_passes(name):
    model = create_model(name, dim=16, n_heads=2, init_std=0.32)
    assert validate_model(model, ["The quick brown fox", "No", "It is what it is today", "b", "c"]) is None


def test_model_without_a_committed_layer_passes(stimuli):
    model = Sound()
    model.committed_layer = None
    assert validate_model(model, stimuli) is None


def test_model_with_batch_statistics_that_are_frozen_passes(stimuli):
    model = computing(
        lambda self, x: self.norm(x), lambda self: self.add_module("norm", nn.BatchNorm1d(3, track_running_stats=True))
    )
    assert validate_model(model.train(), stimuli) is None


def test_random_state_that_a_model_owns_and_resets_passes(stimuli):
    def noisy(self, x):
        return x + torch.randn(3, generator=torch.Generator().manual_seed(1))

    assert validate_model(computing(noisy), stimuli) is None


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_stimuli_are_refused(stimuli, n):
    with pytest.raises(ValueError, match=f"needs at least 2 stimuli, received {n}"):
        validate_model(Sound(), stimuli[:n])


def test_only_four_stimuli_are_recorded(stimuli):
    lengths = []

    def count(self, recorded):
        lengths.append(len(recorded["a"]))
        return recorded

    validate_model(changing(count), stimuli)
    assert max(lengths) == 4


@pytest.mark.parametrize("name", ["", None, 3])
def test_name(stimuli, name):
    model = Sound()
    model.name = name
    assert_broken(model, stimuli, "model.name must be a non-empty text")


@pytest.mark.parametrize("revision", ["", None])
def test_revision(stimuli, revision):
    class Unidentified(Sound):
        pass

    Unidentified.revision = property(lambda self: revision)
    assert_broken(Unidentified(), stimuli, "model.revision must be a non-empty text")


def test_kind_of_input(stimuli):
    model = Sound()
    model.input_spec = {"shape": (3,)}
    assert_broken(model, stimuli, r"input_spec needs a 'kind' \(text or array\)")


@pytest.mark.parametrize("layers", [(), ("a", "b", "a")])
def test_layer_names(stimuli, layers):
    model = Sound()
    model.layers = layers
    assert_broken(model, stimuli, "model.layers must be unique names, at least one")


def test_committed_layer(stimuli):
    model = Sound()
    model.committed_layer = "c"
    assert_broken(model, stimuli, r"committed_layer 'c' is not one of \('a', 'b'\)")


def test_global_random_state(stimuli):
    assert_broken(
        computing(lambda self, x: x + 0 * torch.rand(1)), stimuli, "changed torch's global random state; draw from"
    )


def test_mode(stimuli):
    def wake(self, recorded):
        self.train()
        return recorded

    assert_broken(changing(wake).eval(), stimuli, "record left 'the model' in another train/eval mode; restore it")


def test_mode_of_a_submodule(stimuli):
    def wake(self, recorded):
        self.inner.train()
        return recorded

    model = changing(wake)
    model.inner = nn.Identity()
    assert_broken(model.eval(), stimuli, "record left 'inner' in another train/eval mode; restore it")


@pytest.mark.parametrize("returned", [["a"], ["b", "a"], ["a", "b", "c"]])
def test_returned_layers(stimuli, returned):
    model = changing(lambda self, recorded: {layer: recorded["a"] for layer in returned})
    assert_broken(model, stimuli, r"record returned layers .*, expected \['a', 'b'\]")


def test_layer_that_is_no_tensor(stimuli):
    assert_broken(replacing("b", lambda values: values.numpy()), stimuli, "layer 'b' is a ndarray; record must return")


def test_layer_with_a_gradient(stimuli):
    model = replacing("b", lambda values: values.clone().requires_grad_())
    assert_broken(model, stimuli, r"layer 'b' carries a gradient; record under torch.no_grad\(\)")


def test_layer_on_another_device(stimuli):
    assert_broken(replacing("b", lambda values: values.to("meta")), stimuli, "layer 'b' lies on meta; .* CPU tensors")


@pytest.mark.parametrize(
    ("change", "shape"),
    [(lambda v: v[:-1], r"\(3, 3\)"), (lambda v: v.T, r"\(3, 4\)"), (lambda v: v[:, 0], r"\(4,\)")],
    ids=["row missing", "transposed", "no features"],
)
def test_first_axis(stimuli, change, shape):
    rule = rf"layer 'b' has shape {shape}; expected \(stimulus, \*feature\) with 4 stimuli"
    assert_broken(replacing("b", change), stimuli, rule)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_finite_values(stimuli, bad):
    def spoil(values):
        values[2, 1] = bad
        return values

    assert_broken(replacing("b", spoil), stimuli, "layer 'b' holds NaN or infinite values; check the weights")


def test_second_call(stimuli):
    rng = torch.Generator().manual_seed(0)
    model = computing(lambda self, x: x + 1e-3 * torch.randn(3, generator=rng))
    assert_broken(model, stimuli, "layer 'a' differs between two calls; seed or switch off what is random")


def test_state_that_is_carried_to_the_next_call(stimuli):
    def integrate(self, x):
        self.count += 1
        return x + self.count

    model = computing(integrate, lambda self: self.register_buffer("count", torch.zeros(1)))
    assert_broken(model, stimuli, "layer 'a' differs between two calls")


BATCH_RULE = "layer 'a' of a stimulus depends on the other stimuli in its batch; use eval-mode statistics"


def test_mean_over_the_batch(stimuli):
    assert_broken(computing(lambda self, x: x - x.mean(dim=0)), stimuli, BATCH_RULE)


def test_batch_statistics_over_channels_and_time():
    model = computing(
        lambda self, x: self.norm(x), lambda self: self.add_module("norm", nn.BatchNorm1d(3, track_running_stats=False))
    )
    assert_broken(model, np.random.default_rng(0).normal(size=(4, 3, 5)), BATCH_RULE)


def test_batch_statistics_that_one_stimulus_alone_does_not_have(stimuli):
    # torch refuses to normalise a batch of one vector by its own statistics.
    model = computing(
        lambda self, x: self.norm(x), lambda self: self.add_module("norm", nn.BatchNorm1d(3, track_running_stats=False))
    )
    assert_broken(model, stimuli, "depends on the other stimuli in its batch")


def test_state_that_is_carried_to_the_next_stimulus_of_a_batch(stimuli):
    # The first row is right; the later ones hold what came before them.
    assert_broken(computing(lambda self, x: x.cumsum(dim=0)), stimuli, BATCH_RULE)


def test_last_digit_of_a_short_number_format_is_no_dependence(stimuli):
    def rounded_otherwise_in_a_batch(self, x):
        return x * (1 + torch.finfo(x.dtype).eps) if len(x) > 1 else x

    assert validate_model(computing(rounded_otherwise_in_a_batch), stimuli) is None
    assert validate_model(computing(rounded_otherwise_in_a_batch).bfloat16(), stimuli) is None
