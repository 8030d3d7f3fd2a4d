"""Rodgers 2022: single units of mouse barrel cortex while the animal tells a convex from a concave shape by whisking.

All animals as one population of presentations; `data.tactile.load_animals` gives them one by one. Rates are those from the
start of the trial to the choice; order of the stimuli and what becomes of sessions that cannot be used are options.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import xarray as xr

from ..access import own_files
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DatasetInfo, NeuralDataset
from ..splits import SplitSpec
from .animals import PATTERN, pool_animals, read_sessions, stack_sessions
from .sessions import CANONICAL_ORDER, UNIT, Unusable
from .six_stimuli import WORDS, six_stimuli

NAME = "tactile/rodgers2022"
AS_RELEASED = (
    "AS RELEASED, only for comparison with published numbers: each session counts the stimuli in the order in which it first "
    "showed them, so that a row mixes different stimuli, and every trial is a repetition with 0 for the five stimuli that it "
    "did not show."
)


def _halves() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Every choice of three training stimuli beside the other three."""
    return tuple(
        (train, tuple(name for name in CANONICAL_ORDER if name not in train))
        for train in combinations(CANONICAL_ORDER, len(CANONICAL_ORDER) // 2)
    )


SPLITS = {
    "halves20": SplitSpec("halves20", "explicit", explicit=_halves(), source="Chung et al. 2025"),
}

INFO = DatasetInfo(
    name=NAME,
    summary="electrophysiology, mouse barrel cortex, whisking against 6 shapes and positions, single trials",
    citation=(
        "Rodgers 2022, Scientific Data 9:620, doi 10.1038/s41597-022-01728-1; data: DANDI archive 000231, version "
        "0.220904.1554"
    ),
    licence="as stated at dandiarchive.org/dandiset/000231",
    access="own copy",
    how_to_get=(
        "The NWB files are those of `dandi download DANDI:000231/0.220904.1554`; the raw voltage traces in them make "
        "them large and are never read, so that files without these traces serve as well."
    ),
    units=UNIT,
    pattern=PATTERN,
    notes=(
        "Correct trials that are not to be ignored and showed a concave or convex shape. Spikes from the start of the trial "
        "to the choice, in bins of 45 ms. Units of different sessions were not recorded together: repetition r holds the "
        f"r-th trial of each session, NaN where a session has fewer. {WORDS}"
    ),
    splits=SPLITS,
)


def load(info: DatasetInfo, *, unusable: Unusable = "keep", as_released: bool = False) -> NeuralDataset:
    """Open every session in the dataset's folder.

    Parameters
    ----------
    info
        Of this dataset.
    unusable
        ``"keep"`` refuses sessions without one of the six stimuli and keeps units without spikes, which a benchmark names
        as constant; ``"refuse"`` refuses both; ``"leave out"`` says in ``left_out`` which sessions, units and animals
        are not there and why, also sessions with a single trial of a stimulus, whose noise halves of trials cannot tell
        (those only where repetitions are trials of one stimulus, not ``as_released``).
    as_released
        Arrays as the released loader of Chung et al. makes them; see `stack_sessions`.

    Raises
    ------
    ValueError
        As `read_session`; if no session of any animal can be used.
    """
    by_animal, reasons = read_sessions(own_files(info), unusable=unusable)
    left_out = [reason for name in by_animal for reason in reasons[name]]
    if unusable == "leave out":
        if not as_released:
            _drop_sessions_without_halves(by_animal, left_out)
        _drop_small_animals(by_animal, left_out)
    sessions = [one for name in sorted(by_animal) for one in by_animal[name]]
    if not sessions:
        raise ValueError(f"no session of {info.name} can be used; the first: {left_out[0]}.")
    provenance = {one.attrs["source"]: one.attrs["sha256"] for one in sessions}
    if as_released:
        info = replace(info, notes=f"{info.notes} {AS_RELEASED}")
    return NeuralDataset(
        info,
        population(sessions, as_released=as_released),
        six_stimuli(NAME),
        SPLITS,
        provenance,
        left_out=tuple(left_out),
    )


def _drop_sessions_without_halves(by_animal: dict[str, list[xr.DataArray]], left_out: list[str]) -> None:
    """Take out sessions that showed a stimulus in one usable trial."""
    for name, sessions in by_animal.items():
        usable = []
        for one in sessions:
            ids, counts = np.unique(one["stimulus_id"].values.astype(str), return_counts=True)
            if counts.min() > 1:
                usable.append(one)
                continue
            single = ", ".join(ids[counts == 1])
            left_out.append(f"session {one['session'].values[0]} of {name} has a single usable trial of {single}")
        by_animal[name] = usable


def _drop_small_animals(by_animal: dict[str, list[xr.DataArray]], left_out: list[str]) -> None:
    """Take out animals that have too few units to be compared, with the units that a session lost."""
    for name, sessions in list(by_animal.items()):
        left_out += [one.attrs["left_out"] for one in sessions if one.attrs["left_out"]]
        n_units = sum(one.sizes["neuroid"] for one in sessions)
        if n_units < 2:
            left_out.append(f"animal {name} has {n_units} usable units, and at least 2 are needed")
            del by_animal[name]


def population(sessions: Sequence[xr.DataArray], *, as_released: bool = False) -> xr.DataArray:
    """All animals of some sessions as one response array.

    Repetition r holds the r-th trial of each session that showed the stimulus, NaN after the last. As released it is the
    r-th trial of each session, and the k-th stimulus is the one that a session showed as its k-th.

    Parameters
    ----------
    sessions
        From `read_session` or `session_rates`.
    as_released
        See `stack_sessions`.
    """
    by_animal: Mapping[str, list[xr.DataArray]] = {
        name: [one for one in sessions if one["subject"].values[0] == name]
        for name in sorted({str(one["subject"].values[0]) for one in sessions})
    }
    cube = pool_animals({name: stack_sessions(mine, as_released=as_released) for name, mine in by_animal.items()})
    repetition, place = np.nonzero(np.isfinite(cube.values).any(axis=2))
    responses = make_responses(
        cube.values[repetition, place],
        presentation={"stimulus_id": np.array(CANONICAL_ORDER)[place], "repetition": repetition},
        neuroid={name: cube[name].values for name in ("neuroid_id", "unit_id", "subject", "session", "region")},
        unit=UNIT,
    )
    responses.attrs.update({key: cube.attrs[key] for key in ("window", "bin_ms")})
    return responses


register_dataset(INFO, load)
