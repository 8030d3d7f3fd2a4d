"""Neural timescales: estimators with calibrated intervals, their nulls, and distributions of a model beside a recording's."""

from .comparison import compare_hierarchies, compare_timescales
from .counts import in_trials, rebin, spike_counts
from .posterior import simulated_timescale
from .spectrum import knee_timescale
from .spike_counts import across_trial_timescale, within_trial_timescale
from .spike_differences import spike_difference_timescale

__all__ = [
    "across_trial_timescale",
    "compare_hierarchies",
    "compare_timescales",
    "in_trials",
    "knee_timescale",
    "rebin",
    "simulated_timescale",
    "spike_counts",
    "spike_difference_timescale",
    "within_trial_timescale",
]
