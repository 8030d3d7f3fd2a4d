"""The motion energy pyramid against plain products, pymoten's stored outputs, pymoten itself, and gratings."""

import numpy as np
import pytest
import torch

from neuromodels.errors import UnknownNameError
from neuromodels.motion import NishimotoGallant, NishimotoGallantConfig
from neuromodels.motion.lightness import lightness
from neuromodels.motion.motion_pyramid import BLOCK
from neuromodels.motion.pyramid_filters import filter_table

WITH_32 = (0.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def pyramid(**options):
    return NishimotoGallant(NishimotoGallantConfig(**options)).double()


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=shape)


def as_clip(frames):
    return torch.from_numpy(np.asarray(frames, dtype=np.float64))[None, :, None]


def plain_responses(frames, row, config):
    """Sine and cosine part of one filter at every frame, from its parameters."""
    right, down, direction, cpi, sd, rate, temporal_sd = row
    n_rows, n_cols = frames.shape[1:]
    across, along = np.meshgrid(np.linspace(0, n_cols / n_rows, n_cols), np.linspace(0, 1, n_rows))
    radians = np.deg2rad(direction)
    phase = 2 * np.pi * cpi * (-np.cos(radians) * (across - right) + np.sin(radians) * (along - down))
    spatial = np.exp(-((across - right) ** 2 + (along - down) ** 2) / (2 * sd**2)) * np.exp(1j * phase)
    spatial[np.abs(spatial.real) + np.abs(spatial.imag) <= 1e-3] = 0
    width = int(config.rate_hz * 2 / 3)
    moment = np.arange(width) / width - 0.5
    temporal = np.exp(-(moment**2) / (2 * temporal_sd**2)) * np.exp(2j * np.pi * rate * width / config.rate_hz * moment)
    signal = (frames * spatial).sum((1, 2))
    found = np.zeros(len(frames), complex)
    for now in range(len(frames)):
        for tap in range(width):
            then = now - (tap - -(-width // 2) + 1)
            if 0 <= then < len(frames):
                found[now] += temporal[tap] * signal[then]
    return found.imag, found.real


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 1380),
        ({"n_rows": 64}, 2162),
        ({"n_rows": 144, "n_cols": 256}, 2530),
        ({"spatial_frequencies_cpi": WITH_32}, 6555),
        ({"n_rows": 576, "n_cols": 1024}, 2530),
        ({"n_rows": 480, "n_cols": 480, "rate_hz": 15.0}, 1380),
    ],
)
def test_number_of_filters(options, count):
    assert len(filter_table(NishimotoGallantConfig(**options))) == count


@pytest.mark.parametrize(
    "options",
    [
        {"n_rows": 36, "n_cols": 36},
        {"n_rows": 35, "n_cols": 50, "rate_hz": 15.0},
        {"n_rows": 50, "n_cols": 33, "rate_hz": 13.0, "temporal_frequencies_hz": (3.0, 0.0)},
        {
            "n_rows": 30,
            "n_cols": 40,
            "directions_deg": (0.0, 30.0, 135.0, 210.0),
            "spatial_frequencies_cpi": (6.0, 0.0, 3.0),
        },
        {"n_rows": 30, "n_cols": 40, "directions_deg": (200.0, 90.0), "spatial_frequencies_cpi": (5.0,)},
    ],
)
def test_responses_equal_plain_products(options):
    model = pyramid(**options)
    frames = noise(20, model.config.n_rows, model.config.n_cols)
    sine, cosine = (part[0].numpy() for part in model.quadratures(as_clip(frames)))
    found = model.record(as_clip(frames))
    assert sine.shape == (20, len(model.filters))
    for number in np.unique(np.linspace(0, len(model.filters) - 1, 40).astype(int)):
        plain = plain_responses(frames, model.filters[number], model.config)
        np.testing.assert_allclose(sine[:, number], plain[0], rtol=0, atol=1e-10)
        np.testing.assert_allclose(cosine[:, number], plain[1], rtol=0, atol=1e-10)
        amplitude = np.hypot(*plain)
        np.testing.assert_allclose(found["amplitude"][0, :, number], amplitude, rtol=0, atol=1e-10)
        np.testing.assert_allclose(found["v1"][0, :, number], np.log(amplitude + 1e-5), rtol=0, atol=1e-6)


@pytest.mark.parametrize("n_frames", [16, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17])
def test_long_clips_are_filtered_in_blocks_without_a_seam(n_frames):
    model = pyramid(n_rows=33, n_cols=33, spatial_frequencies_cpi=(4.0,))
    frames = noise(n_frames, 33, 33)
    sine, cosine = (part[0].numpy() for part in model.quadratures(as_clip(frames)))
    plain = plain_responses(frames, model.filters[4], model.config)
    np.testing.assert_allclose(sine[:, 4], plain[0], rtol=0, atol=1e-10)
    np.testing.assert_allclose(cosine[:, 4], plain[1], rtol=0, atol=1e-10)


@pytest.fixture
def reference(real_data):
    with np.load(real_data / "motion" / "reference_outputs" / "pymoten_outputs.npz", allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays}


def test_filters_are_those_of_pymoten(reference):
    model = pyramid(n_rows=64)
    np.testing.assert_allclose(model.filters, reference["filter_params"][:, :7], rtol=0, atol=1e-12)


@pytest.mark.parametrize("stimulus", ["grating_right", "texture_v1_-0.5"])
def test_outputs_are_the_stored_ones_of_pymoten(reference, stimulus):
    if stimulus == "grating_right":
        along = np.arange(96) - 95 / 2
        wave = 0.5 * (1 + np.cos(2 * np.pi * (0.08 * along - 0.1 * np.arange(32)[:, None])))
        frames = np.repeat(wave[:, None], 64, axis=1).astype(np.float32)
    else:
        frames = reference[f"{stimulus}__input"]
    model = pyramid(n_rows=64)
    sine, cosine = model.quadratures(as_clip(frames))
    for name, found in (("sin", sine), ("cos", cosine), ("log", model(as_clip(frames)))):
        expected = reference[f"{stimulus}__{name}"]
        np.testing.assert_allclose(found[0], expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    # In single precision as well, where there is a response to speak of.
    single = model.float()
    for name, found in zip(("sin", "cos"), single.quadratures(as_clip(frames).float()), strict=True):
        expected = reference[f"{stimulus}__{name}"]
        np.testing.assert_allclose(found[0], expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(
    "options",
    [
        {"n_rows": 48, "n_cols": 48},
        {"n_rows": 40, "n_cols": 64, "rate_hz": 15.0},
        pytest.param(
            {"n_rows": 66, "n_cols": 66, "rate_hz": 30.0, "spatial_frequencies_cpi": WITH_32}, marks=pytest.mark.slow
        ),
    ],
)
def test_outputs_are_those_of_pymoten_itself(options):
    moten = pytest.importorskip("moten", reason="pymoten is not installed")
    model = pyramid(**options)
    frames = noise(24, model.config.n_rows, model.config.n_cols)
    peer = moten.pyramids.MotionEnergyPyramid(
        stimulus_vhsize=frames.shape[1:],
        stimulus_fps=int(model.config.rate_hz),
        spatial_frequencies=list(model.config.spatial_frequencies_cpi),
    )
    np.testing.assert_allclose(model.filters, peer.parameters_matrix[:, :7], rtol=0, atol=1e-12)
    expected = peer.project_stimulus(frames, dtype="float64")
    np.testing.assert_allclose(model(as_clip(frames))[0], expected, rtol=0, atol=1e-5)
    sine, cosine = model.quadratures(as_clip(frames))
    for found, part in zip((sine, cosine), peer.raw_project_stimulus(frames, dtype="float64"), strict=True):
        np.testing.assert_allclose(found[0], part, rtol=0, atol=1e-9)


def test_lightness_is_that_of_pymoten():
    colorspace = pytest.importorskip("moten.colorspace", reason="pymoten is not installed")
    picture = noise(30, 40, 3)
    picture[0, 0] = 0
    clip = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None, None]
    np.testing.assert_allclose(lightness(clip)[0, 0], colorspace.rgb2lab(picture)[..., 0], rtol=0, atol=1e-9)


def test_lightness_of_known_colours():
    colours = torch.tensor(
        [[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=torch.float64
    )
    found = lightness(colours.T[None, None, :, :, None])[0, 0, :, 0]
    # L* of the primaries of sRGB, as tabulated.
    np.testing.assert_allclose(found, [0, 100, 53.39, 53.24, 87.73, 32.30], atol=0.01)
    grey = colours[:3, :1]
    torch.testing.assert_close(lightness(grey.T[None, None, :, :, None])[0, 0, :, 0], found[:3])


def test_lightness_is_an_option_of_the_pyramid():
    seen, light = (pyramid(n_rows=33, n_cols=33, colour=colour) for colour in ("luminance", "lightness"))
    clip = torch.from_numpy(noise(1, 16, 3, 33, 33))
    assert not torch.allclose(light(clip), seen(clip))
    sine, _ = light.quadratures(clip)
    expected, _ = seen.quadratures(lightness(clip)[:, :, None])
    torch.testing.assert_close(sine, expected)


def grating(direction_deg, cpp, cpf, size, n_frames=32):
    place = np.arange(size) - (size - 1) / 2
    radians = np.deg2rad(direction_deg)
    along = place * np.cos(radians) - place[:, None] * np.sin(radians)
    return 0.5 + 0.5 * np.cos(2 * np.pi * (cpp * along - cpf * np.arange(n_frames)[:, None, None]))


@pytest.mark.parametrize("direction", range(0, 360, 45))
def test_units_prefer_what_their_table_says(direction):
    model = pyramid(n_rows=64, n_cols=64)
    units = model.units("v1")
    middle = (units["row"] == 31.5) & (units["col"] == 31.5)
    like = (units["temporal_frequency_cpf"] > 0.15) & np.isclose(units["spatial_frequency_cpp"], 8 / 63)
    chosen = np.flatnonzero(middle & like)
    assert len(chosen) == 8
    own = chosen[np.isclose(units["preferred_direction_deg"][chosen], direction)][0]
    cpp, cpf = (float(units[name][own]) for name in ("spatial_frequency_cpp", "temporal_frequency_cpf"))
    assert float(units["speed_ppf"][own]) == pytest.approx(cpf / cpp)

    def response(**changes):
        given = {"direction_deg": direction, "cpp": cpp, "cpf": cpf, **changes}
        return model.record(as_clip(grating(size=64, **given)), ["amplitude"])["amplitude"][0, 16]

    best = response()
    assert chosen[int(best[chosen].argmax())] == own
    for changes in (
        {"direction_deg": direction + 15},
        {"direction_deg": direction - 15},
        {"cpp": 0.85 * cpp},
        {"cpp": 1.15 * cpp},
        {"cpf": 0.7 * cpf},
        {"cpf": 1.3 * cpf},
    ):
        assert response(**changes)[own] < best[own]


def test_units_without_motion_have_no_direction():
    model = pyramid(n_rows=36, n_cols=48)
    units, filters = model.units("amplitude"), model.filters
    still = (filters[:, 3] == 0) | (filters[:, 5] == 0)
    np.testing.assert_array_equal(np.isnan(units["preferred_direction_deg"]), still)
    assert (units["speed_ppf"][filters[:, 5] == 0].fillna(0) == 0).all()
    assert units["row"].min() >= 0 and units["row"].max() <= 35 and units["col"].max() <= 47


def test_another_size_is_refused_with_the_options_that_fit():
    with pytest.raises(ValueError, match="96 x 96 pixels, received 40 x 50; create it with n_rows=40, n_cols=50"):
        pyramid()(torch.rand(1, 16, 1, 40, 50, dtype=torch.float64))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_rows": 1}, "n_rows must be a whole number of pixels above 1, received 1"),
        ({"rate_hz": 0.0}, "rate_hz must be above 0"),
        ({"rate_hz": 2.0, "temporal_frequencies_hz": (0.0,)}, "a filter has 1 frames; raise rate_hz"),
        ({"temporal_frequencies_hz": (13.0,)}, "13 Hz is above the Nyquist limit of 24 frames per second, 12 Hz"),
        ({"n_rows": 20, "n_cols": 20}, "16 cycles per picture is above the Nyquist limit of 20 rows, 9.5"),
        ({"spatial_frequencies_cpi": (0.0,)}, "no frequency above 0"),
        ({"directions_deg": ()}, "directions_deg must be different numbers"),
        ({"directions_deg": (0.0, 0.0)}, "directions_deg must be different numbers"),
        ({"colour": "hue"}, "colour must be 'luminance' or 'lightness', received 'hue'"),
    ],
)
def test_options_without_meaning_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        NishimotoGallantConfig(**options)


def test_unknown_option_is_refused():
    with pytest.raises(UnknownNameError, match="closest: n_rows"):
        NishimotoGallantConfig.with_options(rows=3)
