"""What all kinds of layers must do alike."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.layers.sequence import SequenceStack, list_sequence_layers, make_sequence_layer, undecayed_parameters

WIDTH = 8
every_kind = pytest.mark.parametrize("kind", list_sequence_layers())


def layer_and_input(kind, time=11, batch=2):
    layer = make_sequence_layer(kind, WIDTH, seed=7).double()
    random = torch.Generator().manual_seed(3)
    return layer, torch.randn(batch, time, WIDTH, dtype=torch.float64, generator=random)


def close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


@every_kind
@pytest.mark.parametrize("time", [1, 11, 100])
def test_steps_give_what_the_whole_sequence_gives(kind, time):
    layer, x = layer_and_input(kind, time)
    y, last = layer(x)
    state, outputs = layer.initial_state(2), []
    for frame in x.unbind(1):
        output, state = layer.step(frame, state)
        outputs.append(output)
    close(torch.stack(outputs, 1), y)
    close(layer.outputs(x), y)
    assert len(state) == len(last)
    for ours, theirs in zip(state, last, strict=True):
        close(ours, theirs)
    close(layer.step(x[:, 0])[0], y[:, 0])


@every_kind
@given(cut=st.integers(1, 10))
@settings(max_examples=10, deadline=None)
def test_state_carries_over_between_parts(kind, cut):
    layer, x = layer_and_input(kind)
    y, last = layer(x)
    before, state = layer(x[:, :cut])
    behind, state = layer(x[:, cut:], state)
    close(torch.cat([before, behind], 1), y)
    for ours, theirs in zip(state, last, strict=True):
        close(ours, theirs)


@every_kind
@given(changed=st.integers(0, 10), seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_no_output_depends_on_what_comes_later(kind, changed, seed):
    layer, x = layer_and_input(kind)
    other = x.clone()
    other[:, changed:] = torch.randn(other[:, changed:].shape, generator=torch.Generator().manual_seed(seed)).double()
    ours, theirs = layer(x)[0], layer(other)[0]
    close(ours[:, :changed], theirs[:, :changed])
    assert not torch.allclose(ours[:, changed], theirs[:, changed])


@every_kind
def test_sequences_of_a_batch_do_not_see_each_other(kind):
    layer, x = layer_and_input(kind, batch=3)
    close(layer(x)[0][1:2], layer(x[1:2])[0])


@every_kind
def test_gradients_of_input_state_and_parameters(kind):
    layer = make_sequence_layer(kind, 4, seed=7).double()
    x = torch.randn(1, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    _, state = layer(-x.flip(1))
    names = [name for name, _ in layer.named_parameters()]
    parts = [x, *state, *layer.parameters()]
    parts = [part.detach().clone().requires_grad_() for part in parts]

    def run(x, *rest):
        memory, weights = rest[: len(state)], dict(zip(names, rest[len(state) :], strict=True))
        y, memory = torch.func.functional_call(layer, weights, (x, memory))
        return y, *memory

    assert torch.autograd.gradcheck(run, parts, fast_mode=True)


@every_kind
def test_every_parameter_gets_a_gradient(kind):
    layer, x = layer_and_input(kind)
    layer.outputs(x).square().sum().backward()
    for name, parameter in layer.named_parameters():
        assert parameter.grad is not None and bool((parameter.grad != 0).any()), name


@every_kind
def test_seed_alone_decides_the_weights(kind):
    before = torch.get_rng_state()
    first, again, other = (make_sequence_layer(kind, WIDTH, seed=seed) for seed in (4, 4, 5))
    assert torch.equal(before, torch.get_rng_state())
    ours, same, different = (torch.cat([p.flatten() for p in layer.parameters()]) for layer in (first, again, other))
    assert torch.equal(ours, same) and not torch.equal(ours, different)


@every_kind
def test_parameters_are_real_and_survive_a_change_of_precision(kind):
    layer, x = layer_and_input(kind)
    assert all(parameter.is_floating_point() for parameter in layer.parameters())
    y = layer(x)[0]
    single = layer.float()(x.float())
    assert single[0].dtype == torch.float32
    torch.testing.assert_close(single[0].double(), y, rtol=1e-3, atol=1e-4)
    half, state = layer.bfloat16()(x.bfloat16())
    assert half.dtype == torch.bfloat16 and all(part.dtype == torch.float32 for part in state)
    torch.testing.assert_close(half.double(), y, rtol=0.2, atol=0.1)


@every_kind
def test_runs_under_autocast(kind):
    layer, x = layer_and_input(kind)
    y = layer(x)[0]
    layer = layer.float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed, _ = layer(x.float())
    torch.testing.assert_close(mixed.double(), y, rtol=0.2, atol=0.1)


@every_kind
def test_weights_survive_saving(kind, tmp_path):
    layer, x = layer_and_input(kind)
    torch.save(layer.state_dict(), tmp_path / "weights.pt")
    other = make_sequence_layer(kind, WIDTH, seed=1).double()
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert torch.equal(layer(x)[0], other(x)[0])


@every_kind
def test_undecayed_parameters_exist(kind):
    layer, _ = layer_and_input(kind)
    names = {name for name, _ in layer.named_parameters()}
    assert set(undecayed_parameters(layer)) == set(layer.no_weight_decay) <= names
    stack = SequenceStack(kind, WIDTH, 2)
    expected = sorted(f"layers.{block}.{name}" for block in (0, 1) for name in layer.no_weight_decay)
    assert undecayed_parameters(stack) == expected


@every_kind
def test_refuses_what_does_not_fit(kind):
    layer, x = layer_and_input(kind)
    with pytest.raises(ValueError, match=rf"takes \(batch, time, {WIDTH}\) with a step at least, received shape"):
        layer(x[..., :3])
    with pytest.raises(ValueError, match="with a step at least"):
        layer.outputs(x[:, :0])
    with pytest.raises(ValueError, match=rf"a step takes \(batch, {WIDTH}\)"):
        layer.step(x)
    with pytest.raises(ValueError, match="keeps a state of shapes .* for 2 sequences, received"):
        layer(x, layer.initial_state(3))
    with pytest.raises(ValueError, match="width must be at least 1, received 0"):
        make_sequence_layer(kind, 0)


@every_kind
def test_no_sequences_give_no_outputs(kind):
    layer, x = layer_and_input(kind, batch=0)
    y, state = layer(x.requires_grad_())
    assert y.shape == layer.outputs(x).shape == (0, 11, WIDTH)
    assert tuple(tuple(part.shape) for part in state) == layer.state_shapes(0)
    y.sum().backward()
    assert x.grad.shape == x.shape


@every_kind
def test_second_derivative_by_differences(kind):
    layer = make_sequence_layer(kind, 4, seed=7).double()
    x = torch.randn(1, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3), requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: layer(x)[0], x)
