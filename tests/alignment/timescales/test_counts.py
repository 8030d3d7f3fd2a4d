"""Counts: binned exactly, widened, cut, and refused with a sentence where they cannot be."""

import numpy as np
import pytest

from alignment.timescales import across_trial_timescale, autocorrelation, in_trials, rebin, spike_counts

RNG = np.random.default_rng(0)


def test_spikes_are_counted_as_histograms_count_them():
    times = [RNG.uniform(0, 500, size) for size in (0, 7, 120)]
    counts = spike_counts(times, 500, 20)
    assert counts.shape == (3, 25)
    for row, one in zip(counts, times, strict=True):
        np.testing.assert_array_equal(row, np.histogram(one, 25, (0, 500))[0])


def test_wider_bins_hold_the_same_spikes():
    counts = RNG.poisson(2, (4, 3, 30)).astype(float)
    np.testing.assert_array_equal(rebin(counts, 10, 50), counts.reshape(4, 3, 6, 5).sum(-1))
    assert rebin(counts, 0.1, 0.3).shape == (4, 3, 10)


def test_series_is_cut_into_whole_trials():
    np.testing.assert_array_equal(in_trials(np.arange(11.0), 10, 30), np.arange(9.0).reshape(3, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spike_counts([np.array([1.0])], 500, 30), "bins of 30 ms do not divide a trial of 500 ms"),
        (
            lambda: spike_counts([np.array([1.0, 500.0])], 500, 50),
            "1 of 2 spike times are not in a trial from 0 to 500",
        ),
        (lambda: spike_counts([np.array([np.nan])], 500, 50), "are not in a trial"),
        (lambda: spike_counts([], 500, 50), "there is no trial"),
        (lambda: rebin(np.ones((2, 9)), 10, 20), "bins of 20 ms do not divide a trial of 90 ms"),
        (lambda: rebin(np.ones((2, 9)), 10, 15), "bins of 10 ms do not divide a bin of 15 ms"),
        (lambda: in_trials(np.ones(5), 10, 60), "at least 6 bins"),
    ],
)
def test_bins_that_do_not_divide_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


COUNTS = RNG.poisson(3, (40, 10)).astype(float)


def with_value(value):
    changed = COUNTS.copy()
    changed[3, 4] = value
    return changed


@pytest.mark.parametrize(
    ("counts", "options", "message"),
    [
        (with_value(np.nan), {}, "unit 0 holds 1 values that are NaN or infinite; leave out their 1 trials"),
        (with_value(0.5), {}, "no spike counts .such as 0.5."),
        (with_value(-1), {}, "no spike counts"),
        (COUNTS[:1], {}, "too few trials: 1, at least 10 are needed"),
        ((COUNTS > 6).astype(float), {}, "too few spikes: [0-9]+, at least 50 are needed"),
        (COUNTS[:, :3], {}, r"\(trial, bin\) with at least 4 bins"),
        ([COUNTS, COUNTS[:, :8]], {}, "units have .8, 10. bins"),
        ([], {}, "there is no unit"),
        (COUNTS, {"bin_ms": 0.0}, "bin_ms must be a positive number"),
        (COUNTS, {"bounds_ms": (500.0, 20.0)}, "bounds_ms must be two timescales"),
        (COUNTS, {"bounds_ms": (0.1, 20.0)}, "at least a quarter of a bin of 50 ms"),
        (COUNTS, {"max_lag_ms": 900.0}, "max_lag_ms must be from 150 .3 bins. to 450 ms"),
        (COUNTS, {"level": 95}, "level must be between 0 and 1"),
        (COUNTS, {"noise": "white"}, "noise must be 'poisson'"),
        (COUNTS, {"first_lag": "second"}, "first_lag must be"),
    ],
)
def test_malformed_recordings_are_refused(counts, options, message):
    with pytest.raises(ValueError, match=message):
        across_trial_timescale(counts, **{"bin_ms": 50.0, **options})


def test_a_unit_with_too_few_spikes_is_flagged_among_others():
    found = across_trial_timescale([COUNTS, (COUNTS > 6).astype(float)], n_simulations=20)
    assert found["status"].values[1].startswith("too few spikes")
    assert np.isnan(found["tau_ms"].values[1]) and not found["resolved"].values[1]
    with pytest.raises(ValueError, match="none of 2 units can be used; the first"):
        across_trial_timescale([COUNTS[:5], COUNTS[:5]])


def test_constant_unit_has_no_autocorrelation():
    assert np.isnan(autocorrelation(np.ones((5, 6)), 10)).all()
