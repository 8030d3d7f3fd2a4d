"""Simoncelli and Heeger's populations against an independent implementation's numbers, plain loops, and known tuning."""

import math

import numpy as np
import pytest
import torch

from neuromodels.motion import SimoncelliHeeger, SimoncelliHeegerConfig
from neuromodels.motion.directional_derivatives import FILTERS
from neuromodels.motion.simoncelli_heeger import (
    MT_POPULATION,
    PREFERRED_RADIUS,
    V1_POPULATION,
    mt_weights,
    velocity_plane,
)

PREFERRED = PREFERRED_RADIUS * math.cos(math.pi / 4)
DIRECTIONS = np.arange(0.0, 360.0, 15.0)
RIGHTWARD = ((0.0, 1.0),)
# Responses to 0, 15, ..., 180 degrees, as another implementation gives them, to 4 digits.
V1_GRATING = [1.0076, 0.9093, 0.6647, 0.3898, 0.1796, 0.0627, 0.0156, 0.0025, 0.0002, 0, 0, 0, 0]
V1_PLAID = [0.1779, 0.2255, 0.3403, 0.4537, 0.4988, 0.4498, 0.3309, 0.1954, 0.0902, 0.0313, 0.0078, 0.0013, 0.0002]
MT_GRATING = [1.0059, 1.0123, 0.9797, 0.8358, 0.5560, 0.2329, 0.0259, 0, 0, 0, 0, 0, 0]
MT_PLAID = [0.7767, 0.6797, 0.4621, 0.2639, 0.1535, 0.1132, 0.0996, 0.0762, 0.0319, 0.0003, 0, 0, 0]
CONTRASTS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]
V1_CONTRAST = [0.0381, 0.1369, 0.5000, 0.8048, 0.9496, 1.0000, 1.0076]
MT_CONTRAST = [0.1254, 0.2020, 0.5496, 0.8375, 0.9600, 1.0000, 1.0059]


def grating(direction_deg, contrast=1.0, cpp=PREFERRED, cpf=PREFERRED, n_frames=39, size=37):
    place = np.arange(size) - size // 2
    radians = np.deg2rad(direction_deg)
    along = place * np.cos(radians) - place[:, None] * np.sin(radians)
    phase = cpp * along - cpf * np.arange(n_frames)[:, None, None]
    return 0.5 + contrast / 2 * np.cos(2 * np.pi * phase)


def plaid(direction_deg, **options):
    one, other = (grating(direction_deg + turn, contrast=0.5, **options) for turn in (60, -60))
    return one + other - 0.5


def clips_of(frames):
    return torch.from_numpy(np.stack(frames))[:, :, None]


def rightward(frames):
    """Mean responses of a V1 and an MT unit that prefer 1 pixel per frame to the right: ``(clip, 2)``."""
    model = SimoncelliHeeger(SimoncelliHeegerConfig(RIGHTWARD, RIGHTWARD)).double()
    found = model.record(clips_of(frames), ["v1", "mt"], batch_size=8)
    return np.stack([found[layer].mean((1, 2, 3, 4)).numpy() for layer in ("v1", "mt")], axis=1)


@pytest.fixture(scope="module")
def tuning():
    """Responses to gratings and plaids of 24 directions."""
    return {kind.__name__: rightward([kind(d) for d in DIRECTIONS]) for kind in (grating, plaid)}


@pytest.fixture
def reference(real_data):
    with np.load(real_data / "motion" / "reference_outputs" / "simoncelli_heeger.npz", allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays}


@pytest.mark.parametrize(("name", "kind"), [("grating_v1_mt", grating), ("plaid_v1_mt", plaid)])
def test_direction_tuning_is_that_of_the_reference(reference, name, kind):
    exact = {"cpp": float(reference["sf"]), "cpf": float(reference["tf"])}
    np.testing.assert_allclose(
        rightward([kind(direction, **exact) for direction in DIRECTIONS[::2]]), reference[name][::2], rtol=0, atol=1e-9
    )


def test_contrast_and_speed_responses_are_those_of_the_reference(reference):
    cpp, cpf = float(reference["sf"]), float(reference["tf"])
    found = rightward([grating(0, contrast, cpp, cpf) for contrast in reference["contrast"]])
    np.testing.assert_allclose(found, reference["contrast_v1_mt"], rtol=0, atol=1e-9)
    known = np.isfinite(reference["grating_speed_v1_mt"][:, 0])
    found = rightward([grating(0, 1.0, cpp, cpp * speed) for speed in reference["speed"][known]])
    np.testing.assert_allclose(found, reference["grating_speed_v1_mt"][known], rtol=0, atol=1e-9)


def test_constants_are_those_of_the_reference(reference):
    np.testing.assert_array_equal(FILTERS.T, reference["v1_filters"])
    np.testing.assert_array_equal(V1_POPULATION, reference["v1_population"])
    np.testing.assert_allclose(
        np.array(MT_POPULATION) * [math.pi / 180, 1], reference["mt_population"], rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(mt_weights(RIGHTWARD)[0], reference["mt_weights_dir0_speed1"], rtol=0, atol=1e-12)


def test_tuning_curves_have_the_known_shape(tuning):
    np.testing.assert_allclose(tuning["grating"][:13, 0], V1_GRATING, rtol=0, atol=1.5e-4)
    np.testing.assert_allclose(tuning["grating"][:13, 1], MT_GRATING, rtol=0, atol=1.5e-4)
    np.testing.assert_allclose(tuning["plaid"][:13, 0], V1_PLAID, rtol=0, atol=1.5e-4)
    np.testing.assert_allclose(tuning["plaid"][:13, 1], MT_PLAID, rtol=0, atol=1.5e-4)


def test_half_of_the_maximum_is_at_contrast_005_and_the_blank_is_at_01():
    found = rightward([grating(0, contrast) for contrast in CONTRASTS])
    np.testing.assert_allclose(found[:, 0], V1_CONTRAST, rtol=0, atol=1e-4)
    np.testing.assert_allclose(found[:, 1], MT_CONTRAST, rtol=0, atol=1e-4)
    np.testing.assert_allclose(rightward([np.full((39, 37, 37), 0.5)]), [[0, 0.1]], rtol=0, atol=1e-6)


def z_scores(gratings, plaids):
    """Partial correlations of a plaid tuning with the pattern and the component prediction, as z: pattern, component."""
    turn = len(gratings) // 6
    component = np.roll(gratings, turn) + np.roll(gratings, -turn)
    r_p, r_c, r_pc = (
        np.corrcoef(a, b)[0, 1] for a, b in ((plaids, gratings), (plaids, component), (gratings, component))
    )

    def partial(one, other):
        r = (one - other * r_pc) / np.sqrt((1 - other**2) * (1 - r_pc**2))
        return float(np.arctanh(r) * np.sqrt(len(gratings) - 3))

    return partial(r_p, r_c), partial(r_c, r_p)


def test_v1_follows_components_and_mt_the_pattern(tuning):
    found = {
        (layer, every): z_scores(tuning["grating"][::every, unit], tuning["plaid"][::every, unit])
        for unit, layer in enumerate(("v1", "mt"))
        for every in (1, 2)
    }
    assert found["v1", 2] == pytest.approx((0.82, 16.15), abs=0.1)
    assert found["mt", 2] == pytest.approx((3.63, 0.40), abs=0.1)
    assert found["v1", 1] == pytest.approx((1.38, 25.3), abs=0.1)
    assert found["mt", 1] == pytest.approx((5.58, 0.51), abs=0.1)


def textures(speed, seed, size=128, n_frames=17):
    """1/f noise in motion to the right, ``(time, 64, 64)``."""
    spectrum = np.fft.fft2(np.random.default_rng(seed).normal(size=(size, size)))
    right = np.fft.fftfreq(size)
    radius = np.hypot(right[:, None], right)
    radius[0, 0] = np.inf
    frames = [np.fft.ifft2(spectrum / radius * np.exp(-2j * np.pi * right * speed * t)).real for t in range(n_frames)]
    return (0.5 + 0.15 * np.stack(frames) / np.std(frames[0])).clip(0, 1)[:, :64, :64]


def test_mt_is_tuned_to_the_speed_of_textures():
    speeds = (0.25, 0.5, 1.0, 2.0, 4.0)
    preferred = (0.25, 1.0, 4.0)
    model = SimoncelliHeeger(SimoncelliHeegerConfig(mt_units=tuple((0.0, speed) for speed in preferred)))
    clips = clips_of([textures(speed, seed) for speed in speeds for seed in (0, 1)]).float()
    found = model.record(clips, ["mt"], batch_size=5)["mt"].mean((1, 3, 4)).reshape(5, 2, 3).mean(1).T.numpy()
    # Other noise than that of the published curves: peaks agree, values nearly.
    expected = [
        [1.591, 1.256, 0.399, 0.032, 0.001],
        [0.461, 1.003, 1.411, 0.762, 0.112],
        [0.011, 0.098, 0.399, 1.028, 0.738],
    ]
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.15)
    np.testing.assert_array_equal(found.argmax(1), np.argmax(expected, axis=1))


def test_a_v1_unit_of_the_population_is_the_same_when_it_is_asked_for():
    asked = tuple((float(np.rad2deg(azimuth)), float(ratio)) for azimuth, ratio in V1_POPULATION)
    clip = torch.from_numpy(np.random.default_rng(0).uniform(size=(1, 10, 1, 38, 38)))
    layers = ["v1_linear", "v1_complex", "v1"]
    population = SimoncelliHeeger().double().record(clip, layers)
    single = SimoncelliHeeger(SimoncelliHeegerConfig(v1_units=asked)).double().record(clip, layers)
    for layer in layers:
        torch.testing.assert_close(single[layer], population[layer], rtol=0, atol=1e-9)


def test_squared_linear_responses_are_the_complex_ones_for_any_direction():
    unit = SimoncelliHeeger(SimoncelliHeegerConfig(v1_units=((123.0, 0.7), (45.0, -2.0 + 3.0)))).double()
    # A picture with one pixel less on either side of the blur: a plain blur of the squared linear responses.
    clip = torch.from_numpy(np.random.default_rng(0).uniform(size=(1, 9, 1, 37, 37)))
    found = unit.record(clip, ["v1_linear", "v1_complex"])
    squares = 1.9262519669114633 * found["v1_linear"][0, 0].square().numpy()
    taps = np.exp(-(np.arange(-5.0, 6) ** 2) / (2 * 1.6**2))
    taps /= taps.sum()
    for row, col in ((0, 0), (7, 12), (18, 18)):
        expected = 1.0205372750866895 * np.einsum("uyx,y,x->u", squares[:, row : row + 11, col : col + 11], taps, taps)
        np.testing.assert_allclose(found["v1_complex"][0, 0, :, row, col], expected, rtol=1e-9)


def test_smallest_clip_gives_one_place_in_mt():
    model = SimoncelliHeeger()
    found = model.record(torch.full((1, 9, 1, 37, 37), 0.5))
    assert found["mt"].shape == (1, 1, 19, 1, 1)
    assert found["v1"].shape == (1, 1, 28, 19, 19)
    for smaller in ((8, 37, 37), (9, 36, 40), (9, 40, 36)):
        with pytest.raises(ValueError, match="at least"):
            model(torch.full((1, smaller[0], 1, *smaller[1:]), 0.5))


def test_components_of_a_velocity_lie_on_its_plane():
    vectors = velocity_plane(30.0, 2.0)
    y, x, t = vectors.T
    # A pattern that moves with v holds only gratings of frequency (f, -f v).
    np.testing.assert_allclose(2 * (x * math.cos(math.pi / 6) + y * math.sin(math.pi / 6)), t, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1)
    np.testing.assert_allclose(velocity_plane(70.0, 0.0)[:, 2], 0, atol=1e-12)
    azimuth = np.rad2deg(np.arctan2(*velocity_plane(0.0, 1.0)[:, :2].T)) % 360
    ratio = velocity_plane(0.0, 1.0)[:, 2] / np.hypot(*velocity_plane(0.0, 1.0)[:, :2].T)
    turned = np.where(azimuth > 180, azimuth - 180, azimuth)
    np.testing.assert_allclose(np.sort(turned), np.sort([0, 54.7356, 90, 125.2644]), atol=1e-3)
    np.testing.assert_allclose(np.sort(np.abs(ratio)), [0, 0.57735, 0.57735, 1], atol=1e-5)


@pytest.mark.parametrize("number", [0, 3, 12, 17, 22])
def test_table_of_v1_is_where_linear_responses_are_greatest(number):
    model = SimoncelliHeeger().double()
    unit = model.units("v1").isel(unit=number)
    direction, cpp, cpf = (
        float(unit[name]) for name in ("preferred_direction_deg", "spatial_frequency_cpp", "temporal_frequency_cpf")
    )
    assert float(unit["speed_ppf"]) == pytest.approx(cpf / cpp)

    def strength(turn=0.0, space=1.0, time=1.0):
        clip = clips_of([grating(direction + turn, 1.0, space * cpp, time * cpf, n_frames=17)])
        return float(model.record(clip, ["v1_linear"])["v1_linear"][:, :, number].square().mean())

    best = strength()
    for away in ({"turn": -8.0}, {"turn": 8.0}, {"space": 0.9, "time": 0.9}, {"space": 1.1, "time": 1.1}):
        assert strength(**away) < best
    for away in ({"time": 0.7}, {"time": 1.3}):
        assert strength(**away) < best


def test_table_of_mt_is_where_textures_are_seen_best():
    model = SimoncelliHeeger(SimoncelliHeegerConfig(mt_units=((0.0, 0.0), (0.0, 1.0), (90.0, 1.0), (180.0, 1.0))))
    table = model.units("mt")
    np.testing.assert_array_equal(table["preferred_direction_deg"], [np.nan, 0, 90, 180])
    np.testing.assert_array_equal(table["speed_ppf"], [0, 1, 1, 1])
    assert np.isnan(table["spatial_frequency_cpp"]).all() and np.isnan(table["temporal_frequency_cpf"]).all()
    right = textures(1.0, 0, n_frames=11)
    clips = clips_of(
        [textures(0.0, 0, n_frames=11), right, right.swapaxes(1, 2)[:, ::-1].copy(), right[..., ::-1].copy()]
    )
    found = model.record(clips.float(), ["mt"])["mt"].mean((1, 3, 4)).numpy()
    np.testing.assert_array_equal(found.argmax(1), [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"v1_units": ()}, "v1_units must be pairs"),
        ({"mt_units": ((0.0, 1.0, 2.0),)}, "mt_units must be pairs"),
        ({"mt_units": ((np.nan, 1.0),)}, "mt_units must be pairs"),
        ({"mt_units": ((0.0, -1.0),)}, "mt_units has the speed -1; give 0 or more and turn the direction"),
    ],
)
def test_units_without_meaning_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        SimoncelliHeegerConfig(**options)
