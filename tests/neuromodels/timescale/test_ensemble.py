"""Networks side by side give the numbers that each gives alone."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.timescale import LeakyConfig, LeakyEnsemble, LeakyRNN
from neuromodels.timescale.leaky_config import CHOICES


def alone(networks, x, start, begins, heads):
    return [
        network(one[:, begin:], heads=heads, start=first)
        for network, one, first, begin in zip(networks, x, start, begins, strict=True)
    ]


@settings(max_examples=30, deadline=None)
@given(
    leak=st.sampled_from(CHOICES["leak"]),
    timescales=st.sampled_from(CHOICES["timescales"]),
    substeps=st.integers(1, 2),
    begins=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
def test_logits_and_gradients_are_those_of_single_networks(begins, seed, **options):
    config = LeakyConfig(units=5, heads=3, **options)
    networks = [LeakyRNN(config, seed=seed + k).double() for k in range(len(begins))]
    ensemble = LeakyEnsemble.from_networks(networks)
    random = torch.Generator().manual_seed(seed)
    x = torch.rand(len(begins), 4, 5, 1, generator=random, dtype=torch.float64)
    start = torch.rand(len(begins), 4, 5, generator=random, dtype=torch.float64)
    found = ensemble(x, heads=[2, 0], start=start, begins=begins)
    expected = torch.stack(alone(networks, x, start, begins, [2, 0]))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    (found**2).sum().backward()
    (expected**2).sum().backward()
    for name, parameter in ensemble.named_parameters():
        single = torch.stack([getattr(network, name).grad for network in networks])
        torch.testing.assert_close(parameter.grad, single, rtol=1e-10, atol=1e-12)


def test_states_keep_the_start_until_the_own_sequence_begins():
    ensemble = LeakyEnsemble(LeakyConfig(units=4, heads=2), seeds=[0, 1])
    x, start = torch.rand(2, 3, 5, 1), torch.rand(2, 3, 4)
    states = ensemble.states(x, start=start, begins=[2, 0])
    assert states.shape == (2, 3, 6, 4)
    torch.testing.assert_close(states[0, :, :3], start[0, :, None].expand(3, 3, 4))
    torch.testing.assert_close(states[0, :, 2:], ensemble.network(0).states(x[0, :, 2:], start=start[0]))
    torch.testing.assert_close(states[1], ensemble.network(1).states(x[1], start=start[1]))


def test_a_network_taken_out_is_a_copy_with_its_name_and_answers():
    single = LeakyRNN(LeakyConfig(units=4, heads=2, answers=(2, 3)), seed=7)
    ensemble = LeakyEnsemble.from_networks([single, LeakyRNN(single.config, seed=8)])
    again = ensemble.network(0)
    assert len(ensemble) == 2 and again.seed == 7 and again.answers == (2, 3)
    for name, value in single.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
    with torch.no_grad():
        again.tau += 1
    assert torch.equal(ensemble.tau[0], single.tau)


def test_seeds_give_the_networks_of_those_seeds_and_starts_their_own_draws():
    config = LeakyConfig(units=4, heads=2)
    ensemble = LeakyEnsemble(config, seeds=[3, 5])
    assert torch.equal(ensemble.recurrent_weight[1], LeakyRNN(config, seed=5).recurrent_weight)
    drawn = ensemble.draw_start(6, [torch.Generator().manual_seed(k) for k in (0, 1)])
    alone = ensemble.network(1).draw_start(6, torch.Generator().manual_seed(1))
    assert torch.equal(drawn[1], alone)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda one, x: LeakyEnsemble(seeds=[]), "at least one network, received none"),
        (
            lambda one, x: LeakyEnsemble.from_networks([LeakyRNN(LeakyConfig(units=k), seed=0) for k in (2, 3)]),
            "have one configuration",
        ),
        (lambda one, x: one(x[0]), r"takes digits \(2, batch, time, 1\)"),
        (lambda one, x: one(x, begins=[0, 5]), r"begins must hold one number from 0 to 4 for each of 2 networks"),
        (lambda one, x: one(x, heads=[2]), "head 2 does not exist"),
        (lambda one, x: one(x, start=torch.zeros(3, 4)), "network, batch, unit"),
        (lambda one, x: one.draw_start(3, [torch.Generator()]), "one generator for each of 2 networks, received 1"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(LeakyEnsemble(LeakyConfig(units=4, heads=2), seeds=[0, 1]), torch.rand(2, 3, 5, 1))
