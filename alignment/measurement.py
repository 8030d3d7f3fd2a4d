"""What one set of features measured against one recording, and how such measurements become one labelled dataset."""

from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from .ceilings import CeilingEstimate
from .inference.permutation import permutation_p
from .relation_ceiling import BandEstimate
from .result import aggregate


@dataclass(frozen=True)
class Measurement:
    """Features against responses: values, resamples and the null distribution.

    Attributes
    ----------
    raw
        ``(split, neuroid)`` before any ceiling.
    draws_raw, draws_ceiled
        ``(boot,)`` aggregates of every resample.
    quality
        ``(split, neuroid)`` what a choice between layers may look at: it never saw the test rows.
    chosen
        Hyper-parameters, name to ``(split, neuroid)``.
    null
        ``(permutation,)`` aggregates with permuted stimulus labels, everything fitted anew; empty if not asked for.
    p_neuroid
        ``(neuroid,)`` share of permutations that reach the neuroid's value, (b + 1) / (B + 1); NaN if not asked for.
    parts
        What is needed to combine measurements: predictions per fold and permuted values per fold.
    """

    raw: np.ndarray
    draws_raw: np.ndarray
    draws_ceiled: np.ndarray
    quality: np.ndarray
    chosen: Table[str, np.ndarray]
    null: np.ndarray
    p_neuroid: np.ndarray
    parts: dict[str, Any] = field(default_factory=dict, repr=False)


def p_values(values: np.ndarray, null: np.ndarray) -> np.ndarray:
    """One-sided p of observed ``(neuroid,)`` among permuted ``(permutation, neuroid)`` values; NaN without permutations."""
    if len(null) == 0:
        return np.full(np.shape(values), np.nan)
    return permutation_p(null, values, exact=False, alternative="greater")


def assemble(
    layers: Table[str, Measurement],
    nulls: Table[str, Measurement],
    ceiling: CeilingEstimate,
    subject: np.ndarray,
    neuroid: Table[str, np.ndarray],
) -> xr.Dataset:
    """All numbers of a score, labelled.

    Parameters
    ----------
    layers, nulls
        Measurements of the layers and of the null models.
    ceiling
        Ceilings of the neuroids.
    subject
        ``(neuroid,)`` whose neuroid it is.
    neuroid
        Further coordinates of the neuroids.
    """
    variables: dict[str, Any] = {"ceiling": ("neuroid", ceiling.values)}
    if isinstance(ceiling, BandEstimate):
        variables["ceiling_upper"] = ("neuroid", ceiling.upper)
    if ceiling.draws is not None:
        # Draws without a positive ceiling count as 0, as they do in the value.
        variables["draws_ceiling"] = ("boot", aggregate(np.nan_to_num(ceiling.draws), subject))
    for prefix, dim, results in (("", "layer", layers), ("baseline_", "baseline", nulls)):
        each = list(results.values())
        cube = (dim, "split", "neuroid")
        variables[f"{prefix}raw"] = (cube, np.stack([one.raw for one in each]))
        variables[f"{prefix}inner_r2"] = (cube, np.stack([one.quality for one in each]))
        for name, empty in (("alpha", np.nan), ("at_edge", 0)):
            values = np.stack([one.chosen.get(name, np.full(one.raw.shape, empty)) for one in each])
            variables[f"{prefix}{name}"] = (cube, values.astype(np.int8) if name == "at_edge" else values)
        variables[f"{prefix}draws_raw"] = ((dim, "boot"), np.stack([one.draws_raw for one in each]))
        variables[f"{prefix}draws_ceiled"] = ((dim, "boot"), np.stack([one.draws_ceiled for one in each]))
    each = list(layers.values())
    if each and len(each[0].null):
        variables["null_raw"] = (("layer", "permutation"), np.stack([one.null for one in each]))
        variables["p_neuroid"] = (("layer", "neuroid"), np.stack([one.p_neuroid for one in each]))
    coords: dict[str, Any] = {
        "layer": ("layer", np.array(list(layers))),
        "baseline": ("baseline", np.array(list(nulls))),
        **{key: ("neuroid", values) for key, values in neuroid.items()},
        "subject": ("neuroid", subject),
    }
    return xr.Dataset(variables, coords=coords)
