import numpy as np
import pytest
import torch

from neuromodels.motion import EnergyBank, bank_units
from neuromodels.motion.pyramid import RATIO

SIZE = 128


def response(bank, cycles_per_pixel, cycles_per_frame, direction_deg, phase=0.0):
    """Energy of all units, mean over the central half, to a full-contrast drifting grating."""
    axis = torch.arange(SIZE) - (SIZE - 1) / 2
    direction = np.deg2rad(direction_deg)
    along = axis[None, :] * np.cos(direction) - axis[:, None] * np.sin(direction)
    t = torch.arange(11)[:, None, None]
    clip = 0.5 + 0.5 * torch.cos(2 * np.pi * (cycles_per_pixel * along - cycles_per_frame * t) + phase)
    with torch.no_grad():
        return bank.energy(clip[None].float())[0, :, 4:-4, 4:-4].mean((1, 2)).numpy()


def one_unit_bank(frequency=0.18, direction_deg=0.0, temporal_frequency=0.12, n_levels=4):
    """The same filter at each level."""
    bank = EnergyBank(n_levels, 1)
    with torch.no_grad():
        bank.spontaneous.zero_()
        bank.filters.theta_raw.fill_(torch.logit(torch.tensor(((180 - direction_deg) % 360) / 360)))
        bank.filters.frequency_raw.fill_(torch.logit(torch.tensor(frequency / 0.25)))
        bank.filters.temporal_frequency_raw.fill_(torch.logit(torch.tensor(temporal_frequency / 0.25)))
        bank.filters.sigma_raw.fill_(3.0)
        bank.filters.tau_raw.fill_(3.0)
    return bank


def peak(places, values):
    """Top of the parabola through the greatest value and its neighbours."""
    best = int(np.argmax(values))
    assert 0 < best < len(places) - 1
    left, middle, right = values[best - 1 : best + 2]
    return places[best] + (places[1] - places[0]) * 0.5 * (left - right) / (left - 2 * middle + right)


def test_spatial_frequency_is_where_the_response_peaks_and_the_published_label_is_not():
    bank = one_unit_bank()
    units = bank_units(bank, published_labels=True)
    for level in range(4):
        stated = float(units.spatial_frequency_cpp[level])
        logs = np.linspace(np.log(0.5), np.log(2), 21)
        values = [response(bank, stated * np.exp(step), 0.12, 0)[level] for step in logs]
        measured = stated * np.exp(peak(logs, values))
        assert measured == pytest.approx(stated, rel=0.05), level
        assert measured < 0.75 * float(units.published_spatial_frequency_cpp[level])
        np.testing.assert_allclose(
            units.published_speed_ppf[level], units.temporal_frequency_cpf[level] / (stated / RATIO)
        )


@pytest.mark.parametrize("direction", [0.5, 70, 160, 250, 340])
def test_direction_is_where_the_response_peaks(direction):
    bank = one_unit_bank(direction_deg=direction, n_levels=2)
    units = bank_units(bank)
    np.testing.assert_allclose(units.preferred_direction_deg, direction, atol=1e-3)
    offsets = np.arange(-45, 46, 15)
    values = np.array(
        [response(bank, float(units.spatial_frequency_cpp[0]), 0.12, direction + offset)[0] for offset in offsets]
    )
    assert peak(offsets, values) == pytest.approx(0, abs=4)
    assert response(bank, float(units.spatial_frequency_cpp[0]), 0.12, direction + 180)[0] < 0.2 * values.max()


def test_temporal_frequency_is_where_the_response_peaks():
    bank = one_unit_bank(temporal_frequency=0.15, n_levels=2)
    units = bank_units(bank)
    places = np.linspace(0.05, 0.25, 11)
    for level in range(2):
        sf = float(units.spatial_frequency_cpp[level])
        values = [response(bank, sf, tf, 0)[level] for tf in places]
        assert peak(places, values) == pytest.approx(0.15, abs=0.01)


def test_table_of_the_whole_bank():
    bank = EnergyBank()
    units = bank_units(bank)
    assert dict(units.sizes) == {"unit": 256}
    assert "published_speed_ppf" not in units
    assert list(np.unique(units.level, return_counts=True)[1]) == [32] * 8
    np.testing.assert_allclose(units.speed_ppf * units.spatial_frequency_cpp, units.temporal_frequency_cpf)
    assert float(units.preferred_direction_deg.min()) >= 0 and float(units.preferred_direction_deg.max()) < 360
    finest = units.spatial_frequency_cpp[:32] / bank.filters.shape().frequency[:32].detach().numpy()
    np.testing.assert_allclose(finest, RATIO, rtol=1e-5)


def test_stored_labels_are_reproduced(real_data):
    path = real_data / "motion" / "reference_outputs" / "stage1_params.npz"
    bank = EnergyBank(as_published=True)
    with np.load(path, allow_pickle=False) as stored, torch.no_grad():
        bank.filters.theta_raw.copy_(torch.from_numpy(stored["theta_raw"]))
        bank.filters.frequency_raw.copy_(torch.from_numpy(stored["fs_raw"]))
        bank.filters.temporal_frequency_raw.copy_(torch.from_numpy(stored["ft_raw"]))
        units = bank_units(bank)
        np.testing.assert_allclose(units.preferred_direction_deg, stored["pref_dir_deg_yup"], atol=1e-3)
        np.testing.assert_allclose(units.spatial_frequency_cpp, stored["fs_cyc_per_image_px"], rtol=1e-5)
        np.testing.assert_allclose(units.speed_ppf, stored["pref_speed_px_per_frame"], rtol=1e-5)
