"""Adelson and Bergen's energies against plain loops, and the percepts that the model is known for."""

import math

import numpy as np
import pytest
import torch

from neuromodels.motion import AdelsonBergen, AdelsonBergenConfig

CYCLES = 0.125


def model(**options):
    return AdelsonBergen(AdelsonBergenConfig(**options)).double()


def field(direction_deg, size=64):
    place = np.arange(size) - (size - 1) / 2
    radians = np.deg2rad(direction_deg)
    return place * np.cos(radians) - place[:, None] * np.sin(radians)


def grating(direction_deg, cpp=CYCLES, cpf=0.1, n_frames=20, phase=0.0, contrast=1.0, size=64):
    along = field(direction_deg, size)
    frames = [0.5 + contrast / 2 * np.cos(2 * np.pi * (cpp * along - cpf * t) + phase) for t in range(n_frames)]
    return torch.from_numpy(np.stack(frames))[None, :, None]


def texture(velocity, n_frames=24, size=64, seed=0):
    """1/f noise in translation; (right, down) pixels per frame."""
    spectrum = np.fft.fft2(np.random.default_rng(seed).normal(size=(size, size)))
    down, right = np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)
    radius = np.hypot(down, right)
    radius[0, 0] = np.inf
    shift = right * velocity[0] + down * velocity[1]
    frames = [np.fft.ifft2(spectrum / radius * np.exp(-2j * np.pi * shift * t)).real for t in range(n_frames)]
    frames = np.stack(frames)
    return torch.from_numpy((0.5 + 0.12 * frames / frames.std()).clip(0, 1))[None, :, None]


def centre(maps):
    """Responses of one clip over the middle half of the picture, mean over time: ``(unit,)``."""
    rows, cols = maps.shape[-2:]
    return maps[0, ..., rows // 4 : -rows // 4, cols // 4 : -cols // 4].mean((0, 2, 3)).numpy()


def opponent_direction(maps, units):
    """Direction of the sum of all opponent vectors."""
    radians = np.deg2rad(units["preferred_direction_deg"].values)
    return np.rad2deg(np.angle((centre(maps) * np.exp(1j * radians)).sum())) % 360


def plain_energy(clip, direction_deg, config, place):
    """Energy at one place for the first complete window, tap by tap."""
    half = config.half_width(CYCLES)
    sd = config.periods / CYCLES
    radians = math.radians(direction_deg)
    weights, even, odd = {}, {}, {}
    for row in range(-half, half + 1):
        for col in range(-half, half + 1):
            along = col * math.cos(radians) - row * math.sin(radians)
            weights[row, col] = math.exp(-(row**2 + col**2) / (2 * sd**2))
            even[row, col] = weights[row, col] * math.cos(2 * math.pi * CYCLES * along)
            odd[row, col] = weights[row, col] * math.sin(2 * math.pi * CYCLES * along)
    total, uniform = sum(weights.values()), sum(even.values())
    temporal = {}
    for order in (5, 3):
        phases = [config.rate * tap for tap in range(config.n_taps)]
        first = [phase**order * math.exp(-phase) / math.factorial(order) for phase in phases]
        second = [phase ** (order + 2) * math.exp(-phase) / math.factorial(order + 2) for phase in phases]
        ratio = sum(first) / sum(second)
        temporal[order] = [a - ratio * b for a, b in zip(first, second, strict=True)]
    found = {}
    for name, kernel in (("even", even), ("odd", odd)):
        for order, taps in temporal.items():
            found[name, order] = 0.0
            for tap, weight in enumerate(taps):
                frame = clip[config.n_taps - 1 - tap]
                for (row, col), value in kernel.items():
                    if name == "even":
                        value -= uniform / total * weights[row, col]
                    y = min(max(place[0] + row, 0), frame.shape[0] - 1)
                    x = min(max(place[1] + col, 0), frame.shape[1] - 1)
                    found[name, order] += weight * value / total * frame[y, x]
    return (found["even", 5] + found["odd", 3]) ** 2 + (found["even", 3] - found["odd", 5]) ** 2


@pytest.mark.parametrize("place", [(13, 15), (0, 29), (2, 1)])
@pytest.mark.parametrize("number", [0, 1, 3, 6])
def test_energies_equal_the_equations(place, number):
    bank = model(spatial_frequencies_cpp=(CYCLES,))
    clip = np.random.default_rng(1).uniform(size=(12, 28, 30))
    found = bank(torch.from_numpy(clip)[None, :, None])
    assert found.shape == (1, 1, 8, 28, 30)
    # The opposite direction is the same pair, read the other way.
    expected = plain_energy(clip, 45 * number, bank.config, place)
    assert float(found[0, 0, number, place[0], place[1]]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("direction", [0, 45, 225, 270])
def test_phase_changes_a_preferred_grating_by_less_than_one_percent(direction):
    bank = model(spatial_frequencies_cpp=(CYCLES,))
    cpf = float(bank.units("v1")["temporal_frequency_cpf"][0])
    phases = [grating(direction, cpf=cpf, phase=phase, n_frames=14, size=48) for phase in (0, 1, 2, 3, 4)]
    energies = [centre(bank(clip))[direction // 45] for clip in phases]
    assert np.ptp(energies) / np.mean(energies) < 0.01
    maps = bank(phases[0])[0, :, direction // 45, 16:-16, 16:-16]
    assert (maps.max() - maps.min()) / maps.mean() < 0.01


@pytest.mark.parametrize("direction", range(0, 360, 45))
def test_a_grating_is_seen_best_by_the_unit_that_prefers_it(direction):
    bank = model(spatial_frequencies_cpp=(0.125, 0.25))
    units = bank.units("v1")
    for cpp in bank.config.spatial_frequencies_cpp:
        best = int(centre(bank(grating(direction, cpp=cpp, n_frames=12, size=40))).argmax())
        assert float(units["preferred_direction_deg"][best]) == direction
        assert float(units["spatial_frequency_cpp"][best]) == cpp


def test_frequencies_of_the_table_are_where_responses_peak():
    bank = model(spatial_frequencies_cpp=(CYCLES,), n_directions=2)
    units = bank.units("v1").isel(unit=0)
    flicker = float(units["temporal_frequency_cpf"])
    assert float(units["speed_ppf"]) == pytest.approx(flicker / CYCLES)
    by_flicker = {k: centre(bank(grating(0, cpf=k * flicker)))[0] for k in (0.7, 0.95, 1.0, 1.05, 1.4)}
    by_space = {k: centre(bank(grating(0, cpp=k * CYCLES, cpf=flicker)))[0] for k in (0.7, 0.95, 1.0, 1.05, 1.4)}
    assert max(by_flicker, key=by_flicker.get) == max(by_space, key=by_space.get) == 1.0


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("direction", [0, 45, 90])
def test_counterphase_flicker_has_no_opponent_energy(direction, normalised):
    bank = model(normalised=normalised, spatial_frequencies_cpp=(CYCLES,))
    there, back = (grating(direction + turn, contrast=0.5) for turn in (0, 180))
    opponent = bank.record(there + back - 0.5, ["opponent"])["opponent"]
    drifting = bank.record(there, ["opponent"])["opponent"]
    assert np.abs(centre(opponent)).max() < 1e-9 * np.abs(centre(drifting)).max()


@pytest.mark.parametrize("velocity", [(1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (-0.7, 0.7)])
def test_reverse_phi_turns_the_direction(velocity):
    bank = model(spatial_frequencies_cpp=(0.125, 0.25))
    units = bank.units("opponent")
    clip = texture(velocity)
    true = np.rad2deg(np.arctan2(-velocity[1], velocity[0])) % 360
    flips = torch.where(torch.arange(24) % 2 == 0, 1.0, -1.0)[:, None, None, None]
    forward = opponent_direction(bank.record(clip, ["opponent"])["opponent"], units)
    reverse = opponent_direction(bank.record(0.5 + flips * (clip - 0.5), ["opponent"])["opponent"], units)
    assert abs((forward - true + 180) % 360 - 180) < 15
    assert abs((reverse - true) % 360 - 180) < 15


def test_missing_fundamental_goes_with_its_third_harmonic():
    # A quarter period of the fundamental to the right is a quarter period of the third harmonic to the left.
    period, hold = 24, 3
    bank = model(spatial_frequencies_cpp=(3 / period,), n_directions=2)
    across = np.arange(96)
    wave = np.sign(np.sin(2 * np.pi * (across + 0.5) / period))
    fundamental = 4 / np.pi * np.sin(2 * np.pi * (across + 0.5) / period)
    steps = [np.roll(0.5 + 0.3 * (wave - missing), k * period // 4) for missing in (0, fundamental) for k in range(8)]
    whole, fluted = np.repeat(np.stack(steps), hold, axis=0)[:, None].repeat(40, 1).reshape(2, 8 * hold, 40, 96)
    found = bank.record(torch.from_numpy(fluted)[None, :, None], ["opponent"])["opponent"]
    assert centre(found)[0] < 0
    coarse = model(spatial_frequencies_cpp=(1 / period,), n_directions=2)
    assert centre(coarse.record(torch.from_numpy(whole)[None, :, None], ["opponent"])["opponent"])[0] > 0


def test_uniform_and_still_pictures_give_nothing():
    bank = model()
    still = torch.from_numpy(np.random.default_rng(0).uniform(size=(1, 1, 1, 64, 64))).expand(1, 14, 1, 64, 64)
    assert bank(torch.full((1, 14, 1, 64, 64), 0.7, dtype=torch.float64)).max() < 1e-25
    assert bank(still).max() < 1e-25


def test_normalised_energy_hardly_depends_on_contrast_and_stays_below_one():
    plain, normal = (model(normalised=normalised, spatial_frequencies_cpp=(CYCLES,)) for normalised in (False, True))
    high, low = (grating(0, contrast=contrast, n_frames=14) for contrast in (1.0, 0.5))
    assert centre(plain(high))[0] / centre(plain(low))[0] == pytest.approx(4, rel=1e-6)
    assert centre(normal(high))[0] / centre(normal(low))[0] == pytest.approx(1, abs=0.02)
    assert float(normal(high).min()) >= 0 and float(normal(high).max()) < 1
    blank = torch.full((1, 14, 1, 64, 64), 0.5, dtype=torch.float64)
    assert float(normal(blank).abs().max()) < 1e-20


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_directions": 5}, "n_directions must be an even number of 2 or more, received 5"),
        ({"spatial_frequencies_cpp": (0.6,)}, "at most 0.5, the Nyquist limit"),
        ({"spatial_frequencies_cpp": ()}, "at most 0.5, the Nyquist limit"),
        ({"rate": 0.0}, "rate must be above 0, received 0.0"),
        ({"n_taps": 2}, "n_taps must be a whole number of 4 or more, received 2"),
    ],
)
def test_options_without_meaning_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        AdelsonBergenConfig(**options)
