"""Classical motion models on a CUDA device give the numbers of the CPU, with their gradients."""

import pytest
import torch

from neuromodels import create_model

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine"),
]
MODELS = {
    "adelson-bergen": ({}, (2, 14, 3, 40, 44)),
    "nishimoto-gallant": ({"n_rows": 40, "n_cols": 44}, (2, 20, 3, 40, 44)),
    "simoncelli-heeger": ({}, (2, 11, 3, 40, 44)),
    "ffv1mt": ({}, (2, 5, 3, 40, 44)),
}


@pytest.mark.parametrize("name", MODELS)
def test_outputs_and_gradients_are_those_of_the_cpu(name):
    options, shape = MODELS[name]
    clips = torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = {}
    for device in ("cpu", "cuda"):
        model = create_model(f"motion/{name}", device=device, **options).double()
        seen = clips.to(device).requires_grad_()
        output = model(seen)
        output.square().sum().backward()
        found[device] = [output.detach().cpu(), seen.grad.cpu()]
    torch.testing.assert_close(found["cuda"], found["cpu"], rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", MODELS)
def test_layers_are_recorded_to_the_cpu(name):
    options, shape = MODELS[name]
    clips = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    expected = create_model(f"motion/{name}", **options).record(clips)
    for layer, values in create_model(f"motion/{name}", device="cuda", **options).record(clips).items():
        torch.testing.assert_close(values, expected[layer], rtol=1e-3, atol=1e-3 * float(expected[layer].abs().max()))
