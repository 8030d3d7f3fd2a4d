"""Learning-rate schedules against the published values."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuromodels.training import (
    constant,
    cosine_annealing_with_warmup,
    cosine_with_warmup,
    learning_rates,
    list_schedules,
    one_cycle,
    step_decay,
)


@pytest.mark.parametrize(
    ("column", "name", "options"),
    [
        ("step_lr", "step", {}),
        ("cos_w_warmup_25", "cosine", {}),
        ("cos_annealing_w_warmup_10", "cosine_annealing", {}),
        ("cos_annealing_w_warmup_0", "cosine_annealing", {"warmup": 0}),
    ],
)
def test_published_values(real_data, column, name, options):
    path = real_data / "tactile" / "golden_losses" / "lr_schedules_100epochs_base1.csv"
    table = np.genfromtxt(path, delimiter=",", names=True)
    assert len(table) == 100
    np.testing.assert_allclose(learning_rates(name, 100, 1.0, **options), table[column], rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize(("epochs", "rise"), [(100, 0.05), (40, 0.3), (37, 0.05)])
def test_one_cycle_is_torchs(epochs, rise):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.8e-4, epochs, pct_start=rise, cycle_momentum=False, anneal_strategy="linear"
    )
    expected = []
    for _ in range(epochs):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(expected) < epochs:
            theirs.step()
    np.testing.assert_allclose(one_cycle(epochs, 0.8e-4, rise=rise), expected, rtol=1e-9)


def test_one_cycle_may_go_on_beyond_the_training():
    assert one_cycle(20, 1.0, beyond=3) == one_cycle(23, 1.0)[:20]


def test_first_and_last_epochs():
    assert cosine_with_warmup(100, 0.1)[0] == 0
    assert cosine_with_warmup(100, 0.1)[25] == 0.1
    assert cosine_annealing_with_warmup(100, 0.1)[9] == 0.1
    assert cosine_annealing_with_warmup(100, 0.1)[-1] == 0
    assert cosine_annealing_with_warmup(100, 0.1, minimum=0.01)[-1] == 0.01
    assert cosine_annealing_with_warmup(100, 1.0, start_ratio=1.0)[:10] == [1.0] * 10
    assert constant(3, 0.1) == [0.1] * 3
    assert step_decay(4, 1.0, every=2, factor=0.5) == [1.0, 1.0, 0.5, 0.5]
    assert cosine_with_warmup(1, 0.1) == [0.1]


@given(st.sampled_from(list_schedules()), st.integers(11, 60), st.floats(0, 10))
def test_one_value_per_epoch_between_zero_and_base(name, epochs, base):
    values = learning_rates(name, epochs, base)
    assert len(values) == epochs
    assert all(0 <= value <= base for value in values)


@given(st.sampled_from(list_schedules()), st.integers(11, 60))
def test_values_are_in_proportion_to_base(name, epochs):
    once, thrice = learning_rates(name, epochs, 1.0), learning_rates(name, epochs, 3.0)
    np.testing.assert_allclose(thrice, 3 * np.array(once), rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: learning_rates("cosin", 10, 1.0), "no schedule 'cosin'; choose one of constant, cosine"),
        (lambda: constant(0, 1.0), "epochs must be at least 1, received 0"),
        (lambda: constant(1, -1.0), "base must be a finite learning rate of at least 0, received -1.0"),
        (lambda: constant(1, math.nan), "received nan"),
        (lambda: step_decay(1, 1.0, every=0), "every must be at least 1 epoch, received 0"),
        (lambda: step_decay(1, 1.0, factor=0), "factor must be above 0 and at most 1, received 0"),
        (lambda: cosine_with_warmup(5, 1.0, warmup=5), "from 0 to epochs - 1 = 4, received 5"),
        (lambda: cosine_annealing_with_warmup(10, 1.0), "from 0 to epochs - 1 = 9, received 10"),
        (lambda: cosine_annealing_with_warmup(20, 1.0, start_ratio=2), "start_ratio must be from 0 to 1, received 2"),
        (lambda: cosine_annealing_with_warmup(20, 1.0, minimum=2), "minimum must be from 0 to base = 1.0, received 2"),
        (lambda: one_cycle(1, 1.0), "a cycle needs at least 2 epochs, received 1"),
        (lambda: one_cycle(10, 1.0, rise=1.0), "rise must be above 0 and below 1, received 1.0"),
        (lambda: one_cycle(10, 1.0, beyond=-1), "beyond must be 0 or more epochs, received -1"),
        (lambda: one_cycle(10, 1.0, end_divisor=0.5), "end_divisor must be at least 1, received 0.5"),
    ],
)
def test_errors(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_options_of_another_schedule_are_refused():
    with pytest.raises(TypeError, match="warmup"):
        learning_rates("step", 10, 1.0, warmup=2)
