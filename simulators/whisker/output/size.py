"""How large a recording is, before it is made."""

import os
import sys

LOOP_NUMBERS, RECORD_NUMBERS = 25, 29
"""Of one whisker and interval: what the time loop writes, and the variables of the recording without its shape."""


def recording_bytes(n_whiskers: int, n_intervals: int, n_nodes: int = 0) -> int:
    """Size of a recording that is not compressed; parameters as in `memory_needed_bytes`."""
    return n_whiskers * n_intervals * (8 * (RECORD_NUMBERS + 3 * n_nodes) + 1)


def memory_needed_bytes(n_whiskers: int, n_intervals: int, n_nodes: int = 0) -> int:
    """Memory that a simulation needs for its results.

    Parameters
    ----------
    n_whiskers, n_intervals
        Size of the recording.
    n_nodes
        Points of a whisker's shape that are kept; 0 keeps none.
    """
    loop = n_whiskers * n_intervals * 8 * (LOOP_NUMBERS + 3 * n_nodes)
    return loop + recording_bytes(n_whiskers, n_intervals, n_nodes)


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
    refuse_beyond_memory(
        memory_needed_bytes(n_whiskers, n_intervals, n_nodes),
        f"the recording of {n_whiskers} whisker{'s' * (n_whiskers > 1)} over {n_intervals} output intervals",
        "lower the rate or the duration, take fewer whiskers, or divide it into several scenes",
    )


def refuse_beyond_memory(needed_bytes: int, what: str, advice: str) -> None:
    """Refuse what cannot fit into the memory of this machine.

    Parameters
    ----------
    needed_bytes
        Memory that it takes at least.
    what, advice
        Beginning and end of the sentence.

    Raises
    ------
    ValueError
        With both sizes.
    """
    there = memory_of_this_machine_bytes()
    if needed_bytes > there:
        raise ValueError(
            f"{what} needs {needed_bytes / 1e9:,.1f} GB of memory and this machine has {there / 1e9:,.1f} GB; {advice}."
        )
