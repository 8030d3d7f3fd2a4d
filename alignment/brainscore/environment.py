"""What Brain-Score needs of the Python environment, checked before something fails deep inside of it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Literal

Package = Literal["vision", "language"]
MODULES: dict[Package, str] = {"vision": "brainscore_vision", "language": "brainscore_language"}
EXTRAS: dict[Package, str] = {"vision": "brainscore", "language": "brainscore-language"}
# Distributions whose wrong version lets Brain-Score fail at a place that does not name the cause.
PINNED = ("numpy", "xarray", "pandas", "scikit-learn")
BROKEN_TORCHVISION = "torchvision::nms"


class BrainScoreEnvironmentError(ImportError):
    """Brain-Score is absent, or cannot work in this environment; the message says what to install."""

    exit_code = 3


def require_brainscore(package: Package = "vision") -> ModuleType:
    """Import ``brainscore_vision`` or ``brainscore_language``, or say what stands in the way.

    Parameters
    ----------
    package
        ``"vision"`` or ``"language"``.

    Raises
    ------
    BrainScoreEnvironmentError
        If it is not installed, if a version beside it is outside of what it declares, or if its import fails.
    """
    problems = environment_problems(package)
    if problems:
        raise BrainScoreEnvironmentError(f"{' '.join(problems)} {how_to_install(package)}")
    try:
        return import_module(MODULES[package])
    except Exception as error:
        raise BrainScoreEnvironmentError(
            f"{MODULES[package]} is installed but its import fails with {type(error).__name__}: {error}. "
            f"{torchvision_advice(error)}{how_to_install(package)}"
        ) from error


def require_any() -> Package:
    """Name of the Brain-Score package of this environment, checked; both share assemblies, stimulus sets and scores."""
    package: Package = (
        "language" if find_spec(MODULES["vision"]) is None and find_spec(MODULES["language"]) else "vision"
    )
    require_brainscore(package)
    return package


def environment_problems(package: Package = "vision") -> list[str]:
    """Sentences on everything that keeps a Brain-Score package from working here; empty if nothing does."""
    name = MODULES[package]
    if find_spec(name) is None:
        return [f"{name} is not installed; it belongs to the extra {EXTRAS[package]!r}, in an environment of its own."]
    problems = [
        f"{owner} declares {requirement}, but {distribution} {version} is installed."
        for owner, requirement, distribution, version in _violations(name)
    ]
    other: Package = "language" if package == "vision" else "vision"
    if problems and find_spec(MODULES[other]) is not None:
        problems.append(
            f"{MODULES[other]} is installed here too: the two want different versions of scikit-learn (vision below 1.6, "
            "language 1.6 or later) and cannot share an environment."
        )
    return problems


def how_to_install(package: Package = "vision") -> str:
    """Commands that build a working environment; torch is named in the same command, so that pip keeps it."""
    folder = f".venv-{EXTRAS[package]}"
    return (
        f"Build an environment for it: python3 -m venv {folder} && {folder}/bin/pip install torch=={_torch()} "
        f"'neuromodels[{EXTRAS[package]}]' (one command: without torch in it, pip may replace torch by another build)."
    )


def torchvision_advice(error: BaseException) -> str:
    """Sentence for an error that comes from a torchvision built for another torch, else an empty text."""
    if BROKEN_TORCHVISION not in str(error):
        return ""
    return (
        "This torchvision was built for another torch (a CUDA wheel beside a CPU torch, for example); install the pair in "
        f"one command from one index, e.g. pip install torch=={_torch()} torchvision --index-url "
        "https://download.pytorch.org/whl/cpu, or pass a preprocessing of your own that needs no torchvision. "
    )


@contextmanager
def isolated(folder: str | Path | None = None, *, check_memory: bool = False) -> Iterator[Path]:
    """Run Brain-Score without its disk caches, without pip calls and away from the home folder.

    Brain-Score keeps activations and ceilings in ``~/.result_caching`` under identifiers alone: a changed model of the
    same identifier gets the old numbers. It also runs ``pip install`` whenever a plug-in is loaded. Inside this block
    both are off; the earlier settings return at its end.

    Parameters
    ----------
    folder
        Where Brain-Score may write; a temporary folder, removed afterwards, by default.
    check_memory
        Leave Brain-Score's estimate of memory before scoring switched on.

    Yields
    ------
    pathlib.Path
        The folder.

    Notes
    -----
    ``BRAINSCORE_HOME`` is read when Brain-Score is imported: enter the block before that to move its image folder too.
    """
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(folder or temporary)
        settings = {
            "RESULTCACHING_DISABLE": "1",
            "RESULTCACHING_HOME": str(home / "result_caching"),
            "BRAINIO_HOME": str(home / "brainio"),
            "BRAINSCORE_HOME": str(home / "brain-score"),
            "BS_INSTALL_DEPENDENCIES": "no",
            "BRAINSCORE_SKIP_MEMORY_CHECK": "0" if check_memory else "1",
        }
        earlier = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)
        try:
            yield home
        finally:
            for name, value in earlier.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _violations(module: str) -> Iterator[tuple[str, str, str, str]]:
    """(owner, requirement, distribution, version) of every declared bound that the environment breaks."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    for owner in (module, "brainscore_core"):
        try:
            declared = [Requirement(text) for text in metadata.requires(owner) or ()]
        except metadata.PackageNotFoundError:
            continue
        for requirement in declared:
            name = canonicalize_name(requirement.name)
            if name not in PINNED or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
                continue
            version = metadata.version(name)
            if not requirement.specifier.contains(version, prereleases=True):
                yield owner, f"{name}{requirement.specifier}", name, version


def _torch() -> str:
    try:
        return metadata.version("torch").partition("+")[0]
    except metadata.PackageNotFoundError:
        return "2.13.0"
