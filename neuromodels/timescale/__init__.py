"""Recurrent networks whose units have time constants of their own, trained to remember digits."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .curriculum import Stage, stages_of
    from .ensemble import LeakyEnsemble
    from .gated_rnn import GatedConfig, GatedRNN
    from .leaky_config import LeakyConfig
    from .leaky_rnn import LeakyRNN
    from .measures_ablation import ablate, ablation, plot_ablation
    from .measures_accuracy import accuracy, plot_accuracy, stream_accuracy
    from .measures_autocorrelation import LaggedSums, autocorrelation, plot_autocorrelation
    from .measures_connectivity import (
        connectivity,
        input_against_timescale,
        plot_connectivity,
        plot_input_against_timescale,
    )
    from .measures_dimensionality import dimensionality, plot_dimensionality
    from .measures_exponential_fits import ExponentialFit, fit_best, fit_from
    from .measures_generalisation import accuracy_of_other_answer, generalisation, plot_generalisation
    from .measures_network_timescales import (
        network_timescales,
        plot_autocorrelation_fit,
        plot_network_timescales,
        population_timescale,
        timescale_summary,
    )
    from .measures_perturbation import compare_perturbations, perturb, perturbation, plot_perturbation
    from .measures_retraining import plot_retraining, retraining
    from .measures_time_constants import (
        plot_time_constants,
        plot_time_constants_over_n,
        time_constants_over_n,
        time_constants_table,
    )
    from .measures_variants import relative_accuracy
    from .memory_stream import MemoryStream
    from .memory_task import MemoryTask
    from .published_networks import load_published
    from .seeds import train_seeds
    from .training_trace import curriculum_trace, plot_accuracies, plot_time_constants_in_training

_HOME = {
    "ExponentialFit": "measures_exponential_fits",
    "GatedConfig": "gated_rnn",
    "GatedRNN": "gated_rnn",
    "LaggedSums": "measures_autocorrelation",
    "LeakyConfig": "leaky_config",
    "LeakyEnsemble": "ensemble",
    "LeakyRNN": "leaky_rnn",
    "MemoryStream": "memory_stream",
    "MemoryTask": "memory_task",
    "Stage": "curriculum",
    "ablate": "measures_ablation",
    "ablation": "measures_ablation",
    "accuracy": "measures_accuracy",
    "accuracy_of_other_answer": "measures_generalisation",
    "autocorrelation": "measures_autocorrelation",
    "compare_perturbations": "measures_perturbation",
    "connectivity": "measures_connectivity",
    "curriculum_trace": "training_trace",
    "dimensionality": "measures_dimensionality",
    "fit_best": "measures_exponential_fits",
    "fit_from": "measures_exponential_fits",
    "generalisation": "measures_generalisation",
    "input_against_timescale": "measures_connectivity",
    "load_published": "published_networks",
    "network_timescales": "measures_network_timescales",
    "perturb": "measures_perturbation",
    "perturbation": "measures_perturbation",
    "plot_ablation": "measures_ablation",
    "plot_accuracies": "training_trace",
    "plot_accuracy": "measures_accuracy",
    "plot_autocorrelation": "measures_autocorrelation",
    "plot_autocorrelation_fit": "measures_network_timescales",
    "plot_connectivity": "measures_connectivity",
    "plot_dimensionality": "measures_dimensionality",
    "plot_generalisation": "measures_generalisation",
    "plot_input_against_timescale": "measures_connectivity",
    "plot_network_timescales": "measures_network_timescales",
    "plot_perturbation": "measures_perturbation",
    "plot_retraining": "measures_retraining",
    "plot_time_constants": "measures_time_constants",
    "plot_time_constants_in_training": "training_trace",
    "plot_time_constants_over_n": "measures_time_constants",
    "population_timescale": "measures_network_timescales",
    "relative_accuracy": "measures_variants",
    "retraining": "measures_retraining",
    "stages_of": "curriculum",
    "stream_accuracy": "measures_accuracy",
    "time_constants_over_n": "measures_time_constants",
    "time_constants_table": "measures_time_constants",
    "timescale_summary": "measures_network_timescales",
    "train_seeds": "seeds",
}

__all__ = [
    "ExponentialFit",
    "GatedConfig",
    "GatedRNN",
    "LaggedSums",
    "LeakyConfig",
    "LeakyEnsemble",
    "LeakyRNN",
    "MemoryStream",
    "MemoryTask",
    "Stage",
    "ablate",
    "ablation",
    "accuracy",
    "accuracy_of_other_answer",
    "autocorrelation",
    "compare_perturbations",
    "connectivity",
    "curriculum_trace",
    "dimensionality",
    "fit_best",
    "fit_from",
    "generalisation",
    "input_against_timescale",
    "load_published",
    "network_timescales",
    "perturb",
    "perturbation",
    "plot_ablation",
    "plot_accuracies",
    "plot_accuracy",
    "plot_autocorrelation",
    "plot_autocorrelation_fit",
    "plot_connectivity",
    "plot_dimensionality",
    "plot_generalisation",
    "plot_input_against_timescale",
    "plot_network_timescales",
    "plot_perturbation",
    "plot_retraining",
    "plot_time_constants",
    "plot_time_constants_in_training",
    "plot_time_constants_over_n",
    "population_timescale",
    "relative_accuracy",
    "retraining",
    "stages_of",
    "stream_accuracy",
    "time_constants_over_n",
    "time_constants_table",
    "timescale_summary",
    "train_seeds",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
