"""Accuracy, ablation, perturbation, generalisation: a network built by hand that answers parity of 2 without fault."""

import numpy as np
import pytest
import torch

from neuromodels.timescale import GatedConfig, GatedRNN, LeakyConfig, LeakyRNN
from neuromodels.timescale.measures_ablation import ablate, ablation
from neuromodels.timescale.measures_accuracy import accuracy, stream_accuracy
from neuromodels.timescale.measures_activity import random_digits
from neuromodels.timescale.measures_generalisation import accuracy_of_other_answer, generalisation
from neuromodels.timescale.measures_perturbation import compare_perturbations, perturb, perturbation
from neuromodels.timescale.measures_variants import relative_accuracy, variant_accuracy
from simulators.tasks import draw_digits, labels, labels_in_time


@pytest.fixture
def parity_of_two():
    """Unit 0 holds the digit, unit 1 the one before, unit 2 whether both are 1, unit 3 nothing that matters."""
    config = LeakyConfig(units=4, heads=2, activation="relu", timescales="clamped", answers=(2, 3))
    network = LeakyRNN(config, seed=0)
    with torch.no_grad():
        for value in network.parameters():
            value.zero_()
        network.tau.copy_(torch.tensor([0.99, 0.999, 1.0, 1.9]))
        network.input_weight[:, 0] = torch.tensor([1.0, 0, 1, 1])
        network.recurrent_weight[1, 0] = network.recurrent_weight[2, 0] = 1
        network.recurrent_bias[2] = -1
        network.readout_weight[:, 1] = torch.tensor([2.0, 2, -4, 0])
        network.readout_bias[:, 1] = -1
    return network


def test_a_perfect_network_is_always_right(parity_of_two):
    assert accuracy(parity_of_two, [2], sequences=600)["accuracy"].item() == 1
    assert (stream_accuracy(parity_of_two, [2], streams=3, steps=200)["accuracy"] == 1).all()


@pytest.mark.parametrize("odds", ["per sequence", "even"])
def test_it_scores_on_other_questions_what_its_answer_is_worth(parity_of_two, odds):
    found = generalisation(parity_of_two, range(2, 9), head=0, odds=odds, sequences=8_000)
    np.testing.assert_allclose(found["accuracy"], found["old_answer"], atol=0.02)
    assert found.attrs["answered"] == 2 and found["old_answer"][0] == 1


@pytest.mark.parametrize("rule", ["parity", "match"])
@pytest.mark.parametrize("odds", ["per sequence", "even"])
@pytest.mark.parametrize(("answered", "asked"), [(10, 2), (10, 9), (10, 6), (3, 5), (4, 4)])
def test_the_worth_of_an_old_answer_is_that_of_drawn_sequences(rule, odds, answered, asked):
    digits = draw_digits(40_000, 10, torch.Generator().manual_seed(0), odds=odds)
    old, right = (labels(digits, [n], rule) for n in (answered, asked))
    drawn = float((old == right).double().mean())
    assert accuracy_of_other_answer(rule, answered, asked, odds) == pytest.approx(drawn, abs=0.01)


def test_a_constant_answer_is_worth_chance(parity_of_two):
    with torch.no_grad():
        parity_of_two.readout_weight.zero_()
    found = accuracy(parity_of_two, sequences=8_000)
    np.testing.assert_allclose(found["accuracy"], found["chance"], atol=0.02)
    np.testing.assert_allclose(found["chance"], [2 / 3, 0.5])


def test_many_networks_on_streams_are_each_network_step_by_step(parity_of_two):
    networks = [perturb(parity_of_two, "weights", 0.5, torch.Generator().manual_seed(k)) for k in range(11)]
    digits = random_digits(22, 300, seed=0, odds="even")[..., 0].unflatten(0, (11, 2))
    found = variant_accuracy(networks, digits, 2, 0)
    for network, own, expected in zip(networks, digits, found, strict=True):
        with torch.no_grad():
            answers = network.readout(network.states(own[..., None])[:, 1:], [0])[:, :, 0].argmax(-1)
        right = (answers == labels_in_time(own, [2])[..., 0])[:, 100:].double().mean(1)
        np.testing.assert_allclose(expected, right, atol=1e-12)
    assert 0.4 < found.mean() < 0.99


def test_networks_and_streams_in_one_call_give_what_one_network_gives(parity_of_two):
    changed = perturb(parity_of_two, "weights", 0.3, torch.Generator().manual_seed(0))
    single = stream_accuracy(changed, [2], streams=4, steps=150, seed=3)["accuracy"][:, 0]
    digits = random_digits(4, 250, seed=3, odds="even")[None, ..., 0]
    np.testing.assert_allclose(variant_accuracy([changed], digits, 2, 0)[0], single)


def test_cutting_a_unit_is_the_network_without_it():
    config = LeakyConfig(units=9, heads=2, answers=(2, 3))
    network = LeakyRNN(config, seed=1)
    cut = ablate(network, 4)
    rest = [unit for unit in range(9) if unit != 4]
    smaller = LeakyRNN(LeakyConfig(units=8, heads=2, answers=(2, 3)), seed=0)
    with torch.no_grad():
        for name in ("tau", "input_weight", "input_bias", "recurrent_bias"):
            getattr(smaller, name).copy_(getattr(network, name)[rest])
        smaller.recurrent_weight.copy_(network.recurrent_weight[rest][:, rest])
        smaller.readout_weight.copy_(network.readout_weight[:, :, rest])
        smaller.readout_bias.copy_(network.readout_bias)
        digits = random_digits(3, 60, seed=0)
        torch.testing.assert_close(cut.states(digits)[..., rest], smaller.states(digits))
        torch.testing.assert_close(cut(digits), smaller(digits))
        assert float(cut.states(digits)[:, -1, 4].abs().max()) < 1e-6


def test_as_published_the_biases_and_other_heads_stay():
    network = LeakyRNN(LeakyConfig(units=9, heads=3, answers=(2, 3, 4)), seed=1)
    cut = ablate(network, 4, as_published=True)
    assert (cut.readout_weight[0, :, 4] == 0).all()
    assert (cut.readout_weight[1:, :, 4] == network.readout_weight[1:, :, 4]).all()
    assert cut.input_bias[4] == network.input_bias[4] and cut.recurrent_bias[4] == network.recurrent_bias[4]
    with torch.no_grad():
        states = cut.states(random_digits(2, 200, seed=0))[:, 100:, 4]
    assert float(states.std(1).max()) < 1e-6 < float(states.abs().max())
    assert (network.recurrent_weight[4] != 0).any()  # the network itself stays as it is


def test_ablation_names_the_units_that_matter(parity_of_two):
    found = ablation(parity_of_two, 2, units=2, streams=4, steps=300)
    assert found["unit"].values.tolist() == [[0, 1], [2, 3]]
    assert found.attrs["baseline"] == 1 and found.attrs["relative_shortest"] < 0.7
    without = found["accuracy"].mean("stream").values
    assert without[1, 1] == 1  # unit 3
    assert (without.ravel()[:3] < 0.8).all()
    np.testing.assert_allclose(found["time_constant"], [[0.99, 0.999], [1.0, 1.9]], rtol=1e-6)


@pytest.mark.parametrize("kind", ["weights", "time constants", "time constants both ways"])
def test_noise_has_the_size_that_is_asked_for(kind):
    network = LeakyRNN(LeakyConfig(units=30, heads=1, answers=(2,)), seed=0)
    changed = perturb(network, kind, 0.2, torch.Generator().manual_seed(0))
    name = "recurrent_weight" if kind == "weights" else "tau"
    before, after = getattr(network, name).detach(), getattr(changed, name).detach()
    assert float((after - before).norm() / before.norm()) == pytest.approx(0.2, rel=1e-5)
    if kind == "time constants":
        assert (after > before).all()
    others = {key: value for key, value in changed.state_dict().items() if key != name}
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in others.items())


def test_other_noise_follows_its_formula():
    network = LeakyRNN(LeakyConfig(units=200, heads=1, answers=(2,)), seed=0)
    multiplied = perturb(network, "weights multiplied", 0.5, torch.Generator().manual_seed(0))
    kept = network.recurrent_weight != 0
    ratio = (multiplied.recurrent_weight / network.recurrent_weight)[kept].detach()
    assert 1 <= float(ratio.min()) < 1.01 and 1.49 < float(ratio.max()) <= 1.5
    added = perturb(network, "time constants added", 0.1, torch.Generator().manual_seed(0))
    assert float((added.tau - network.tau).detach().std()) == pytest.approx(0.1, rel=0.2)


def test_noise_in_time_constants_without_a_clamp_is_that_of_the_time_constants():
    network = LeakyRNN(LeakyConfig(units=30, heads=1, answers=(2,), timescales="free"), seed=0)
    changed = perturb(network, "time constants", 0.2, torch.Generator().manual_seed(0))
    before, after = network.time_constants().detach(), changed.time_constants().detach()
    assert float((after - before).norm() / before.norm()) == pytest.approx(0.2, rel=1e-4)
    with pytest.raises(ValueError, match="use a smaller epsilon"):
        perturb(network, "time constants added", 5.0, torch.Generator().manual_seed(0))


def test_perturbation_gives_raw_and_relative_accuracies(parity_of_two):
    found = perturbation(parity_of_two, "weights", (0, 0.01, 3.0), n=2, draws=6, steps=200)
    assert found["mean"][0] == 1 and found["mean"][1] == 1 and found["mean"][2] < 0.8
    np.testing.assert_allclose(found["relative"], (found["mean"] - 0.5) / 0.5)
    assert found.identical(perturbation(parity_of_two, "weights", (0, 0.01, 3.0), n=2, draws=6, steps=200))
    other = perturbation(parity_of_two, "weights", (0, 0.01, 3.0), n=2, draws=6, steps=200, seed=1)
    tested = compare_perturbations(found, other)
    assert np.isnan(tested["p"][0]) and 0 < tested["p"][2] <= 1
    same = compare_perturbations(found, found)
    assert same["p"][2] == pytest.approx(1)


def test_relative_accuracy_by_the_largest_or_the_mean():
    baseline = np.array([0.9, 1.0, 0.8])
    assert relative_accuracy(0.75, baseline) == pytest.approx(0.5)
    assert relative_accuracy(0.7, baseline, "mean") == pytest.approx(0.5)
    with pytest.raises(ValueError, match="which is chance"):
        relative_accuracy(0.7, np.array([0.5, 0.4]))
    with pytest.raises(ValueError, match="by must be"):
        relative_accuracy(0.7, baseline, "median")


def test_gated_networks_have_accuracies_but_no_ablation():
    network = GatedRNN(GatedConfig("lstm", units=6, heads=2, answers=(2, 3)), seed=0)
    assert accuracy(network, sequences=300)["accuracy"].shape == (2,)
    with pytest.raises(ValueError, match="this takes leaky networks"):
        ablation(network)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net: accuracy(net, [1]), "at least 2"),
        (lambda net: accuracy(net, [3, 2]), "N must rise"),
        (lambda net: accuracy(net, [7]), "no head of this network was trained for N = 7"),
        (lambda net: accuracy(net, [2], heads=[2]), "head 2 does not exist"),
        (lambda net: accuracy(net, [2], heads=[0, 1]), "one head for each N"),
        (lambda net: accuracy(net, sequences=0), "sequences must be at least 1"),
        (lambda net: ablate(net, 4), "unit must be from 0 to 3"),
        (lambda net: ablation(net, units=3), "half of the 4 units"),
        (lambda net: perturbation(net, "weights", (0.1,)), "epsilons must hold 0"),
        (lambda net: perturbation(net, draws=0), "draws must be at least 1"),
        (lambda net: perturb(net, "wires", 0.1, torch.Generator()), "kind must be one of"),
        (lambda net: perturb(net, "weights", -1, torch.Generator()), "epsilon must be 0 or more"),
        (lambda net: generalisation(net, [2], head=5), "give answered"),
        (lambda net: accuracy_of_other_answer("parity", 2, 3, "balanced"), "balanced for one N"),
    ],
)
def test_what_cannot_be_done_is_refused(parity_of_two, call, message):
    with pytest.raises(ValueError, match=message):
        call(parity_of_two)


def test_a_network_that_does_not_say_what_it_answers_is_asked_by_head():
    network = LeakyRNN(LeakyConfig(units=5, heads=3), seed=0)
    with pytest.raises(ValueError, match="does not say which N"):
        accuracy(network)
    assert accuracy(network, [2, 5], heads=[2, 0], sequences=50)["head"].values.tolist() == [2, 0]
