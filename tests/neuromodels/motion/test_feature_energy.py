import numpy as np
import pytest
import torch

from neuromodels.motion import FeatureEnergy

RAW = {
    "filters.theta_raw": "spatial_filter.thetas",
    "filters.frequency_raw": "spatial_filter.fs",
    "filters.sigma_raw": "spatial_filter.sigmas",
    "filters.gamma_raw": "spatial_filter.gammas",
    "filters.phase": "spatial_filter.psis",
    "filters.temporal_frequency_raw": "temporal_filter.ft",
    "filters.tau_raw": "temporal_filter.tao",
    "pooling": "temporal_pooling",
    "spontaneous": "spontaneous_firing",
    "norm_sigma": "norm_sigma",
    "norm_k": "norm_k",
}
METHODS = ("plain", "fft", "auto")


@pytest.mark.parametrize("method", METHODS)
def test_stored_output_is_reproduced(method, real_data):
    path = real_data / "motion" / "reference_outputs" / "higher_order_small.npz"
    with np.load(path, allow_pickle=False) as stored:
        stage = FeatureEnergy(16, as_published=True, method=method)
        shapes = {name: value.shape for name, value in stage.state_dict().items()}
        stage.load_state_dict(
            {ours: torch.from_numpy(stored[f"ME.{theirs}"]).reshape(shapes[ours]) for ours, theirs in RAW.items()}
        )
        features, wanted = torch.from_numpy(stored["features"]).transpose(0, 1), torch.from_numpy(stored["energy"])
    with torch.no_grad():
        torch.testing.assert_close(stage(features), wanted, rtol=0, atol=1e-5 * float(wanted.max()))


@pytest.mark.parametrize("as_published", [False, True])
def test_methods_give_equal_numbers_and_gradients(as_published):
    features = torch.rand(2, 9, 4, 10, 13, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = []
    for method in METHODS:
        stage = FeatureEnergy(4, 5, n_frames=9, as_published=as_published, method=method).double()
        asked = features.clone().requires_grad_()
        response = stage(asked)
        response.square().sum().backward()
        found.append((response.detach(), asked.grad, stage.filters.theta_raw.grad, stage.pooling.grad))
    for other in found[1:]:
        for ours, theirs in zip(other, found[0], strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9 * float(theirs.abs().max()))


def test_a_unit_is_driven_by_its_own_channel_alone():
    stage = FeatureEnergy(3)
    features = torch.rand(1, 15, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    other = features.clone()
    other[:, :, 1] = torch.rand(1, 15, 16, 16, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        changed = (stage.energy(features) - stage.energy(other)).abs().amax((0, 2, 3))
    assert float(changed[1]) > 1e-2 and bool((changed[[0, 2]] < 1e-6).all())


def test_constant_features_have_the_spontaneous_energy_alone():
    features = torch.full((1, 15, 5, 9, 9), 4.0)
    with torch.no_grad():
        torch.testing.assert_close(FeatureEnergy(5).energy(features), torch.full((1, 5, 9, 9), 0.3**2))
        assert float(FeatureEnergy(5, as_published=True).energy(features).mean()) > 1


def test_number_of_parameters_and_first_decays():
    stage = FeatureEnergy(256)
    assert sum(p.numel() for p in stage.parameters() if p.requires_grad) == 256 * (6 + 8) + 3
    assert float(stage.filters.tau_raw.detach()[255]) == 255 / 2 + 1


def test_mixed_precision_computes_in_single_precision():
    features, stage = torch.rand(1, 15, 3, 12, 12), FeatureEnergy(3)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = stage(features.bfloat16())
    with torch.no_grad():
        assert torch.equal(mixed, stage(features.bfloat16().float()))


def test_features_of_another_shape_are_refused():
    for shape in ((15, 4, 8, 8), (1, 14, 4, 8, 8), (1, 15, 5, 8, 8)):
        with pytest.raises(ValueError, match=r"this stage takes \(batch, 15 frames, 4 channels, row, col\)"):
            FeatureEnergy(4)(torch.rand(shape))


def test_windows_are_no_way_to_compute_every_pixel_of_features():
    with pytest.raises(ValueError, match="method is 'window'; give one of auto, plain, fft"):
        FeatureEnergy(4, method="window")
