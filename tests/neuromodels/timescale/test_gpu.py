"""Networks with time constants on a CUDA device: the numbers of the CPU, and mixed precision."""

import pytest
import torch

from neuromodels import create_model
from neuromodels.timescale import LeakyEnsemble

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine"),
]
NETWORKS = ("leaky", "leaky-mod", "leaky-continuous", "leaky-free", "lstm-small", "gru-small")


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_and_gradients_are_those_of_the_cpu(name):
    x = torch.randint(0, 2, (16, 12, 1), generator=torch.Generator().manual_seed(0)).double()
    found = {}
    for device in ("cpu", "cuda"):
        model = create_model(f"timescale/{name}", seed=0).double().to(device)
        output = model(x.to(device), [0, 2])
        output.square().sum().backward()
        found[device] = [output.detach().cpu(), *(parameter.grad.cpu() for parameter in model.parameters())]
    torch.testing.assert_close(found["cuda"], found["cpu"], rtol=1e-8, atol=1e-9)


def test_ensemble_gives_the_numbers_of_the_cpu():
    networks = [create_model("timescale/leaky-small", seed=seed).double() for seed in range(3)]
    x = torch.randint(0, 2, (3, 16, 12, 1), generator=torch.Generator().manual_seed(0)).double()
    found = {}
    for device in ("cpu", "cuda"):
        ensemble = LeakyEnsemble.from_networks(networks).to(device)
        output = ensemble(x.to(device), begins=[4, 0, 7])
        output.square().sum().backward()
        found[device] = [output.detach().cpu(), *(parameter.grad.cpu() for parameter in ensemble.parameters())]
    torch.testing.assert_close(found["cuda"], found["cpu"], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", ["leaky", "leaky-mod"])
def test_states_in_bf16_autocast_stay_in_float32(name):
    model = create_model(f"timescale/{name}", seed=0).cuda()
    x = torch.randint(0, 2, (16, 60, 1), device="cuda").float()
    expected = model(x)
    with torch.autocast("cuda", torch.bfloat16):
        assert model.last_state(x).dtype == torch.float32
        found = model(x)
        found.float().square().sum().backward()
    torch.testing.assert_close(found.float(), expected, rtol=0.02, atol=0.02)
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


def test_starts_are_drawn_on_the_device():
    model = create_model("timescale/leaky-small").cuda()
    start = model.draw_start(8, torch.Generator("cuda").manual_seed(0))
    assert start.device.type == "cuda" and start.max() < 0.1
