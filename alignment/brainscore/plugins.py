"""Folders by which Brain-Score finds a model under a name: written on request, never at import.

Brain-Score knows no entry points. ``load_model(identifier)`` searches the ``__init__.py`` of every folder under its
installed ``models`` for the literal text ``model_registry['identifier']``; filling the registry in memory does not help.
"""

import difflib
import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from .environment import MODULES, Package, isolated, require_brainscore

MARK = "# Written by neuromodels; remove the folder to take the name away again."
REGISTRATION = re.compile(r"""model_registry\[['"]([^'"]+)['"]\]""")


@dataclass(frozen=True)
class Plugin:
    """What the folder of a model says.

    Attributes
    ----------
    identifier
        Name in Brain-Score: letters, digits, ``.``, ``_`` and ``-``.
    source
        A registered name such as ``language/suma-small``, or ``package.module:function`` for a function without
        arguments that returns a model.
    package
        Brain-Score package.
    layers
        Region to layer; empty for the model's committed or only layer.
    seed
        Seed of an untrained registered model.
    visual_degrees
        Width that an input covers (vision).
    requirements
        Lines of ``requirements.txt`` of a submission: how the machine that scores it gets the code.
    n_parameters
        Number of parameters for ``metadata.yml``, if known.
    bibtex
        Reference.
    """

    identifier: str
    source: str
    package: Package = "vision"
    layers: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    visual_degrees: float = 8
    requirements: tuple[str, ...] = ()
    n_parameters: int | None = None
    bibtex: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.identifier):
            raise ValueError(
                f"identifier {self.identifier!r} must start with a letter or digit and hold only letters, digits, '.', '_' "
                "and '-'; choose another."
            )
        module, colon, function = self.source.partition(":")
        names = [*module.split("."), function] if colon else []
        if colon and not all(name.isidentifier() for name in names):
            raise ValueError(f"source {self.source!r} must be package.module:function, or a registered model name.")

    @property
    def folder(self) -> str:
        """Name of the folder: the identifier as a module name, without a leading ``_``, which Brain-Score skips."""
        name = re.sub(r"\W", "_", self.identifier).lower()
        return name if name.isidentifier() else f"model_{name}"


def write_submission(plugin: Plugin, folder: str | Path, *, force: bool = False) -> list[Path]:
    """Write a folder for Brain-Score's repository: ``models/<name>/`` with code, test, requirements and metadata.

    Parameters
    ----------
    plugin
        What to write; it needs ``requirements``, because the machine that scores a submission installs them.
    folder
        Where the folder ``models`` is made or is.
    force
        Write over a folder that this function wrote earlier.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ValueError
        Without requirements.
    FileExistsError
        If the folder is there, and was not written by this function or ``force`` is False.
    """
    if not plugin.requirements:
        raise ValueError(
            f"a submission of {plugin.identifier!r} needs requirements: lines by which pip finds the code on another machine, "
            "such as 'mymodels @ git+https://host/me/mymodels' (on the command line: --requirement)."
        )
    place = Path(folder) / "models" / plugin.folder
    content = {
        **_code(plugin),
        "test.py": _test(plugin),
        "requirements.txt": "".join(f"{line}\n" for line in plugin.requirements),
        "metadata.yml": _metadata(plugin),
    }
    return _write(place, content, force)


def write_shim(plugin: Plugin, *, force: bool = False) -> list[Path]:
    """Write a folder into the installed Brain-Score, so that its ``load_model(identifier)`` finds the model here.

    Nothing else of the installation is touched; `remove_shim` or removing the folder undoes it. The folder has no
    ``requirements.txt``, so that loading the model runs no pip.

    Raises
    ------
    BrainScoreEnvironmentError
        If Brain-Score cannot be used here.
    FileExistsError
        If the identifier is taken by a model of Brain-Score, or by an earlier shim and ``force`` is False.
    """
    models = _models_folder(plugin.package)
    for taken in _registrations(plugin.package).get(plugin.identifier, []):
        if not _is_ours(models / taken):
            raise FileExistsError(
                f"identifier {plugin.identifier!r} is registered by {models / taken}; Brain-Score wants exactly one: choose "
                "another identifier."
            )
    return _write(models / plugin.folder, _code(plugin), force)


def remove_shim(identifier: str, package: Package = "vision") -> Path:
    """Remove the folder that `write_shim` wrote for an identifier; returns its path.

    Raises
    ------
    ValueError
        If there is none, or its folder was not written by us.
    """
    models = _models_folder(package)
    ours = [name for name in _registrations(package).get(identifier, []) if _is_ours(models / name)]
    if not ours:
        raise ValueError(f"no folder of ours in {models} registers {identifier!r}; nothing was removed.")
    place = models / ours[0]
    shutil.rmtree(place)
    return place


def load_brain_model(identifier: str, package: Package = "vision") -> Any:
    """Load a model by name as Brain-Score does, without pip calls, and with a message that says what to do.

    Raises
    ------
    ValueError
        If no folder registers the identifier; the message names the closest ones and the ways to a score without one.
    """
    library = require_brainscore(package)
    known = _registrations(package)
    folders = known.get(identifier, [])
    if len(folders) != 1:
        where = f"{len(folders)} folders register it ({', '.join(folders)})" if folders else "no folder registers it"
        close = ", ".join(difflib.get_close_matches(identifier, known, n=3, cutoff=0.5)) or "none"
        raise ValueError(
            f"Brain-Score cannot load {identifier!r}: {where}; closest names: {close}. Filling model_registry in memory is "
            f"not enough. Score the object itself ({_direct(package)}), or write a folder once with `neuromodels "
            "brainscore shim`."
        )
    with isolated():
        return library.load_model(identifier)


def _direct(package: Package) -> str:
    return "brainscore_vision.score_benchmark(benchmark, model)" if package == "vision" else "benchmark(model)"


def _models_folder(package: Package) -> Path:
    library: ModuleType = require_brainscore(package)
    return Path(str(library.__file__)).parent / "models"


def _registrations(package: Package) -> dict[str, list[str]]:
    """Identifier to the folders whose ``__init__.py`` registers it."""
    found: dict[str, list[str]] = {}
    for file in sorted(_models_folder(package).glob("[!._]*/__init__.py")):
        for identifier in set(REGISTRATION.findall(file.read_text(encoding="utf-8"))):
            found.setdefault(identifier, []).append(file.parent.name)
    return found


def _is_ours(place: Path) -> bool:
    file = place / "__init__.py"
    return file.is_file() and file.read_text(encoding="utf-8").startswith(MARK)


def _write(place: Path, content: dict[str, str], force: bool) -> list[Path]:
    if place.exists():
        if not _is_ours(place):
            raise FileExistsError(
                f"{place} is there and was not written by neuromodels; choose another identifier or place."
            )
        if not force:
            raise FileExistsError(f"{place} is there already; pass force=True (--force) to write it anew.")
        shutil.rmtree(place)
    place.mkdir(parents=True)
    for name, text in content.items():
        (place / name).write_text(text, encoding="utf-8")
    return [place / name for name in content]


def _code(plugin: Plugin) -> dict[str, str]:
    module, colon, function = plugin.source.partition(":")
    if colon:
        imported, built = f"from {module} import {function}", f"{function}()"
    else:
        imported = "from neuromodels import create_model"
        built = f"create_model({plugin.source!r}, seed={plugin.seed})"
    vision = plugin.package == "vision"
    wrap = "as_brain_model" if vision else "as_artificial_subject"
    options = [f"identifier={plugin.identifier!r}"]
    options += [f"layers={plugin.layers!r}"] if plugin.layers else []
    options += [f"visual_degrees={plugin.visual_degrees!r}"] if vision else []
    lines = "".join(f"        {option},\n" for option in options)
    model = (
        f'"""{plugin.identifier} for {MODULES[plugin.package]}."""\n\n'
        f"from alignment.brainscore import {wrap}\n{imported}\n\n"
        f"BIBTEX = {plugin.bibtex!r}\n\n\n"
        f'def get_model():\n    """Build the model."""\n    return {wrap}(\n        {built},\n{lines}    )\n\n\n'
        f'def get_bibtex(identifier):\n    """Reference of the model."""\n    return BIBTEX\n'
    )
    registration = (
        f"{MARK}\nfrom {MODULES[plugin.package]} import model_registry\n\nfrom .model import get_model\n\n"
        f"model_registry['{plugin.identifier}'] = get_model\n"
    )
    return {"__init__.py": registration, "model.py": model}


def _test(plugin: Plugin) -> str:
    return (
        f"from {MODULES[plugin.package]} import load_model\n\n\n"
        f"def test_model_is_found_by_its_identifier():\n"
        f"    assert load_model({plugin.identifier!r}).identifier == {plugin.identifier!r}\n"
    )


def _metadata(plugin: Plugin) -> str:
    """YAML; every scalar is written as JSON, which YAML contains."""
    facts = {
        "architecture": None,
        "model_family": plugin.source.partition("/")[0] if "/" in plugin.source else None,
        "total_parameter_count": plugin.n_parameters,
        "trainable_parameter_count": plugin.n_parameters,
        "training_dataset": None,
        "task_specialization": None,
        "brainscore_link": None,
        "huggingface_link": None,
        "extra_notes": f"layers per region: {plugin.layers or 'the committed layer everywhere'}",
        "runnable": True,
    }
    rows = "".join(f"        {key}: {json.dumps(value)}\n" for key, value in facts.items())
    return f"models:\n    {json.dumps(plugin.identifier)}:\n{rows}"
