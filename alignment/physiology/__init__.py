"""Physiology on models and on neurons alike: tuning, classification, thresholds and receptive fields from responses.

Every analysis takes responses ``(stimulus, unit)`` with the facts of the stimuli as coordinates along ``stimulus``:
`unit_responses` records them from a model, `recorded_responses` takes them from a dataset.
"""

from .coherence import coherence_response, neurometric_function
from .contrast import contrast_response
from .direction import direction_tuning
from .frequency import sf_tf_tuning
from .pattern import pattern_component
from .phase import phase_modulation
from .plots import (
    plot_contrast_response,
    plot_direction_tuning,
    plot_receptive_field,
    plot_sf_tf_tuning,
    plot_speed_tuning,
)
from .population_plots import (
    plot_coherence_response,
    plot_neurometric_function,
    plot_pattern_component,
    plot_phase_modulation,
    plot_speed_independence,
)
from .receptive_field import receptive_field
from .responses import recorded_responses, select_stimuli, unit_responses
from .speed import speed_independence, speed_tuning

__all__ = [
    "coherence_response",
    "contrast_response",
    "direction_tuning",
    "neurometric_function",
    "pattern_component",
    "phase_modulation",
    "plot_coherence_response",
    "plot_contrast_response",
    "plot_direction_tuning",
    "plot_neurometric_function",
    "plot_pattern_component",
    "plot_phase_modulation",
    "plot_receptive_field",
    "plot_sf_tf_tuning",
    "plot_speed_independence",
    "plot_speed_tuning",
    "receptive_field",
    "recorded_responses",
    "select_stimuli",
    "sf_tf_tuning",
    "speed_independence",
    "speed_tuning",
    "unit_responses",
]
