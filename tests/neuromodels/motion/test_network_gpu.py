"""Motion networks on a GPU: the numbers of the CPU, in every form that trains there."""

import pytest
import torch

from neuromodels import create_model
from neuromodels.motion.affinity import spread_along
from neuromodels.motion.network import network_loss

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.fixture(autouse=True)
def _single_precision(monkeypatch):
    """TF32 keeps 10 bits of each factor; equal numbers need all of them."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)


def clips(side=96):
    return torch.rand(2, 15, 3, side, side, generator=torch.Generator().manual_seed(0))


def close(found, expected, share=1e-4):
    assert (found.cpu() - expected).abs().max() <= share * expected.abs().max()


@pytest.mark.parametrize("name", ["motion/fom-small", "motion/dual-small"])
def test_flow_and_layers(name):
    on_cpu, on_gpu, x = create_model(name), create_model(name, device="cuda"), clips()
    expected, found = on_cpu.record(x), on_gpu.record(x)
    for layer, values in expected.items():
        close(found[layer], values, 1e-3)


@pytest.mark.parametrize("name", ["motion/fom-small", "motion/dual-small"])
def test_gradients(name):
    gradients = []
    for device in ("cpu", "cuda"):
        model = create_model(name, device=device)
        x, flow = clips(64).to(device), torch.ones(2, 2, 64, 64, device=device)
        network_loss(model.flows(x), flow).backward()
        gradients.append({key: one.grad.cpu() for key, one in model.named_parameters() if one.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for key, value in gradients[0].items():
        assert (gradients[1][key] - value).abs().max() <= 1e-2 * value.abs().max() + 1e-6, key


def test_bf16_is_close():
    model, x = create_model("motion/dual-small", device="cuda"), clips().cuda()
    with torch.no_grad():
        exact = model(x)
        with torch.autocast("cuda", dtype=torch.bfloat16):
            rough = model(x)
    assert rough.dtype == torch.float32
    close(rough, exact.cpu(), 0.05)


def test_streamed_affinity():
    draw = torch.Generator().manual_seed(0)
    q, values = torch.randn(1, 4096, 64, generator=draw), torch.randn(1, 4096, 64, generator=draw)
    scale = torch.full((1, 1, 1), 5.0)
    expected = spread_along(q, scale, values, streamed=False)
    close(spread_along(q.cuda(), scale.cuda(), values.cuda(), streamed=True), expected, 1e-5)


def test_streamed_memory_at_1024_pixels():
    model = create_model("motion/fom", device="cuda", iterations=2)
    energy = torch.rand(1, 256, 128, 128, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    with torch.no_grad():
        model.graph(energy, 2)
    assert torch.cuda.max_memory_allocated() - before < 1.5 * 1024**3


@pytest.mark.filterwarnings("ignore")
def test_compiled():
    model, x = create_model("motion/dual-small", device="cuda"), clips().cuda()
    with torch.no_grad():
        close(torch.compile(model)(x), model(x).cpu())
