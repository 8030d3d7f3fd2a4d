"""Rows of training and test folds, made from a split's description, with a guard against leaks."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.splits import SplitSpec


class LeakageWarning(UserWarning):
    """A split that lets related stimuli stand on both sides of a fold."""


@dataclass(frozen=True)
class Fold:
    """Row numbers of one training and test set."""

    train: np.ndarray
    test: np.ndarray


def make_folds(spec: SplitSpec, table: pd.DataFrame) -> list[Fold]:
    """Cut the rows of a stimulus table as ``spec`` says.

    Shuffled and grouped folds follow scikit-learn's ``KFold``, ``ShuffleSplit`` and ``GroupKFold(shuffle=True)`` for the
    same seed, so Brain-Score's splits are reproduced row by row.

    Raises
    ------
    ValueError
        If there are fewer rows or groups than folds, or the group column is missing.
    """
    n_rows = len(table)
    if n_rows < 2 * spec.n_splits and spec.scheme != "shuffle":
        raise ValueError(
            f"split {spec.name!r} cuts {n_rows} presentations into {spec.n_splits} folds: fewer than two test rows per "
            "fold, and no correlation can be computed. Use fewer folds or more presentations."
        )
    folds = _group_folds(spec, table) if spec.scheme == "group-kfold" else _row_folds(spec, n_rows)
    least = min(len(fold.test) for fold in folds)
    if least < 2:
        raise ValueError(
            f"split {spec.name!r} has a fold with {least} of {n_rows} presentations to test: fewer than two test rows, and "
            "no correlation can be computed. Use fewer folds, larger groups or more presentations."
        )
    return folds


def _row_folds(spec: SplitSpec, n_rows: int) -> list[Fold]:
    from sklearn.model_selection import KFold, ShuffleSplit

    if spec.scheme == "kfold":
        splitter = KFold(spec.n_splits, shuffle=True, random_state=spec.seed)
    else:
        splitter = ShuffleSplit(spec.n_splits, train_size=spec.train_fraction, random_state=spec.seed)
    return [Fold(train, test) for train, test in splitter.split(np.zeros(n_rows))]


def _group_folds(spec: SplitSpec, table: pd.DataFrame) -> list[Fold]:
    if spec.group not in table:
        raise ValueError(
            f"split {spec.name!r} groups by {spec.group!r}, a column that the stimuli lack: {list(table)}."
        )
    if table[spec.group].isna().any():
        raise ValueError(
            f"split {spec.name!r} groups by {spec.group!r}, which is empty for {int(table[spec.group].isna().sum())} "
            "stimuli; give every stimulus a group."
        )
    groups = table[spec.group].to_numpy()
    unique = np.unique(groups)
    if len(unique) < spec.n_splits:
        raise ValueError(
            f"split {spec.name!r} wants {spec.n_splits} folds, but there are only {len(unique)} groups of "
            f"{spec.group!r}; use at most {len(unique)} folds."
        )
    # scikit-learn has shuffled groups since 1.6 only; this is the same draw for older versions too.
    shuffled = np.random.RandomState(spec.seed).permutation(unique)
    rows = np.arange(len(groups))
    inside = [np.isin(groups, chosen) for chosen in np.array_split(shuffled, spec.n_splits)]
    return [Fold(rows[~mask], rows[mask]) for mask in inside]


def inner_folds(train: np.ndarray, groups: np.ndarray | None, n_splits: int, seed: int) -> list[Fold]:
    """Folds inside a training set for choosing penalties; groups are kept whole where there are any.

    Positions refer to ``train``. With fewer groups than ``n_splits`` there is one fold per group.
    """
    labels = np.arange(len(train)) if groups is None else groups[train]
    unique = np.unique(labels)
    n_splits = min(n_splits, len(unique))
    if n_splits < 2:
        raise ValueError(
            f"a training fold has {len(unique)} group(s); choosing a penalty needs at least 2. Use more groups."
        )
    shuffled = np.random.default_rng(seed).permutation(unique)
    rows = np.arange(len(train))
    inside = [np.isin(labels, chosen) for chosen in np.array_split(shuffled, n_splits)]
    return [Fold(rows[~mask], rows[mask]) for mask in inside]


def warn_of_leak(spec: SplitSpec, folds: list[Fold], table: pd.DataFrame, group: str | None, safe: str | None) -> str:
    """Warn if a fold has members of one group on both sides; returns the sentence, or an empty text."""
    if group is None:
        return ""
    groups = table[group].to_numpy()
    divided = sum(int(np.isin(groups[fold.test], groups[fold.train]).sum()) for fold in folds)
    if divided == 0:
        return ""
    total = sum(len(fold.test) for fold in folds)
    message = (
        f"split {spec.name!r} divides groups of {group}: {divided} of {total} test presentations have a sibling of their "
        f"{group} in training, which inflates scores without any knowledge of the stimuli; use "
        f"{f'split {safe!r}' if safe else f'a split grouped by {group!r}'}."
    )
    warnings.warn(message, LeakageWarning, stacklevel=3)
    return message
