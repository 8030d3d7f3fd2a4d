"""Brain-Score both ways: our models and benchmarks there, their assemblies here.

Brain-Score needs old versions of numpy, xarray and scikit-learn, so it is no dependency: it comes with the extras
``brainscore`` (vision) and ``brainscore-language``, each in an environment of its own. Importing this package imports
nothing of it; a function that needs it says how to install it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .assemblies import average_repetitions, from_assembly, to_assembly
    from .brain_model import BrainScoreModel, as_brain_model
    from .environment import BrainScoreEnvironmentError, environment_problems, isolated, require_brainscore
    from .metric import as_metric
    from .neural_benchmark import as_neural_benchmark, to_score
    from .plugins import load_brain_model, remove_shim, write_shim, write_submission
    from .stimuli import dataset_from_assembly, from_stimulus_set, to_stimulus_set
    from .subject import LanguageSubject, as_artificial_subject

_HOME = {
    "BrainScoreEnvironmentError": "environment",
    "BrainScoreModel": "brain_model",
    "LanguageSubject": "subject",
    "as_artificial_subject": "subject",
    "as_brain_model": "brain_model",
    "as_metric": "metric",
    "as_neural_benchmark": "neural_benchmark",
    "average_repetitions": "assemblies",
    "dataset_from_assembly": "stimuli",
    "environment_problems": "environment",
    "from_assembly": "assemblies",
    "from_stimulus_set": "stimuli",
    "isolated": "environment",
    "load_brain_model": "plugins",
    "remove_shim": "plugins",
    "require_brainscore": "environment",
    "to_assembly": "assemblies",
    "to_score": "neural_benchmark",
    "to_stimulus_set": "stimuli",
    "write_shim": "plugins",
    "write_submission": "plugins",
}

__all__ = [
    "BrainScoreEnvironmentError",
    "BrainScoreModel",
    "LanguageSubject",
    "as_artificial_subject",
    "as_brain_model",
    "as_metric",
    "as_neural_benchmark",
    "average_repetitions",
    "dataset_from_assembly",
    "environment_problems",
    "from_assembly",
    "from_stimulus_set",
    "isolated",
    "load_brain_model",
    "remove_shim",
    "require_brainscore",
    "to_assembly",
    "to_score",
    "to_stimulus_set",
    "write_shim",
    "write_submission",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
