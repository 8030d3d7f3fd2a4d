"""Registered motion networks: their counts, options, and what the small ones cost."""

import time

import pytest
import torch

from neuromodels import UnknownNameError, create_model, model_info
from neuromodels.motion.network import network_loss

NETWORKS = ("motion/fom", "motion/dual", "motion/fom-small", "motion/dual-small")


@pytest.mark.parametrize("name", NETWORKS)
def test_registered(name):
    info, model = model_info(name), create_model(name)
    assert sum(parameter.numel() for parameter in model.parameters()) == info.n_params
    assert model.layers == info.layers and model.committed_layer == info.committed_layer
    assert model.input_spec == {
        "kind": "array",
        "dims": ["time", "channel", "row", "col"],
        "unit": "luminance, 0 to 1",
    }
    assert not model.training and not model.config.as_published


def test_published_sizes():
    assert (model_info("motion/fom").n_params, model_info("motion/dual").n_params) == (14_101_223, 25_557_516)


def test_options():
    model = create_model("motion/fom-small", as_published=True, iterations=2)
    assert model.config.as_published and model.graph.as_published and model.bank.as_published
    assert model.layers[-1] == "flow-2"
    with pytest.raises(UnknownNameError, match="option 'as_publishd'; closest: as_published"):
        create_model("motion/fom-small", as_publishd=True)


@pytest.mark.parametrize("name", ["motion/fom-small", "motion/dual-small"])
def test_small_networks_take_small_clips(name):
    model = create_model(name)
    clips = torch.rand(1, 15, 3, 64, 72, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        flow = model(clips)
    assert flow.shape == (1, 2, 64, 72) and torch.isfinite(flow).all()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seconds"), [("motion/fom-small", 2.0), ("motion/dual-small", 8.0)])
def test_a_training_step_takes_little(name, seconds):
    # Limits leave a factor of four to a busy machine.
    model = create_model(name)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
    draw = torch.Generator().manual_seed(0)
    clips, flow = torch.rand(8, 15, 1, 64, 64, generator=draw), torch.randn(8, 2, 64, 64, generator=draw)

    def step():
        optimizer.zero_grad()
        network_loss(model.flows(clips), flow).backward()
        optimizer.step()

    step()
    started = time.process_time()
    step()
    assert time.process_time() - started < seconds
