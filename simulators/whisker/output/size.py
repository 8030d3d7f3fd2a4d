"""How large a recording is, before it is made."""

import os
import sys

NUMBERS_PER_INTERVAL = 25 + 29
"""Of one whisker: what the time loop writes, and the variables of the recording without its shape."""


def memory_needed_bytes(n_whiskers: int, n_intervals: int, n_nodes: int = 0) -> int:
    """Memory that a simulation needs for its results.

    Parameters
    ----------
    n_whiskers, n_intervals
        Size of the recording.
    n_nodes
        Points of a whisker's shape that are kept; 0 keeps none.
    """
    return 8 * n_whiskers * n_intervals * (NUMBERS_PER_INTERVAL + 2 * 3 * n_nodes)


def memory_of_this_machine_bytes() -> int:
    """Physical memory."""
    if sys.platform == "win32":
        import ctypes

        kilobytes = ctypes.c_ulonglong()
        ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
        return 1024 * kilobytes.value
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def refuse_too_large(n_whiskers: int, n_intervals: int, n_nodes: int = 0) -> None:
    """Refuse a recording that cannot fit into the memory of this machine.

    Raises
    ------
    ValueError
        With its size and what to lower.
    """
    needed, there = memory_needed_bytes(n_whiskers, n_intervals, n_nodes), memory_of_this_machine_bytes()
    if needed > there:
        raise ValueError(
            f"the recording of {n_whiskers} whiskers over {n_intervals} output intervals needs {needed / 1e9:,.1f} GB of "
            f"memory and this machine has {there / 1e9:,.1f} GB; lower the rate or the duration, take fewer whiskers, or "
            "divide it into several scenes."
        )
