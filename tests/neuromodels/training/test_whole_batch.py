"""Batch norm and augmentation over shares: those of torch where there is one share; several are tried in test_distributed."""

import pytest
import torch
import torch.distributed as dist
from torch import nn

from neuromodels.training.distributed import Processes
from neuromodels.training.whole_batch import WholeBatchAugmentation, WholeBatchNorm, share_batch_norms


@pytest.fixture
def group():
    """A process group of this process alone."""
    dist.init_process_group("gloo", rank=0, world_size=1, store=dist.HashStore())
    yield Processes(0, 1)
    dist.destroy_process_group()


@pytest.mark.parametrize(
    ("norm", "shape"),
    [
        (nn.BatchNorm1d(3), (5, 3)),
        (nn.BatchNorm1d(3, momentum=None), (5, 3, 4)),
        (nn.BatchNorm2d(3, momentum=0.3, eps=1e-3), (5, 3, 4, 2)),
        (nn.BatchNorm2d(3, affine=False), (5, 3, 4, 2)),
        (nn.BatchNorm2d(3, track_running_stats=False), (5, 3, 4, 2)),
    ],
)
def test_one_process_has_the_batch_norm_of_torch(group, norm, shape):
    norm = norm.double()
    torch.manual_seed(0)
    if norm.affine:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    plain = type(norm)(3, norm.eps, norm.momentum, norm.affine, norm.track_running_stats).double()
    plain.load_state_dict(norm.state_dict())
    ours = WholeBatchNorm(norm, group)
    assert list(ours.state_dict()) == list(plain.state_dict())
    functional = torch.randn(shape, dtype=torch.float64)
    for step in range(3):
        x = torch.randn(shape, dtype=torch.float64) * (step + 1) + 4
        found = []
        for module in (ours, plain):
            mine = x.clone().requires_grad_()
            module.zero_grad()
            y = module(mine)
            (y * functional).sum().backward()
            found.append([y.detach(), mine.grad, *(one.grad for one in module.parameters())])
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)
    for name, values in plain.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], values, rtol=1e-12, atol=0)
    ours.eval(), plain.eval()
    torch.testing.assert_close(ours(x), plain(x))


def test_half_precision_comes_out_as_it_went_in(group):
    ours = WholeBatchNorm(nn.BatchNorm1d(3), group)
    x = torch.randn(64, 3)
    assert ours(x.bfloat16()).dtype == torch.bfloat16
    torch.testing.assert_close(ours(x.bfloat16()).float(), nn.BatchNorm1d(3)(x), atol=0.03, rtol=0.03)


def test_norms_of_a_network_are_replaced_where_there_are_several_processes():
    network = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.BatchNorm1d(3), nn.LayerNorm(3)))
    names, weights = list(network.state_dict()), list(network.parameters())
    share_batch_norms(network, Processes(0, 1))
    assert type(network[1][0]) is nn.BatchNorm1d
    share_batch_norms(network, Processes(0, 2))
    assert isinstance(network[1][0], WholeBatchNorm) and isinstance(network[1][1], nn.LayerNorm)
    assert list(network.state_dict()) == names
    assert all(one is other for one, other in zip(network.parameters(), weights, strict=True))


def noisy(x, generator):
    return x + torch.randn(x.shape, generator=generator)


def test_augmentation_draws_on_from_where_the_generator_stands(group):
    shared = WholeBatchAugmentation(noisy, group)
    x = torch.zeros(4, 2)
    one, other = (torch.Generator().manual_seed(3) for _ in range(2))
    for _ in range(2):
        assert torch.equal(shared(x, one), noisy(x, other))


def test_each_process_augments_its_own_batches_in_an_evaluation():
    shared = WholeBatchAugmentation(noisy, Processes(1, 2)).eval()  # no group: an exchange would fail
    x = torch.zeros(4, 2)
    found = shared(x, torch.Generator().manual_seed(3))
    assert torch.equal(found, noisy(x, torch.Generator().manual_seed(3)))
