"""How much memory a score will take, said before anything is recorded or fitted."""

import os
from collections.abc import Mapping as Table

from .mappings import Mapping, NeuroidRidge, ridge_memory
from .metrics import Similarity

INTERPRETER = 600_000_000  # torch, pandas, xarray and scikit-learn as imported


def scoring_memory(
    widths: Table[str, int],
    n_stimuli: int,
    n_neuroids: int,
    metric: "Mapping | Similarity",
    *,
    n_folds: int,
    n_boot: int = 1000,
    permuted_columns: int = 0,
    on_disk: bool = False,
) -> int:
    """Bytes at the peak of scoring, to within about a third.

    Parameters
    ----------
    widths
        Layer to its number of units.
    n_stimuli, n_neuroids
        Sizes of the recording.
    metric
        What measures.
    n_folds
        Training and test sets.
    n_boot
        Bootstrap draws.
    permuted_columns
        Permutations times neuroids.
    on_disk
        Whether activations are read from the cache in blocks, instead of being held.
    """
    activations = 0 if on_disk else sum(widths.values()) * n_stimuli * 4
    widest = max(widths.values())
    predictions = 4 * n_stimuli * n_neuroids * 8  # a layer and three null models
    draws = n_boot * min(n_neuroids, 2000) * 8 * 6 + n_boot * n_neuroids * 8 * 2
    if isinstance(metric, NeuroidRidge):
        shape = {"n_folds": n_folds, "test_share": 1 / n_folds, "feature_dtype": "float32"}
        options = {"standardise": metric.standardise, "selection": metric.selection, "dtype": metric.dtype}
        columns = max(n_neuroids, permuted_columns)
        fit = ridge_memory(n_stimuli, widest, columns, n_alphas=len(metric.alphas), **shape, **options)  # type: ignore[arg-type]
    elif isinstance(metric, Mapping):
        fit = 3 * widest * n_stimuli * 8 + n_stimuli**2 * 8 * 3
    else:
        fit = n_stimuli**2 * 8 * 12
    return INTERPRETER + activations + predictions + draws + fit


def available_memory() -> int | None:
    """Bytes of memory that are free now, None where the system does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def memory_note(needed: int) -> str:
    """Sentence if more is needed than is free, or an empty text."""
    free = available_memory()
    if free is None or needed <= free:
        return ""
    return (
        f"scoring will need about {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; score fewer layers at a time, or "
        "fewer permutations (n_permutations=0)."
    )
