"""The scan against a plain loop, in both of its forms."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.layers.sequence import linear_scan, scan
from neuromodels.layers.sequence.scan import SMALL_STEP, _in_rounds, _one_by_one


def loop(decay, drive, initial):
    states, state = [], initial
    for step in range(drive.shape[1]):
        state = decay[:, step] * state + drive[:, step]
        states.append(state)
    return np.stack(states, 1)


def problem(seed, *shape):
    random = torch.Generator().manual_seed(seed)
    decay = torch.rand(*shape, dtype=torch.float64, generator=random) * 2 - 1
    drive = torch.randn(*shape, dtype=torch.float64, generator=random)
    initial = torch.randn(shape[0], *shape[2:], dtype=torch.float64, generator=random)
    return decay, drive, initial


@given(seed=st.integers(0, 99), batch=st.integers(1, 3), time=st.integers(1, 40), width=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_both_forms_are_the_loop(seed, batch, time, width):
    decay, drive, initial = problem(seed, batch, time, width)
    expected = loop(decay.numpy(), drive.numpy(), initial.numpy())
    np.testing.assert_allclose(_one_by_one(decay, drive, initial), expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(linear_scan(decay, drive, initial), expected, rtol=0, atol=1e-13)
    from_zeros = loop(decay.numpy(), drive.numpy(), np.zeros_like(initial))
    np.testing.assert_allclose(_in_rounds(decay, drive), from_zeros, rtol=0, atol=1e-13)


@pytest.mark.parametrize("width", [3, SMALL_STEP])
def test_gradient_is_that_of_the_loop(width):
    parts = problem(1, 1, 6, width)
    given = [part.clone().requires_grad_() for part in parts]
    plain = [part.clone().requires_grad_() for part in parts]
    weight = torch.randn(1, 6, width, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    (linear_scan(*given) * weight).sum().backward()
    state, total = plain[2], 0.0
    for step in range(6):
        state = plain[0][:, step] * state + plain[1][:, step]
        total = total + (state * weight[:, step]).sum()
    total.backward()
    for ours, theirs in zip(given, plain, strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=1e-12)


def test_derivative_by_differences():
    parts = [part.requires_grad_() for part in problem(4, 2, 5, 2)]
    assert torch.autograd.gradcheck(linear_scan, parts)


@pytest.mark.parametrize("small_step", [SMALL_STEP, 0])
def test_second_derivative_by_differences(small_step, monkeypatch):
    monkeypatch.setattr(scan, "SMALL_STEP", small_step)
    parts = [part.requires_grad_() for part in problem(4, 1, 4, 2)]
    assert torch.autograd.gradgradcheck(linear_scan, parts)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch itself while it compiles
def test_compiles_as_a_whole():
    parts = [part.requires_grad_() for part in problem(4, 3, 5, 2)]
    compiled = torch.compile(linear_scan, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(*parts), linear_scan(*parts), rtol=0, atol=1e-14)
    ours, theirs = (torch.autograd.grad(form(*parts).square().sum(), parts) for form in (compiled, linear_scan))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-13)


def test_no_decay_is_a_running_sum():
    drive = torch.arange(1.0, 6.0, dtype=torch.float64).view(1, 5, 1)
    states = linear_scan(torch.ones_like(drive), drive, torch.zeros(1, 1, dtype=torch.float64))
    assert states.flatten().tolist() == [1, 3, 6, 10, 15]
