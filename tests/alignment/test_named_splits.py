"""Named splits against the stored rows of Brain-Score, scores of the references on them, and scikit-learn."""

import inspect
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from alignment.correlation import pearson
from alignment.folds import make_folds
from alignment.named_splits import list_named_splits, named_split
from data import UnknownNameError

CASES = ("tall", "wide")
STRATIFIED = "StratifiedShuffleSplit(10, {}, random_state=1)"


@pytest.fixture(params=CASES)
def case(request, golden):
    inputs = golden(f"{request.param}_inputs.npz")
    columns = {"stimulus_id": "stimulus_id", "object_name": "object_name", "story": "group"}
    return request.param, inputs, pd.DataFrame({name: inputs[key] for name, key in columns.items()})


def raw_scores(folds, inputs, fit):
    found = []
    for fold in folds:
        made = fit(inputs["X"][fold.train], inputs["Y"][fold.train])(inputs["X"][fold.test])
        found.append(pearson(made, inputs["Y"][fold.test]))
    return np.stack(found)


def linear(x, y):
    # Least squares of least norm; scikit-learn before 1.9 keeps a direction of rounding errors where features are many.
    weights = np.linalg.lstsq(x - x.mean(axis=0), y - y.mean(axis=0), rcond=1e-10)[0]
    return lambda new: (new - x.mean(axis=0)) @ weights + y.mean(axis=0)


def ridge(x, y):
    from sklearn.linear_model import Ridge

    return Ridge(alpha=1.0).fit(x, y).predict


def pls(x, y):
    from sklearn.cross_decomposition import PLSRegression

    return PLSRegression(25, scale=False).fit(x, y).predict


@pytest.mark.parametrize(
    ("name", "start"), [("brainscore-vision", "pls/ridge/linear"), ("brainscore-vision-similarity", "cka_cv/rdm_cv")]
)
def test_vision_splits_equal_the_stored_rows(case, golden, name, start):
    which, _, table = case
    stored = next(rows for key, rows in golden("splits.json")[which].items() if key.startswith(start))
    folds = make_folds(named_split(name, table), table)
    assert [fold.test.tolist() for fold in folds] == stored


def test_vision_scores_per_split_and_neuroid_follow(case, golden):
    which, inputs, table = case
    made = raw_scores(make_folds(named_split("brainscore-vision", table), table), inputs, ridge)
    np.testing.assert_allclose(made, golden("brainscore_vision_raw.npz")[f"{which}__ridge__raw"], atol=1e-9)


@pytest.mark.parametrize(
    ("name", "key", "options"),
    [
        ("brainscore-vision-nostrat", "pls_nostrat", {}),
        ("brainscore-vision-kfold", "pls_stratkfold5", {"n_splits": 5}),
    ],
)
def test_vision_variants_give_the_stored_pls_score(case, golden, name, key, options):
    which, inputs, table = case
    folds = make_folds(named_split(name, table, **options), table)
    made = raw_scores(folds, inputs, pls)
    expected = golden("brainscore_vision_expected.json")[which][key]["score"]
    assert np.median(made, axis=1).mean() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("brainscore-language-shuffle", "linear_pearsonr(default shuffle)"),
        ("brainscore-language-group", "linear_pearsonr(split_coord=story,kfold=group,random_state=1234)"),
    ],
)
def test_language_scores_per_split_and_neuroid_follow(case, golden, name, key):
    which, inputs, table = case
    made = raw_scores(make_folds(named_split(name, table), table), inputs, linear)
    # The reference adds 1e-8 to each norm, so its correlations are not exact ones.
    np.testing.assert_allclose(made, golden("brainscore_language_raw.npz")[f"{which}__{key}__raw"], atol=1e-7)


def test_brainmodel_utils_scores_per_split_and_neuroid_follow(case, golden):
    which, inputs, table = case
    made = raw_scores(make_folds(named_split("brainmodel-utils", table), table), inputs, ridge)
    stored = golden("peers_raw.npz")[f"{which}__bmu_ridge_alpha1__test__r_xy"]  # (half, split, neuroid)
    np.testing.assert_allclose(made, stored[0], atol=1e-9)


def table_of(n_rows, **columns):
    return pd.DataFrame({"stimulus_id": [f"s{row}" for row in range(n_rows)], **columns})


def assert_same_rows(spec, table, expected):
    folds, expected = make_folds(spec, table), list(expected)
    assert len(folds) == len(expected)
    for fold, (train, test) in zip(folds, expected, strict=True):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.test, test)


def test_kfold_variants_equal_scikit_learn():
    from sklearn.model_selection import KFold, StratifiedKFold

    kinds = np.arange(103) % 5
    table = table_of(103, texture_type=kinds)
    plain = KFold(10, shuffle=True, random_state=1).split(kinds)
    assert_same_rows(named_split("brainscore-vision-kfold-nostrat", table), table, plain)
    stratified = StratifiedKFold(10, shuffle=True, random_state=1).split(kinds, kinds)
    assert_same_rows(named_split("brainscore-vision-kfold", table, column="texture_type"), table, stratified)


@pytest.mark.parametrize("n_rows", [100, 103, 384, 997])
def test_similarity_splits_test_on_ninety_percent(n_rows):
    from sklearn.model_selection import ShuffleSplit

    table = table_of(n_rows)
    expected = ShuffleSplit(10, test_size=0.9, random_state=1).split(np.zeros(n_rows))
    assert_same_rows(named_split("brainscore-language-similarity", table), table, expected)


def test_language_groups_equal_scikit_learn():
    from sklearn.model_selection import GroupKFold

    if "shuffle" not in inspect.signature(GroupKFold).parameters:
        pytest.skip("this scikit-learn has no shuffled groups")
    groups = np.repeat(np.arange(24), 16)
    table = table_of(384, topic=groups)
    expected = GroupKFold(8, shuffle=True, random_state=1234).split(groups, groups=groups)
    assert_same_rows(named_split("brainscore-language-group", table, column="topic", n_splits=8), table, expected)


def test_runs_equal_scikit_learn():
    from sklearn.model_selection import LeaveOneGroupOut

    runs = np.repeat([3, 1, 2], 8)
    table = table_of(24, run=runs)
    assert_same_rows(named_split("voxelwise-runs", table), table, LeaveOneGroupOut().split(runs, groups=runs))


def test_brainmodel_utils_draws_with_one_seed_each():
    table = table_of(13)
    for seed, fold in enumerate(make_folds(named_split("brainmodel-utils", table), table)):
        order = np.random.RandomState(seed).permutation(13)
        assert fold.train.tolist() == order[:11].tolist()
        assert fold.test.tolist() == order[11:].tolist()


def test_tactile_split_takes_every_half_of_six_stimuli_once():
    table = table_of(6)
    folds = make_folds(named_split("tactile-3-3", table), table)
    assert [tuple(fold.train) for fold in folds] == list(combinations(range(6), 3))
    assert all(sorted([*fold.train, *fold.test]) == list(range(6)) for fold in folds)


def test_tactile_split_moves_all_presentations_of_a_stimulus():
    table = pd.DataFrame({"stimulus_id": [f"s{row % 6}" for row in range(18)]})
    folds = make_folds(named_split("tactile-3-3", table), table)
    assert len(folds) == 20
    for fold in folds:
        assert len(fold.train) == len(fold.test) == 9
        assert not set(fold.train % 6) & set(fold.test % 6)


def test_tactile_split_refuses_other_numbers_of_stimuli():
    with pytest.raises(ValueError, match="every 3 of 6 stimuli, but the table has 7"):
        named_split("tactile-3-3", table_of(7))


def test_repeats_are_divided_only_when_asked():
    from sklearn.model_selection import ShuffleSplit

    table = pd.DataFrame({"stimulus_id": [f"s{row % 40}" for row in range(200)]})
    divided = named_split("brainscore-vision-nostrat", table, repeats="divide")
    expected = ShuffleSplit(10, train_size=0.9, random_state=1).split(np.zeros(200))
    assert_same_rows(divided, table, expected)
    for fold in make_folds(named_split("brainscore-vision-nostrat", table), table):
        assert not set(fold.train % 40) & set(fold.test % 40)
    for name in ("brainmodel-utils",):
        for fold in make_folds(named_split(name, table), table):
            assert not set(fold.train % 40) & set(fold.test % 40)


def test_number_of_given_folds_cannot_be_changed():
    with pytest.raises(ValueError, match="'brainmodel-utils' has 5 folds, received n_splits 7"):
        named_split("brainmodel-utils", table_of(20), n_splits=7)


def test_unknown_name_lists_close_ones():
    with pytest.raises(UnknownNameError, match="no split 'brainscore-visio'; close: brainscore-vision"):
        named_split("brainscore-visio", table_of(10))


def test_names_are_sorted_and_each_says_its_source():
    names = list_named_splits()
    assert names == sorted(names) and len(names) == 11
    table = table_of(6, object_name=list("aabbcc"), story=list("aabbcc"), run=[1, 1, 2, 2, 3, 3])
    for name in names:
        spec = named_split(name, table)
        assert spec.name == name
        assert "/" in spec.source or "study" in spec.source
        assert name in spec.describe()
