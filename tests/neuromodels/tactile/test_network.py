"""Whole tactile networks: what they give and record, what they see, precision, seeds, and refusals."""

import numpy as np
import pytest
import torch

from neuromodels import create_model, validate_model
from neuromodels.layers.sequence import list_sequence_layers
from neuromodels.recurrent_graph import RecurrentGraph, zhuang_graph
from neuromodels.tactile import EADConfig, TactileNetwork

CHANNELS = (4, 5, 6, 6, 5, 4)
ENCODERS = {
    "zhuang": {"channels": CHANNELS, "hidden": 12},
    "zhuang-intersection": {"channels": CHANNELS, "hidden": 12, "cell": "intersection", "layer_norm": True},
    "zhuang-reciprocal": {"channels": CHANNELS, "hidden": 12, "cell": "reciprocal_gated"},
    "resnet18": {"channels": (4, 6, 8, 10)},
    "flatten": {},
    **{kind: {"width": 8, "blocks": 2} for kind in list_sequence_layers()},
}
ATTENDERS = {
    "none": {},
    "gpt": {"attender_width": 12, "attender_blocks": 2},
    "mamba": {"attender_blocks": 2},
}
LAST_SEEN = {"zhuang": 3, "zhuang-intersection": 3, "zhuang-reciprocal": 3}
every_encoder = pytest.mark.parametrize("encoder", ENCODERS)
# Every encoder, every attender, and both kinds of attender behind other encoders.
PAIRS = [
    *((encoder, "none") for encoder in ENCODERS),
    ("zhuang", "gpt"),
    ("zhuang-intersection", "mamba"),
    ("resnet18", "gpt"),
    ("s4", "mamba"),
]
every_pair = pytest.mark.parametrize(("encoder", "attender"), PAIRS)


def network(encoder="zhuang", attender="none", *, seed=0, **options):
    given = {"encoder": encoder.partition("-")[0], "attender": attender, **ENCODERS[encoder], **ATTENDERS[attender]}
    given |= {"output": 8, "decoder_widths": (7, 6), "classes": 5, "input_shape": (9, 30, 5, 7), **options}
    return TactileNetwork(EADConfig(**given), seed=seed).eval()


def stimuli(n=3, dtype=torch.float32):
    return torch.randn(n, 9, 30, 5, 7, generator=torch.Generator().manual_seed(0)).to(dtype)


@every_pair
def test_features_and_logits_have_the_promised_shapes_and_agree(encoder, attender):
    model, x = network(encoder, attender).double(), stimuli(dtype=torch.float64)
    with torch.no_grad():
        logits, features, over_time = model(x), model.features(x), model.features_over_time(x)
        decoded = model.decoder(features[:, None])
    assert model.feature_size == (12 if attender == "gpt" else 8)
    assert logits.shape == (3, 5)
    assert features.shape == (3, model.feature_size)
    assert over_time.shape == (3, 9, model.feature_size)
    torch.testing.assert_close(features, over_time[:, -1], rtol=0, atol=1e-10)
    torch.testing.assert_close(logits, decoded, rtol=0, atol=1e-10)


@every_pair
def test_step_does_not_see_later_frames(encoder, attender):
    model, x = network(encoder, attender).double(), stimuli(1, dtype=torch.float64)
    changed = x.clone()
    changed[:, 5:] += 1
    with torch.no_grad():
        difference = (model.features_over_time(x) - model.features_over_time(changed)).abs().amax((0, 2))
    # A frame takes three steps through the graph.
    assert difference[: 5 + LAST_SEEN.get(encoder, 0)].max() < 1e-10
    assert difference[-1] > 1e-6


@every_pair
def test_sample_does_not_depend_on_the_others(encoder, attender):
    model, x = network(encoder, attender).double(), stimuli(dtype=torch.float64)
    with torch.no_grad():
        alone = torch.cat([model(one[None]) for one in x])
        torch.testing.assert_close(model(x), alone, rtol=0, atol=1e-10)


@every_pair
def test_what_is_recorded_last_is_what_forward_gives(encoder, attender):
    model, x = network(encoder, attender, time="last").double(), stimuli(dtype=torch.float64)
    recorded = model.record(x)
    assert tuple(recorded) == model.layers
    with torch.no_grad():
        torch.testing.assert_close(recorded[model.layers[-1]], model(x), rtol=0, atol=1e-10)
        torch.testing.assert_close(recorded[model.committed_layer], model.features(x), rtol=0, atol=1e-10)


@pytest.mark.parametrize("encoder", ["zhuang", "zhuang-intersection"])
def test_nodes_are_recorded_from_the_step_of_their_depth(encoder):
    model, x = network(encoder).double(), stimuli(dtype=torch.float64)
    recorded = model.record(x)
    with torch.no_grad():
        nodes = model.encoder.graph.activations(x)
    for depth, (name, values) in enumerate(nodes.items(), 1):
        sums, n_steps = torch.zeros_like(values[:, 0]), 0
        for step in range(x.shape[1]):
            if step >= depth - 1:
                sums, n_steps = sums + values[:, step], n_steps + 1
        torch.testing.assert_close(recorded[name], (sums / n_steps).flatten(1), rtol=0, atol=1e-12)
    torch.testing.assert_close(recorded["input"], x.sum(1).flatten(1) / 9, rtol=0, atol=1e-12)


def test_decoder_is_recorded_after_its_rectification():
    model, x = network().double(), stimuli(dtype=torch.float64)
    recorded = model.record(x)
    y = model.features(x).detach().numpy()
    for number, layer in enumerate(model.decoder.layers, 1):
        y = y @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        y = np.maximum(y, 0) if number < 3 else y
        np.testing.assert_allclose(recorded[f"decoder.{number}"].numpy(), y, rtol=0, atol=1e-12)


@pytest.mark.parametrize("attender", ["none", "gpt"])
def test_all_steps_are_recorded_where_they_are_asked_for(attender):
    mean, last, all_steps = (
        network(attender=attender, time=time).double().record(stimuli(dtype=torch.float64))
        for time in ("mean", "last", "all")
    )
    for layer, values in all_steps.items():
        if layer.startswith("decoder"):
            assert torch.equal(values, mean[layer])
            continue
        assert values.shape[1] == (18 if layer.startswith("attender") else 9)
        torch.testing.assert_close(values[:, -1], last[layer], rtol=0, atol=0)
        first = int(layer[-1]) - 1 if layer.startswith(("conv", "fc")) else 0
        torch.testing.assert_close(values[:, first:].mean(1), mean[layer], rtol=0, atol=1e-12)


def test_decoder_of_all_steps_reads_them_in_order():
    model, x = network("resnet18", decoder="all_steps").double(), stimuli(dtype=torch.float64)
    with torch.no_grad():
        y = model.features_over_time(x).flatten(1)
        assert model.decoder.layers[0].in_features == 9 * 8
        for number, layer in enumerate(model.decoder.layers, 1):
            y = layer(y).relu() if number < 3 else layer(y)
        torch.testing.assert_close(model(x), y, rtol=0, atol=1e-12)


def test_network_without_a_decoder_gives_the_features():
    model, x = network(decoder="none"), stimuli()
    with torch.no_grad():
        assert torch.equal(model(x), model.features(x))
    assert model.layers[-1] == "fc8"


@pytest.mark.parametrize(("attender", "expected"), [("none", [-1]), ("gpt", None), ("mamba", None)])
def test_graph_is_asked_for_the_steps_that_are_read(attender, expected):
    model, asked = network(attender=attender), []
    model.encoder.graph.register_forward_pre_hook(lambda module, inputs: asked.append(inputs[1]))
    model(stimuli())
    model.features(stimuli())
    assert asked == [expected, expected]
    model.features_over_time(stimuli())
    assert asked[-1] is None


@every_encoder
def test_contract_of_recording_is_kept(encoder):
    model = network(encoder)
    model.name = "tactile/any"
    validate_model(model, stimuli(2))


def test_graph_has_the_weights_of_its_seed():
    model = network("zhuang-intersection", seed=5)
    config = zhuang_graph("intersection", layer_norm=True, channels=CHANNELS, hidden=12, output=8)
    graph = RecurrentGraph(config, seed=5)
    assert model.encoder.graph.state_dict().keys() == graph.state_dict().keys()
    for key, value in graph.state_dict().items():
        assert torch.equal(model.encoder.graph.state_dict()[key], value), key


@every_pair
def test_seed_gives_the_weights_and_leaves_torchs_random_state(encoder, attender):
    state = torch.get_rng_state()
    first, same, other = (network(encoder, attender, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(state, torch.get_rng_state())
    drawn = 0
    for (name, value), again, changed in zip(
        first.named_parameters(), same.parameters(), other.parameters(), strict=True
    ):
        assert torch.equal(value, again), name
        drawn += not torch.equal(value, changed)
    assert drawn > 4


def test_parts_do_not_start_from_the_same_draws():
    model = network("flatten", "gpt", output=8)
    encoder, decoder = model.encoder.linear.weight, model.decoder.layers[0].weight
    n = decoder.numel()
    scaled = [part.detach().flatten()[:n] / part.detach().abs().max() for part in (encoder, decoder)]
    assert abs(torch.corrcoef(torch.stack(scaled))[0, 1]) < 5 / n**0.5


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5])
def test_bad_seed_is_refused(seed):
    with pytest.raises(ValueError, match="seed must be a whole number"):
        network(seed=seed)


@every_pair
def test_half_precision_stays_near_single(encoder, attender):
    model, x = network(encoder, attender), stimuli()
    with torch.no_grad():
        exact = model(x)
        with torch.autocast("cpu", torch.bfloat16):
            rough = model(x)
    assert rough.dtype == torch.bfloat16
    torch.testing.assert_close(rough.float(), exact, rtol=0, atol=0.05 * float(exact.abs().max()) + 0.01)


@pytest.mark.parametrize("shape", [(22, 30, 5, 7), (2, 9, 30, 7, 5), (2, 8, 30, 5, 7), (2, 9, 30, 35)])
@pytest.mark.parametrize("call", ["forward", "features", "features_over_time"])
def test_stimuli_of_another_shape_are_refused(call, shape):
    with pytest.raises(ValueError, match=r"network takes \(batch, 9, 30, 5, 7\).*received .*published_view"):
        getattr(network(), call)(torch.zeros(shape))


def test_unknown_cell_names_the_known_ones():
    with pytest.raises(ValueError, match="cell is 'rnn'; it must be one of .*gru, identity"):
        network(cell="rnn")


def test_reciprocal_cells_get_what_comes_from_below_and_from_above():
    model, x = network("zhuang-reciprocal", layer_norm=True).train(), stimuli()
    nodes = {node.name: node for node in model.encoder.graph.config.nodes}
    assert [
        (nodes[name].inputs, nodes[name].cell_residual, nodes[name].cell_feedback) for name in ("conv1", "conv4")
    ] == [
        (("stimulus",), (), ()),
        (("conv3",), ("conv3",), ("conv5", "conv6")),
    ]
    cells = [model.encoder.graph.nodes[name].cell for name in ("conv1", "conv2", "conv4", "conv6", "fc7")]
    assert [getattr(cell, "residual_channels", None) for cell in cells] == [0, 4, 6, 5, None]
    assert [getattr(cell, "feedback_channels", None) for cell in cells] == [0, 12, 9, 0, None]
    model(x).square().sum().backward()
    unmoved = [name for name, parameter in model.named_parameters() if not parameter.grad.abs().max() > 0]
    assert unmoved == []


def test_whole_numbers_are_refused():
    with pytest.raises(ValueError, match=r"forces and moments in mN and uN.m.*received torch.uint8; convert them"):
        network()(torch.ones(1, 9, 30, 5, 7, dtype=torch.uint8))


def test_other_precision_and_arrays_are_refused():
    model = network()
    with pytest.raises(
        ValueError, match="computes in torch.float32, received torch.float64; convert them, such as with"
    ):
        model(stimuli(dtype=torch.float64))
    with pytest.raises(TypeError, match="takes a tensor, received ndarray; convert it"):
        model(stimuli().numpy())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert model(stimuli(dtype=torch.bfloat16)).shape[0] == 3


def test_time_decay_has_no_norm():
    with pytest.raises(ValueError, match="cell 'time_decay' cannot be built from the options.*layer_norm"):
        network(layer_norm=True)


def test_frames_that_come_too_late_get_no_gradient():
    model = network("zhuang-intersection")
    x = stimuli().requires_grad_()
    model(x).square().sum().backward()
    seen = x.grad.abs().amax((0, 2, 3, 4)) > 0
    assert seen.tolist() == [True] * 6 + [False] * 3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")
@pytest.mark.parametrize("attender", ["none", "gpt"])
def test_compiled_network_gives_the_same_in_one_graph(attender):
    model, x = network(attender=attender), stimuli()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), model(x), rtol=0, atol=1e-5)


def test_a_scale_belongs_to_the_network_and_not_to_the_stimuli():
    """Six divisors are the same as dividing the stimuli; what is recorded as the input stays as it came."""
    scale = (0.05, 0.04, 0.01, 0.1, 0.2, 0.5)
    plain = create_model("tactile/small-ugrnn", seed=0)
    scaled = create_model("tactile/small-ugrnn", seed=0, scale=list(scale))
    x = torch.randn(2, 22, 30, 5, 7)
    divided = x / torch.tensor(scale).repeat(5)[:, None, None]
    torch.testing.assert_close(scaled(x), plain(divided), rtol=0, atol=1e-6)
    assert torch.equal(scaled.record(x, ["input"])["input"], plain.record(x, ["input"])["input"])
    with pytest.raises(ValueError, match="scale must be six positive numbers"):
        create_model("tactile/small", seed=0, scale=(1.0, 0.0, 1.0, 1.0, 1.0, 1.0))
