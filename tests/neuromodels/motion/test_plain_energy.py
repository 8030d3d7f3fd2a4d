import numpy as np
import torch
from scipy.signal import convolve

from neuromodels.motion.energy_stage import EnergyFilters
from neuromodels.motion.plain_energy import plain_energy


def draw(units, taps, outputs, seed=0):
    g = torch.Generator().manual_seed(seed)
    shapes = ((units, 15, 15), (units, 15, 15), (units, taps), (units, taps), (units, outputs), (units,))
    return EnergyFilters(*(torch.randn(shape, generator=g, dtype=torch.float64) for shape in shapes))


def by_scipy(frames, filters, unit):
    """Energy of one unit, one clip ``(time, row, col)``: two true convolutions each, as complex numbers."""
    spatial = (filters.cosine[unit] + 1j * filters.sine[unit]).numpy()
    temporal = (filters.temporal_cosine[unit] + 1j * filters.temporal_sine[unit]).numpy()
    kernel = temporal[:, None, None] * spatial[None]
    power = np.abs(convolve(frames.numpy(), kernel, mode="valid", method="direct")) ** 2
    pooled = np.tensordot(filters.pooling[unit].numpy(), power, 1)
    return np.abs(pooled + float(filters.spontaneous[unit]))


def test_energy_is_that_of_direct_convolution_in_space_and_time():
    frames = torch.rand(2, 1, 7, 20, 18, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    filters = draw(3, 4, 4)
    energy = plain_energy(frames, filters)
    assert energy.shape == (2, 3, 6, 4)
    for clip in range(2):
        for unit in range(3):
            np.testing.assert_allclose(energy[clip, unit], by_scipy(frames[clip, 0], filters, unit), rtol=1e-9)


def test_each_unit_sees_its_own_channel_where_there_are_several():
    frames = torch.rand(1, 3, 6, 17, 19, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    filters = draw(3, 5, 2)
    energy = plain_energy(frames, filters)
    for unit in range(3):
        np.testing.assert_allclose(energy[0, unit], by_scipy(frames[0, unit], filters, unit), rtol=1e-9)
