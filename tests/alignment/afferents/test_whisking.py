"""Taking an angle apart: a pure whisk has its phase, amplitude and set point; the rat's agree with the authors'."""

import numpy as np
import pytest

from alignment.afferents import phase_features, whisking_phase
from alignment.afferents.whisking import whisk_numbers
from data.catalogue import load_dataset

TIME = np.arange(3000) / 1000
INSIDE = slice(500, 2500)  # away from the edges of the filter


def test_a_cosine_has_its_phase_amplitude_and_set_point():
    found = whisking_phase(-90 + 12 * np.cos(2 * np.pi * 8 * TIME), 1000.0)
    phase = np.angle(np.exp(2j * np.pi * 8 * TIME))
    off = np.angle(np.exp(1j * (found.phase_rad.values[0] - phase)))
    assert np.abs(off[INSIDE]).max() < 0.02
    np.testing.assert_allclose(found.amplitude_deg.values[0, INSIDE], 24, atol=0.1)
    np.testing.assert_allclose(found.setpoint_deg.values[0, INSIDE], -90, atol=0.1)
    assert found.whisking.values[0, INSIDE].all()
    assert len(np.unique(found.whisk.values[0, INSIDE])) in (16, 17)


def test_a_still_whisker_does_not_whisk():
    found = whisking_phase(-90 + 2 * np.cos(2 * np.pi * 8 * TIME), 1000.0)
    assert not found.whisking.values.any()


def test_set_point_does_not_change_the_phase():
    whisk = 12 * np.cos(2 * np.pi * 8 * TIME)
    moved = [whisking_phase(whisk + drift, 1000.0).phase_rad.values[0, INSIDE] for drift in (0.0, 20 * TIME - 100)]
    assert np.abs(np.angle(np.exp(1j * (moved[1] - moved[0])))).max() < 0.1


def test_whisks_are_numbered_over_presentations():
    phase = np.array([[-3, 0, 3, -3, 0], [0, 3, -3, -3.1, 1]])
    np.testing.assert_array_equal(whisk_numbers(phase), [[0, 0, 0, 1, 1], [2, 2, 3, 3, 3]])


def test_features_are_those_of_the_phase_while_whisking():
    angle = -90 + 12 * np.cos(2 * np.pi * 8 * TIME)
    found, features = whisking_phase(angle, 1000.0), phase_features(angle, 1000.0)
    assert features.shape == (3000, 5)
    np.testing.assert_allclose(features[INSIDE, 0], np.cos(found.phase_rad.values[0, INSIDE]))
    np.testing.assert_allclose(features[INSIDE, 3], np.sin(2 * found.phase_rad.values[0, INSIDE]))
    np.testing.assert_array_equal(features[:, 4], found.whisking.values[0])
    assert not phase_features(np.full(3000, -90.0) + 0.01 * np.sin(TIME), 1000.0).any()


def test_rat_whisks_are_those_of_the_authors(real_data):
    angle = load_dataset("tactile/moore2015.83_e2").stimuli.arrays
    found = whisking_phase(angle.values, 1000.0)
    used = angle.whisking.values
    off = np.angle(np.exp(1j * (found.phase_rad.values - angle.phase_rad.values)[used]))
    assert np.median(np.abs(off)) < 0.15
    assert abs(np.exp(1j * off).mean()) > 0.97
    assert (found.whisking.values == used).mean() > 0.94


@pytest.mark.parametrize(
    ("angle", "options", "words"),
    [
        (np.zeros(100), {}, "at least two cycles of 4 Hz"),
        (np.append(np.zeros(2000), np.nan), {}, "must be finite"),
        (np.zeros(2000), {"band_hz": (8, 4)}, "between 0 and 500 Hz"),
        (np.zeros(2000), {"band_hz": (4, 600)}, "between 0 and 500 Hz"),
    ],
)
def test_bad_input_is_refused(angle, options, words):
    with pytest.raises(ValueError, match=words):
        whisking_phase(angle, 1000.0, **options)
