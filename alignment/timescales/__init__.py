"""Neural timescales: estimators with calibrated intervals, their nulls, and distributions of a model beside a recording's."""

from .autocorrelations import autocorrelation
from .comparison import compare_hierarchies, compare_timescales
from .count_timescales import across_trial_timescale, within_trial_timescale
from .counts import in_trials, rebin, spike_counts
from .exponentials import fit_exponentials, select_exponentials
from .nulls import timescale_presence
from .plots import plot_coverage, plot_timescale, plot_timescale_comparison, plot_timescales_per_area
from .posterior import simulated_timescale
from .spectrum import knee_timescale
from .spike_differences import spike_difference_timescale

__all__ = [
    "across_trial_timescale",
    "autocorrelation",
    "compare_hierarchies",
    "compare_timescales",
    "fit_exponentials",
    "in_trials",
    "knee_timescale",
    "plot_coverage",
    "plot_timescale",
    "plot_timescale_comparison",
    "plot_timescales_per_area",
    "rebin",
    "select_exponentials",
    "simulated_timescale",
    "spike_counts",
    "spike_difference_timescale",
    "timescale_presence",
    "within_trial_timescale",
]
