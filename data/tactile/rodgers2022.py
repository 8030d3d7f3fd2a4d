"""Rodgers 2022: single units of mouse barrel cortex while the animal tells a convex from a concave shape by whisking.

All animals as one population of presentations; `data.tactile.load_animals` gives them one by one, with the choices that
this entry makes for you: canonical order of the stimuli, rates from the start of the trial to the choice, nothing left out.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import xarray as xr

from ..access import own_files
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DatasetInfo, NeuralDataset
from ..splits import SplitSpec
from .animals import PATTERN, pool_animals, stack_sessions
from .sessions import CANONICAL_ORDER, UNIT, read_session
from .six_stimuli import WORDS, six_stimuli

NAME = "tactile/rodgers2022"


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


def load(info: DatasetInfo) -> NeuralDataset:
    """Open every session in the dataset's folder."""
    paths = own_files(info)
    # Units without spikes are constant responses, which a benchmark names and leaves out on request.
    sessions = [read_session(path, unusable="keep") for path in paths]
    provenance = {path.name: one.attrs["sha256"] for path, one in zip(paths, sessions, strict=True)}
    return NeuralDataset(info, population(sessions), six_stimuli(NAME), SPLITS, provenance)


def population(sessions: Sequence[xr.DataArray]) -> xr.DataArray:
    """All animals of some sessions as one response array.

    Repetition r holds the r-th trial of each session that showed the stimulus, NaN after the last.

    Parameters
    ----------
    sessions
        From `read_session` or `session_rates`.
    """
    animals = sorted({str(one["subject"].values[0]) for one in sessions})
    cube = pool_animals(
        {name: stack_sessions([one for one in sessions if one["subject"].values[0] == name]) for name in animals}
    )
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
