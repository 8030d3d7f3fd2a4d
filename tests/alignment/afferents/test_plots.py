"""Figures of afferents: what they show is what the results hold."""

import numpy as np

from alignment.afferents import (
    EncodingOptions,
    phase_tuning,
    plot_phase_tuning,
    plot_prediction,
    plot_predictors,
    score_afferent,
)


def test_phase_tuning_shows_rates_and_preferred_phase():
    rng = np.random.default_rng(0)
    phase = np.angle(np.exp(2j * np.pi * 7 * np.arange(3000) / 200))
    tuning = phase_tuning(phase, rng.poisson(0.2 * (1 + np.cos(phase))), 200.0, n_boot=20)
    ax = plot_phase_tuning(tuning)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), tuning.rate_hz)
    assert ax.lines[2].get_xdata()[0] == float(tuning.preferred_phase_rad)
    assert ax.get_xlabel().endswith("[rad]")
    assert "bit/spike" in ax.get_title()


def test_predictors_and_predictions_are_drawn(planted):
    score = score_afferent(
        planted[0], options=EncodingOptions(bin_ms=10.0, n_stimulus_bumps=3, n_history_bumps=3, n_boot=20)
    )
    ax = plot_predictors(score)
    assert [label.get_text() for label in ax.get_yticklabels()] == score.predictors
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), score.data.bits_per_spike)
    ax = plot_prediction(score, ["stimulus"], 2)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), 100 * score.data.predicted.sel(predictor="stimulus")[2])
    assert ax.get_ylabel() == "spikes/s in 10 ms"
