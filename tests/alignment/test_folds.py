"""Folds against scikit-learn row by row, their invariants, and the guard against leaks."""

import inspect
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment import LeakageWarning
from alignment.folds import Fold, inner_folds, make_folds, warn_of_leak
from data import SplitSpec


def table_of(groups):
    return pd.DataFrame({"stimulus_id": [f"s{row}" for row in range(len(groups))], "passage": groups})


def assert_same_rows(folds, expected):
    expected = list(expected)
    assert len(folds) == len(expected)
    for fold, (train, test) in zip(folds, expected, strict=True):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.test, test)


@pytest.mark.parametrize("seed", [0, 1, 1234])
@pytest.mark.parametrize(("n_rows", "n_splits"), [(20, 10), (53, 5), (320, 2)])
def test_kfold_equals_scikit_learn(seed, n_rows, n_splits):
    from sklearn.model_selection import KFold

    folds = make_folds(SplitSpec("s", "kfold", n_splits, seed), table_of(np.arange(n_rows)))
    assert_same_rows(folds, KFold(n_splits, shuffle=True, random_state=seed).split(np.zeros(n_rows)))


@pytest.mark.parametrize("seed", [1, 5])
@pytest.mark.parametrize(("n_rows", "fraction"), [(1000, 0.9), (384, 0.9), (41, 0.5)])
def test_shuffle_equals_scikit_learn(seed, n_rows, fraction):
    from sklearn.model_selection import ShuffleSplit

    spec = SplitSpec("s", "shuffle", 10, seed, train_fraction=fraction)
    folds = make_folds(spec, table_of(np.arange(n_rows)))
    expected = ShuffleSplit(10, train_size=fraction, random_state=seed).split(np.zeros(n_rows))
    assert_same_rows(folds, expected)


@pytest.mark.parametrize(("seed", "n_splits"), [(1234, 10), (0, 5), (3, 2)])
@pytest.mark.parametrize("kind", ["numbers", "texts", "unequal"])
def test_grouped_folds_equal_scikit_learn(seed, n_splits, kind):
    from sklearn.model_selection import GroupKFold

    if "shuffle" not in inspect.signature(GroupKFold).parameters:
        pytest.skip("this scikit-learn has no shuffled groups")
    groups = np.repeat(np.arange(24), 16)
    if kind == "texts":
        groups = np.array([f"topic {group}" for group in groups])
    elif kind == "unequal":
        groups = np.random.default_rng(0).integers(0, 24, 384)
    folds = make_folds(SplitSpec("s", "group-kfold", n_splits, seed, group="passage"), table_of(groups))
    splitter = GroupKFold(n_splits, shuffle=True, random_state=seed)
    assert_same_rows(folds, splitter.split(np.zeros(len(groups)), groups=groups))


@st.composite
def grouped_tables(draw):
    n_splits = draw(st.integers(2, 5))
    sizes = draw(st.lists(st.integers(2, 6), min_size=n_splits, max_size=12))
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return n_splits, draw(st.permutations(labels.tolist())), draw(st.integers(0, 2**31))


@given(grouped_tables(), st.sampled_from(["kfold", "group-kfold"]))
@settings(max_examples=60, deadline=None)
def test_test_sets_partition_the_rows(case, scheme):
    n_splits, groups, seed = case
    spec = SplitSpec("s", scheme, n_splits, seed, group="passage" if scheme == "group-kfold" else None)
    folds = make_folds(spec, table_of(groups))
    assert len(folds) == n_splits
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(groups)))
    for fold in folds:
        assert sorted([*fold.train, *fold.test]) == list(range(len(groups)))


@given(grouped_tables())
@settings(max_examples=60, deadline=None)
def test_grouped_folds_divide_no_group(case):
    n_splits, groups, seed = case
    labels = np.array(groups)
    for fold in make_folds(SplitSpec("s", "group-kfold", n_splits, seed, group="passage"), table_of(groups)):
        assert not set(labels[fold.train]) & set(labels[fold.test])


@given(grouped_tables(), st.integers(2, 8))
@settings(max_examples=60, deadline=None)
def test_inner_folds_partition_the_training_rows_and_divide_no_group(case, n_inner):
    _, groups, seed = case
    labels = np.array(groups)
    train = np.flatnonzero(labels != labels[0])
    folds = inner_folds(train, labels, n_inner, seed) if len(set(labels[train])) > 1 else []
    for fold in folds:
        assert not set(labels[train][fold.train]) & set(labels[train][fold.test])
        assert sorted([*fold.train, *fold.test]) == list(range(len(train)))
    if folds:
        assert len(folds) == min(n_inner, len(set(labels[train])))
        assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(train)))


@given(n_rows=st.integers(4, 40), n_inner=st.integers(2, 8), seed=st.integers(0, 1000))
def test_inner_folds_without_groups_partition_the_rows_evenly(n_rows, n_inner, seed):
    folds = inner_folds(np.arange(n_rows), None, n_inner, seed)
    sizes = [len(fold.test) for fold in folds]
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(n_rows))
    assert len(folds) == min(n_inner, n_rows)
    assert max(sizes) - min(sizes) <= 1


def test_inner_folds_depend_on_the_seed_alone():
    first, again, other = (inner_folds(np.arange(30), None, 5, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(a.test, b.test) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.test, b.test) for a, b in zip(first, other, strict=True))


def test_inner_folds_need_two_groups():
    with pytest.raises(ValueError, match="has 1 group.*at least 2"):
        inner_folds(np.arange(6), np.zeros(6), 5, 0)


@pytest.mark.parametrize("scheme", ["kfold", "group-kfold"])
def test_too_few_rows_are_counted(scheme):
    spec = SplitSpec("five", scheme, 5, 0, group="passage" if scheme == "group-kfold" else None)
    with pytest.raises(ValueError, match="'five' cuts 9 presentations into 5 folds.*fewer than two test rows"):
        make_folds(spec, table_of(np.arange(9)))


def test_random_draws_with_one_test_row_are_refused():
    spec = SplitSpec("draws", "shuffle", 5, 0, train_fraction=0.9)
    with pytest.raises(ValueError, match="fewer than two test rows"):
        make_folds(spec, table_of(np.arange(10)))


def test_a_grouped_fold_with_one_test_row_is_refused():
    groups = ["a"] * 16 + ["b", "c", "d", "e"]
    with pytest.raises(ValueError, match="fewer than two test rows"):
        make_folds(SplitSpec("s", "group-kfold", 5, 0, group="passage"), table_of(groups))


def test_too_few_groups_are_counted():
    with pytest.raises(ValueError, match="wants 5 folds, but there are only 3 groups of 'passage'; use at most 3"):
        make_folds(SplitSpec("s", "group-kfold", 5, 0, group="passage"), table_of(np.arange(30) // 10))


def test_missing_group_column_is_named():
    with pytest.raises(ValueError, match="groups by 'story', a column that the stimuli lack: .*passage"):
        make_folds(SplitSpec("s", "group-kfold", 2, 0, group="story"), table_of(np.arange(10)))


def test_rows_without_a_group_are_not_dropped_silently():
    groups = np.repeat(np.arange(5.0), 4)
    groups[:4] = np.nan
    spec = SplitSpec("s", "group-kfold", 2, 0, group="passage")
    try:
        folds = make_folds(spec, table_of(groups))
    except ValueError as error:
        assert "passage" in str(error)
    else:
        assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(20))


def test_leak_is_counted_and_the_safe_split_named():
    groups = np.arange(40) // 4
    spec = SplitSpec("shuffled5", "kfold", 5, 0)
    table = table_of(groups)
    folds = make_folds(spec, table)
    divided = sum(any(groups[row] == groups[other] for other in fold.train) for fold in folds for row in fold.test)
    assert divided > 0
    with pytest.warns(LeakageWarning) as caught:
        message = warn_of_leak(spec, folds, table, "passage", "passage5")
    assert [str(one.message) for one in caught] == [message]
    assert f"{divided} of 40 test presentations" in message
    assert "'shuffled5'" in message and message.endswith("use split 'passage5'.")


def test_leak_without_a_safe_split_names_the_column():
    spec, table = SplitSpec("s", "kfold", 2, 0), table_of(np.arange(12) // 3)
    with pytest.warns(LeakageWarning, match="use a split grouped by 'passage'"):
        warn_of_leak(spec, make_folds(spec, table), table, "passage", None)


def test_leak_of_one_group_is_not_called_a_leak_of_every_group():
    table = table_of([0, 0, 1, 1, 2, 2, 3, 3])
    folds = [Fold(np.array([4, 5, 6, 1]), np.array([0, 2, 3, 7]))]
    with pytest.warns(LeakageWarning, match="2 of 4 test presentations"):
        message = warn_of_leak(SplitSpec("s", "kfold", 2, 0), folds, table, "passage", None)
    assert "every" not in message


def test_grouped_split_and_missing_groups_do_not_warn():
    table = table_of(np.arange(40) // 4)
    spec = SplitSpec("s", "group-kfold", 5, 0, group="passage")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert warn_of_leak(spec, make_folds(spec, table), table, "passage", "s") == ""
        shuffled = SplitSpec("s", "kfold", 5, 0)
        assert warn_of_leak(shuffled, make_folds(shuffled, table), table, None, None) == ""


def test_a_group_per_row_cannot_leak():
    table, spec = table_of(np.arange(20)), SplitSpec("s", "kfold", 5, 0)
    assert warn_of_leak(spec, make_folds(spec, table), table, "passage", None) == ""
