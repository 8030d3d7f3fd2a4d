"""Model names: ``family/architecture``; the family is the folder whose ``variants.py`` holds the factory.

Asking for one model imports one family only. Other packages add families through the
entry-point group ``neuromodels.models`` (entry name = family, value = module to import).
"""

import fnmatch
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from .errors import ResourceNotAvailableError, UnknownNameError

if TYPE_CHECKING:
    from .recording import Recordable

FAMILIES = {
    "language": "neuromodels.language.variants",
    "motion": "neuromodels.motion.variants",
    "tactile": "neuromodels.tactile.variants",
    "timescale": "neuromodels.timescale.variants",
}
GRAMMAR = re.compile(r"[a-z0-9_]+/[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)?")
DEFAULT_SEED = 0


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a model without building it.

    Attributes
    ----------
    name, summary, paper
        Registered name, one line, and the publication that defines the architecture.
    n_params
        Number of parameters, checked against the built model by a test; None if it depends on options.
    layers, committed_layer
        Layers that can be recorded; the one that stands for the model.
    weights
        "untrained (seed is part of the identity)" or the names of weight sets.
    """

    name: str
    summary: str
    paper: str
    n_params: int | None
    layers: tuple[str, ...]
    committed_layer: str | None
    weights: str = "untrained (the seed is part of the identity)"
    defaults: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class _Entry:
    info: ModelInfo
    factory: Callable[..., "Recordable"]


_entries: dict[str, _Entry] = {}


def register_model(
    name: str,
    *,
    paper: str,
    layers: tuple[str, ...],
    expected_params: int | None = None,
    committed_layer: str | None = None,
    defaults: dict[str, object] | None = None,
) -> Callable[[Callable[..., "Recordable"]], Callable[..., "Recordable"]]:
    """Enter a factory ``f(*, seed, **overrides) -> model`` under ``name``.

    The first line of the factory's docstring becomes the summary.

    Raises
    ------
    ValueError
        If the name does not follow ``family/architecture[.tag]`` in lower case, or is taken.
    """
    if not GRAMMAR.fullmatch(name):
        raise ValueError(f"model name must be family/architecture[.tag] in lower case, received {name!r}.")
    if name in _entries:
        raise ValueError(f"model {name!r} is registered already; choose another name.")

    if committed_layer is not None and committed_layer not in layers:
        raise ValueError(f"committed_layer {committed_layer!r} of {name!r} is not one of its layers {layers!r}.")

    def enter(factory: Callable[..., "Recordable"]) -> Callable[..., "Recordable"]:
        summary = (factory.__doc__ or "").strip().splitlines()
        if not summary:
            raise ValueError(f"the factory of {name!r} needs a docstring: its first line is the summary.")
        info = ModelInfo(name, summary[0], paper, expected_params, layers, committed_layer, defaults=defaults or {})
        _entries[name] = _Entry(info, factory)
        return factory

    return enter


def _family_modules() -> dict[str, str]:
    outside = {point.name: point.module for point in entry_points(group="neuromodels.models")}
    return {**outside, **FAMILIES}


def _families() -> set[str]:
    """Families that can be imported and those that were registered by hand."""
    return {*_family_modules(), *(name.partition("/")[0] for name in _entries)}


def _entry(name: str) -> _Entry:
    if name not in _entries:
        modules = _family_modules()
        family = name.split("/", 1)[0]
        if family in modules:
            import_module(modules[family])
        elif not any(known.startswith(f"{family}/") for known in _entries):
            raise UnknownNameError.for_name(
                "model family",
                family,
                _families(),
                f"Received model name {name!r}; names are family/architecture.",
            )
    if name not in _entries:
        raise UnknownNameError.for_name(
            "model", name, _entries, "List all with `neuromodels list models` or list_models()."
        )
    return _entries[name]


def list_models(pattern: str = "*", *, family: str | None = None) -> list[str]:
    """Registered names that match a shell pattern, sorted.

    Parameters
    ----------
    pattern
        Shell wildcards over the full name, for example ``"language/*"``.
    family
        Import and list this family only.
    """
    modules = _family_modules()
    if family is not None and family not in _families():
        raise UnknownNameError.for_name("model family", family, _families(), "Leave `family` out to list all.")
    for key, module in modules.items():
        if family in (None, key):
            import_module(module)
    return sorted(
        name
        for name in _entries
        if fnmatch.fnmatchcase(name, pattern) and (family is None or name.startswith(f"{family}/"))
    )


def model_info(name: str) -> ModelInfo:
    """What is registered under ``name``; raises `UnknownNameError` with the closest names."""
    return _entry(name).info


def create_model(
    name: str, *, pretrained: bool = False, seed: int = DEFAULT_SEED, device: str = "cpu", **overrides: object
) -> "Recordable":
    """Build a model by name.

    Parameters
    ----------
    name
        ``family/architecture``, see `list_models`.
    pretrained
        Load published weights. No registered model has any yet, so True is refused.
    seed
        Seed of the random weights; part of ``model.revision``. The same seed gives the same bits.
    device
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ... Weights are drawn on the CPU and then moved.
    **overrides
        Fields of the model's configuration; an unknown one is an error that lists the known ones.

    Returns
    -------
    Recordable
        A ``torch.nn.Module`` that records its layers, in evaluation mode.

    Raises
    ------
    UnknownNameError
        For a name or an option that does not exist.
    ResourceNotAvailableError
        If ``pretrained`` is asked of a model without weights.
    """
    entry = _entry(name)
    if pretrained:
        raise ResourceNotAvailableError(
            f"Model {name!r} has no published weights: it is used untrained. Leave pretrained=False and set seed."
        )
    model = entry.factory(seed=seed, **overrides)
    model.name, model.seed = name, seed
    model.registered_name, model.options = name, dict(overrides)
    return model.to(device).eval()


def takes_option(name: str, option: str) -> bool:
    """Whether a model's factory can be given an option of that name."""
    parameters = inspect.signature(_entry(name).factory).parameters
    return option in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def listing() -> list[dict[str, object]]:
    """Rows for ``neuromodels list models``."""
    rows: list[dict[str, object]] = []
    for name in list_models():
        info = model_info(name)
        rows.append(
            {
                "name": name,
                "summary": info.summary,
                "parameters": info.n_params,
                "layers": list(info.layers),
                "committed_layer": info.committed_layer,
                "weights": info.weights,
                "paper": info.paper,
            }
        )
    return rows
