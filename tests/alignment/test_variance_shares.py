"""Parts of explained variance: their intervals, their table and their recipe."""

import numpy as np
import pytest

from alignment.inference.resampling import bootstrap_weights, fold_factor, interval
from alignment.partitioning import partition_variance
from alignment.variance_shares import commonality, estimate_shares, subsets


def squares(n_rows=40, n_neuroids=3, seed=0):
    rng = np.random.default_rng(seed)
    total = rng.chisquare(1, (n_rows, n_neuroids))
    return total * rng.uniform(-0.5, 1, (3, n_rows, n_neuroids)), total


def test_subsets_end_with_all_spaces():
    assert subsets(("a", "b", "c")) == [("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c"), ("a", "b", "c")]


def test_recipe_for_two_spaces():
    assert commonality(("a", "b")).tolist() == [[0, -1, 1], [-1, 0, 1], [1, 1, -1]]


def test_recipe_for_three_spaces_shares_by_inclusion_and_exclusion():
    every = subsets(("a", "b", "c"))
    row = dict(zip(every, commonality(("a", "b", "c"))[-1], strict=True))
    assert row == {names: (-1) ** (len(names) + 1) for names in every}
    pair = dict(zip(every, commonality(("a", "b", "c"))[3], strict=True))
    assert {names: value for names, value in pair.items() if value} == {
        ("c",): -1,
        ("a", "c"): 1,
        ("b", "c"): 1,
        ("a", "b", "c"): -1,
    }


@pytest.mark.parametrize("spaces", [("a", "b"), ("a", "b", "c"), ("a", "b", "c", "d")])
def test_recipes_sum_to_the_full_model(spaces):
    expected = np.zeros(2 ** len(spaces) - 1)
    expected[-1] = 1
    assert np.array_equal(commonality(spaces).sum(axis=0), expected)


def test_intervals_equal_a_plain_loop_over_draws():
    parts, total = squares()
    weights = bootstrap_weights(40, None, 25, 0)
    recipe = np.array([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    r2, shares = estimate_shares(recipe, parts, total, weights, 1.3)
    assert np.allclose(r2, parts.sum(axis=1) / total.sum(axis=0))
    for row, share in zip(recipe, shares, strict=True):
        draws = np.empty((25, 3))
        for draw, weight in enumerate(weights):
            drawn = np.repeat(np.arange(40), weight.astype(int))
            draws[draw] = row @ (parts[:, drawn].sum(axis=1) / total[drawn].sum(axis=0))
        for u in range(3):
            assert (share.low[u], share.high[u]) == pytest.approx(interval(draws[:, u], share.r2[u], 1.3))
        assert np.allclose(share.draws, draws.mean(axis=1))
        assert share.mean == pytest.approx(share.r2.mean())
        assert (share.mean_low, share.mean_high) == pytest.approx(interval(draws.mean(axis=1), share.mean, 1.3))


def test_blocks_of_neuroids_change_nothing(monkeypatch):
    parts, total = squares(n_neuroids=7)
    weights = bootstrap_weights(40, None, 25, 0)
    _, whole = estimate_shares(np.eye(3), parts, total, weights, 1.0)
    monkeypatch.setattr("alignment.variance_shares.NEUROIDS_PER_BLOCK", 2)
    _, pieces = estimate_shares(np.eye(3), parts, total, weights, 1.0)
    for one, other in zip(whole, pieces, strict=True):
        assert np.allclose(one.low, other.low)
        assert np.allclose(one.draws, other.draws)


def test_neuroids_that_do_not_vary_have_no_part_and_are_left_out_of_the_mean():
    parts, total = squares()
    parts[:, :, 1], total[:, 1] = 0, 0
    _, (share, *_) = estimate_shares(np.eye(3), parts, total, bootstrap_weights(40, None, 25, 0), 1.0)
    assert np.isnan([share.r2[1], share.low[1], share.high[1]]).all()
    assert share.mean == pytest.approx(share.r2[[0, 2]].mean())
    _, (nothing, *_) = estimate_shares(np.eye(3), parts[:, :, [1]], total[:, [1]], np.ones((2, 40)), 1.0)
    assert np.isnan([nothing.mean, nothing.mean_low, *nothing.draws]).all()


def found(method="nested"):
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import KFold

    from alignment.folds import Fold

    rng = np.random.default_rng(0)
    features = {"form": rng.standard_normal((60, 2)), "motion": rng.standard_normal((60, 2))}
    y = features["form"] @ rng.standard_normal((2, 3)) + rng.standard_normal((60, 3))
    folds = [Fold(a, b) for a, b in KFold(5).split(y)]
    return partition_variance(features, y, folds, Ridge() if method == "nested" else None, method=method, n_boot=20)


def test_table_of_nested_models():
    result = found()
    table = result.table()
    assert table["part"].tolist() == ["form", "motion", "form & motion", "all"]
    assert table["kind"].tolist() == ["unique", "unique", "shared", "full"]
    assert table["n_spaces"].tolist() == [1, 1, 2, 2]
    assert table["r2"].tolist() == [share.mean for share in (*result.shares.values(), result.full)]
    assert table["ci_low"].iloc[1] == result.unique["motion"].mean_low
    assert table["of_full"].iloc[:-1].sum() == pytest.approx(1)
    one = result.table(neuroid=2)
    assert one["r2"].tolist() == [share.r2[2] for share in (*result.shares.values(), result.full)]
    assert one["ci_high"].iloc[0] == result.unique["form"].high[2]
    assert one["of_full"].iloc[-1] == 1


def test_table_of_the_product_measure():
    table = found("product").table()
    assert table["part"].tolist() == ["form", "motion", "all"]
    assert table["kind"].tolist() == ["product", "product", "full"]
    assert table["r2"].iloc[:-1].sum() == pytest.approx(table["r2"].iloc[-1])


def test_intervals_are_widened_for_shared_training_rows():
    assert found().factor == pytest.approx(fold_factor(60, 48))
    assert f"widened by {fold_factor(60, 48):.2f}" in found().protocol
