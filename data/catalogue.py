"""The datasets by name. Other packages add some through the entry-point group ``neuromodels.datasets``."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .access import is_available
from .access import offline as forbidden
from .dataset import DatasetInfo, NeuralDataset
from .errors import DataNotAvailableError
from .registry import Registry


@dataclass(frozen=True)
class _Entry:
    info: DatasetInfo
    loader: Callable[..., NeuralDataset] | None


_registry: Registry[_Entry] = Registry(
    "dataset",
    {
        "language": "data.language",
        "motion": "data.motion",
        "tactile": "data.tactile",
        "timescale": "data.timescales",
        "vision": "data.vision",
    },
    entry_point_group="neuromodels.datasets",
)


def register_dataset(info: DatasetInfo, loader: Callable[..., NeuralDataset] | None) -> None:
    """Enter a dataset; ``loader(info)`` opens it, and its keyword arguments are the choices that `load_dataset` offers.

    None marks a resource (say, a tokenizer) that is only fetched.
    """
    _registry.add(info.name, _Entry(info, loader))


def list_datasets(pattern: str = "*", *, access: str | None = None) -> list[str]:
    """Registered names that match a shell pattern, sorted; ``access`` keeps one kind of access only."""
    names = _registry.names(pattern)
    return [name for name in names if access in (None, _registry.get(name).info.access)]


def dataset_info(name: str) -> DatasetInfo:
    """Facts about a dataset: citation, licence, access, files with URL, bytes and SHA-256, units."""
    return _registry.get(name).info


def dataset_options(name: str) -> dict[str, Any]:
    """Choices that a dataset leaves to whoever opens it, each with its default."""
    loader = _registry.get(name).loader
    parameters = inspect.signature(loader).parameters.values() if loader else ()
    return {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}


def load_dataset(name: str, *, offline: bool | None = None, options: Mapping[str, Any] | None = None) -> NeuralDataset:
    """Open a dataset from the user's own copy, from earlier downloads, or from its generator.

    A dataset with verified downloads is fetched first unless the network is forbidden; nothing else
    opens a connection.

    Parameters
    ----------
    name
        Registered name, see `list_datasets`.
    offline
        True forbids downloads; None follows ``NEUROMODELS_OFFLINE``.
    options
        Choices that the dataset leaves open, such as ``unusable`` of ``tactile/rodgers2022``; few datasets have any.

    Raises
    ------
    DataNotAvailableError
        If files are missing: what to run, where they come from, the licence.
    ChecksumError
        If a file is not the recorded one.
    ValueError
        For an option that the dataset does not have, or a value of another kind.
    """
    entry = _registry.get(name)
    options = dict(options or {})
    _check_options(name, options)
    if entry.loader is None:
        raise DataNotAvailableError(f"{name} holds files, no responses; use `neuromodels data fetch {name}`.")
    if entry.info.access == "download" and not is_available(entry.info):
        fetch(name, offline=offline)
    return entry.loader(entry.info, **options)


def _check_options(name: str, options: Mapping[str, Any]) -> None:
    known = dataset_options(name)
    for key, value in options.items():
        if key not in known:
            raise ValueError(f"{name} has no option {key!r}; its options: {', '.join(known) or 'none'}.")
        if type(value) is not type(known[key]):
            kind = "true or false" if isinstance(known[key], bool) else f"a {type(known[key]).__name__}"
            raise ValueError(f"option {key!r} of {name} must be {kind}, received {value!r}.")


def fetch(name: str, *, dry_run: bool = False, offline: bool | None = None, progress: bool = False) -> list[Path]:
    """Bring the files of a dataset to this machine; files that are here already are verified and kept.

    Parameters
    ----------
    name
        Registered dataset.
    dry_run
        Only return where each file is or would be.
    offline
        True forbids any connection; None follows ``NEUROMODELS_OFFLINE``.
    progress
        Show a bar on stderr.

    Returns
    -------
    list of Path
        One path per file (none for an embedded dataset).

    Raises
    ------
    DataNotAvailableError
        If a file has no verified download, or the network is forbidden or fails.
    ChecksumError
        If what arrived is not what was recorded; it is kept beside the target under another name.
    """
    from .download import fetch_files

    return fetch_files(dataset_info(name), dry_run=dry_run, offline=forbidden(offline), progress=progress)


def listing() -> list[dict[str, object]]:
    """Rows for ``neuromodels list datasets``."""
    rows: list[dict[str, object]] = []
    for name in list_datasets():
        info = dataset_info(name)
        here = is_available(info)
        rows.append(
            {
                "name": name,
                "summary": info.summary + ("" if here else "  [not on this machine]"),
                "access": info.access,
                "available": here,
                "licence": info.licence,
                "citation": info.citation,
                "units": info.units,
            }
        )
    return rows
