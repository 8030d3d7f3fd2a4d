"""Names in recipes and what they stand for: data sets, augmentations and tasks, loaded when asked for."""

import difflib
import inspect
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from .tables import Choice, RecipeError, check_options

# Kind to "module:function"; other packages add theirs through the entry-point group of the same name.
OURS = {
    "neuromodels.training_data": {
        "motion/scenes": "neuromodels.motion.training_data:motion_scenes",
        "tactile/sweeps": "neuromodels.tactile.sweeps:sweep_samples",
        "timescale/memory": "neuromodels.timescale.memory_stream:memory_stream",
    },
    "neuromodels.augmentations": {
        "tactile": "neuromodels.tactile.augmentation:TactileAugmentation",
        "tactile/released": "neuromodels.tactile.augmentation:ReleasedAugmentation",
    },
    "neuromodels.tasks": {
        "autoencoder": "neuromodels.training.tasks:Reconstruction",
        "classification": "neuromodels.training.tasks:Classification",
        "motion/flow": "neuromodels.motion.training_task:FlowTask",
        "probe": "neuromodels.training.probe:Probe",
        "simclr": "neuromodels.training.tasks:Contrast",
        "simsiam": "neuromodels.training.tasks:Agreement",
        "timescale/memory": "neuromodels.timescale.memory_task:MemoryTask",
    },
}
SECTIONS = {
    "data": "neuromodels.training_data",
    "augmentation": "neuromodels.augmentations",
    "task": "neuromodels.tasks",
}


def list_kinds(section: str) -> list[str]:
    """Kinds that a section of a recipe may name.

    Parameters
    ----------
    section
        ``"data"``, ``"augmentation"`` or ``"task"``.
    """
    return sorted(_table(SECTIONS[section]))


def place_of(section: str, choice: Choice) -> str:
    """Where the kind that a section names is found, ``module:function``; nothing is loaded.

    Raises
    ------
    ValueError
        If there is no such kind; names the closest.
    """
    table = _table(SECTIONS[section])
    if choice.kind not in table:
        close = ", ".join(difflib.get_close_matches(choice.kind, table, n=3, cutoff=0.0))
        raise RecipeError(f"{section}.kind {choice.kind!r} is not known; the closest ones are {close}.")
    return table[choice.kind]


def named(section: str, choice: Choice) -> Callable[..., Any]:
    """What a section names, loaded: a class or a function."""
    module, _, name = place_of(section, choice).partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def build(section: str, choice: Choice, *given: Any, **more: Any) -> Any:
    """Call what a section of a recipe names with its options.

    Parameters
    ----------
    section
        ``"data"``, ``"augmentation"`` or ``"task"``.
    choice
        Kind and options.
    *given, **more
        What the engine itself hands over.

    Raises
    ------
    ValueError
        If there is no such kind, or it takes no such option.
    """
    make = named(section, choice)
    parameters = inspect.signature(make).parameters.values()
    own = [parameter for parameter in parameters][len(given) :]
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in own):
        check_options(section, choice, [parameter.name for parameter in own if parameter.name not in more])
    for parameter in own:
        needed = parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        )
        if needed and parameter.name not in {*choice.options, *more}:
            raise RecipeError(
                f"{section}.{parameter.name} is missing: {choice.kind!r} needs it; add it to [{section}]."
            )
    return make(*given, **choice.options, **more)


def _table(group: str) -> dict[str, str]:
    outside = {point.name: point.value for point in entry_points(group=group)}
    return {**outside, **OURS[group]}
