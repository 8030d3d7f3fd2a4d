"""Objectives without labels against published losses and gradients, loops in numpy, and known values."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuromodels.training import Autoencoder, SimCLR, SimSiam, contrastive_loss

CLOSE = {"rtol": 0, "atol": 1e-9}
SIMCLR = {"neck.linear1": "neck.fc0", "neck.norm1": "neck.bn0", "neck.linear2": "neck.fc1", "neck.norm2": "neck.bn1"}
SIMSIAM = {
    **{f"projector.linear{i}": f"projection_mlp.layer{i}.0" for i in (1, 2, 3)},
    **{f"projector.norm{i}": f"projection_mlp.layer{i}.1" for i in (1, 2, 3)},
    "predictor.linear1": "prediction_mlp.layer1.0",
    "predictor.norm1": "prediction_mlp.layer1.1",
    "predictor.linear2": "prediction_mlp.layer2",
}
AUTOENCODER = {"decoder.linear": "decoder.fc", **{f"decoder.conv{i + 1}": f"decoder.deconv.{2 * i}" for i in range(3)}}


def normal(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


@pytest.fixture
def golden(real_data):
    def read(case):
        with np.load(real_data / "tactile" / "golden_losses" / f"{case}.npz", allow_pickle=False) as file:
            arrays = {key: file[key] for key in file}
        return arrays, json.loads(str(arrays["meta_json"]))

    return read


def their_name(name, names):
    layer, _, kind = name.rpartition(".")
    return f"{names[layer]}.{kind}"


def with_weights(objective, arrays, names):
    objective = objective.double().train()
    with torch.no_grad():
        for name, parameter in objective.named_parameters():
            stored = torch.from_numpy(arrays[f"weight/{their_name(name, names)}"])
            assert stored.shape == parameter.shape
            parameter.copy_(stored)
    assert len(list(objective.parameters())) == sum(key.startswith("weight/") for key in arrays)
    return objective


def assert_loss_and_gradients(objective, loss, arrays, names):
    loss.backward()
    np.testing.assert_allclose(loss.item(), arrays["loss"], **CLOSE)
    for name, parameter in objective.named_parameters():
        np.testing.assert_allclose(
            parameter.grad, arrays[f"grad_weight/{their_name(name, names)}"], err_msg=name, **CLOSE
        )


def test_published_simclr(golden):
    arrays, meta = golden("simclr")
    objective = SimCLR(
        meta["model_output_dim"],
        hidden=meta["hidden_dim"],
        embedding=meta["embedding_dim"],
        temperature=meta["temperature"],
    )
    objective = with_weights(objective, arrays, SIMCLR)
    views = torch.from_numpy(arrays["x"]).requires_grad_()
    assert_loss_and_gradients(objective, objective(views[::2], views[1::2]), arrays, SIMCLR)
    np.testing.assert_allclose(views.grad, arrays["grad_x"], **CLOSE)


def test_published_simsiam(golden):
    arrays, meta = golden("simsiam")
    objective = SimSiam(meta["model_output_dim"], hidden=meta["proj_hidden"], bottleneck=meta["pred_hidden"])
    objective = with_weights(objective, arrays, SIMSIAM)
    first, second = (torch.from_numpy(arrays[key]).requires_grad_() for key in ("x1", "x2"))
    assert_loss_and_gradients(objective, objective(first, second), arrays, SIMSIAM)
    np.testing.assert_allclose(first.grad, arrays["grad_x1"], **CLOSE)
    np.testing.assert_allclose(second.grad, arrays["grad_x2"], **CLOSE)


def test_published_autoencoder(golden):
    arrays, meta = golden("autoencoder")
    objective = Autoencoder(meta["d"], [meta[key] for key in "CHW"], sparsity=meta["l1_weighting"])
    objective = with_weights(objective, arrays, AUTOENCODER)
    features = torch.from_numpy(arrays["hidden_vec"]).requires_grad_()
    loss = objective(features, torch.from_numpy(arrays["inp"]))
    assert_loss_and_gradients(objective, loss, arrays, AUTOENCODER)
    np.testing.assert_allclose(features.grad, arrays["grad_hidden_vec"], **CLOSE)


@pytest.mark.parametrize("temperature", [0.1, 2.0])
def test_contrast_is_the_loop_over_pairs(temperature):
    first, second = normal(0, 4, 3), normal(1, 4, 3)
    rows = [row / (math.sqrt((row**2).sum()) + 1e-10) for view in (first, second) for row in view.numpy()]
    losses = []
    for i in range(8):
        exponentials = [0.0 if j == i else math.exp(rows[i] @ rows[j] / temperature) for j in range(8)]
        losses.append(-math.log(exponentials[(i + 4) % 8] / sum(exponentials)))
    assert contrastive_loss(first, second, temperature).item() == pytest.approx(np.mean(losses), abs=1e-12)


def test_contrast_of_equal_rows_is_chance():
    same = torch.ones(5, 3, dtype=torch.float64)
    assert contrastive_loss(same, same).item() == pytest.approx(math.log(9), abs=1e-12)


def test_contrast_stays_finite_at_a_low_temperature():
    first, second = normal(0, 4, 3).requires_grad_(), normal(1, 4, 3)
    loss = contrastive_loss(first, -second, 1e-4)
    loss.backward()
    assert loss.isfinite()
    assert first.grad.isfinite().all()


@given(st.permutations(range(6)), st.floats(0.1, 10))
def test_contrast_knows_neither_order_nor_length(order, scale):
    first, second = normal(0, 6, 4), normal(1, 6, 4)
    expected = contrastive_loss(first, second).item()
    assert contrastive_loss(second[order], first[order] * scale).item() == pytest.approx(expected, abs=1e-7)


def test_simsiam_is_the_same_for_swapped_views():
    objective = SimSiam(5, hidden=8, bottleneck=3).double()
    first, second = normal(0, 6, 5), normal(1, 6, 5)
    torch.testing.assert_close(objective(first, second), objective(second, first), rtol=0, atol=1e-14)


def test_simsiam_without_predictor_has_minus_one_for_equal_views():
    objective = SimSiam(5, hidden=8, bottleneck=3).double()
    objective.predictor = torch.nn.Identity()
    view = normal(0, 6, 5)
    assert objective(view, view).item() == pytest.approx(-1, abs=1e-14)


def test_simsiam_sends_no_gradient_into_its_targets():
    objective = SimSiam(5, hidden=8, bottleneck=3).double()
    for parameter in objective.predictor.parameters():
        torch.nn.init.zeros_(parameter)
    first = normal(0, 6, 5).requires_grad_()
    objective(first, normal(1, 6, 5)).backward()
    assert torch.equal(first.grad, torch.zeros(6, 5, dtype=torch.float64))


def test_autoencoder_of_zero_weights_pays_for_the_whole_stimulus():
    objective = Autoencoder(7, (2, 3, 4), sparsity=0.5).double()
    for parameter in objective.parameters():
        torch.nn.init.zeros_(parameter)
    features, stimulus = normal(0, 2, 3, 7), normal(1, 2, 3, 2, 3, 4)
    expected = 0.5 * np.mean(stimulus.numpy() ** 2) + 0.5 * np.mean(np.abs(features.numpy()))
    assert objective(features, stimulus).item() == pytest.approx(expected, abs=1e-14)
    assert objective.reconstruct(features).shape == stimulus.shape


def test_sizes_of_the_tactile_networks():
    assert SimCLR(512).neck.linear1.weight.shape == (2048, 512)
    assert SimCLR(512).neck.linear2.weight.shape == (128, 2048)
    assert SimSiam(512).projector.linear3.weight.shape == (2048, 2048)
    assert SimSiam(512).predictor.linear1.weight.shape == (512, 2048)
    assert Autoencoder(512, (30, 5, 7)).decoder.conv1.weight.shape == (15, 30, 3, 3)


@pytest.mark.parametrize(
    "make", [lambda seed: SimCLR(64, seed=seed), lambda seed: Autoencoder(9, (2, 3, 3), seed=seed)]
)
def test_seed_gives_the_weights_and_leaves_the_generator(make):
    state = torch.random.get_rng_state()
    first, again, other = (next(iter(make(seed).parameters())) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_neck_starts_small():
    weight = SimCLR(512).neck.linear1.weight
    assert weight.std().item() == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: SimCLR(0), "features must be at least 1, received 0"),
        (lambda: SimCLR(3, temperature=0), "temperature must be finite and above 0, received 0"),
        (lambda: SimSiam(3, bottleneck=0), "bottleneck must be at least 1, received 0"),
        (lambda: Autoencoder(3, (2, 3)), r"stimulus_shape must be \(channel, row, col\), received \(2, 3\)"),
        (lambda: Autoencoder(3, (2, 0, 3)), "rows must be at least 1, received 0"),
        (lambda: Autoencoder(3, (2, 3, 3), sparsity=-1), "sparsity must be finite and at least 0, received -1"),
        (lambda: SimCLR(3)(torch.ones(4, 2), torch.ones(4, 2)), r"both views must be \(sample, 3\).*\(4, 2\)"),
        (lambda: SimSiam(3)(torch.ones(4, 3), torch.ones(5, 3)), r"received \(4, 3\) and \(5, 3\)"),
        (lambda: SimSiam(3)(torch.ones(1, 3), torch.ones(1, 3)), "2 or more samples"),
        (lambda: contrastive_loss(torch.ones(4), torch.ones(4)), r"both views must be \(sample, embedding\)"),
        (lambda: contrastive_loss(torch.ones(2, 2), torch.ones(2, 2), -1.0), "temperature"),
        (lambda: Autoencoder(3, (2, 3, 3))(torch.ones(4, 3), torch.ones(4, 2, 3, 3)), r"\(batch, step, 3\)"),
        (
            lambda: Autoencoder(3, (2, 3, 3))(torch.ones(4, 5, 3), torch.ones(4, 2, 3, 3)),
            r"stimulus must be \(4, 5, 2, 3, 3\).*received \(4, 2, 3, 3\)",
        ),
    ],
)
def test_errors(call, words):
    with pytest.raises(ValueError, match=words):
        call()
