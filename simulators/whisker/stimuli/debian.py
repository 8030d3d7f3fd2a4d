"""The furniture catalogues out of a Debian package that the user has fetched, without Debian's tools."""

import io
import tarfile
from pathlib import Path, PurePosixPath

_MAGIC = b"!<arch>\n"
_HEADER = 60


def unpack_debian_package(package: str | Path, folder: str | Path) -> list[Path]:
    """Write the .sh3f files of a .deb file into a folder.

    Parameters
    ----------
    package
        As ``apt-get download sweethome3d-furniture`` leaves it.
    folder
        Made if need be; files of the same name are replaced.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ValueError
        If the file is no Debian package, is packed in a way that this Python cannot read, or holds no catalogue.
    """
    package, folder = Path(package), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    try:
        with tarfile.open(fileobj=io.BytesIO(_data_member(package)), mode="r:*") as archive:
            for member in archive:
                if member.isfile() and member.name.endswith(".sh3f"):
                    source = archive.extractfile(member)
                    assert source is not None  # a regular file has content
                    target = folder / PurePosixPath(member.name).name
                    target.write_bytes(source.read())
                    written.append(target)
    except tarfile.ReadError as error:
        raise ValueError(f"{package} cannot be unpacked here ({error}); run: dpkg-deb -x {package} {folder}") from error
    if not written:
        raise ValueError(f"{package} holds no .sh3f file; the package is called sweethome3d-furniture.")
    return written


def _data_member(package: Path) -> bytes:
    """Content of the member ``data.tar.*`` of the ar archive that a Debian package is."""
    with open(package, "rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ValueError(f"{package} is no Debian package; it begins otherwise than {_MAGIC!r}.")
        while len(header := file.read(_HEADER)) == _HEADER:
            size = int(header[48:58])
            if header[:16].startswith(b"data.tar"):
                return file.read(size)
            file.seek(size + size % 2, io.SEEK_CUR)
    raise ValueError(f"{package} has no data; it may be cut short. Fetch it again.")
