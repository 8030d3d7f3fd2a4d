"""Mamba against its equations in plain numpy, its size and its start."""

import numpy as np
import torch

from neuromodels.layers.sequence import Mamba


def logistic(value):
    return 1 / (1 + np.exp(-value))


def slow(layer, x):
    w = {name: value.detach().numpy() for name, value in layer.named_parameters()}
    batch, time, _ = x.shape
    inner, size = w["log_decay"].shape
    y = np.zeros_like(x)
    for b in range(batch):
        values, state = np.zeros((time, inner)), np.zeros((inner, size))
        for t in range(time):
            both = w["into.weight"] @ x[b, t]
            values[t], gate = both[:inner], both[inner:]
            mixed = w["tap_bias"].copy()
            for lag in range(layer.conv):
                if t >= lag:
                    mixed += w["taps"][layer.conv - 1 - lag] * values[t - lag]
            mixed *= logistic(mixed)
            selected = w["select.weight"] @ mixed
            rank, write, read = np.split(selected, [layer.dt_rank, layer.dt_rank + size])
            dt = np.log1p(np.exp(w["dt_weight"] @ rank + w["dt_bias"]))
            shown = np.zeros(inner)
            for channel in range(inner):
                for n in range(size):
                    a = -np.exp(w["log_decay"][channel, n])
                    state[channel, n] = np.exp(dt[channel] * a) * state[channel, n]
                    state[channel, n] += dt[channel] * write[n] * mixed[channel]
                    shown[channel] += read[n] * state[channel, n]
                shown[channel] += w["skip"][channel] * mixed[channel]
            y[b, t] = w["out.weight"] @ (shown * gate * logistic(gate))
    return y


def test_follows_its_equations():
    layer = Mamba(6, state_size=3, conv=3, dt_rank=2, seed=5).double()
    x = torch.randn(2, 9, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    np.testing.assert_allclose(layer(x)[0].detach(), slow(layer, x.numpy()), rtol=0, atol=1e-13)


def test_published_size():
    assert sum(p.numel() for p in Mamba(512).parameters()) == 1_694_720


def test_start():
    layer = Mamba(64, seed=2)
    assert layer.dt_rank == 4 and layer.inner == 128
    torch.testing.assert_close(layer.log_decay[17].exp(), torch.arange(1.0, 17.0))
    assert bool((layer.skip == 1).all())
    dt = torch.nn.functional.softplus(layer.dt_bias).detach()
    assert 0.99e-3 < float(dt.min()) < 2e-3 and 0.05 < float(dt.max()) < 0.101
    # Log-uniform: the median is the geometric mean of the ends.
    assert 0.006 < float(dt.median()) < 0.016
