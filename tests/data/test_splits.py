"""Descriptions of splits: what is refused, and how one is put in words."""

from dataclasses import replace

import numpy as np
import pytest

from data.splits import SplitSpec


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scheme": "kfold", "n_splits": 1}, "n_splits must be at least 2, received 1"),
        ({"scheme": "kfold", "n_splits": 0}, "n_splits must be at least 2"),
        ({"scheme": "kfold", "n_splits": None}, "n_splits must be at least 2, received None"),
        ({"scheme": "group-kfold"}, "group belongs to scheme 'group-kfold' or .*, received 'group-kfold', None"),
        ({"scheme": "kfold", "group": "passage"}, "group belongs to scheme .*, received 'kfold', 'passage'"),
        ({"scheme": "shuffle", "group": "passage", "train_fraction": 0.9}, "group belongs to scheme"),
        (
            {"scheme": "group-shuffle", "train_fraction": 0.9},
            "group belongs to scheme .*, received 'group-shuffle', None",
        ),
        ({"scheme": "leave-one-group-out", "n_splits": None}, "group belongs to scheme"),
        ({"scheme": "shuffle"}, "train_fraction belongs to scheme 'shuffle' or .*, received 'shuffle', None"),
        ({"scheme": "group-shuffle", "group": "passage"}, "train_fraction belongs to scheme"),
        ({"scheme": "stratified-shuffle", "stratify": "object_name"}, "train_fraction belongs to scheme"),
        ({"scheme": "kfold", "train_fraction": 0.9}, "train_fraction belongs to scheme 'shuffle'"),
        ({"scheme": "shuffle", "train_fraction": 0.0}, "train_fraction must lie between 0 and 1, received 0.0"),
        ({"scheme": "shuffle", "train_fraction": 1.0}, "train_fraction must lie between 0 and 1"),
        ({"scheme": "shuffle", "train_fraction": float("nan")}, "train_fraction must lie between 0 and 1"),
        ({"scheme": "stratified-kfold"}, "stratify belongs to scheme 'stratified-kfold' or 'stratified-shuffle', rec"),
        ({"scheme": "kfold", "stratify": "object_name"}, "stratify belongs to .* received 'kfold', 'object_name'"),
        ({"scheme": "kfold", "time": "onset_s"}, "time belongs to scheme 'blocks', received 'kfold', 'onset_s'"),
        ({"scheme": "kfold", "session": "run"}, "session belongs to scheme 'blocks', received 'kfold', 'run'"),
        ({"scheme": "kfold", "embargo": 3}, "embargo belongs to scheme 'blocks', received 'kfold', 3"),
        ({"scheme": "blocks", "embargo": -1}, "embargo must be 0 or a positive number, received -1"),
        ({"scheme": "blocks", "embargo": float("inf")}, "embargo must be 0 or a positive number, received inf"),
        ({"scheme": "blocks", "embargo": 1.5}, "embargo counts rows where no time column is named, received 1.5"),
        (
            {"scheme": "leave-one-group-out", "group": "run"},
            "n_splits of 'leave-one-group-out' is the number of groups",
        ),
        ({"scheme": "explicit"}, "explicit belongs to scheme 'explicit', received 'explicit', 0 folds"),
        (
            {"scheme": "kfold", "explicit": [((0, 1), (2, 3))]},
            "explicit belongs to scheme 'explicit', received 'kfold'",
        ),
        ({"scheme": "explicit", "explicit": [((0, 1), (2, 3))]}, "n_splits is 5, but 1 folds are given; leave it out"),
        (
            {"scheme": "explicit", "explicit": [((0, 1), (1, 3))]},
            "fold 0 trains and tests on 1; a presentation belongs",
        ),
        ({"scheme": "explicit", "explicit": [((0, 1), ())]}, "explicit fold 0 has no test presentations"),
        ({"scheme": "explicit", "explicit": [((0, 1),)]}, r"explicit fold 0 must be \(train, test\), received 1 parts"),
        ({"scheme": "explicit", "explicit": [((0, "a"), (2, 3))]}, "must hold row numbers or stimulus ids, received"),
        ({"scheme": "explicit", "explicit": [((0.5, 1.5), (2, 3))]}, "must hold row numbers or stimulus ids"),
        ({"scheme": "kfold", "repeats": "drop"}, "repeats must be one of together, divide, received 'drop'"),
        ({"scheme": "leave-one-out"}, "leave-one-out"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SplitSpec(**{"name": "mine", "n_splits": 5, "seed": 0} | arguments)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            SplitSpec("mine", "kfold", 5, seed=3),
            "5-fold cross-validation over shuffled presentations (seed 3; split 'mine', neuromodels)",
        ),
        (
            SplitSpec("mine", "group-kfold", 4, seed=0, group="story", source="us"),
            "4-fold cross-validation in which no story is divided (seed 0; split 'mine', us)",
        ),
        (
            SplitSpec("mine", "shuffle", 10, seed=1, train_fraction=0.9),
            "10 random draws with 90 % training presentations (seed 1; split 'mine', neuromodels)",
        ),
        (
            SplitSpec("mine", "stratified-kfold", 5, seed=1, stratify="object_name"),
            "5-fold cross-validation over shuffled presentations, equal shares of every object_name (seed 1; split 'mine', "
            "neuromodels)",
        ),
        (
            SplitSpec("mine", "stratified-shuffle", 10, seed=1, stratify="object_name", train_fraction=0.1),
            "10 random draws with 10 % training presentations, equal shares of every object_name (seed 1; split 'mine', "
            "neuromodels)",
        ),
        (
            SplitSpec("mine", "group-shuffle", 3, group="movie", train_fraction=0.5),
            "3 random draws with 50 % training groups, in which no movie is divided (seed 0; split 'mine', neuromodels)",
        ),
        (
            SplitSpec("mine", "leave-one-group-out", group="run"),
            "one fold per run, which is left out of training (split 'mine', neuromodels)",
        ),
        (
            SplitSpec("mine", "blocks", 5),
            "5-fold cross-validation over contiguous blocks of presentations, no embargo (split 'mine', neuromodels)",
        ),
        (
            SplitSpec("mine", "blocks", 5, embargo=4, session="run"),
            "5-fold cross-validation over contiguous blocks of presentations, each within one run, embargo of 4 "
            "presentations at the borders (split 'mine', neuromodels)",
        ),
        (
            SplitSpec("mine", "blocks", 5, embargo=2.5, time="onset_s"),
            "5-fold cross-validation over contiguous blocks in order of onset_s, embargo of 2.5 of onset_s at the borders "
            "(split 'mine', neuromodels)",
        ),
        (
            SplitSpec("mine", "explicit", explicit=(((0, 1), (2, 3)),), source="paper"),
            "1 given pairs of training and test presentations (split 'mine', paper)",
        ),
        (
            SplitSpec("mine", "kfold", 5, repeats="divide"),
            "5-fold cross-validation over shuffled presentations, repeats of a stimulus may be divided (seed 0; split "
            "'mine', neuromodels)",
        ),
    ],
)
def test_described_in_one_sentence(spec, words):
    assert spec.describe() == words


def test_given_rows_become_plain_tuples_that_compare_equal():
    lists = SplitSpec("mine", "explicit", explicit=[([0, 1], [2, 3]), (None, ["a"])])
    arrays = SplitSpec("mine", "explicit", explicit=((np.array([0, 1]), np.array([2, 3])), (None, np.array(["a"]))))
    assert lists == arrays
    assert hash(lists) == hash(arrays)
    assert lists.explicit == (((0, 1), (2, 3)), (None, ("a",)))
    assert lists.n_splits == 2


def test_a_copy_with_another_name_is_still_valid():
    spec = SplitSpec("mine", "explicit", explicit=[([0, 1], [2, 3])])
    assert replace(spec, name="other").explicit == spec.explicit


def test_seed_and_number_of_folds_may_be_left_out():
    assert SplitSpec("mine", "leave-one-group-out", group="run").n_splits is None
    assert SplitSpec("mine", "kfold", 5).seed == 0
