"""Tuning to the phase of whisking: planted tuning is found, uneven phases are no tuning, the rat's neuron as recorded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from alignment.afferents import phase_tuning, whisking_phase
from alignment.afferents.phase_tuning import information_bits
from data.catalogue import load_dataset

RATE_HZ = 200.0


def whisks(seed=0, n_presentations=3, n_times=4000):
    """Phases that rest long at retraction: the phase runs fast and slow within a cycle of about 7 Hz."""
    rng = np.random.default_rng(seed)
    steady = 2 * np.pi * 7 * np.arange(n_times) / RATE_HZ + np.cumsum(
        0.1 * rng.standard_normal((n_presentations, n_times)), 1
    )
    return np.angle(np.exp(1j * (steady + 0.8 * np.sin(steady))))


def spikes_of(phase, preferred, depth, seed=0):
    rate = 30 * np.exp(depth * np.cos(phase - preferred))
    return np.random.default_rng(seed).poisson(rate / RATE_HZ)


@pytest.mark.parametrize("preferred", [-1.5, 0.4, 3.1])
def test_planted_phase_is_found(preferred):
    phase = whisks()
    tuning = phase_tuning(phase, spikes_of(phase, preferred, 1.0), RATE_HZ, n_boot=200)
    off = np.angle(np.exp(1j * (float(tuning.preferred_phase_rad) - preferred)))
    assert abs(off) < 0.15
    width = float(tuning.preferred_phase_rad_high - tuning.preferred_phase_rad_low)
    assert abs(off) < width < 0.5
    # The first moment of exp(k cos) is a ratio of Bessel functions, I1(1) / I0(1) = 0.446.
    assert float(tuning.vector_strength) == pytest.approx(0.446, abs=0.05)
    assert float(tuning.p) < 0.001
    assert float(tuning.cv_bits_per_spike_low) > 0


def test_rates_are_spikes_over_time_by_a_plain_loop():
    phase = whisks(1)
    spikes = spikes_of(phase, 1.0, 0.8)
    used = np.arange(phase.shape[1])[None] % 500 < 300
    used = np.broadcast_to(used, phase.shape)
    tuning = phase_tuning(phase, spikes, RATE_HZ, whisking=used, n_bins=8, n_boot=20)
    counts, time = np.zeros(8), np.zeros(8)
    for p, y, w in zip(phase.ravel(), spikes.ravel(), used.ravel(), strict=True):
        if w:
            b = min(int((p + np.pi) / (np.pi / 4)), 7)
            counts[b] += y
            time[b] += 1 / RATE_HZ
    np.testing.assert_allclose(tuning.rate_hz, counts / time)
    np.testing.assert_allclose(tuning.occupancy_s, time)
    share = time / time.sum()
    mean = counts.sum() / time.sum()
    bits = sum(s * r / mean * np.log2(r / mean) for s, r in zip(share, counts / time, strict=True) if r)
    assert float(tuning.information_bits) == pytest.approx(bits, abs=1e-9)
    assert (tuning.rate_hz_low <= tuning.rate_hz).all()
    assert (tuning.rate_hz_high >= tuning.rate_hz).all()


def test_uneven_phases_are_no_tuning():
    phase = whisks(2)
    assert abs(np.exp(1j * phase).mean()) > 0.3  # a test against uniform phases would call any spikes tuned
    p, strength = [], []
    for seed in range(60):
        tuning = phase_tuning(phase, spikes_of(phase, 0.0, 0.0, seed), RATE_HZ, n_boot=2)
        p.append(float(tuning.p))
        strength.append(float(tuning.vector_strength))
    assert kstest(p, "uniform").pvalue > 0.01
    assert np.median(strength) < 0.06


def test_information_of_one_certain_bin_is_the_log_of_its_share():
    assert information_bits(np.array([8.0, 0, 0, 0]), np.ones(4)) == pytest.approx(2)
    assert information_bits(np.array([5.0, 5, 5, 5]), np.ones(4)) == pytest.approx(0)


@settings(max_examples=15, deadline=None)
@given(turn=st.integers(1, 15), seed=st.integers(0, 1000))
def test_turning_all_phases_turns_the_curve(turn, seed):
    phase = whisks(seed, 2, 1500)
    spikes = spikes_of(phase, 0.5, 0.7, seed)
    plain = phase_tuning(phase, spikes, RATE_HZ, n_boot=2)
    bins = ((phase + np.pi) / (2 * np.pi) * 16).astype(int)
    middle = -np.pi + ((bins + turn) % 16 + 0.5) * np.pi / 8
    turned = phase_tuning(middle, spikes, RATE_HZ, n_boot=2)
    np.testing.assert_allclose(np.roll(plain.rate_hz.values, turn), turned.rate_hz.values)
    assert float(turned.vector_strength) == pytest.approx(float(plain.vector_strength))
    assert float(turned.information_bits) == pytest.approx(float(plain.information_bits), abs=1e-9)


def test_one_presentation_has_no_held_out_score():
    phase = whisks(3, 1)
    assert "cv_r" not in phase_tuning(phase[0], spikes_of(phase, 0, 0.5)[0], RATE_HZ, n_boot=2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"spikes": np.zeros((3, 4000))}, "there are 0 spikes"),
        ({"spikes": np.ones((3, 10))}, "must have one shape"),
        ({"phase_rad": np.zeros((3, 4000))}, "15 of 16 bins without a sample"),
        ({"phase_rad": np.full((3, 4000), 7.0)}, "between -pi and pi"),
        ({"n_bins": 2}, "at least 3 bins, received 2"),
        ({"whisking": np.arange(3)[:, None].repeat(4000, 1) > 0}, "presentation 0 has no whisking"),
    ],
)
def test_bad_input_is_refused(change, words):
    phase = whisks(4)
    given_ = {"phase_rad": phase, "spikes": spikes_of(phase, 0, 0.5), "rate_hz": RATE_HZ, "n_boot": 2} | change
    with pytest.raises(ValueError, match=words):
        phase_tuning(**given_)


def test_rat_thalamus_fires_while_the_whisker_protracts(real_data):
    recording = load_dataset("tactile/moore2015.83_e2")
    angle, spikes = recording.stimuli.arrays, recording.responses.values[:, 0]
    authors = phase_tuning(angle.phase_rad.values, spikes, 1000.0, whisking=angle.whisking.values, n_bins=8, n_boot=300)
    expected = [37.8, 92.6, 88.0, 67.9, 25.9, 10.6, 37.4, 28.5]
    np.testing.assert_allclose(authors.rate_hz, expected, atol=0.05)
    found = whisking_phase(angle.values, 1000.0)
    ours = phase_tuning(found.phase_rad.values, spikes, 1000.0, whisking=found.whisking.values, n_bins=8, n_boot=300)
    for one in (authors, ours):
        assert float(one.preferred_phase_rad) == pytest.approx(-1.5, abs=0.1)
        assert float(one.p) < 0.002
        assert float(one.cv_bits_per_spike_low) > 0
