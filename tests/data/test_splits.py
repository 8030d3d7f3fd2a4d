"""Descriptions of splits: what is refused, and how one is put in words."""

import pytest

from data.splits import SplitSpec


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scheme": "kfold", "n_splits": 1}, "n_splits must be at least 2, received 1"),
        ({"scheme": "kfold", "n_splits": 0}, "n_splits must be at least 2"),
        ({"scheme": "group-kfold"}, "group belongs to scheme 'group-kfold', received 'group-kfold', None"),
        ({"scheme": "kfold", "group": "passage"}, "group belongs to scheme 'group-kfold', received 'kfold', 'passage'"),
        ({"scheme": "shuffle", "group": "passage", "train_fraction": 0.9}, "group belongs to scheme"),
        ({"scheme": "shuffle"}, "train_fraction belongs to scheme 'shuffle', received 'shuffle', None"),
        ({"scheme": "kfold", "train_fraction": 0.9}, "train_fraction belongs to scheme 'shuffle'"),
        ({"scheme": "shuffle", "train_fraction": 0.0}, "train_fraction must lie between 0 and 1, received 0.0"),
        ({"scheme": "shuffle", "train_fraction": 1.0}, "train_fraction must lie between 0 and 1"),
        ({"scheme": "shuffle", "train_fraction": float("nan")}, "train_fraction must lie between 0 and 1"),
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
    ],
)
def test_described_in_one_sentence(spec, words):
    assert spec.describe() == words
