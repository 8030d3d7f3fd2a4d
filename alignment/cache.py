"""Activations on disk, under keys of content; one file per key, written whole or not at all."""

import json
import os
import warnings
from pathlib import Path

import numpy as np

from data.access import home
from data.atomic import atomic_path


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
