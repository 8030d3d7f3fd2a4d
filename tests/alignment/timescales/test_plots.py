"""Figures draw the numbers of their analysis, with units on the axes."""

import io

import numpy as np
import pytest

from alignment.timescales import (
    across_trial_timescale,
    compare_timescales,
    knee_timescale,
    plot_coverage,
    plot_timescale,
    plot_timescale_comparison,
    plot_timescales_per_area,
)


def drawn(axis):
    axis.figure.savefig(io.BytesIO())
    return axis


def test_autocorrelation_with_fit_and_interval(planted_signal):
    found = across_trial_timescale(planted_signal(60, 500, 25, 60), 25.0, noise="gaussian", n_simulations=60)
    axis = drawn(plot_timescale(found))
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("lag [ms]", "autocorrelation")
    np.testing.assert_allclose(axis.lines[0].get_ydata(), found["autocorrelation"][0])
    assert axis.get_title().startswith(f"τ = {found['tau_ms'].item():.3g} ms (")
    plain = across_trial_timescale(planted_signal(60, 500, 25, 60), 25.0, noise="gaussian", n_simulations=0)
    assert drawn(plot_timescale(plain)).get_title().endswith("ms, plain")


def test_refused_unit_says_why(planted_counts):
    counts = planted_counts(60, 500, 50, 40)
    found = across_trial_timescale([counts, 0 * counts], n_simulations=0)
    assert "too few spikes" in drawn(plot_timescale(found, 1)).get_title()


def test_spectrum(planted_signal):
    found = knee_timescale(planted_signal(60, 500, 5, 60), 5.0, n_simulations=0)
    axis = drawn(plot_timescale(found))
    assert axis.get_xlabel() == "frequency [Hz]"
    np.testing.assert_allclose(axis.lines[1].get_ydata(), found["fitted"][0])


def test_areas_are_ordered_by_median():
    rng = np.random.default_rng(0)
    axis = drawn(
        plot_timescales_per_area(
            {"frontal": 10 ** rng.normal(2.4, 0.3, 50), "visual": np.append(10 ** rng.normal(1.8, 0.3, 40), np.inf)}
        )
    )
    assert [text.get_text() for text in axis.get_xticklabels()] == ["visual\n40 of 41", "frontal\n50 of 50"]
    assert axis.get_ylabel() == "timescale [ms]"
    with pytest.raises(ValueError, match="empty"):
        plot_timescales_per_area({"empty": np.array([np.nan])})


def test_two_distributions():
    rng = np.random.default_rng(0)
    model, neural = 10 ** rng.normal(0, 0.3, 60), 10 ** rng.normal(2, 0.4, 80)
    found = compare_timescales(model, neural, n_boot=20)
    axis = drawn(plot_timescale_comparison(model, neural, found))
    assert axis.get_xlabel() == "timescale [ms]"
    np.testing.assert_allclose(axis.lines[1].get_xdata(), np.sort(model) * found["ms_per_step"].item())


def test_coverage_with_exact_bounds():
    axis = drawn(plot_coverage(np.array([95, 100]), np.array([100, 100]), ["one", "other"]))
    assert [text.get_text() for text in axis.get_yticklabels()] == ["one", "other"]
    np.testing.assert_allclose(axis.lines[0].get_xdata(), [0.95, 1.0])
    low = [segment[0][0] for segment in axis.collections[0].get_segments()]
    np.testing.assert_allclose(low, [0.8872, 0.9638], atol=1e-4)


def test_an_axis_that_is_given_is_used():
    from matplotlib.figure import Figure

    axis = Figure().subplots()
    assert plot_coverage(np.array([9]), np.array([10]), ["one"], ax=axis) is axis
