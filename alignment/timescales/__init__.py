"""Neural timescales: estimators with calibrated intervals, their nulls, and distributions of a model beside a recording's."""

from .comparison import compare_hierarchies, compare_timescales
from .counts import in_trials, rebin, spike_counts
from .spike_counts import across_trial_timescale, within_trial_timescale

__all__ = [
    "across_trial_timescale",
    "compare_hierarchies",
    "compare_timescales",
    "in_trials",
    "rebin",
    "spike_counts",
    "within_trial_timescale",
]
