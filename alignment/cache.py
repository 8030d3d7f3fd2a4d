"""Activations on disk, under keys of content; one file per key, written whole or not at all."""

import json
import os
import warnings
from pathlib import Path

import numpy as np

from data.access import home
from data.atomic import atomic_path

# Larger activations are read from disk block by block instead of being held.
LARGEST_HELD = 1 << 28
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BOOL": "|b1"} | {
    f"{sign}{8 * size}": f"<{kind}{size}" for sign, kind in (("I", "i"), ("U", "u")) for size in (1, 2, 4, 8)
}


class ActivationCache:
    """Folder of activations.

    Parameters
    ----------
    folder
        Where the files lie; ``$NEUROMODELS_HOME/activations`` (or the user's cache folder) by default. It may be
        deleted at any time.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder) if folder is not None else home() / "activations"

    def get(self, key: str) -> np.ndarray | None:
        """Array stored under ``key``, or None; an unreadable file counts as absent and is said."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = self._path(key)
        if not path.is_file():
            return None
        if path.stat().st_size > LARGEST_HELD:
            return _mapped(path)
        try:
            values = load_file(path)["activations"]
        except (SafetensorError, KeyError, OSError) as error:
            warnings.warn(f"cached activations {path} cannot be read ({error}); they are recorded again.", stacklevel=2)
            return None
        # Loaded arrays stay writable copies: the caller may change them without touching the file.
        return values

    def put(self, key: str, values: np.ndarray, facts: dict[str, str]) -> bool:
        """Store an array with a few facts about it; a full disk is said, not fatal. Returns whether it is stored."""
        from safetensors.numpy import save

        try:
            content = save({"activations": np.ascontiguousarray(values)}, {"facts": json.dumps(facts)})
            with atomic_path(self._path(key)) as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            warnings.warn(
                f"activations could not be cached in {self.folder} ({os.strerror(error.errno or 0)}); the score is not "
                "affected. Free space or set NEUROMODELS_HOME.",
                stacklevel=2,
            )
            return False
        return True

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.safetensors"


def _mapped(path: Path) -> np.ndarray | None:
    """Read-only view of a file that stays on disk; None if it is not one that `put` wrote."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > path.stat().st_size:
                raise ValueError("it is no safetensors file")
            facts = json.loads(file.read(length))["activations"]
        start, stop = facts["data_offsets"]
        if path.stat().st_size < 8 + length + stop:
            raise ValueError("it ends early")
        return np.memmap(path, DTYPES[facts["dtype"]], "r", 8 + length + start, tuple(facts["shape"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        warnings.warn(f"cached activations {path} cannot be read ({error}); they are recorded again.", stacklevel=3)
        return None
