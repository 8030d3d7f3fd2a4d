"""Published networks: their states, logits and gradients, and files that are none."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from neuromodels.errors import ContractError, ResourceNotAvailableError
from neuromodels.timescale import LeakyConfig, load_published
from simulators.tasks import labels

NETWORKS = (
    "init_seed0",
    "multihead_parity_N2-5",
    "multihead_parity_N2-10",
    "singlehead_parity_N5",
    "singlehead_parity_N10",
    "sliding10-5_parity_N2-11",
)
DIGITS = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1] * 2


def arrays(**changes):
    found = {
        "tau": np.array([1.5, 0.9999, 1.2], np.float32),
        "W_in": np.ones(3, np.float32),
        "b_in": np.zeros(3, np.float32),
        "W_rec": np.zeros((3, 3), np.float32),
        "b_rec": np.zeros(3, np.float32),
        "W_out": np.ones((2, 2, 3), np.float32),
        "b_out": np.zeros((2, 2), np.float32),
        "Ns": np.array([2, 3]),
        "leaky_slope": np.float32(0.01),
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("name", NETWORKS)
def test_states_and_logits_are_the_published_ones(real_data, name):
    folder = real_data / "timescales"
    golden = json.loads((folder / "golden_forward.json").read_text())[name]
    model = load_published(folder / f"{name}.npz")
    x = torch.tensor(DIGITS, dtype=torch.float32)[None, :, None]
    with torch.no_grad():
        last = model.states(x)[0, -1]
        logits = model(x)[0]
    torch.testing.assert_close(last[:5], torch.tensor(golden["h_first5"]), atol=1e-4, rtol=0)
    assert float(last.abs().sum()) == pytest.approx(golden["h_abs_sum"], abs=2e-3)
    assert float(last.sum()) == pytest.approx(golden["h_sum"], abs=2e-3)
    answers = model.answers or range(2, 2 + len(logits))
    for n, expected in golden["logits"].items():
        torch.testing.assert_close(logits[list(answers).index(int(n))], torch.tensor(expected), atol=2e-3, rtol=0)


def gradients(folder, published_diagonal):
    model = load_published(folder / "init_seed0.npz")
    model.config = LeakyConfig(published_diagonal=published_diagonal)
    rng = np.random.default_rng(123)
    digits = torch.from_numpy((rng.random((24, 32)) < rng.random((1, 32))).T.astype(np.float32))
    logits = model(digits[..., None], heads=range(6))
    answers = labels(digits, range(2, 8), "parity")
    loss = sum(functional.cross_entropy(logits[:, head], answers[:, head]) for head in range(6))
    loss.backward()
    return model, float(loss.detach())


def test_loss_and_gradients_are_the_published_ones(real_data):
    model, loss = gradients(real_data / "timescales", published_diagonal=True)
    weight = model.recurrent_weight.grad
    assert loss == pytest.approx(4.37125, abs=5e-5)
    assert float(weight.norm()) == pytest.approx(3.70491, rel=1e-4)
    assert float(weight.diagonal().norm()) == pytest.approx(0.23593, rel=1e-3)
    assert float(model.tau.grad.norm()) == pytest.approx(0.017272, rel=1e-3)
    assert float(model.input_weight.grad.norm()) == pytest.approx(0.198848, rel=1e-4)
    assert float(model.recurrent_bias.grad.norm()) == pytest.approx(0.304885, rel=1e-4)
    torch.testing.assert_close(model.input_bias.grad, model.recurrent_bias.grad)
    total = torch.cat([parameter.grad.flatten() for parameter in model.parameters()]).norm()
    assert float(model.readout_weight.grad.norm()) == pytest.approx(8.2393, rel=1e-4)
    assert float(total) == pytest.approx(9.06982, rel=1e-4)


def test_without_the_published_diagonal_the_rest_of_the_gradient_is_the_same(real_data):
    folder = real_data / "timescales"
    (masked, loss), (published, same) = gradients(folder, False), gradients(folder, True)
    assert loss == same
    assert float(masked.recurrent_weight.grad.norm()) == pytest.approx(3.69739, rel=1e-4)
    assert float(masked.recurrent_weight.grad.diagonal().abs().max()) == 0
    off = ~torch.eye(500, dtype=torch.bool)
    torch.testing.assert_close(masked.recurrent_weight.grad[off], published.recurrent_weight.grad[off])


def test_time_constants_below_the_clamp_act_as_one_and_are_kept(tmp_path):
    np.savez(tmp_path / "small.npz", **arrays())
    model = load_published(tmp_path / "small.npz")
    assert model.tau[1].item() == pytest.approx(0.9999)
    assert model.time_constants()[1].item() == 1
    assert model.answers == (2, 3) and model.label == "small"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tau": None}, "has no array 'tau'"),
        ({"W_rec": np.zeros((3, 2), np.float32)}, r"W_rec has shape \(3, 2\), but \(3, 3\) is expected"),
        ({"b_in": np.array([0, np.nan, 0], np.float32)}, "b_in, of type float32, must hold finite"),
        ({"Ns": np.array([1, 2])}, r"Ns must hold whole numbers of at least 2, received \[1, 2\]"),
        ({"leaky_slope": np.float32(0.2)}, "leaky_slope 0.2; networks of this kind have 0.01"),
        ({"tau": np.array([1.5, -1, 1.2], np.float32)}, "a time constant of -1 steps; each must be above 0"),
        ({"W_out": np.ones((2, 3, 3), np.float32)}, r"W_out has shape \(2, 3, 3\), but \(head, 2, unit\)"),
        ({"W_in": np.array([{}, {}, {}], object)}, "cannot be read as an .npz archive of plain arrays"),
    ],
)
def test_a_file_that_is_no_network_is_refused(tmp_path, changes, words):
    np.savez(tmp_path / "small.npz", **arrays(**changes))
    with pytest.raises(ContractError, match=words):
        load_published(tmp_path / "small.npz")


def test_absent_and_damaged_files(tmp_path):
    with pytest.raises(ResourceNotAvailableError, match="there is no file"):
        load_published(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ContractError, match="cannot be read"):
        load_published(tmp_path / "text.npz")


def test_free_time_constants_hold_what_is_above_the_clamp(tmp_path):
    np.savez(tmp_path / "fit.npz", **arrays(tau=np.array([1.5, 1.001, 9.0], np.float32)))
    model = load_published(tmp_path / "fit.npz", timescales="free")
    torch.testing.assert_close(model.time_constants(), torch.tensor([1.5, 1.001, 9.0]))
    np.savez(tmp_path / "frozen.npz", **arrays())
    with pytest.raises(ContractError, match="1 time constants at or below 1 step"):
        load_published(tmp_path / "frozen.npz", timescales="free")
