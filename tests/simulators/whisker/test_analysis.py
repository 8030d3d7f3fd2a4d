"""Readings of recordings against signals whose answer is known."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.whisker.analysis import compare_recordings, contact_episodes, moving_average, ring_down


def damped(times_s, frequency_hz, ratio, amplitude, phase=0.3):
    decay = 2 * np.pi * frequency_hz * ratio / np.sqrt(1 - ratio**2)
    return amplitude * np.exp(-decay * times_s) * np.cos(2 * np.pi * frequency_hz * times_s + phase)


def recording(contact, force=None, moment=None, rate_hz=1000.0, names=None):
    steps, whiskers = contact.shape
    zeros = np.zeros((steps, whiskers, 3))
    dims = ("time", "whisker", "axis")
    return xr.Dataset(
        {
            "contact": (dims[:2], contact.astype(bool)),
            "force": (dims, zeros if force is None else force, {"unit": "mN"}),
            "moment": (dims, zeros if moment is None else moment, {"unit": "uN.m"}),
        },
        coords={
            "time": np.arange(1, steps + 1) / rate_hz,
            "whisker": names or [f"RC{k}" for k in range(whiskers)],
            "axis": list("xyz"),
        },
        attrs={"rate_hz": rate_hz},
    )


@settings(max_examples=30, deadline=None)
@given(st.floats(20, 400), st.floats(0.01, 0.3), st.floats(1e-3, 10), st.floats(0, 3))
def test_ring_down_finds_the_mode_that_was_put_in(frequency, ratio, amplitude, phase):
    times = np.arange(int(4000 * 8 / frequency)) / 4000
    found = ring_down(damped(times, frequency, ratio, amplitude, phase), 4000)
    np.testing.assert_allclose(found.frequency_hz, [frequency], rtol=1e-4)
    np.testing.assert_allclose(found.damping_ratio, [ratio], rtol=1e-3)
    np.testing.assert_allclose(found.amplitude, [amplitude], rtol=1e-3)
    assert found.residual < 1e-3


def test_ring_down_gives_modes_by_frequency():
    times = np.arange(3000) / 10_000
    trace = damped(times, 60, 0.1, 0.3) + damped(times, 171, 0.05, 0.2) + damped(times, 330, 0.02, 0.6)
    found = ring_down(trace, 10_000)
    np.testing.assert_allclose(found.frequency_hz, [60, 171, 330], rtol=1e-6)
    np.testing.assert_allclose(found.damping_ratio, [0.1, 0.05, 0.02], rtol=1e-5)
    np.testing.assert_allclose(found.natural_frequency_hz[0], 60 / np.sqrt(1 - 0.1**2), rtol=1e-6)
    np.testing.assert_array_equal(ring_down(trace, 10_000, n_modes=2).frequency_hz, found.frequency_hz[:2])


@settings(max_examples=30, deadline=None)
@given(
    st.floats(20, 700), st.floats(0.02, 0.3), st.floats(2.2, 6.5), st.floats(-2, 2), st.sampled_from([5e3, 1e4, 5e4])
)
def test_the_lowest_mode_is_right_beside_fast_ones_and_an_offset(frequency, ratio, apart, share, rate):
    # As of a whisker: damping in proportion to frequency, the highest mode overdamped; silent for most of the time.
    times = np.arange(int(0.5 * rate)) / rate
    higher = damped(times, apart * frequency, min(ratio * apart, 0.9), share)
    fast = np.exp(-times * 2 * np.pi * 3 * apart * frequency)
    found = ring_down(damped(times, frequency, ratio, 1.0, 0.0) + higher + fast + 7.0, rate)
    np.testing.assert_allclose(found.frequency_hz[0], frequency, rtol=0.01)
    np.testing.assert_allclose(found.damping_ratio[0], ratio, rtol=0.1)


def test_of_a_path_the_longest_extent_is_read():
    times = np.arange(600) / 4000
    along = damped(times, 80, 0.1, 1.0)[:, None] * np.array([0.6, 0.0, -0.8])
    path = along + damped(times, 80, 0.1, 0.02)[:, None] ** 2 * np.array([0.0, 1.0, 0.0]) + np.array([3.0, 4.0, 5.0])
    found = ring_down(xr.DataArray(path, dims=("time", "axis")), 4000)
    np.testing.assert_allclose([found.frequency_hz[0], found.damping_ratio[0]], [80, 0.1], rtol=1e-3)
    np.testing.assert_allclose(found.amplitude, [1.0], rtol=1e-2)


def test_ring_down_stands_noise_and_a_long_trace():
    rng = np.random.default_rng(0)
    times = np.arange(20_000) / 100_000
    trace = damped(times, 52, 0.142, 0.2) + rng.normal(scale=2e-3, size=len(times))
    found = ring_down(trace, 100_000)
    np.testing.assert_allclose(found.frequency_hz, [52], rtol=0.01)
    np.testing.assert_allclose(found.damping_ratio, [0.142], rtol=0.03)
    assert 0.005 < found.residual < 0.1


@pytest.mark.parametrize(
    ("trace", "n_modes", "message"),
    [
        (np.ones(100), None, "constant"),
        (np.array([1.0, np.nan] * 20), None, "finite values"),
        (np.zeros((10, 2, 3)), None, r"\(time, axis\)"),
        (np.arange(5.0), None, "5 samples; give at least 16"),
        (np.arange(50.0), 0, "n_modes is 0"),
        (np.exp(-np.arange(100) / 10), None, "swings in 0 of 1 mode asked for; a mode that is missing is overdamped"),
        (damped(np.arange(300) / 1000, 60, 0.1, 1.0), 2, "swings in 1 of 2 modes asked for"),
    ],
)
def test_ring_down_refuses_what_does_not_ring(trace, n_modes, message):
    with pytest.raises(ValueError, match=message):
        ring_down(trace, 1000, n_modes)


def test_episodes_start_with_the_first_interval_and_end_with_the_last():
    contact = np.zeros((20, 3), dtype=bool)
    contact[4:8, 0] = contact[9:12, 0] = True
    contact[15:, 2] = True
    found = contact_episodes(recording(contact))
    assert [episode.whisker for episode in found] == ["RC0", "RC0", "RC2"]
    np.testing.assert_allclose(
        [episode[1:] for episode in found], [[0.004, 0.008], [0.009, 0.012], [0.015, 0.02]], atol=1e-12
    )
    joined = contact_episodes(recording(contact), shortest_gap_s=0.002)
    np.testing.assert_allclose([episode[1:] for episode in joined], [[0.004, 0.012], [0.015, 0.02]], atol=1e-12)
    with pytest.raises(ValueError, match="shortest_gap_s is -1"):
        contact_episodes(recording(contact), shortest_gap_s=-1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_episodes_cover_exactly_the_intervals_of_contact(touched):
    contact = np.array(touched)[:, None]
    ends = np.arange(1, len(touched) + 1) / 1000
    covered = np.zeros(len(touched), dtype=bool)
    for episode in contact_episodes(recording(contact)):
        covered |= (ends > episode.onset_s + 1e-9) & (ends < episode.release_s + 1e-9)
    np.testing.assert_array_equal(covered, contact[:, 0])


def test_moving_average_is_the_mean_of_each_window():
    values = np.random.default_rng(1).normal(size=(12, 2, 3))
    expected = [values[k : k + 5].mean(axis=0) for k in range(8)]
    np.testing.assert_allclose(moving_average(values, 5), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="13 samples"):
        moving_average(values, 13)


def test_a_recording_agrees_with_itself():
    rng = np.random.default_rng(2)
    contact = rng.random((60, 2)) < 0.5
    one = recording(contact, rng.normal(size=(60, 2, 3)), rng.normal(size=(60, 2, 3)))
    same = compare_recordings(one, one)
    for name in ("onset_difference", "release_difference", "force_rms", "moment_rms"):
        np.testing.assert_array_equal(same[name], 0)
    for name in ("peak_force_ratio", "peak_moment_ratio", "force_correlation", "moment_correlation"):
        np.testing.assert_allclose(same[name], 1, rtol=1e-12)


def test_agreement_of_a_late_and_scaled_copy():
    contact = np.zeros((200, 2), dtype=bool)
    contact[50:120, 0] = True
    times = np.arange(200)[:, None, None] / 1000
    force = np.sin(2 * np.pi * 5 * times) * np.array([3.0, 0.0, 4.0]) * np.ones((1, 2, 1))
    one = recording(contact, force, force)
    late = recording(np.roll(contact, 3, axis=0), 1.1 * force, -force)
    found = compare_recordings(late, one)
    np.testing.assert_allclose(found["onset_difference"], [3, np.nan], atol=1e-9)
    np.testing.assert_allclose(found["release_difference"], [3, np.nan], atol=1e-9)
    np.testing.assert_allclose(found["force_rms"], 0.1 * np.sqrt(0.5), rtol=1e-9)
    np.testing.assert_allclose(found["peak_force_ratio"], 1.1, rtol=1e-12)
    np.testing.assert_allclose(found["moment_correlation"], [[-1, np.nan, -1]] * 2, rtol=1e-12)


def test_recordings_of_different_scenes_are_refused():
    contact = np.zeros((20, 2), dtype=bool)
    one = recording(contact)
    with pytest.raises(ValueError, match="differ in whisker"):
        compare_recordings(one, recording(contact, names=["RA0", "RC1"]))
    with pytest.raises(ValueError, match="differ in time"):
        compare_recordings(one, recording(contact, rate_hz=500.0))
    other = recording(contact)
    other["force"].attrs["unit"] = "N"
    with pytest.raises(ValueError, match="force is in mN and in N"):
        compare_recordings(one, other)
