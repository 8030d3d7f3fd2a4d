"""Mixed precision: what computes in which type, skipped steps, their count over a resume."""

import pytest
import torch

from neuromodels.training.precision import MOST_SKIPPED, Precision

CPU = torch.device("cpu")


def parameter_and_optimizer():
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    return parameter, torch.optim.SGD([parameter], lr=0.5)


@pytest.mark.parametrize(
    ("name", "dtype"), [("float32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_products_have_the_type_of_the_recipe(name, dtype):
    with Precision(name, CPU).autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


def test_fp16_step_is_the_plain_one_where_nothing_overflows():
    parameter, optimizer = parameter_and_optimizer()
    precision = Precision("fp16", CPU)
    precision.backward(parameter.square().sum())
    precision.step(optimizer)
    assert parameter.tolist() == [0.0, 0.0]
    assert precision.skipped == 0


def test_overflow_skips_the_step_counts_it_and_halves_the_scale():
    parameter, optimizer = parameter_and_optimizer()
    precision = Precision("fp16", CPU)
    scale = precision.scaler.get_scale()
    precision.backward((parameter * torch.inf).sum())
    precision.step(optimizer)
    assert parameter.tolist() == [1.0, 2.0]
    assert precision.skipped == 1
    assert precision.scaler.get_scale() == scale / 2


def test_overflow_that_does_not_end_stops():
    parameter, optimizer = parameter_and_optimizer()
    precision = Precision("fp16", CPU)
    with pytest.raises(FloatingPointError, match=f"{MOST_SKIPPED + 1} steps in a row overflowed in fp16"):
        for _ in range(MOST_SKIPPED + 1):
            optimizer.zero_grad()
            precision.backward((parameter * torch.inf).sum())
            precision.step(optimizer)
    assert precision.skipped == MOST_SKIPPED + 1


@pytest.mark.parametrize("name", ["float32", "fp16"])
def test_clip_bounds_the_norm_of_the_unscaled_gradient(name):
    parameter, optimizer = parameter_and_optimizer()
    precision = Precision(name, CPU)
    precision.backward((parameter * torch.tensor([3.0, 4.0])).sum())
    precision.step(optimizer, clip=1.0)
    assert torch.allclose(parameter, torch.tensor([1.0 - 0.5 * 0.6, 2.0 - 0.5 * 0.8]), atol=1e-5)


@pytest.mark.parametrize("name", ["float32", "fp16"])
def test_state_goes_on_elsewhere(name):
    parameter, optimizer = parameter_and_optimizer()
    precision = Precision(name, CPU)
    if name == "fp16":
        precision.backward((parameter * torch.inf).sum())
        precision.step(optimizer)
    other = Precision(name, CPU)
    other.restore(precision.state())
    assert other.state() == precision.state()
    assert other.skipped == (name == "fp16")
