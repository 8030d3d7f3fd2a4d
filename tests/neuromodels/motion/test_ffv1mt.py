"""FFV1MT: plain energies, moving textures, a filmed scene, what it does where there is nothing to see."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from neuromodels.motion import FFV1MT, FFV1MTConfig
from neuromodels.motion.ffv1mt import FREQUENCY_CPP, SPATIAL_SD, TEMPORAL_SD, _filled


def texture(velocity, size=96, seed=0):
    """1/f noise without frequencies near Nyquist in translation, (right, down) pixels per frame, 5 frames."""
    spectrum = np.fft.fft2(np.random.default_rng(seed).normal(size=(size, size)))
    down, right = np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)
    radius = np.hypot(down, right)
    radius[0, 0] = np.inf
    spectrum = np.where(radius > 0.45, 0, spectrum / radius)
    shift = right * velocity[0] + down * velocity[1]
    frames = np.stack([np.fft.ifft2(spectrum * np.exp(-2j * np.pi * shift * t)).real for t in range(5)])
    return torch.from_numpy((0.5 + 0.12 * frames / frames.std()).clip(0, 1)).float()[None, :, None]


def endpoint_error(flow, velocity, margin=12):
    away = flow[0] - torch.tensor(velocity)[:, None, None]
    return float(away.norm(dim=0)[margin:-margin, margin:-margin].mean())


def grating(direction_deg, cpp, cpf, size=25, contrast=0.5):
    place = np.arange(size) - size // 2
    radians = np.deg2rad(direction_deg)
    along = place * np.cos(radians) - place[:, None] * np.sin(radians)
    phase = cpp * along - cpf * np.arange(5)[:, None, None]
    return torch.from_numpy(0.5 + contrast / 2 * np.cos(2 * np.pi * phase))[None, :, None]


def test_constants_are_the_published_ones():
    assert pytest.approx(2.563, abs=1e-3) == SPATIAL_SD
    assert pytest.approx(1.780, abs=5e-4) == TEMPORAL_SD


@pytest.mark.parametrize(("orientation", "number"), [(0, 4), (3, 6), (8, 0), (11, 5)])
def test_energy_equals_the_equations(orientation, number):
    model = FFV1MT().double()
    clip = np.random.default_rng(2).uniform(size=(5, 15, 16))
    found = model.record(torch.from_numpy(clip)[None, :, None], ["energy"])["energy"].unflatten(1, (12, 7))
    radians, velocity = 2 * math.pi * orientation / 12, model.config.velocities_ppf[number]
    places = [(row, col) for row in range(-5, 6) for col in range(-5, 6)]
    even, odd = {}, {}
    for row, col in places:
        envelope = math.exp(-(row**2 + col**2) / (2 * SPATIAL_SD**2))
        phase = 2 * math.pi * FREQUENCY_CPP * (col * math.cos(radians) - row * math.sin(radians))
        even[row, col], odd[row, col] = envelope * math.cos(phase), envelope * math.sin(phase)
    for kernel in (even, odd):
        mean = sum(kernel.values()) / 121
        for place in places:
            kernel[place] -= mean
    for y, x in ((7, 8), (0, 15)):
        total = 0j
        for tap in range(5):
            wave = np.exp(2j * math.pi * FREQUENCY_CPP * velocity * tap - tap / (2 * TEMPORAL_SD**2))
            for row, col in places:
                pixel = clip[4 - tap, min(max(y + row, 0), 14), min(max(x + col, 0), 15)]
                total += wave * pixel * (even[row, col] + 1j * odd[row, col])
        assert float(found[0, orientation, number, y, x]) == pytest.approx(abs(total) ** 0.5, rel=1e-9)


@pytest.mark.parametrize("velocity", [(0.0, 0.0), (1.0, 0.5), (0.0, -1.0), (-0.5, 0.25), (2.0, -1.0), (-3.0, 2.0)])
def test_a_texture_moves_as_it_does(velocity):
    assert endpoint_error(FFV1MT().flow(texture(velocity)), velocity) < 0.02 + 0.12 * math.hypot(*velocity)


def test_coarse_levels_are_what_sees_fast_motion():
    errors = [
        endpoint_error(FFV1MT(FFV1MTConfig(n_levels=n_levels)).flow(texture((4.0, 0.0))), (4.0, 0.0))
        for n_levels in (1, 2, 3)
    ]
    assert errors[0] > 3.5 > errors[1] > errors[2]
    assert errors[2] < 0.6


@pytest.mark.parametrize("turn", [lambda clip: clip.flip(-1), lambda clip: clip.flip(-2), lambda clip: clip.mT])
def test_flow_turns_with_the_picture(turn):
    model = FFV1MT(FFV1MTConfig(n_levels=1)).double()
    clip = texture((0.5, 0.3), size=31).double()
    before = turn(model.flow(clip))
    after = model.flow(turn(clip))
    probe = turn(torch.arange(6.0).reshape(1, 1, 1, 2, 3))
    if probe.shape[-2:] == (3, 2):
        expected = before.flip(1)
    else:
        signs = torch.tensor([-1.0, 1.0]) if probe[0, 0, 0, 0, 0] == 2 else torch.tensor([1.0, -1.0])
        expected = before * signs[:, None, None]
    torch.testing.assert_close(after, expected, rtol=0, atol=1e-9)


def test_flow_of_a_filmed_scene_is_nearer_the_truth_than_no_flow(real_data):
    folder = real_data / "recordings" / "middlebury_flow"
    frames = [Image.open(folder / "RubberWhale_frames" / f"frame{number:02d}.png") for number in range(8, 13)]
    clip = torch.from_numpy(np.stack([np.asarray(frame.convert("RGB")) for frame in frames]) / 255).float()
    raw = np.fromfile(folder / "RubberWhale" / "flow10.flo", "<f4")
    n_cols, n_rows = raw[1:3].view("<i4")
    truth = raw[3:].reshape(n_rows, n_cols, 2)
    known = (np.abs(truth) < 1e9).all(-1)
    model = FFV1MT()
    assert (model.n_frames, model.flow_frame) == (5, 2)
    found = model.flow(clip.permute(0, 3, 1, 2)[None])[0].permute(1, 2, 0).numpy()
    error = np.linalg.norm(found - truth, axis=-1)[known].mean()
    still = np.linalg.norm(truth, axis=-1)[known].mean()
    assert still == pytest.approx(1.256, abs=1e-3)
    assert error == pytest.approx(0.301, abs=0.01)


def test_table_of_energies_is_where_they_are_greatest():
    model = FFV1MT().double()
    units = model.units("energy")
    for number in (4, 5, 6, 14 + 6, 21 + 2, 63 + 5):
        unit = units.isel(unit=number)
        direction, cpp, cpf = (
            float(unit[name]) for name in ("preferred_direction_deg", "spatial_frequency_cpp", "temporal_frequency_cpf")
        )

        def energy(turn=0, space=1.0, time=1.0, number=number, direction=direction, cpp=cpp, cpf=cpf):
            clip = grating(direction + turn, space * cpp, time * cpf)
            return float(model.record(clip, ["energy"])["energy"][0, number, 12, 12])

        for away in ({"turn": 10}, {"turn": -10}, {"space": 0.93}, {"space": 1.07}, {"time": 0.8}, {"time": 1.2}):
            assert energy(**away) < energy()
    opposite = units["component_velocity_ppf"] < 0
    assert (units["speed_ppf"] >= 0).all() and int(opposite.sum()) == 36


def test_direction_of_normalised_units_is_where_they_respond():
    model = FFV1MT().double()
    directions = np.arange(0, 360, 30)
    found = {
        layer: torch.cat([model.record(grating(d, FREQUENCY_CPP, 0.6 * FREQUENCY_CPP))[layer] for d in directions])
        for layer in ("v1", "mt")
    }
    for layer, values in found.items():
        table = model.units(layer)
        chosen = np.flatnonzero(np.abs(table["component_velocity_ppf"]) == 0.6)
        responses = values[:, chosen, 12, 12].numpy()
        seen = np.rad2deg(np.angle((responses * np.exp(1j * np.deg2rad(directions))[:, None]).sum(0))) % 360
        stated = table["preferred_direction_deg"].values[chosen]
        assert (np.abs((seen - stated + 180) % 360 - 180) < 10).all()
        assert np.isnan(table["speed_ppf"]).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("level", [0.0, 0.37, 1.0])
def test_uniform_light_has_no_energy_and_no_flow(level, dtype):
    found = FFV1MT().to(dtype).record(torch.full((1, 5, 1, 24, 30), level, dtype=dtype))
    assert found["energy"].max() == 0 and found["v1"].max() == 0 and found["flow"].abs().max() == 0


def test_unseen_places_are_filled_by_near_neighbours_of_like_luminance():
    rng = np.random.default_rng(3)
    picture = rng.uniform(size=(21, 23))
    energies = rng.uniform(size=(2, 3, 21, 23))
    energies[:, 0, 5:9, 6:12] = 0
    energies[:, 2, :, :12] = 0
    filled, known = _filled(torch.from_numpy(energies)[None], torch.from_numpy(picture)[None])
    spread = np.ptp(picture) / 6
    for velocity in range(3):
        for row, col in ((6, 8), (0, 0), (20, 3), (10, 11), (3, 20)):
            here = energies[:, velocity, row, col]
            total, weight = np.zeros(2), 0.0
            for y in range(max(row - 7, 0), min(row + 8, 21)):
                for x in range(max(col - 7, 0), min(col + 8, 23)):
                    if energies[:, velocity, y, x].sum() >= 1e-3:
                        near = ((y - row) ** 2 + (x - col) ** 2) / (2 * 2.5**2)
                        like = math.exp(-near - (picture[y, x] - picture[row, col]) ** 2 / (2 * spread**2))
                        total, weight = total + like * energies[:, velocity, y, x], weight + like
            seen = here.sum() >= 1e-3
            expected = here if seen else total / weight if weight else np.zeros(2)
            np.testing.assert_allclose(filled[0, :, velocity, row, col], expected, rtol=1e-9)
            if velocity == 2:
                assert bool(known[0, 0, row, col]) == bool(seen or weight > 0)


def test_nothing_is_said_where_neither_a_place_nor_its_neighbours_are_seen():
    clip = texture((0.5, 0.0), size=96)
    clip[..., 20:80] = 0.5
    flow = FFV1MT(FFV1MTConfig(n_levels=1)).flow(clip)[0]
    assert (flow[:, :, 45:55] == 0).all()
    assert (flow[0, :, :15].abs() > 0.1).double().mean() > 0.9


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_levels": 0}, "n_levels must be a whole number of 1 or more, received 0"),
        ({"velocities_ppf": ()}, "velocities_ppf must be within 1.9 pixels per frame"),
        ({"velocities_ppf": (0.0, 2.0)}, "velocities_ppf must be within 1.9 pixels per frame"),
    ],
)
def test_options_without_meaning_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        FFV1MTConfig(**options)


def test_other_numbers_of_frames_are_refused():
    for n_frames in (4, 6):
        with pytest.raises(ValueError, match=f"clips of 5 frames, received {n_frames}"):
            FFV1MT()(torch.rand(1, n_frames, 1, 20, 20))
