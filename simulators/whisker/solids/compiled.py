"""How the functions of this package are compiled."""

from typing import Any

from numba import njit

# numpy's error model: no check of every divisor; where one may vanish the code says what then. No reference counting:
# nothing is allocated here, and counting the arrays of a table would take longer than most of the answers.
_OPTIONS: dict[str, Any] = {"cache": True, "error_model": "numpy", "_nrt": False}

compiled: Any = njit(**_OPTIONS)
