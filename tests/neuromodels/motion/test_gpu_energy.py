"""The motion energy stages on a GPU beside the CPU."""

import pytest
import torch

from neuromodels.motion import EnergyBank, FeatureEnergy

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


@pytest.fixture(autouse=True)
def full_precision(monkeypatch):
    """Single precision is single precision: by default a GPU convolves with ten bits."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def responses(stage, inputs, device):
    """Response and gradients of one forward and backward pass."""
    stage = stage.to(device)
    stage.zero_grad()
    response = stage(inputs.to(device))
    response.square().mean().backward()
    grads = [p.grad.cpu() for p in stage.parameters() if p.requires_grad]
    return [response.detach().cpu(), *grads]


@pytest.mark.parametrize("method", ["plain", "fft", "window", "auto"])
def test_bank_agrees_with_the_cpu(method):
    clips = torch.rand(2, 11, 128, 160, generator=torch.Generator().manual_seed(1))
    here, there = (responses(EnergyBank(method=method), clips, device) for device in ("cpu", "cuda"))
    for cpu, gpu in zip(here, there, strict=True):
        torch.testing.assert_close(gpu, cpu, rtol=0, atol=1e-4 * float(cpu.abs().max()))


@pytest.mark.parametrize("method", ["plain", "fft"])
def test_feature_energy_agrees_with_the_cpu(method):
    features = torch.rand(2, 15, 8, 20, 24, generator=torch.Generator().manual_seed(1))
    here, there = (responses(FeatureEnergy(8, method=method), features, device) for device in ("cpu", "cuda"))
    for cpu, gpu in zip(here, there, strict=True):
        torch.testing.assert_close(gpu, cpu, rtol=0, atol=1e-4 * float(cpu.abs().max()))


def test_mixed_precision_and_compilation_give_equal_numbers():
    clips = torch.rand(1, 11, 64, 64, device="cuda")
    bank = EnergyBank(2, 4).cuda()
    with torch.no_grad():
        wanted = bank(clips)
        with torch.autocast("cuda", dtype=torch.float16):
            torch.testing.assert_close(bank(clips), wanted)
        compiled = torch.compile(bank, backend="aot_eager")
        torch.testing.assert_close(compiled(clips), wanted, rtol=1e-5, atol=1e-5)
