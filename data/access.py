"""Where the files of a dataset lie, whether they are the right ones, and how to get them.

Places, in order: ``$NEUROMODELS_DATA/<folder of the dataset>/`` (a copy of your own, never written to), then
``$NEUROMODELS_HOME/datasets/<dataset>/`` (downloads), then the folder of an installed package that carries them. All are
checked against the same hashes.
"""

import hashlib
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from .dataset import DataFile, DatasetInfo
from .errors import ChecksumError, DataNotAvailableError


@dataclass(frozen=True)
class LocatedFile:
    """A file on this machine and the hash of what was found."""

    file: DataFile
    path: Path
    sha256: str


def home() -> Path:
    """Folder for downloads and caches: ``$NEUROMODELS_HOME``, else the user's cache folder."""
    named = os.environ.get("NEUROMODELS_HOME")
    return Path(named or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neuromodels")


def offline(asked: bool | None = None) -> bool:
    """Whether the network is forbidden: by argument, else by ``NEUROMODELS_OFFLINE``."""
    if asked is not None:
        return asked
    return os.environ.get("NEUROMODELS_OFFLINE", "").lower() not in ("", "0", "false", "no")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def download_folder(info: DatasetInfo) -> Path:
    """Folder for the downloads of one dataset."""
    return home() / "datasets" / info.name


def _places(info: DatasetInfo) -> list[Path]:
    mirror = os.environ.get("NEUROMODELS_DATA")
    return [*([Path(mirror) / info.folder] if mirror else []), download_folder(info), *_package_folder(info)]


def _package_folder(info: DatasetInfo) -> list[Path]:
    """Folder inside the installed package that carries the files; the package is found, not imported."""
    name, _, inside = info.package.partition("/")
    spec = find_spec(name) if name else None
    return [Path(place) / inside for place in spec.submodule_search_locations or ()] if spec else []


def own_files(info: DatasetInfo) -> list[Path]:
    """Files of a dataset that is known by a pattern, sorted by name, from the first folder that holds any.

    Raises
    ------
    DataNotAvailableError
        If there is none: where to put them, the source and the licence.
    """
    for place in _places(info):
        found = sorted(place.glob(info.pattern), key=lambda path: path.name)
        if found:
            return found
    raise DataNotAvailableError(how_to_get_files(info, []))


def locate(info: DatasetInfo, file: DataFile) -> LocatedFile | None:
    """Find one file and check it; None if it is nowhere.

    Raises
    ------
    ChecksumError
        If a file is there with another SHA-256. The file is left where it is.
    """
    for path in (place / file.path for place in _places(info)):
        if path.is_file():
            received = sha256_of(path)
            if file.sha256 is not None and received != file.sha256:
                raise ChecksumError(
                    f"{path} of {info.name} has SHA-256 {received}, expected {file.sha256}; it was left as it is: move "
                    "it away and put the right file there."
                )
            return LocatedFile(file, path, received)
    return None


def locate_all(info: DatasetInfo) -> list[LocatedFile]:
    """Find what a loader needs: every file, or with ``info.alternatives`` the first that is here.

    Raises
    ------
    DataNotAvailableError
        Naming what is missing, what to run, the source and the licence.
    """
    found, missing = [], []
    for file in info.files:
        located = locate(info, file)
        if located is None:
            missing.append(file)
            continue
        found.append(located)
        if info.alternatives:
            return found
    if missing:
        raise DataNotAvailableError(how_to_get_files(info, missing))
    return found


def is_available(info: DatasetInfo) -> bool:
    """Whether `locate_all` would find everything; a wrong file counts as available, so that it is reported."""
    try:
        own_files(info) if info.pattern else locate_all(info)
    except DataNotAvailableError:
        return False
    except ChecksumError:
        pass
    return True


def how_to_get_files(info: DatasetInfo, missing: list[DataFile]) -> str:
    """What is missing, what to run or where to put it, the source and the licence, in one sentence each."""
    names = info.pattern or (" or " if info.alternatives else ", ").join(file.path for file in missing)
    mirror = os.environ.get("NEUROMODELS_DATA")
    place = f"{mirror}/{info.folder}/" if mirror else f"FOLDER/{info.folder}/ and set NEUROMODELS_DATA=FOLDER"
    what = "the files" if info.pattern else "the file"
    download = f"run `neuromodels data fetch {info.name}`, or " if info.access == "download" else ""
    if info.access == "package":
        download = f"run `pip install {info.package.partition('/')[0]}`, or "
    return (
        f"{info.name} is not on this machine (missing: {names}): {download}put {what} into {place}. "
        f"{info.how_to_get} Licence: {info.licence}."
    )
