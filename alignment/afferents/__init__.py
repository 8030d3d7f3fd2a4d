"""Afferents and their first relays: encoding models from a signal to spikes, tuning to the phase of whisking."""

from .bases import raised_cosines
from .encoding import score_afferent
from .encoding_options import BLOCKS, LEAVE_ONE_OUT, PRESENTATIONS, EncodingOptions
from .encoding_score import AfferentScore
from .moving_features import moving_features
from .phase_tuning import phase_tuning
from .plots import plot_phase_tuning, plot_prediction, plot_predictors
from .poisson_glm import PoissonGlm, fit_poisson
from .released import glm_rates, released_rates
from .spike_series import SpikeSeries, direction_parts, half_wave_parts, signal_itself, spike_series
from .whisking import phase_features, whisking_phase

__all__ = [
    "AfferentScore",
    "BLOCKS",
    "EncodingOptions",
    "LEAVE_ONE_OUT",
    "PRESENTATIONS",
    "PoissonGlm",
    "SpikeSeries",
    "direction_parts",
    "fit_poisson",
    "glm_rates",
    "half_wave_parts",
    "moving_features",
    "phase_features",
    "phase_tuning",
    "plot_phase_tuning",
    "plot_prediction",
    "plot_predictors",
    "raised_cosines",
    "released_rates",
    "score_afferent",
    "signal_itself",
    "spike_series",
    "whisking_phase",
]
