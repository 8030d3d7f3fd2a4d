"""Motion networks through torch.compile: equal flows and gradients."""

import pytest
import torch

from neuromodels import create_model
from neuromodels.motion.network import network_loss
from neuromodels.training.compiled import computing_form

TINY = {"levels": 2, "units_per_level": 4, "iterations": 1, "widths": (2, 4, 4), "upsampler_width": 8}


@pytest.fixture(autouse=True)
def _fresh():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


# The compiler warns of what it leaves to eager mode, such as complex numbers.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "backend", "streamed"),
    [("dual", "aot_eager", False), ("fom", "aot_eager", True), ("fom", "inductor", False)],
)
def test_equal_flows_and_gradients(name, backend, streamed, monkeypatch):
    compiler = torch.compile
    monkeypatch.setattr(torch, "compile", lambda call: compiler(call, backend=backend))
    model = create_model(f"motion/{name}", streamed=streamed, **TINY)
    draw = torch.Generator().manual_seed(0)
    clips, flow = torch.rand(2, 15, 3, 40, 40, generator=draw), torch.randn(2, 2, 40, 40, generator=draw)
    compiled = computing_form(model)
    with torch.no_grad():
        torch.testing.assert_close(compiled(clips), model(clips), rtol=1e-4, atol=1e-5)
    gradients = []
    for form in (model, compiled):
        model.zero_grad()
        network_loss(form.flows(clips), flow).backward()
        gradients.append({key: one.grad.clone() for key, one in model.named_parameters() if one.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for key, value in gradients[0].items():
        assert (gradients[1][key] - value).abs().max() <= 1e-3 * value.abs().max() + 1e-6, key
