"""The fast ways to compute motion energy beside the plain one: equal values, equal gradients."""

import pytest
import torch

from neuromodels.motion import fourier_energy as fourier
from neuromodels.motion import window_energy as window
from neuromodels.motion.energy_stage import EnergyFilters
from neuromodels.motion.gabor import GaborFilters
from neuromodels.motion.plain_energy import plain_energy
from neuromodels.motion.pyramid import resize


def draw(units, taps, outputs, seed=0):
    """Gabor filters with weights of both signs, as double precision leaves that want gradients."""
    g = torch.Generator().manual_seed(seed)
    gabor = GaborFilters(units, taps, decay_period=units, generator=g).double()
    with torch.no_grad():
        gabor.gamma_raw.copy_(torch.linspace(0.7, 1.4, units))
        cosine, sine = gabor.spatial(with_phase=False)
        # In single precision the sine is odd to rounding only.
        values = [(cosine + cosine.flip(1, 2)) / 2, (sine - sine.flip(1, 2)) / 2, *gabor.temporal()]
    values += [torch.randn(units, outputs, generator=g).double(), torch.rand(units, generator=g).double()]
    return EnergyFilters(*(value.requires_grad_() for value in values))


def clip(*shape, seed=1):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).requires_grad_()


def gradients(energy, inputs):
    weights = torch.linspace(-1, 1, energy.numel(), dtype=energy.dtype).view(energy.shape)
    return torch.autograd.grad((energy * weights).sum(), inputs)


@pytest.mark.parametrize("channels", [1, 5])
@pytest.mark.parametrize("chunk", [1, 2**21])
def test_fourier_energy_is_plain_energy(channels, chunk, monkeypatch):
    monkeypatch.setattr(fourier, "CHUNK", chunk)
    frames, filters = clip(2, channels, 8, 15 + 14, 22 + 14), draw(5, 6, 3)
    plain, fast = plain_energy(frames, filters), fourier.fourier_energy(frames, filters)
    torch.testing.assert_close(fast, plain, rtol=1e-10, atol=1e-10)
    for ours, theirs in zip(gradients(fast, [frames, *filters]), gradients(plain, [frames, *filters]), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("size", "coarse"),
    [
        ((40, 33), (6, 5)),  # few pixels are read
        ((40, 33), (1, 1)),
        ((17, 16), (9, 9)),  # all are, odd and even
        ((2, 3), (1, 2)),
        ((1, 4), (3, 3)),  # a side of one pixel
    ],
)
@pytest.mark.parametrize("chunk", [1, 2**13])
def test_window_energy_is_plain_energy_resized(size, coarse, chunk, monkeypatch):
    monkeypatch.setattr(window, "CHUNK", chunk)
    frames, filters = clip(2, 1, 7, size[0] + 14, size[1] + 14), draw(4, 5, 3)
    plain = resize(plain_energy(frames, filters), *coarse)
    fast = window.window_energy(frames, filters, *coarse)
    torch.testing.assert_close(fast, plain, rtol=1e-10, atol=1e-10)
    with torch.no_grad():
        torch.testing.assert_close(window.window_energy(frames, filters, *coarse), plain, rtol=1e-10, atol=1e-10)
    ours, theirs = (gradients(energy, [frames, *filters]) for energy in (fast, plain))
    for name, a, b in zip(("frames", *filters._fields), ours, theirs, strict=True):
        if name in ("cosine", "sine"):
            # Of the fast form's gradient only the part that keeps the symmetry of the kernels has a meaning.
            sign = 1 if name == "cosine" else -1
            a, b = (value + sign * value.flip(1, 2) for value in (a, b))
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9, msg=name)


def test_windows_are_few_where_the_coarse_map_reads_few_pixels():
    assert window.reads_few(344, 344, 64, 64)
    assert window.reads_few(155, 155, 64, 64)
    assert not window.reads_few(104, 104, 64, 64)
    assert not window.reads_few(1, 500, 1, 2)


def test_the_faster_way_depends_on_the_size():
    assert window.windows_pay(torch.zeros(1, 1, 11, 358, 358), 64, 64)
    assert not window.windows_pay(torch.zeros(1, 1, 11, 118, 118), 64, 64)


def test_good_lengths():
    assert [fourier.good_length(n) for n in (1, 11, 13, 121, 169, 358)] == [1, 12, 14, 125, 175, 360]


def test_moving_matrix_is_valid_convolution():
    kernels = torch.tensor([[1.0, 2.0, 3.0]])
    wanted = [[3.0, 2, 1, 0, 0], [0, 3, 2, 1, 0], [0, 0, 3, 2, 1]]
    assert torch.equal(fourier.moving(kernels, 5)[0], torch.tensor(wanted))
