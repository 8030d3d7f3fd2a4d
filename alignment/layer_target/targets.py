"""What a layer-by-target matrix takes: features per layer, trials per animal, and the orders of the stimuli to try."""

from collections.abc import Mapping
from functools import cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr

from ..ceilings.halved_fits import Missing, as_recording
from ..inference.permutation import MAX_EXACT
from ..inference.schemes import make_scheme

POOLED = "all animals"
Rule = Literal["components", "released"]
# Trials of animals have gaps, which each stimulus halves by itself; the released code halves trials and skips empty halves.
MISSING: dict[str, Missing] = {"components": "halve each", "released": "skip"}


def checked_rule(rule: str) -> None:
    """Raise ValueError for a rule that is unknown."""
    if rule not in get_args(Rule):
        raise ValueError(f"rule must be one of {', '.join(get_args(Rule))}, received {rule!r}.")


def checked_layers(layers: Mapping[str, npt.ArrayLike], n_stimuli: int) -> dict[str, np.ndarray]:
    """Features ``(stimulus, feature)`` of every layer, finite, of as many stimuli as the targets."""
    if not layers:
        raise ValueError("layers is empty; give at least one layer with features (stimulus, feature).")
    found = {}
    for name, features in layers.items():
        values = np.asarray(features, dtype=np.float64)
        if values.ndim != 2 or len(values) != n_stimuli or not np.isfinite(values).all():
            raise ValueError(
                f"layer {name!r} has shape {values.shape} with {int((~np.isfinite(values)).sum())} values that are not finite; "
                f"accepted are finite features (stimulus, feature) of the {n_stimuli} stimuli of the animals."
            )
        found[name] = values
    return found


def checked_targets(
    animals: Mapping[str, npt.ArrayLike | xr.DataArray], missing: Missing, *, pooled: bool
) -> dict[str, np.ndarray]:
    """Trials ``(repetition, stimulus, neuroid)`` of every animal, and of all together where asked for.

    Raises
    ------
    ValueError
        If there is no animal, one is named as the pool, or they saw different stimuli.
    """
    if not animals or POOLED in animals:
        raise ValueError(
            f"animals are named {list(animals)}; give at least one, none of them {POOLED!r}, which is added here."
        )
    first = next(iter(animals))
    ids = {name: _stimulus_ids(trials) for name, trials in animals.items()}
    found = {name: as_recording(trials, f"animal {name!r}", missing) for name, trials in animals.items()}
    for name, trials in found.items():
        if trials.shape[1] != found[first].shape[1] or ids[name] != ids[first]:
            raise ValueError(
                f"animal {name!r} has the stimuli {ids[name] or trials.shape[1]}, but {first!r} has "
                f"{ids[first] or found[first].shape[1]}; give all animals the same stimuli in one order."
            )
    if pooled and len(found) > 1:
        longest = max(len(trials) for trials in found.values())
        padded = [
            np.pad(trials, ((0, longest - len(trials)), (0, 0), (0, 0)), constant_values=np.nan)
            for trials in found.values()
        ]
        found[POOLED] = np.concatenate(padded, axis=2)
    return found


def stimulus_orders(n_stimuli: int, n_permutations: int, seed: int) -> tuple[np.ndarray, bool]:
    """Every order of the stimuli ``(permutation, stimulus)``, the given one first; random ones where they are too many."""
    scheme = make_scheme("exchange", n_stimuli)
    if scheme.count <= MAX_EXACT:
        return _every_order(n_stimuli), True
    if n_permutations < 1:
        raise ValueError(f"n_permutations must be at least 1, received {n_permutations}.")
    return scheme.random(np.random.default_rng(seed), n_permutations), False


@cache
def _every_order(n_stimuli: int) -> np.ndarray:
    orders = np.concatenate(list(make_scheme("exchange", n_stimuli).every(4096)))
    orders.setflags(write=False)
    return orders


def _stimulus_ids(trials: npt.ArrayLike | xr.DataArray) -> list[str]:
    if isinstance(trials, xr.DataArray) and "stimulus_id" in trials.coords:
        return [str(name) for name in trials["stimulus_id"].values]
    return []
