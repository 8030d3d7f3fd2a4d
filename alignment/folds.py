"""Rows of training and test folds, made from a split's description, with guards against leaks and tiny folds."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.splits import SplitSpec

from .timeline import Timeline

if TYPE_CHECKING:
    import pandas as pd

# A correlation over fewer stimuli says little; fewer to train on and no mapping is determined.
LEAST_TESTED, LEAST_TRAINED = 10, 20
GROUPED = ("group-kfold", "group-shuffle", "leave-one-group-out")


class LeakageWarning(UserWarning):
    """A split that lets related stimuli stand on both sides of a fold."""


class SmallFoldWarning(UserWarning):
    """A split whose folds hold too few stimuli for the correlation or the mapping to mean much."""


@dataclass(frozen=True)
class Fold:
    """Row numbers of one training and test set."""

    train: np.ndarray
    test: np.ndarray


def make_folds(spec: SplitSpec, table: "pd.DataFrame") -> list[Fold]:
    """Cut the rows of a stimulus table as ``spec`` says.

    Shuffled, stratified and grouped folds follow scikit-learn's ``KFold``, ``ShuffleSplit``, ``StratifiedKFold``,
    ``StratifiedShuffleSplit``, ``GroupShuffleSplit``, ``LeaveOneGroupOut`` and ``GroupKFold(shuffle=True)`` for the same
    seed, so Brain-Score's splits are reproduced row by row. Where a stimulus is shown more than once, stimuli take the
    place of rows in the drawing, and all presentations of one go where it goes (``repeats="together"``).

    Parameters
    ----------
    spec
        The split.
    table
        One row per presentation. Rows with the same ``stimulus_id`` show the same stimulus; for shuffled schemes rows with
        the same ``text`` do too.

    Raises
    ------
    ValueError
        If there are fewer rows or groups than folds, a column is missing, a fold cannot be tested or trained, or the
        scheme cannot keep the presentations of a stimulus together.
    """
    n_rows = len(table)
    n_splits = spec.n_splits or 0
    if n_rows < 4:
        raise ValueError(
            f"split {spec.name!r} has {n_rows} presentations to cut; two to train on and two to test are needed."
        )
    if n_rows < 2 * n_splits and spec.scheme in ("kfold", "stratified-kfold", "group-kfold", "blocks"):
        raise ValueError(
            f"split {spec.name!r} cuts {n_rows} presentations into {spec.n_splits} folds: fewer than two test rows per "
            "fold, and no correlation can be computed. Use fewer folds or more presentations."
        )
    free = spec.scheme not in (*GROUPED, "blocks", "explicit")
    units = np.arange(n_rows) if spec.repeats == "divide" else same_stimulus(table, by_text=free)
    if spec.scheme in GROUPED:
        folds = _group_folds(spec, table)
    elif spec.scheme == "blocks":
        folds = _block_folds(_timeline(spec, table), n_splits, spec.embargo, f"split {spec.name!r}")
    elif spec.scheme == "explicit":
        folds = _explicit_folds(spec, table)
    else:
        folds = _drawn_folds(spec, table, units)
    _check_sizes(spec, folds, n_rows)
    if not free:
        _refuse_divided(spec, folds, units, table)
    return folds


def same_stimulus(table: "pd.DataFrame", *, by_text: bool = True) -> np.ndarray:
    """Number of the stimulus that each presentation shows, in order of first appearance.

    Parameters
    ----------
    table
        One row per presentation. Equal values of ``stimulus_id`` are one stimulus.
    by_text
        Equal values of ``text`` are one stimulus too, whatever their ids.

    Returns
    -------
    numpy.ndarray
        ``(presentation,)`` from 0; 0, 1, 2, ... where nothing is repeated.
    """
    import pandas as pd
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n_rows = len(table)
    columns = [name for name in ("stimulus_id", "text" if by_text else "") if name in table]
    repeated = [name for name in columns if table[name].duplicated().any()]
    if not repeated:
        return np.arange(n_rows)
    rows, nodes, n_nodes = [], [], n_rows
    for name in repeated:
        codes = pd.factorize(table[name])[0]
        known = (codes >= 0) & (table[name] != "").to_numpy()  # an empty cell says nothing about the stimulus
        rows.append(np.flatnonzero(known))
        nodes.append(codes[known] + n_nodes)
        n_nodes += codes.max() + 1
    edges = (np.ones(sum(map(len, rows))), (np.concatenate(rows), np.concatenate(nodes)))
    found = connected_components(coo_matrix(edges, shape=(n_nodes, n_nodes)), directed=False)[1][:n_rows]
    return np.asarray(pd.factorize(found)[0])


def inner_folds(
    train: np.ndarray,
    groups: np.ndarray | None,
    n_splits: int,
    seed: int,
    spec: SplitSpec | None = None,
    table: "pd.DataFrame | None" = None,
) -> list[Fold]:
    """Folds inside a training set, for choosing penalties, lags and layers without its test rows.

    They follow the outer split: groups stay whole, blocks are contiguous with the same embargo, presentations of a
    stimulus stay together, strata have equal shares.

    Parameters
    ----------
    train
        ``(n_train,)`` row numbers of the outer training set.
    groups
        Labels of all rows that are kept together, or None. Those of `inner_groups` hold all that a split asks for.
    n_splits
        Inner folds; with fewer groups there is one fold per group.
    seed
        Seed of the shuffling.
    spec, table
        The outer split and its stimulus table, for labels that are not given and for equal shares of strata.

    Returns
    -------
    list of Fold
        Positions in ``train``, not row numbers.
    """
    if (spec is None) != (table is None):
        raise ValueError(
            "inner folds follow a split only with its stimulus table; give both spec and table, or neither."
        )
    train = np.asarray(train)
    if groups is None and spec is not None and table is not None:
        groups = inner_groups(spec, table)
    labels = np.arange(len(train)) if groups is None else np.asarray(groups)[train]
    presented = Timeline.from_labels(labels)
    if presented is not None:
        line, embargo = presented
        return _block_folds(
            line, max(2, min(n_splits, line.shortest_session())), embargo, "a choice within a training fold"
        )
    unique, first = np.unique(labels, return_index=True)
    n_splits = min(n_splits, len(unique))
    if n_splits < 2:
        raise ValueError(
            f"a training fold has {len(unique)} group(s); choosing a penalty needs at least 2. Use more groups."
        )
    order = np.random.default_rng(seed).permutation(len(unique))
    rows = np.arange(len(train))
    if spec is not None and table is not None and spec.stratify is not None:
        strata = _labels(spec, table, "stratify")[train[first]]
        order = order[np.argsort(np.unique(strata, return_inverse=True)[1][order], kind="stable")]
        chosen = [unique[order[start::n_splits]] for start in range(n_splits)]
    else:
        chosen = np.array_split(unique[order], n_splits)
    inside = [np.isin(labels, some) for some in chosen]
    return [Fold(rows[~mask], rows[mask]) for mask in inside]


def inner_groups(spec: SplitSpec, table: "pd.DataFrame") -> np.ndarray | None:
    """Labels that make inner folds follow a split: the ``groups`` of a mapping and of `inner_folds`.

    Returns
    -------
    numpy.ndarray or None
        ``(presentation,)`` the groups of a grouped split; the timeline with its embargo for blocks; the stimuli where
        any is repeated and may not be divided; None where every row may go anywhere.
    """
    if spec.scheme == "blocks":
        return _timeline(spec, table).labels(spec.embargo)
    if spec.scheme in GROUPED:
        return _labels(spec, table, "group")
    if spec.repeats == "divide":
        return None
    units = same_stimulus(table)
    return units if len(np.unique(units)) < len(units) else None


def warn_of_small_folds(spec: SplitSpec, folds: list[Fold], table: "pd.DataFrame") -> str:
    """Warn if a fold tests fewer than 10 stimuli or trains on fewer than 20; returns the sentence, or an empty text."""
    units = same_stimulus(table)
    tested = [len(np.unique(units[fold.test])) for fold in folds]
    trained = [len(np.unique(units[fold.train])) for fold in folds]
    parts = []
    if min(tested) < LEAST_TESTED:
        parts.append(
            f"tests {min(tested)} stimuli in its smallest fold ({sum(size < LEAST_TESTED for size in tested)} of "
            f"{len(folds)} folds have fewer than {LEAST_TESTED}), and a correlation over so few is mostly chance"
        )
    if min(trained) < LEAST_TRAINED:
        parts.append(f"trains on {min(trained)} stimuli in its smallest fold, fewer than {LEAST_TRAINED}")
    if not parts:
        return ""
    message = f"split {spec.name!r} {'; it '.join(parts)}; use fewer folds or more stimuli."
    warnings.warn(message, SmallFoldWarning, stacklevel=3)
    return message


def count_divided(folds: Iterable[Fold], labels: np.ndarray) -> tuple[int, int]:
    """How many test presentations have one of the same label in training, and how many are tested."""
    codes = np.unique(labels, return_inverse=True)[1]
    folds = list(folds)
    divided = sum(int(np.isin(codes[fold.test], codes[fold.train]).sum()) for fold in folds)
    return divided, sum(len(fold.test) for fold in folds)


def _drawn_folds(spec: SplitSpec, table: "pd.DataFrame", units: np.ndarray) -> list[Fold]:
    """Random folds over stimuli, which are the rows where none is repeated."""
    from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold, StratifiedShuffleSplit

    n_units = int(units.max()) + 1
    strata = None if spec.stratify is None else _strata(spec, table, units)
    if spec.scheme.endswith("kfold"):
        if n_units < 2 * (spec.n_splits or 0):
            raise ValueError(
                f"split {spec.name!r} cuts {n_units} different stimuli into {spec.n_splits} folds: fewer than two test "
                "stimuli per fold. Use fewer folds or more stimuli."
            )
        kind = KFold if strata is None else StratifiedKFold
        splitter = kind(spec.n_splits, shuffle=True, random_state=spec.seed)
    else:
        n_train, n_strata = int((spec.train_fraction or 0) * n_units), 1 if strata is None else len(np.unique(strata))
        if min(n_train, n_units - n_train) < n_strata:
            raise ValueError(
                f"split {spec.name!r} draws {n_train} of {n_units} stimuli to train on: too few on one side for "
                f"{n_strata} {'values of ' + repr(spec.stratify) if spec.stratify else 'stimulus'}. Use more stimuli."
            )
        kind = ShuffleSplit if strata is None else StratifiedShuffleSplit
        splitter = kind(spec.n_splits, train_size=spec.train_fraction, random_state=spec.seed)
    folds = [Fold(train, test) for train, test in splitter.split(np.zeros(n_units), strata)]
    if n_units == len(units):
        return folds
    return [_rows_of(units, fold.train, fold.test) for fold in folds]


def _rows_of(labels: np.ndarray, train: np.ndarray, test: np.ndarray) -> Fold:
    return Fold(np.flatnonzero(np.isin(labels, train)), np.flatnonzero(np.isin(labels, test)))


def _strata(spec: SplitSpec, table: "pd.DataFrame", units: np.ndarray) -> np.ndarray:
    """One stratum per stimulus."""
    values = _labels(spec, table, "stratify")
    _, first = np.unique(units, return_index=True)
    if (values[first][units] != values).any():
        row = int(np.flatnonzero(values[first][units] != values)[0])
        raise ValueError(
            f"split {spec.name!r} stratifies by {spec.stratify!r}, but the presentations of the stimulus in row {row} have "
            "several values of it; stratify by a property of the stimulus."
        )
    kinds, sizes = np.unique(values[first], return_counts=True)
    least = spec.n_splits if spec.scheme == "stratified-kfold" else 2
    if least is not None and sizes.min() < least:
        raise ValueError(
            f"split {spec.name!r} stratifies by {spec.stratify!r}, but {kinds[sizes.argmin()]!r} has {sizes.min()} "
            f"stimuli; every value needs at least {least}. Merge values, or do not stratify."
        )
    return np.asarray(values[first])


def _group_folds(spec: SplitSpec, table: "pd.DataFrame") -> list[Fold]:
    from sklearn.model_selection import ShuffleSplit

    groups = _labels(spec, table, "group")
    unique = np.unique(groups)
    draws = spec.scheme == "group-shuffle"
    if len(unique) < (2 if draws or spec.n_splits is None else spec.n_splits):
        wanted = f"{spec.n_splits} {'draws' if draws else 'folds'}" if spec.n_splits else "one fold per group"
        raise ValueError(
            f"split {spec.name!r} wants {wanted}, but there are only {len(unique)} groups of {spec.group!r}; use at most "
            f"{len(unique)} folds and at least 2 groups."
        )
    if draws:
        if int((spec.train_fraction or 0) * len(unique)) < 1:
            raise ValueError(
                f"split {spec.name!r} trains on {spec.train_fraction:g} of {len(unique)} groups of {spec.group!r}, which is "
                "none; raise train_fraction."
            )
        splitter = ShuffleSplit(spec.n_splits, train_size=spec.train_fraction, random_state=spec.seed)
        return [_rows_of(groups, unique[train], unique[test]) for train, test in splitter.split(unique)]
    if spec.scheme == "leave-one-group-out":
        tested = list(unique[:, None])
    else:
        # scikit-learn has shuffled groups since 1.6 only; this is the same draw for older versions too.
        tested = np.array_split(np.random.RandomState(spec.seed).permutation(unique), spec.n_splits or 0)
    rows = np.arange(len(groups))
    inside = [np.isin(groups, chosen) for chosen in tested]
    return [Fold(rows[~mask], rows[mask]) for mask in inside]


def _timeline(spec: SplitSpec, table: "pd.DataFrame") -> Timeline:
    session = None if spec.session is None else _labels(spec, table, "session")
    time = None if spec.time is None else _labels(spec, table, "time")
    if time is not None and not np.issubdtype(time.dtype, np.number):
        raise ValueError(f"split {spec.name!r} orders by {spec.time!r}, which holds {time.dtype}; give numbers.")
    return Timeline.of(len(table), session, time)


def _block_folds(line: Timeline, n_splits: int, embargo: float, what: str) -> list[Fold]:
    """Fold k tests the k-th contiguous block of every session."""
    short = line.shortest_session()
    if short < n_splits:
        raise ValueError(
            f"{what} cuts every session into {n_splits} blocks, but one has {short} presentations to cut; use fewer "
            "folds, or leave whole sessions out ('leave-one-group-out')."
        )
    block = line.blocks(n_splits)
    folds = []
    for number in range(n_splits):
        near = line.near(block == number, embargo)
        if near.all():
            raise ValueError(
                f"{what}: an embargo of {embargo:g} leaves no training presentations beside block {number} of {n_splits}; "
                "use fewer blocks or a shorter embargo."
            )
        folds.append(Fold(np.flatnonzero(~near), np.flatnonzero(block == number)))
    return folds


def _explicit_folds(spec: SplitSpec, table: "pd.DataFrame") -> list[Fold]:
    ids = table["stimulus_id"].astype(str).to_numpy()
    rows = np.arange(len(table))
    folds = []
    for number, (train, test) in enumerate(spec.explicit):
        sides = [None if keys is None else _rows_named(spec, number, keys, ids) for keys in (train, test)]
        tested = sides[1] if sides[1] is not None else rows[:0]
        trained = np.setdiff1d(rows, tested) if sides[0] is None else sides[0]
        if len(trained) == 0 or len(np.intersect1d(trained, tested)):
            raise ValueError(
                f"fold {number} of split {spec.name!r} must train on some presentations and test on others, received "
                f"{len(trained)} and {len(tested)} with {len(np.intersect1d(trained, tested))} in common."
            )
        folds.append(Fold(trained, tested))
    return folds


def _rows_named(spec: SplitSpec, number: int, keys: tuple, ids: np.ndarray) -> np.ndarray:
    if isinstance(keys[0], str):
        absent = sorted(set(keys) - set(ids))
        found = np.flatnonzero(np.isin(ids, keys))
    else:
        absent = [key for key in keys if not 0 <= key < len(ids)]
        found = np.asarray(keys)
    if absent:
        raise ValueError(
            f"fold {number} of split {spec.name!r} names {absent[0]!r}, which is none of the {len(ids)} presentations "
            f"({len(absent)} such); give row numbers from 0 or values of stimulus_id."
        )
    return found


def _labels(spec: SplitSpec, table: "pd.DataFrame", option: str) -> np.ndarray:
    """Column of the table that an option of the split names, without gaps."""
    verb = {"group": "groups", "stratify": "stratifies", "time": "orders", "session": "cuts sessions"}[option]
    column = getattr(spec, option)
    if column not in table:
        raise ValueError(f"split {spec.name!r} {verb} by {column!r}, a column that the stimuli lack: {list(table)}.")
    if table[column].isna().any():
        raise ValueError(
            f"split {spec.name!r} {verb} by {column!r}, which is empty for {int(table[column].isna().sum())} stimuli; "
            f"give every stimulus a {'group' if option == 'group' else 'value'}."
        )
    return np.asarray(table[column].to_numpy())


def _check_sizes(spec: SplitSpec, folds: list[Fold], n_rows: int) -> None:
    least = min(len(fold.test) for fold in folds)
    if least < 2:
        raise ValueError(
            f"split {spec.name!r} has a fold with {least} of {n_rows} presentations to test: fewer than two test rows, and "
            "no correlation can be computed. Use fewer folds, larger groups or more presentations."
        )


def _refuse_divided(spec: SplitSpec, folds: list[Fold], units: np.ndarray, table: "pd.DataFrame") -> None:
    """A scheme that cannot move single rows must not divide a repeated stimulus in silence."""
    divided, total = count_divided(folds, units)
    if divided == 0:
        return
    fold = next(fold for fold in folds if np.isin(units[fold.test], units[fold.train]).any())
    row = fold.test[np.isin(units[fold.test], units[fold.train])][0]
    raise ValueError(
        f"split {spec.name!r} ({spec.scheme}) divides the presentations of stimulus "
        f"{str(table['stimulus_id'].iloc[row])!r}: {divided} of {total} test presentations show a stimulus that is also "
        "trained on. Average the repetitions, group so that a stimulus is in one group, or say repeats='divide'."
    )
