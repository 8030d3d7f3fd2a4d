"""Stage II: golden arrays, a plain loop over places, batches that do not couple, and known position codes."""

import math

import pytest
import torch

from neuromodels.motion.motion_graph import MotionGraph, position_code

GRU = {
    f"{kind}_gru_{axis}_{gate}": f"{kind_ours}_gru.{axis_ours}.{gate_ours}"
    for kind, kind_ours in {"state": "state", "ctx": "context"}.items()
    for axis, axis_ours in {"h": "horizontal", "v": "vertical"}.items()
    for gate, gate_ours in {"z": "update", "r": "reset", "q": "candidate"}.items()
}
NAMES = {
    "norm_sigma": "norm_sigma",
    "norm_k": "norm_k",
    "embed_fc1": "embed_1",
    "embed_fc2": "embed_2",
    "value_fc": "value",
    "merge_fc": "merge",
    "ctx_fc": "context_project",
    "ctx_ln": "context_norm",
    "ctx_conv1": "context_conv_1",
    "ctx_conv2": "context_conv_2",
    "ctx_conv3": "context_conv_3",
    "msg_ln1": "message_norm_1",
    "msg_ln2": "message_norm_2",
    "mlp_fc1": "mlp_1",
    "mlp_fc2": "mlp_2",
    "mlp_fc3": "mlp_3",
    "decode_fc1": "read_1",
    "decode_fc2": "read_2",
    **GRU,
}


def golden_graph(arrays, **options):
    graph = MotionGraph(32, **options)
    state = {}
    for key, values in arrays.items():
        if key.startswith("W."):
            module, _, part = key[2:].partition(".")
            state[NAMES[module] + (f".{part}" if part else "")] = torch.from_numpy(values)
    graph.load_state_dict(state)
    return graph


@pytest.mark.parametrize("as_published", [True, False])
@pytest.mark.parametrize("streamed", [True, False])
def test_golden(motion_golden, as_published, streamed, monkeypatch):
    monkeypatch.setattr("neuromodels.motion.affinity.BLOCK", 192 * 50)  # four blocks, the last one smaller
    arrays = motion_golden("stage2_small.npz")
    graph = golden_graph(arrays, as_published=as_published, streamed=streamed)
    features = torch.from_numpy(arrays["input"])
    with torch.no_grad():
        start = graph.start(features)
        adjacency = graph.adjacency(start)
        found = graph(features, 4)
    close = {"rtol": 0, "atol": 1e-5}
    torch.testing.assert_close(start, torch.from_numpy(arrays["input_with_position"]), **close)
    torch.testing.assert_close(adjacency, torch.from_numpy(arrays["iter1_adjacency_normalised"]), **close)
    for number, iteration in enumerate(found, start=1):
        torch.testing.assert_close(iteration.motion, torch.from_numpy(arrays[f"iter{number}_motion"]), **close)
        torch.testing.assert_close(iteration.context, torch.from_numpy(arrays[f"iter{number}_context"]), **close)


def small_graph(**options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MotionGraph(8, **options)


def energy(batch, rows=5, cols=6, seed=1, channels=8):
    return torch.rand(batch, channels, rows, cols, generator=torch.Generator().manual_seed(seed)) * 3


def test_batch_mates_do_not_matter_by_default():
    graph, maps = small_graph(), torch.cat([energy(1), 40 * energy(1, seed=2)])
    with torch.no_grad():
        together, alone = graph(maps, 3)[-1], graph(maps[:1], 3)[-1]
    torch.testing.assert_close(together.motion[:1], alone.motion, rtol=1e-5, atol=1e-6)


def test_as_published_couples_the_batch():
    graph, maps = small_graph(as_published=True), torch.cat([energy(1), 40 * energy(1, seed=2)])
    with torch.no_grad():
        together, alone = graph(maps, 3)[-1], graph(maps[:1], 3)[-1]
    assert (together.motion[:1] - alone.motion).abs().max() > 1e-2


def test_one_sample_is_as_published():
    maps = energy(1)
    ours, theirs = small_graph(), small_graph(as_published=True)
    with torch.no_grad():
        torch.testing.assert_close(ours(maps, 3)[-1].motion, theirs(maps, 3)[-1].motion, rtol=1e-5, atol=1e-5)


def test_last_alone_is_the_last_of_every():
    graph, maps = small_graph(), energy(2)
    with torch.no_grad():
        every, last = graph(maps, 3), graph(maps, 3, every=False)
    assert len(every) == 3 and len(last) == 1
    assert torch.equal(every[-1].motion, last[0].motion) and torch.equal(every[-1].context, last[0].context)


def test_motion_has_the_mean_that_the_gain_gives():
    graph = small_graph()
    with torch.no_grad():
        motion = graph(energy(2), 1)[0].motion.flatten(1)
    # y = k z / (mean z + s^2): its mean is below k.
    assert (motion >= 0).all() and (motion.mean(dim=1) <= 1.8 + 1e-5).all()


def test_position_code():
    code = position_code(8, 3, 5)[0]
    place = 2 * math.pi * 2 / (3 + 1e-6)  # second row
    for channel, expected in enumerate(
        [math.sin(place), math.cos(place), math.sin(place / 100), math.cos(place / 100)]
    ):
        torch.testing.assert_close(code[channel, 1], torch.full((5,), expected))
    torch.testing.assert_close(code[4, 0], torch.sin(2 * math.pi * torch.arange(1, 6) / 5.000001))
    for rows, cols in ((32, 32), (64, 64), (40, 128)):
        assert 0.492 < float(position_code(256, rows, cols).mean()) < 0.496


def test_an_embedding_of_zeros_is_finite():
    graph = small_graph()
    with torch.no_grad():
        graph.embed_2.weight.zero_()
    motion = graph(energy(1), 2)[-1].motion
    motion.sum().backward()
    assert torch.isfinite(motion).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in graph.parameters() if parameter.grad is not None)


def test_odd_channels_are_refused():
    with pytest.raises(ValueError, match="multiple of 4 for the position code, received 6"):
        MotionGraph(6)
