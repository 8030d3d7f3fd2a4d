"""Spreading along an affinity: a plain loop, the streamed form and its gradient, and its memory."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from neuromodels.motion import affinity
from neuromodels.motion.affinity import normalised_affinity, spread_along


def inputs(batch=2, places=23, channels=5, dtype=torch.float32):
    draw = torch.Generator().manual_seed(3)
    q = torch.randn(batch, places, channels, generator=draw, dtype=dtype)
    scale = 1 + 9 * torch.rand(batch, 1, 1, generator=draw, dtype=dtype)
    return q, scale, torch.randn(batch, places, 4, generator=draw, dtype=dtype)


def plain(q, scale, values, coupled):
    """Loops over places in double precision, with the published order of operations."""
    q, scale, values = (x.double().numpy() for x in (q, scale, values))
    weights = np.empty((*q.shape[:2], q.shape[1]))
    for b, i, j in np.ndindex(*weights.shape):
        cosine = q[b, i] @ q[b, j] / math.sqrt((q[b, i] @ q[b, i]) * (q[b, j] @ q[b, j]))
        weights[b, i, j] = math.exp(scale[b, 0, 0] * cosine)
    weights /= weights.max() if coupled else weights.max(axis=(1, 2), keepdims=True)
    degree = 1 / (np.sqrt(weights.sum(axis=-1, keepdims=True)) + 1e-6)
    matrix = degree * weights * degree.transpose(0, 2, 1)
    return matrix, matrix @ values


@pytest.mark.parametrize("coupled", [True, False])
@pytest.mark.parametrize("streamed", [True, False])
def test_equals_a_plain_loop(coupled, streamed, monkeypatch):
    monkeypatch.setattr(affinity, "BLOCK", 2 * 23 * 5)
    q, scale, values = inputs()
    matrix, expected = plain(q, scale, values, coupled)
    with torch.no_grad():
        found = spread_along(q, scale, values, coupled=coupled, streamed=streamed)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(normalised_affinity(q, scale, coupled=coupled), matrix, rtol=0, atol=1e-6)


@pytest.mark.parametrize("coupled", [True, False])
def test_streamed_gradients_equal_dense_ones(coupled, monkeypatch):
    monkeypatch.setattr(affinity, "BLOCK", 2 * 23 * 5)
    gradients = []
    for streamed in (True, False):
        leaves = [x.requires_grad_() for x in inputs()]
        out = spread_along(*leaves, coupled=coupled, streamed=streamed)
        (out * torch.linspace(-1, 1, out.numel()).view_as(out)).sum().backward()
        gradients.append([leaf.grad for leaf in leaves])
    for ours, dense in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, dense, rtol=1e-5, atol=1e-5)


def test_many_places_are_streamed(monkeypatch):
    made = []
    product = affinity._product
    monkeypatch.setattr(affinity, "_product", lambda *x: made.append(1) or product(*x))
    monkeypatch.setattr(affinity, "DENSE_PLACES", 22)
    spread_along(*inputs())
    assert made
    monkeypatch.setattr(affinity, "DENSE_PLACES", 23)
    made.clear()
    spread_along(*inputs())
    assert not made


def test_zero_vectors_have_no_direction():
    q, scale, values = inputs()
    q[:, 3] = 0
    q.requires_grad_()
    matrix = normalised_affinity(q, scale)
    matrix.sum().backward()
    assert torch.isfinite(matrix).all() and torch.isfinite(q.grad).all()


def test_autocast_does_not_touch_the_exponential():
    q, scale, values = inputs()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = spread_along(q, scale, values)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, spread_along(q, scale, values))


MEMORY = """
import torch
from neuromodels.motion.motion_graph import MotionGraph
torch.set_num_threads(1)


def resident(field):  # getrusage would give the maximum of the process that started this one
    return int(open("/proc/self/status").read().split(field + ":")[1].split()[0])


graph, maps = MotionGraph(256), torch.rand(1, 256, 128, 128)
with torch.no_grad():
    graph(maps[:, :, :8, :8], 1)
    before = resident("VmRSS")
    graph(maps, 8)
print(resident("VmHWM") - before)
"""


@pytest.mark.slow
def test_memory_of_a_picture_of_1024_pixels():

    run = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 1.5 * 1024**2  # kilobytes
