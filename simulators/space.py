"""Files that find no space: what ran out, and what became of the file, in one sentence."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_SPACE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than this process may write (ulimit -f)",
}
"""Errors that end when there is more space, in words."""


@contextmanager
def space_for(path: Path) -> Iterator[None]:
    """Say what ran out while a file was written beside its final place, and of which file.

    Parameters
    ----------
    path
        Final place of the file.

    Raises
    ------
    OSError
        With the number of the error.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        raise OSError(
            error.errno, f"{NO_SPACE[error.errno]}: {path} is not written (an earlier one is as it was); make space."
        ) from error
