"""What is known of motion energy: reverse-phi, the missing fundamental, counterphase flicker, phase."""

import numpy as np
import pytest
import torch
import xarray as xr

from neuromodels.motion import EnergyBank, bank_units, opponent_energy, population_direction

FRAMES = torch.arange(11)[:, None, None]


@pytest.fixture(scope="module")
def bank():
    bank = EnergyBank()
    with torch.no_grad():
        bank.spontaneous.zero_()
    return bank


def texture(size, velocity, seed=0):
    """1/f noise that moves (right, down) pixels per frame, shifted in the Fourier domain."""
    g = np.random.default_rng(seed)
    down, right = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size), indexing="ij")
    frequency = np.hypot(down, right)
    frequency[0, 0] = 1
    spectrum = np.fft.fft2(g.normal(size=(size, size))) / frequency
    spectrum[0, 0] = 0
    frames = [
        np.fft.ifft2(spectrum * np.exp(-2j * np.pi * t * (right * velocity[0] + down * velocity[1]))).real
        for t in range(11)
    ]
    frames = np.stack(frames) / np.std(frames[0])
    return torch.from_numpy(np.clip(0.5 + 0.15 * frames, 0, 1)).float()[None]


def direction_of(bank, clip, *, relative=True):
    """Population direction of the central half: each unit's energy against that of its twin."""
    with torch.no_grad():
        both = [bank.energy(clip, opposite=opposite)[0] for opposite in (False, True)]
    quarter = both[0].shape[1] // 4
    energy, twin = (maps[:, quarter:-quarter, quarter:-quarter].mean((1, 2)) for maps in both)
    active = energy + twin > 0
    total = torch.where(active, energy + twin, 1) if relative else 1
    return float(population_direction((energy - twin) / total, bank_units(bank)))


def apart(first, second):
    return abs((first - second + 180) % 360 - 180)


@pytest.mark.parametrize(("velocity", "direction"), [((2, 0), 0), ((-1, 1.5), 236.31), ((0.5, 0), 0), ((0, -1), 90)])
def test_direction_of_a_texture(bank, velocity, direction):
    assert apart(direction_of(bank, texture(256, velocity)), direction) < 10


def reversed_phi(clip):
    sign = torch.tensor([1.0, -1] * 6)[:11, None, None]
    return 0.5 + sign * (clip - 0.5)


def test_reverse_phi_flips_the_direction(bank):
    clip = texture(256, (2, 0))
    forward, reverse = direction_of(bank, clip), direction_of(bank, reversed_phi(clip))
    assert apart(forward, 0) < 10
    assert apart(reverse, forward + 180) < 10


def test_reverse_phi_with_the_stored_parameters(real_data):
    bank = EnergyBank()
    path = real_data / "motion" / "reference_outputs" / "stage1_params.npz"
    names = {"theta_raw": "theta_raw", "frequency_raw": "fs_raw", "sigma_raw": "sigma_raw", "gamma_raw": "gamma_raw"}
    names |= {"temporal_frequency_raw": "ft_raw", "tau_raw": "tau_raw"}
    with np.load(path, allow_pickle=False) as stored, torch.no_grad():
        for ours, theirs in names.items():
            getattr(bank.filters, ours).copy_(torch.from_numpy(stored[theirs]))
        bank.pooling.copy_(torch.from_numpy(stored["temporal_pool_weight"]))
        bank.spontaneous.copy_(torch.from_numpy(stored["spontaneous"]))
    clip = texture(256, (2, 0))
    assert apart(direction_of(bank, clip), 3.7) < 5
    assert apart(direction_of(bank, reversed_phi(clip)), 185.3) < 5


def test_missing_fundamental_moves_the_way_of_its_third_harmonic(bank):
    # In quarter cycles of the fundamental rightward: the third harmonic steps 3/4 of its cycle, which is 1/4 leftward.
    phase = 2 * np.pi * (torch.arange(256) / 48 - FRAMES / 4).expand(11, 256, 256)
    square = torch.sign(torch.sin(phase + 1e-4))
    lacking = square - 4 / np.pi * torch.sin(phase)
    both = [direction_of(bank, (0.5 + 0.25 * wave)[None].float(), relative=False) for wave in (square, lacking)]
    assert apart(both[0], 0) < 10
    assert apart(both[1], 180) < 10


def test_counterphase_flicker_has_no_opponent_energy(bank):
    axis = torch.arange(256) - 127.5
    for cycles_per_pixel in (0.04, 0.08):
        wave = torch.cos(2 * np.pi * cycles_per_pixel * axis)[None, None, :] * torch.cos(2 * np.pi * 0.1 * FRAMES)
        flicker = (0.5 + 0.5 * wave).expand(11, 256, 256)[None].float()
        drift = 0.5 + 0.5 * torch.cos(2 * np.pi * (cycles_per_pixel * axis[None, None, :] - 0.1 * FRAMES))
        sums = []
        for clip in (flicker, drift.expand(11, 256, 256)[None].float()):
            with torch.no_grad():
                energy, twin = (
                    bank.energy(clip, opposite=opposite)[0, :192, 8:24, 8:24].mean((1, 2)) for opposite in (False, True)
                )
            rightward = np.cos(np.deg2rad(bank_units(bank).preferred_direction_deg.values[:192]))
            sums.append(float(((energy - twin).numpy() * rightward).sum() / (energy + twin).numpy().sum()))
        assert abs(sums[0]) < 0.01 < 0.3 < sums[1]


def test_energy_does_not_depend_on_the_phase_of_a_grating(bank):
    axis = torch.arange(256) - 127.5
    energies = []
    for phase in np.arange(0, 2 * np.pi, np.pi / 4):
        wave = torch.cos(2 * np.pi * (0.08 * axis[None, None, :] - 0.1 * FRAMES) + phase)
        with torch.no_grad():
            energy = bank.energy((0.5 + 0.5 * wave).expand(11, 256, 256)[None].float())
        energies.append(energy[0, :, 8:-8, 8:-8].mean((1, 2)).numpy())
    energies = np.stack(energies)
    driven = energies.mean(0) > 0.02 * energies.mean(0).max()
    assert driven.sum() > 10
    energies = energies[:, driven]
    assert ((energies.max(0) - energies.min(0)) / energies.mean(0)).max() < 0.01


def test_opponent_energy_is_odd_in_direction_and_bounded():
    bank = EnergyBank(2, 4)
    clip = texture(64, (1, 0))
    with torch.no_grad():
        opponent = opponent_energy(bank, clip)
        energy, twin = bank.energy(clip), bank.energy(clip, opposite=True)
    torch.testing.assert_close(opponent, (energy - twin) / (energy + twin))
    assert float(opponent.abs().max()) <= 1


def test_the_twin_is_the_unit_turned_by_half_a_circle():
    bank, turned = EnergyBank(2, 4), EnergyBank(2, 4)
    with torch.no_grad():
        part = torch.sigmoid(bank.filters.theta_raw)
        turned.filters.theta_raw.copy_(torch.logit((part + 0.5) % 1))
        clip = texture(64, (1, 0.5))
        torch.testing.assert_close(bank.energy(clip, opposite=True), turned.energy(clip), rtol=1e-4, atol=1e-4)


def test_silent_levels_have_opponent_energy_zero_and_a_gradient():
    bank = EnergyBank(3, 2)
    opponent = opponent_energy(bank, texture(24, (1, 0)))
    assert bool((opponent[:, 2:] == 0).all()) and bool((opponent[:, :2] != 0).any())
    opponent.sum().backward()
    assert bool(bank.filters.theta_raw.grad.isfinite().all())


def test_population_direction_of_known_responses():
    units = xr.Dataset({"preferred_direction_deg": ("unit", [0.0, 90, 180, np.nan])})
    responses = np.array([[1, 0, 0, 5], [0, 2, 0, 5], [1, 1, 0, 5], [-1, 0, 0, 5.0]])
    np.testing.assert_allclose(population_direction(responses, units), [0, 90, 45, 180])
    with pytest.raises(ValueError, match="the last axis is to be 4 units"):
        population_direction(responses[:, :3], units)
