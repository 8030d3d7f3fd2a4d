import numpy as np
import pytest
import torch

from neuromodels.motion.gabor import WIDEST_SIGMA, GaborFilters, longest_tau

RAW = {
    "theta_raw": "theta_raw",
    "frequency_raw": "fs_raw",
    "sigma_raw": "sigma_raw",
    "gamma_raw": "gamma_raw",
    "temporal_frequency_raw": "ft_raw",
    "tau_raw": "tau_raw",
}


def random_filters(n_units=12, n_taps=6):
    filters = GaborFilters(n_units, n_taps, decay_period=n_units, generator=torch.Generator().manual_seed(1)).double()
    with torch.no_grad():
        filters.gamma_raw.copy_(torch.linspace(0.6, 1.5, n_units))
    return filters


@pytest.fixture
def published(real_data):
    with np.load(real_data / "motion" / "reference_outputs" / "stage1_params.npz", allow_pickle=False) as arrays:
        return {name: torch.from_numpy(np.asarray(arrays[name])) for name in arrays}


@pytest.fixture
def published_filters(published):
    filters = GaborFilters(256, 6, decay_period=32)
    filters.load_state_dict({**{ours: published[name] for ours, name in RAW.items()}, "phase": torch.zeros(256)})
    return filters


def test_physical_parameters_are_those_published(published, published_filters):
    shape = published_filters.double().shape()
    for value, name in zip(
        shape,
        ("theta_rad", "fs_cyc_per_level_px", "sigma_level_px", "gamma_abs", "ft_cyc_per_frame", "tau_frames"),
        strict=True,
    ):
        torch.testing.assert_close(value.detach(), published[name].double(), rtol=1e-5, atol=1e-6, msg=name)


def test_kernels_are_those_published(published, published_filters):
    for kernels, name in (
        (published_filters.spatial()[0], "scale2_spatial_cos"),
        (published_filters.spatial()[1], "scale2_spatial_sin"),
        (published_filters.temporal()[0], "scale2_temporal_cos"),
        (published_filters.temporal()[1], "scale2_temporal_sin"),
    ):
        torch.testing.assert_close(kernels[64:96].detach(), published[name], rtol=0, atol=1e-6)


def test_kernels_are_the_formula_pixel_by_pixel():
    filters = random_filters()
    with torch.no_grad():
        filters.phase.copy_(torch.linspace(0, 1, 12))
        shape = filters.shape()
        cosine, sine = filters.spatial()
    for unit in (0, 5, 11):
        theta, frequency, sigma, gamma = (float(value[unit]) for value in shape[:4])
        wave = np.empty((15, 15), complex)
        for row in range(15):
            for col in range(15):
                x, y = col - 7, row - 7
                along, across = x * np.cos(theta) + y * np.sin(theta), -x * np.sin(theta) + y * np.cos(theta)
                envelope = np.exp(-0.5 * (along**2 / sigma**2 + across**2 * gamma**2 / sigma**2))
                wave[row, col] = envelope * np.exp(1j * (2 * np.pi * frequency * along + float(filters.phase[unit])))
        wave -= wave.mean()
        np.testing.assert_allclose(cosine[unit], wave.real, atol=1e-12)
        np.testing.assert_allclose(sine[unit], wave.imag, atol=1e-12)


def test_kernels_ignore_uniform_light_and_have_the_symmetry_of_a_quadrature_pair():
    cosine, sine = (kernels.detach() for kernels in random_filters().spatial(with_phase=False))
    assert float(cosine.sum((1, 2)).abs().max()) < 1e-12
    assert float(sine.sum((1, 2)).abs().max()) < 1e-12
    torch.testing.assert_close(cosine, cosine.flip(1, 2))
    torch.testing.assert_close(sine, -sine.flip(1, 2))


def test_limits_of_the_physical_parameters():
    assert pytest.approx(5.0959, abs=1e-4) == WIDEST_SIGMA
    assert longest_tau(6) == pytest.approx(3.7280, abs=1e-4)
    assert longest_tau(8) == pytest.approx(4.9706, abs=1e-4)
    filters = GaborFilters(4, 8, decay_period=4)
    for raw, highest in ((1e3, (2 * np.pi, 0.25, WIDEST_SIGMA, 0.25, longest_tau(8))), (-1e3, (0, 0, 0, 0, 0))):
        with torch.no_grad():
            for name, parameter in filters.named_parameters():
                if name not in ("phase", "gamma_raw"):
                    parameter.fill_(raw)
        theta, frequency, sigma, _, temporal, tau = filters.shape()
        for value, limit in zip((theta, frequency, sigma, temporal, tau), highest, strict=True):
            torch.testing.assert_close(value.detach(), torch.full((4,), float(limit)))


@pytest.mark.parametrize("raw", [-1e4, 0.0, 1e4])
@pytest.mark.parametrize("gamma", [-2.0, 0.0])
def test_extreme_parameters_give_finite_kernels_and_gradients(raw, gamma):
    filters = GaborFilters(3, 6, decay_period=3)
    with torch.no_grad():
        for parameter in filters.parameters():
            parameter.fill_(raw)
        filters.gamma_raw.fill_(gamma)
        filters.phase.zero_()
    kernels = (*filters.spatial(), *filters.temporal())
    assert all(bool(kernel.isfinite().all()) for kernel in kernels)
    sum(kernel.square().sum() for kernel in kernels).backward()
    assert all(bool(p.grad.isfinite().all()) for p in filters.parameters() if p.requires_grad)


def test_initial_values_are_in_their_ranges_and_follow_the_seed():
    def build(seed):
        return GaborFilters(256, 6, decay_period=32, generator=torch.Generator().manual_seed(seed))

    shape = build(0).shape()
    for value, low, high in (
        (shape.theta / (2 * np.pi), 0.01, 0.99),
        (shape.frequency / 0.25, 0.2, 0.8),
        (shape.sigma / WIDEST_SIGMA, 0.8, 0.99),
        (shape.temporal_frequency / 0.25, 0.01, 0.99),
    ):
        part = (value.detach() - low) / (high - low)
        assert part.min() >= -1e-5 and part.max() <= 1 + 1e-5
        # 256 uniform draws: mean 0.5 with standard error 0.018.
        assert abs(float(part.mean()) - 0.5) < 0.08
    assert bool((shape.gamma == 1).all())
    tau = shape.tau.detach().view(8, 32)
    assert float(tau[0, 0]) == pytest.approx(2.7254, abs=1e-3) and bool((tau == tau[0]).all())
    assert torch.equal(build(3).theta_raw, build(3).theta_raw)
    assert not torch.equal(build(3).theta_raw, build(4).theta_raw)
