"""How functions are compiled, and when compiled code on disk is out of date."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit

# Where the functions are that compiled functions call.
_HERE = Path(__file__).parent
_SOURCES = ("compiled.py", "solids/*.py", "solver/*.py", "motion/interpolation.py", "stimuli/gaps.py")


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function that compiled functions call: without checks of divisors and without reference counting.

    Where a divisor may vanish the code says what then. Nothing is allocated, and counting the arrays of a table would
    take longer than most of the answers.
    """
    options: dict[str, Any] = {"cache": True, "error_model": "numpy", "_nrt": False}
    return _up_to_date(njit(**options)(function))


def compiled_entry(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls; other threads run meanwhile."""
    return _up_to_date(njit(cache=True, nogil=True)(function))


def _up_to_date(dispatcher: Any) -> Any:
    _forget_outdated(Path(dispatcher.stats.cache_path))
    return dispatcher


@cache
def _forget_outdated(folder: Path) -> None:
    """Drop the code kept in a folder that is older than any of the sources.

    Kept code is known by the file of the function itself; where one that it calls has changed, it would run the old one.
    """
    newest = max(path.stat().st_mtime for pattern in _SOURCES for path in _HERE.glob(pattern))
    for index in folder.glob("*.nbi"):
        try:
            if index.stat().st_mtime < newest:
                index.unlink()
        except FileNotFoundError:  # another process was here first
            continue
