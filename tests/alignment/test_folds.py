"""Folds against scikit-learn row by row, their invariants, and the guard against leaks."""

import inspect

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.folds import (
    SmallFoldWarning,
    inner_folds,
    inner_groups,
    make_folds,
    same_stimulus,
    warn_of_small_folds,
)
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


def shown(ids, **columns):
    return pd.DataFrame({"stimulus_id": ids, **columns})


@pytest.mark.parametrize(("n_rows", "n_splits"), [(53, 5), (100, 10)])
def test_stratified_kfold_equals_scikit_learn(n_rows, n_splits):
    from sklearn.model_selection import StratifiedKFold

    kinds = np.random.default_rng(0).integers(0, 4, n_rows)
    spec = SplitSpec("s", "stratified-kfold", n_splits, 1, stratify="passage")
    expected = StratifiedKFold(n_splits, shuffle=True, random_state=1).split(kinds, kinds)
    assert_same_rows(make_folds(spec, table_of(kinds)), expected)


@pytest.mark.parametrize("fraction", [0.9, 0.1, 0.5])
def test_stratified_shuffle_equals_scikit_learn(fraction):
    from sklearn.model_selection import StratifiedShuffleSplit

    kinds = np.array(["a", "b", "c"])[np.random.default_rng(0).integers(0, 3, 90)]
    spec = SplitSpec("s", "stratified-shuffle", 10, 1, stratify="passage", train_fraction=fraction)
    expected = StratifiedShuffleSplit(10, train_size=fraction, random_state=1).split(kinds, kinds)
    assert_same_rows(make_folds(spec, table_of(kinds)), expected)


def test_group_shuffle_equals_scikit_learn():
    from sklearn.model_selection import GroupShuffleSplit

    groups = np.random.default_rng(0).integers(0, 12, 80)
    spec = SplitSpec("s", "group-shuffle", 6, 3, group="passage", train_fraction=0.7)
    expected = GroupShuffleSplit(6, train_size=0.7, random_state=3).split(groups, groups=groups)
    assert_same_rows(make_folds(spec, table_of(groups)), expected)


def test_leave_one_group_out_equals_scikit_learn():
    from sklearn.model_selection import LeaveOneGroupOut

    groups = np.array(["c", "a", "b"])[np.random.default_rng(0).integers(0, 3, 30)]
    spec = SplitSpec("s", "leave-one-group-out", group="passage")
    assert_same_rows(make_folds(spec, table_of(groups)), LeaveOneGroupOut().split(groups, groups=groups))


def test_blocks_are_contiguous_with_an_embargo_on_both_sides():
    folds = make_folds(SplitSpec("s", "blocks", 4, embargo=2), table_of(np.arange(20)))
    assert [fold.test.tolist() for fold in folds] == [list(range(start, start + 5)) for start in (0, 5, 10, 15)]
    assert folds[0].train.tolist() == list(range(7, 20))
    assert folds[1].train.tolist() == [0, 1, 2, *range(12, 20)]
    assert folds[3].train.tolist() == list(range(13))


@given(
    st.lists(st.integers(8, 20), min_size=1, max_size=3), st.integers(2, 4), st.integers(0, 2), st.integers(0, 10**6)
)
@settings(max_examples=60, deadline=None)
def test_blocks_keep_the_embargo_in_time_within_sessions(sizes, n_splits, embargo, seed):
    session = np.repeat(np.arange(len(sizes)), sizes)
    onset = np.concatenate([np.arange(size) * 1.5 for size in sizes])
    order = np.random.default_rng(seed).permutation(len(session))
    session, onset = session[order], onset[order]
    table = table_of(session).assign(onset_s=onset)
    spec = SplitSpec("s", "blocks", n_splits, time="onset_s", session="passage", embargo=1.5 * embargo)
    folds = make_folds(spec, table)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(session)))
    for fold in folds:
        test = set(fold.test)
        expected = [
            row
            for row in range(len(session))
            if row not in test
            and all(session[row] != session[k] or abs(onset[row] - onset[k]) > 1.5 * embargo + 1e-9 for k in test)
        ]
        assert fold.train.tolist() == expected
        for one in np.unique(session):
            inside = np.sort(onset[fold.test][session[fold.test] == one]) / 1.5
            assert np.diff(inside).tolist() == [1] * (len(inside) - 1)


def test_a_long_embargo_that_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match="embargo of 10 leaves no training presentations beside block 0 of 2"):
        make_folds(SplitSpec("s", "blocks", 2, embargo=10), table_of(np.arange(20)))


def test_sessions_shorter_than_the_blocks_are_refused():
    table = table_of(np.repeat([0, 1], [17, 3]))
    with pytest.raises(ValueError, match="cuts every session into 4 blocks, but one has 3 presentations"):
        make_folds(SplitSpec("s", "blocks", 4, session="passage"), table)


def test_times_must_be_numbers():
    table = table_of(np.arange(20)).assign(onset=[f"{row} s" for row in range(20)])
    with pytest.raises(ValueError, match="orders by 'onset', which holds .*; give numbers"):
        make_folds(SplitSpec("s", "blocks", 2, time="onset"), table)


def test_given_rows_and_ids_are_taken_as_they_are():
    table = shown(["a", "b", "c", "d", "a", "b"])
    by_id, rest = make_folds(SplitSpec("s", "explicit", explicit=[(("a",), ("b", "c")), (None, ("a",))]), table)
    assert (by_id.train.tolist(), by_id.test.tolist()) == ([0, 4], [1, 2, 5])
    assert (rest.train.tolist(), rest.test.tolist()) == ([1, 2, 3, 5], [0, 4])
    (by_row,) = make_folds(SplitSpec("s", "explicit", explicit=[((3, 0, 4), (5, 1))]), table)
    assert (by_row.train.tolist(), by_row.test.tolist()) == ([3, 0, 4], [5, 1])


@pytest.mark.parametrize("keys", [("a", "z"), (0, 6), (-1, 0)])
def test_given_rows_that_do_not_exist_are_named(keys):
    absent = next(key for key in keys if key not in ("a", 0))
    with pytest.raises(ValueError, match=f"fold 0 of split 's' names {absent!r}, which is none of the 6 presentations"):
        make_folds(SplitSpec("s", "explicit", explicit=[(None, keys)]), shown(list("abcdef")))


def test_nothing_repeated_leaves_the_rows_as_units():
    assert same_stimulus(shown(list("abcd"))).tolist() == [0, 1, 2, 3]


def test_equal_ids_and_equal_texts_are_one_stimulus_through_any_chain():
    table = shown(["b", "a", "b", "c", "d", "e", "f"], text=["x", "y", "z", "z", "w", "", ""])
    assert same_stimulus(table).tolist() == [0, 1, 0, 0, 2, 3, 4]
    assert same_stimulus(table, by_text=False).tolist() == [0, 1, 0, 2, 3, 4, 5]


@st.composite
def repeated_tables(draw):
    n_stimuli = draw(st.integers(10, 16))
    copies = draw(st.lists(st.integers(1, 4), min_size=n_stimuli, max_size=n_stimuli))
    return draw(st.permutations(np.repeat(np.arange(n_stimuli), copies).tolist())), draw(st.integers(0, 2**31))


@given(
    repeated_tables(),
    st.sampled_from(
        [
            ("kfold", {}),
            ("shuffle", {"train_fraction": 0.7}),
            ("stratified-kfold", {"stratify": "kind"}),
            ("stratified-shuffle", {"stratify": "kind", "train_fraction": 0.7}),
        ]
    ),
)
@settings(max_examples=80, deadline=None)
def test_presentations_of_a_stimulus_never_stand_on_both_sides(case, scheme):
    numbers, seed = case
    labels = np.array(numbers)
    table = shown([f"s{number}" for number in numbers], kind=labels % 2)
    folds = make_folds(SplitSpec("s", scheme[0], 3, seed, **scheme[1]), table)
    for fold in folds:
        assert not set(labels[fold.train]) & set(labels[fold.test])
        assert sorted([*fold.train, *fold.test]) == list(range(len(labels)))


def test_presentations_are_divided_when_asked():
    from sklearn.model_selection import KFold

    table = shown([f"s{row % 10}" for row in range(50)])
    folds = make_folds(SplitSpec("s", "kfold", 5, 0, repeats="divide"), table)
    assert_same_rows(folds, KFold(5, shuffle=True, random_state=0).split(np.zeros(50)))


@pytest.mark.parametrize(
    "spec",
    [
        SplitSpec("s", "group-kfold", 2, group="run"),
        SplitSpec("s", "leave-one-group-out", group="run"),
        SplitSpec("s", "blocks", 2),
        SplitSpec("s", "explicit", explicit=[(None, tuple(range(10)))]),
    ],
)
def test_schemes_that_cannot_keep_a_stimulus_together_say_so(spec):
    table = shown([f"s{row % 10}" for row in range(20)], run=np.arange(20) // 10)
    with pytest.raises(
        ValueError, match=r"divides the presentations of stimulus 's\d'.*Average the rep.*repeats='divide'"
    ):
        make_folds(spec, table)


def test_grouped_texts_may_be_equal():
    table = shown([f"s{row}" for row in range(20)], text=["the", "cat"] * 10, passage=np.arange(20) // 5)
    folds = make_folds(SplitSpec("s", "group-kfold", 4, group="passage"), table)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(20))


def test_too_few_different_stimuli_are_counted():
    table = shown([f"s{row % 6}" for row in range(60)])
    with pytest.raises(ValueError, match="cuts 6 different stimuli into 5 folds: fewer than two test stimuli"):
        make_folds(SplitSpec("s", "kfold", 5), table)


def test_strata_within_a_stimulus_are_refused():
    table = shown(["a", "a", *[f"s{row}" for row in range(18)]], kind=[0, 1] * 10)
    with pytest.raises(ValueError, match="stratifies by 'kind', but the presentations of the stimulus in row 1 have"):
        make_folds(SplitSpec("s", "stratified-kfold", 2, stratify="kind"), table)


def test_rare_strata_are_named():
    with pytest.raises(
        ValueError, match="stratifies by 'passage', but 'b' has 1 stimuli; every value needs at least 5"
    ):
        make_folds(SplitSpec("s", "stratified-kfold", 5, stratify="passage"), table_of(["a"] * 19 + ["b"]))
    spec = SplitSpec("s", "stratified-shuffle", 5, stratify="passage", train_fraction=0.9)
    with pytest.raises(ValueError, match="draws 18 of 20 stimuli to train on: too few on one side for 5 values"):
        make_folds(spec, table_of(np.arange(20) % 5))


def test_single_groups_cannot_be_drawn():
    spec = SplitSpec("s", "group-shuffle", 3, group="passage", train_fraction=0.5)
    with pytest.raises(ValueError, match="wants 3 draws, but there are only 1 groups"):
        make_folds(spec, table_of(np.zeros(20)))
    spec = SplitSpec("s", "group-shuffle", 3, group="passage", train_fraction=0.2)
    with pytest.raises(ValueError, match="trains on 0.2 of 4 groups of 'passage', which is none"):
        make_folds(spec, table_of(np.arange(20) // 5))


def test_tables_of_three_rows_are_refused():
    with pytest.raises(ValueError, match="has 3 presentations to cut"):
        make_folds(SplitSpec("s", "shuffle", 2, train_fraction=0.5), table_of(np.arange(3)))


def test_inner_blocks_keep_the_embargo_of_the_outer_split():
    spec, table = SplitSpec("s", "blocks", 4, embargo=2), table_of(np.arange(60))
    for outer in make_folds(spec, table):
        inner = inner_folds(outer.train, None, 3, 0, spec, table)
        assert sorted(np.concatenate([fold.test for fold in inner])) == list(range(len(outer.train)))
        for fold in inner:
            trained, tested = outer.train[fold.train], outer.train[fold.test]
            distances = np.abs(trained[:, None] - tested)
            assert distances.min() >= 3
            # Nothing but the embargo and the outer block is missing between the tested rows.
            between = set(range(tested[0], tested[-1] + 1)) - set(tested)
            assert between <= set(range(60)) - set(outer.train)


def test_inner_blocks_stay_in_their_sessions():
    table = table_of(np.repeat([0, 1], 30))
    spec = SplitSpec("s", "blocks", 3, session="passage", embargo=1)
    outer = make_folds(spec, table)[1]
    for fold in inner_folds(outer.train, None, 3, 0, spec, table):
        assert set(table["passage"].to_numpy()[outer.train[fold.test]]) == {0, 1}


@pytest.mark.parametrize(
    "spec",
    [
        SplitSpec("s", "group-kfold", 4, group="passage"),
        SplitSpec("s", "leave-one-group-out", group="passage"),
        SplitSpec("s", "group-shuffle", 4, group="passage", train_fraction=0.7),
    ],
)
def test_inner_folds_follow_the_groups_of_the_outer_split(spec):
    groups = np.arange(60) // 6
    table = table_of(groups)
    for outer in make_folds(spec, table):
        for fold in inner_folds(outer.train, None, 4, 0, spec, table):
            assert not set(groups[outer.train][fold.train]) & set(groups[outer.train][fold.test])


def test_inner_folds_keep_the_presentations_of_a_stimulus_together():
    ids = np.arange(60) % 15
    table = shown([f"s{number}" for number in ids])
    spec = SplitSpec("s", "kfold", 3)
    for outer in make_folds(spec, table):
        for fold in inner_folds(outer.train, None, 4, 0, spec, table):
            assert not set(ids[outer.train][fold.train]) & set(ids[outer.train][fold.test])


def test_inner_folds_have_equal_shares_of_every_stratum():
    kinds = np.arange(80) % 4
    table = table_of(kinds)
    spec = SplitSpec("s", "stratified-kfold", 4, stratify="passage")
    for outer in make_folds(spec, table):
        for fold in inner_folds(outer.train, None, 5, 0, spec, table):
            assert np.bincount(kinds[outer.train][fold.test], minlength=4).tolist() == [3] * 4


def test_inner_folds_need_both_or_neither():
    with pytest.raises(ValueError, match="give both spec and table, or neither"):
        inner_folds(np.arange(10), None, 2, 0, SplitSpec("s", "kfold", 2))


def test_inner_folds_of_a_plain_split_are_those_without_it():
    table, train = table_of(np.arange(40)), np.arange(5, 40)
    plain, followed = inner_folds(train, None, 5, 3), inner_folds(train, None, 5, 3, SplitSpec("s", "kfold", 4), table)
    assert_same_rows(followed, [(fold.train, fold.test) for fold in plain])


def test_small_test_folds_are_counted_in_stimuli():
    table = shown([f"s{row % 30}" for row in range(90)])
    spec = SplitSpec("five", "kfold", 5)
    with pytest.warns(SmallFoldWarning) as caught:
        message = warn_of_small_folds(spec, make_folds(spec, table), table)
    assert [str(one.message) for one in caught] == [message]
    assert "'five' tests 6 stimuli in its smallest fold (5 of 5 folds have fewer than 10)" in message
    assert "trains" not in message


def test_small_training_folds_are_counted():
    spec, table = SplitSpec("half", "shuffle", 3, train_fraction=0.3), table_of(np.arange(40))
    with pytest.warns(SmallFoldWarning, match="'half' trains on 12 stimuli in its smallest fold, fewer than 20; use"):
        warn_of_small_folds(spec, make_folds(spec, table), table)


def test_large_folds_do_not_warn():
    spec, table = SplitSpec("s", "kfold", 5), table_of(np.arange(50))
    assert warn_of_small_folds(spec, make_folds(spec, table), table) == ""


@pytest.mark.parametrize(
    "spec",
    [
        SplitSpec("s", "blocks", 4, embargo=2),
        SplitSpec("s", "blocks", 3, embargo=1.5, time="onset_s", session="run"),
        SplitSpec("s", "group-kfold", 4, group="passage"),
        SplitSpec("s", "leave-one-group-out", group="passage"),
        SplitSpec("s", "kfold", 4),
        SplitSpec("s", "kfold", 4, repeats="divide"),
    ],
)
def test_labels_carry_all_that_inner_folds_need_into_a_mapping(spec):
    rows = np.arange(60)
    onset = np.random.default_rng(0).permutation(30)[rows % 30] * 1.5
    table = table_of(rows // 5).assign(run=rows // 30, onset_s=onset)
    labels = inner_groups(spec, table)
    for outer in make_folds(spec, table):
        inside = None if labels is None else labels[outer.train]
        within = inner_folds(np.arange(len(outer.train)), inside, 3, 7)
        whole = inner_folds(outer.train, None, 3, 7, spec, table)
        assert_same_rows(within, [(fold.train, fold.test) for fold in whole])


def test_labels_are_none_where_every_row_may_go_anywhere():
    table = shown([f"s{row % 10}" for row in range(20)])
    assert inner_groups(SplitSpec("s", "kfold", 2), table).tolist() == [row % 10 for row in range(20)]
    assert inner_groups(SplitSpec("s", "kfold", 2, repeats="divide"), table) is None
    assert inner_groups(SplitSpec("s", "shuffle", 2, train_fraction=0.5), table_of(np.arange(20))) is None


def test_inner_blocks_are_as_many_as_the_shortest_session_allows():
    table = table_of(np.r_[np.zeros(30), np.ones(4)])
    labels = inner_groups(SplitSpec("s", "blocks", 2, session="passage"), table)
    assert len(inner_folds(np.arange(34), labels, 5, 0)) == 4
    with pytest.raises(
        ValueError, match="a choice within a training fold cuts every session into 2 blocks, but one has 1"
    ):
        inner_folds(np.arange(31), labels, 5, 0)


def test_a_ridge_given_labels_of_blocks_chooses_its_penalty_over_blocks():
    from alignment import NeuroidRidge

    rng = np.random.default_rng(0)
    x, y = np.cumsum(rng.standard_normal((120, 8)), axis=0), np.cumsum(rng.standard_normal((120, 20)), axis=0)
    table, spec = table_of(np.arange(120)), SplitSpec("s", "blocks", 4, embargo=5)
    by_labels = NeuroidRidge().fit(x, y, groups=inner_groups(spec, table))
    by_folds = NeuroidRidge().fit(x, y, folds=inner_folds(np.arange(120), None, 5, 0, spec, table))
    np.testing.assert_array_equal(by_labels.alpha_, by_folds.alpha_)
    shuffled = NeuroidRidge().fit(x, y)
    # Over shuffled rows the walks seem to predict each other, so hardly any penalty is chosen.
    assert np.median(by_labels.alpha_) > 3 * np.median(shuffled.alpha_)
