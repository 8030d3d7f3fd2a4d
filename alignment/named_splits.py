"""Splits of Brain-Score and of papers by name, row by row as their authors cut them."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from data.errors import UnknownNameError
from data.splits import Repeats, SplitSpec

from .folds import same_stimulus

if TYPE_CHECKING:
    import pandas as pd

TACTILE_STIMULI = 6
BRAINMODEL_SEEDS, BRAINMODEL_FRACTION = range(5), 0.8


@dataclass(frozen=True)
class _Request:
    """What a named split may look at: the table, and columns or numbers in place of its own."""

    name: str
    table: "pd.DataFrame"
    column: str | None
    n_splits: int | None
    repeats: Repeats


def _vision(scheme: str, *, share: float | None, summary: str) -> tuple[Callable[[_Request], SplitSpec], str]:
    def make(asked: _Request) -> SplitSpec:
        stratify = (asked.column or "object_name") if scheme.startswith("stratified") else None
        return SplitSpec(
            asked.name,
            scheme,  # type: ignore[arg-type]
            asked.n_splits or 10,
            seed=1,
            train_fraction=share,
            stratify=stratify,
            repeats=asked.repeats,
            source=summary,
        )

    return make, summary


def _language_group(asked: _Request) -> SplitSpec:
    return SplitSpec(
        asked.name,
        "group-kfold",
        asked.n_splits or 10,
        seed=1234,
        group=asked.column or "story",
        repeats=asked.repeats,
        source=_LANGUAGE_GROUP,
    )


def _runs(asked: _Request) -> SplitSpec:
    return SplitSpec(
        asked.name, "leave-one-group-out", group=asked.column or "run", repeats=asked.repeats, source=_RUNS
    )


def _brainmodel(asked: _Request) -> SplitSpec:
    units = _units(asked)
    n_units = int(units.max()) + 1
    n_train = int(np.ceil(BRAINMODEL_FRACTION * n_units))
    orders = [np.random.RandomState(seed).permutation(n_units) for seed in BRAINMODEL_SEEDS]
    return _explicit(asked, units, [(order[:n_train], order[n_train:]) for order in orders], _BRAINMODEL)


def _tactile(asked: _Request) -> SplitSpec:
    units = _units(asked)
    n_units = int(units.max()) + 1
    if n_units != TACTILE_STIMULI:
        raise ValueError(
            f"split {asked.name!r} takes every 3 of {TACTILE_STIMULI} stimuli, but the table has {n_units}; for other "
            "numbers give the folds in a SplitSpec of scheme 'explicit'."
        )
    everyone = np.arange(n_units)
    chosen = [np.array(train) for train in combinations(everyone, n_units // 2)]
    return _explicit(asked, units, [(train, np.setdiff1d(everyone, train)) for train in chosen], _TACTILE)


def _units(asked: _Request) -> np.ndarray:
    return np.arange(len(asked.table)) if asked.repeats == "divide" else same_stimulus(asked.table)


def _explicit(asked: _Request, units: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray]], source: str) -> SplitSpec:
    """Rows of given stimuli; in the order of the stimuli where none is repeated."""
    if asked.n_splits is not None and asked.n_splits != len(pairs):
        raise ValueError(
            f"split {asked.name!r} has {len(pairs)} folds, received n_splits {asked.n_splits}; leave it out."
        )
    single = len(np.unique(units)) == len(units)

    def rows(side: np.ndarray) -> tuple[int, ...]:
        return tuple((side if single else np.flatnonzero(np.isin(units, side))).tolist())

    folds = tuple((rows(train), rows(test)) for train, test in pairs)
    return SplitSpec(asked.name, "explicit", repeats=asked.repeats, source=source, explicit=folds)


_LANGUAGE_GROUP = "brain-score/language 'ridge': GroupKFold with shuffling, random_state 1234, over story"
_BRAINMODEL = "anayebi/brainmodel_utils: seeds 0 to 4, 80 % training stimuli, rounded up"
_TACTILE = "the tactile study of Chung et al.: every choice of 3 of 6 stimuli to train on, the other 3 to test"
_RUNS = "gallantlab/voxelwise_tutorials: one run left out at a time"

_NAMED: dict[str, tuple[Callable[[_Request], SplitSpec], str]] = {
    "brainmodel-utils": (_brainmodel, _BRAINMODEL),
    "brainscore-language-group": (_language_group, _LANGUAGE_GROUP),
    "brainscore-language-shuffle": _vision(
        "shuffle", share=0.9, summary="brain-score/language 'linear', 'ridge': ShuffleSplit, random_state 1"
    ),
    "brainscore-language-similarity": _vision(
        "shuffle", share=0.1, summary="brain-score/language 'cka', 'rdm', computed on the test rows; random_state 1"
    ),
    "brainscore-vision": _vision(
        "stratified-shuffle",
        share=0.9,
        summary="brain-score/vision 'pls', 'ridge', ...: StratifiedShuffleSplit on object_name, random_state 1",
    ),
    "brainscore-vision-kfold": _vision(
        "stratified-kfold", share=None, summary="brain-score/vision kfold=True: StratifiedKFold, random_state 1"
    ),
    "brainscore-vision-kfold-nostrat": _vision(
        "kfold", share=None, summary="brain-score/vision kfold=True, stratification_coord=None: KFold, random_state 1"
    ),
    "brainscore-vision-nostrat": _vision(
        "shuffle", share=0.9, summary="brain-score/vision stratification_coord=None: ShuffleSplit, random_state 1"
    ),
    "brainscore-vision-similarity": _vision(
        "stratified-shuffle",
        share=0.1,
        summary="brain-score/vision 'cka_cv', 'rdm_cv', computed on the test rows; random_state 1",
    ),
    "tactile-3-3": (_tactile, _TACTILE),
    "voxelwise-runs": (_runs, _RUNS),
}


def list_named_splits() -> list[str]:
    """Names that `named_split` knows, sorted."""
    return sorted(_NAMED)


def named_split(
    name: str,
    table: "pd.DataFrame",
    *,
    column: str | None = None,
    n_splits: int | None = None,
    repeats: Repeats = "together",
) -> SplitSpec:
    """A split of Brain-Score or of a paper, for the stimuli of a table.

    Parameters
    ----------
    name
        One of `list_named_splits`.
    table
        One row per presentation, in the order in which the authors' own rows were; their splits depend on it.
    column
        Column to stratify by (their ``object_name``), to group by (their ``story``) or with the runs (``run``), if the
        table calls it otherwise.
    n_splits
        Folds or draws in place of the authors' number.
    repeats
        ``"divide"`` cuts rows although stimuli are repeated, as Brain-Score does; it leaks. Without repeated stimuli both
        give the same rows.

    Raises
    ------
    data.UnknownNameError
        If there is no such name.
    ValueError
        If the table does not fit, such as five stimuli for a split of six.

    Examples
    --------
    >>> import pandas as pd
    >>> from alignment.named_splits import named_split
    >>> table = pd.DataFrame({"stimulus_id": list("abcdef")})
    >>> named_split("tactile-3-3", table).n_splits
    20
    """
    from difflib import get_close_matches

    if name not in _NAMED:
        close = get_close_matches(name, _NAMED, 3, 0.4)
        raise UnknownNameError(
            f"there is no split {name!r}; close: {', '.join(close) or 'none'}. All: {', '.join(list_named_splits())}."
        )
    return _NAMED[name][0](_Request(name, table, column, n_splits, repeats))
