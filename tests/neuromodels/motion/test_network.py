"""The whole network: parameter counts, flows and layers that agree, any size, and clips that are refused."""

import numpy as np
import pytest
import torch

import neuromodels
from neuromodels import create_model, validate_model
from neuromodels.motion.flow_loss import sequence_loss
from neuromodels.motion.network import MotionNetwork, network_loss
from neuromodels.motion.network_config import MotionConfig

TINY = {"levels": 2, "units_per_level": 4, "iterations": 2, "widths": (2, 4, 4), "upsampler_width": 8}


def tiny(pathways=2, seed=0, **options):
    return create_model(f"motion/{'fom' if pathways == 1 else 'dual'}", seed=seed, **{**TINY, **options})


def clips(batch=2, side=(40, 48), channels=1, seed=0):
    """Smooth random clips that drift to the right."""
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.rand(batch, 1, channels, -(-side[0] // 8), side[1] // 8 + 3, generator=draw)
    large = torch.nn.functional.interpolate(coarse.flatten(0, 1), scale_factor=8.0, mode="bilinear")
    frames = [large[..., 14 - t : 14 - t + side[1]] for t in range(15)]
    return torch.stack(frames, dim=1)[:, :, :, : side[0]]


PARTS = {
    "bank": 3_075 + 256,
    "graph": 11_474_690,
    "decoder": 110_754,
    "upsampler": 2_512_448,
    "fusion": 1_441_792,
}


def counted(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_published_parameter_counts():
    dual, fom = create_model("motion/dual"), create_model("motion/fom")
    assert counted(dual) == 25_557_516
    assert sum(p.numel() for p in dual.parameters() if p.requires_grad) == 25_557_004
    assert counted(fom) == 14_101_223
    assert {name: counted(getattr(dual, name)) for name in PARTS} == PARTS
    assert counted(dual.features) + counted(dual.feature_energy) == 10_014_245 + 256
    assert sum(p.numel() for p in dual.bank.parameters() if p.requires_grad) == 3_075
    encoder = counted(dual.features.stem) + counted(dual.features.stages)
    assert (encoder, counted(dual.features.output)) == (8_240_928, 1_769_728)


def test_the_first_pathway_is_that_of_the_same_seed():
    fom, dual = tiny(1), tiny(2)
    for key, value in fom.state_dict().items():
        assert torch.equal(value, dual.state_dict()[key]), key
    assert not torch.equal(tiny(1, seed=1).decoder.read.weight, fom.decoder.read.weight)
    assert fom.decoder.read.weight.std() != fom.upsampler.convolution_1.weight.std()


@pytest.mark.parametrize("pathways", [1, 2])
def test_flow_is_the_last_of_flows(pathways):
    model, x = tiny(pathways), clips()
    with torch.no_grad():
        flow, flows = model(x), model.flows(x)
    assert flow.shape == (2, 2, 40, 48)
    torch.testing.assert_close(flow, flows.final)
    assert [len(one) for one in flows] == [2, 3, 2 * (pathways - 1), 2 * (pathways - 1)]
    assert (model.n_frames, model.flow_frame) == (15, 7)


@pytest.mark.parametrize("pathways", [1, 2])
def test_layers_are_what_the_parts_give(pathways):
    model, x = tiny(pathways), clips()
    recorded = model.record(x)
    assert list(recorded) == list(model.layers) == list(model.layer_dims)
    with torch.no_grad():
        energy = model.bank(x[:, 2:-2, 0])
        steps = model.graph(energy, 2)
        flows = model.flows(x)
    torch.testing.assert_close(recorded["v1"], energy)
    torch.testing.assert_close(recorded["mt"], steps[-1].motion)
    torch.testing.assert_close(recorded["context"], steps[-1].context)
    torch.testing.assert_close(recorded["flow-0"], flows.first_bilinear[0])
    torch.testing.assert_close(recorded["flow-1"], flows.first_convex[0])
    if pathways == 2:
        with torch.no_grad():
            second = model.feature_energy(model.features(x))
        torch.testing.assert_close(recorded["v1-second-order"], second)
        torch.testing.assert_close(recorded["flow-dual-2"], flows.final)
    for layer, dims in model.layer_dims.items():
        assert dims == ("unit", "row", "col") and recorded[layer].ndim == 4
        assert recorded[layer].shape[2:] == ((40, 48) if layer.startswith("flow") else (5, 6))


def test_no_more_is_computed_than_the_wanted_layers_need(monkeypatch):
    model, x, made = tiny(2), clips(), []
    for part in ("graph", "features", "upsampler"):
        inner = getattr(model, part).forward
        monkeypatch.setattr(
            getattr(model, part), "forward", lambda *a, part=part, inner=inner, **k: made.append(part) or inner(*a, **k)
        )
    expected = {
        "v1": [],
        "mt": ["graph"],
        "flow-2": ["graph", "upsampler"],
        "v1-second-order": ["features"],
        "mt-dual": ["features", "graph"],
    }
    everything = model.record(x)
    for layer, parts in expected.items():
        made.clear()
        torch.testing.assert_close(model.record(x, [layer])[layer], everything[layer])
        assert made == parts, layer
    made.clear()
    with torch.no_grad():
        model(x)
    assert made == ["features", "graph", "upsampler"]


@pytest.mark.parametrize("pathways", [1, 2])
def test_contract(pathways):
    validate_model(tiny(pathways), clips(3))


def test_channels_change_nothing_where_they_are_equal():
    model, grey = tiny(), clips()
    with torch.no_grad():
        torch.testing.assert_close(model(grey.expand(-1, -1, 3, -1, -1)), model(grey), rtol=1e-3, atol=1e-4)


def test_any_size_is_resized_and_its_flow_brought_back():
    model, x = tiny(1), clips(1, side=(41, 45))
    resized = torch.nn.functional.interpolate(x.flatten(0, 1), (40, 48), mode="bicubic", align_corners=True)
    with torch.no_grad():
        flow = model(x)
        fitting = model(resized.clamp(0, 1).unflatten(0, (1, 15)))
    assert flow.shape == (1, 2, 41, 45)
    # Corners lie on corners, and pixels are those of the clip.
    for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        expected = fitting[0, :, corner[0], corner[1]] * torch.tensor([44 / 47, 40 / 39])
        torch.testing.assert_close(flow[0, :, corner[0], corner[1]], expected)
    assert [one.shape for one in model.flows(x).first_convex] == [(1, 2, 41, 45)] * 2


def test_published_sizes_are_multiples_of_eight():
    with pytest.raises(
        ValueError, match=r"multiples of 8, received 41 x 45; resize the clips, or leave out as_published"
    ):
        tiny(1, as_published=True)(clips(1, side=(41, 45)))


def test_batch_mates():
    x = torch.cat([clips(1), 0.2 * clips(1, seed=5) + 0.3])
    with torch.no_grad():
        ours, theirs = tiny(), tiny(as_published=True)
        torch.testing.assert_close(ours(x)[:1], ours(x[:1]), rtol=1e-4, atol=1e-5)
        assert (theirs(x)[:1] - theirs(x[:1])).abs().max() > 1e-4


def test_every_parameter_learns():
    model, x = tiny(), clips()
    model.train()
    network_loss(model.flows(x), torch.ones(2, 2, 40, 48)).backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.abs().max() > 0, name


def test_dual_flow_teaches_the_bank_nothing():
    model, x = tiny(), clips()
    model.flow(x).sum().backward()
    assert all(parameter.grad is None for parameter in model.bank.parameters())


def test_network_loss_has_the_published_weights():
    model, x, flow = tiny(), clips(), torch.ones(2, 2, 40, 48)
    with torch.no_grad():
        flows = model.flows(x)
        first_convex, first_bilinear, dual_convex, dual_bilinear = (sequence_loss(one, flow) for one in flows)
        expected = (dual_convex + dual_bilinear) / 2 + (first_convex + first_bilinear) / 4
        torch.testing.assert_close(network_loss(flows, flow), expected)
        alone = flows._replace(dual_convex=[], dual_bilinear=[])
        torch.testing.assert_close(network_loss(alone, flow), (first_convex + first_bilinear) / 2)


def test_units():
    model = tiny()
    for layer, count in (("mt", 8), ("mt-dual", 8), ("v1-second-order", 8), ("flow-0", 2)):
        table = model.units(layer)
        assert dict(table.sizes) == {"unit": count}
        assert all(np.isnan(table[name]).all() for name in table)
    table = model.units("v1")
    assert dict(table.sizes) == {"unit": 8} and set(model.units("mt")) <= set(table)
    assert all(np.isfinite(table[name]).all() for name in table)
    with pytest.raises(neuromodels.UnknownNameError, match="closest: mt"):
        model.units("mtt")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x[:, :14], "takes clips of 15 frames, received 14"),
        (lambda x: x.expand(-1, -1, 2, -1, -1), r"1 channel \(luminance\) or 3 \(red, green, blue\), received 2"),
        (lambda x: x[..., :16, :16], "at least 24 x 24 pixels, received 16 x 16"),
        (lambda x: x * 255, "divide by 255"),
        (lambda x: x.index_fill(3, torch.tensor([3]), float("nan")), "are NaN; replace them"),
        (lambda x: x[0], "use|clip alone is clip"),
    ],
)
def test_refused_clips(change, words):
    with pytest.raises(ValueError, match=words):
        tiny()(change(clips()))


def test_state_survives_saving(tmp_path):
    model, x = tiny(), clips(1)
    folder = neuromodels.save_model(model, tmp_path / "kept")
    with torch.no_grad():
        assert torch.equal(neuromodels.load_model(folder)(x), model(x))


def test_random_state_is_left_alone():
    before = torch.get_rng_state()
    MotionNetwork(MotionConfig(**TINY), seed=3)
    assert torch.equal(before, torch.get_rng_state())


def test_bf16_is_close():
    model, x = tiny(), clips()
    with torch.no_grad():
        exact = model(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = model(x)
    assert rough.dtype == torch.float32
    assert (rough - exact).abs().max() < 0.05 * exact.abs().max()


@pytest.mark.parametrize("pathways", [1, 2])
def test_streaming_changes_nothing(pathways, monkeypatch):
    monkeypatch.setattr("neuromodels.motion.affinity.BLOCK", 300)
    x = clips()
    with torch.no_grad():
        dense, streamed = (tiny(pathways, streamed=one)(x) for one in (False, True))
    torch.testing.assert_close(streamed, dense, rtol=1e-5, atol=1e-5)
