"""The selective scan against plain loops, in both of its forms, and its gradient by differences."""

import numpy as np
import pytest
import torch

from neuromodels.layers.sequence.selective_scan import _in_rounds, _StepByStep, selective_scan


def problem(batch=2, time=5, channels=3, size=2):
    random = torch.Generator().manual_seed(2)
    shapes = [(batch, time, channels), (batch, time, channels), (batch, time, size), (batch, time, size)]
    parts = [torch.randn(*shape, dtype=torch.float64, generator=random) for shape in shapes]
    matrix = -torch.rand(channels, size, dtype=torch.float64, generator=random)
    initial = torch.randn(batch, channels, size, dtype=torch.float64, generator=random)
    return [parts[0].exp() / 10, *parts[1:], matrix, initial]


@pytest.mark.parametrize("form", [_in_rounds, _StepByStep.apply, selective_scan])
def test_is_the_loop(form):
    parts = problem()
    dt, x, write, read, matrix, state = (part.numpy() for part in parts)
    state, expected = state.copy(), np.zeros(x.shape)
    for b in range(2):
        for t in range(5):
            for c in range(3):
                state[b, c] = np.exp(dt[b, t, c] * matrix[c]) * state[b, c] + dt[b, t, c] * x[b, t, c] * write[b, t]
                expected[b, t, c] = read[b, t] @ state[b, c]
    y, last = form(*parts)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(last, state, rtol=0, atol=1e-14)


@pytest.mark.parametrize("form", [_in_rounds, _StepByStep.apply])
def test_derivative_by_differences(form):
    assert torch.autograd.gradcheck(form, [part.requires_grad_() for part in problem()])


@pytest.mark.parametrize("fixed", [(), (0, 4, 5)])
def test_second_derivative_by_differences(fixed):
    parts = [part.requires_grad_(at not in fixed) for at, part in enumerate(problem(1, 3, 2, 2))]
    assert torch.autograd.gradgradcheck(selective_scan, parts)
