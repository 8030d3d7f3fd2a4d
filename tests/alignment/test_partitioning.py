"""Variance partitioning: planted parts are recovered, parts sum to the whole, formulas equal plain loops."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, ShuffleSplit

from alignment.folds import Fold
from alignment.mappings import BandedRidge, LeastSquares, NeuroidRidge
from alignment.partitioning import partition_variance, product_measure


def kfold(n_rows, n_splits=5):
    return [Fold(train, test) for train, test in KFold(n_splits, shuffle=True, random_state=0).split(np.zeros(n_rows))]


def planted(parts, n_rows=1500, n_neuroids=6, width=3, seed=0):
    """Spaces that hold independent latent features, and responses with a given share of variance from each latent.

    ``parts`` names the spaces that hold a latent and its share of the variance; the rest is noise.
    """
    rng = np.random.default_rng(seed)
    spaces = sorted({name for names in parts for name in names})
    held = {name: [] for name in spaces}
    y = np.sqrt(1 - sum(parts.values())) * rng.standard_normal((n_rows, n_neuroids))
    for names, share in parts.items():
        latent = rng.standard_normal((n_rows, width))
        weights = rng.standard_normal((width, n_neuroids))
        y += np.sqrt(share) * latent @ (weights / np.linalg.norm(weights, axis=0))
        for name in names:
            held[name].append(latent)
    features = {}
    for name in spaces:
        columns = np.concatenate(held[name], axis=1)
        rotation, _ = np.linalg.qr(rng.standard_normal((columns.shape[1], columns.shape[1])))
        features[name] = columns @ rotation
    return features, y


TWO = {("a",): 0.3, ("b",): 0.15, ("a", "b"): 0.25}
THREE = {
    ("a",): 0.15,
    ("b",): 0.1,
    ("c",): 0.05,
    ("a", "b"): 0.1,
    ("a", "c"): 0.0,
    ("b", "c"): 0.12,
    ("a", "b", "c"): 0.2,
}


@pytest.mark.parametrize("parts", [TWO, THREE], ids=["two spaces", "three spaces"])
def test_planted_parts_lie_within_their_intervals(parts):
    features, y = planted(parts)
    found = partition_variance(features, y, kfold(len(y)), n_boot=400)
    assert set(found.shares) == set(parts)
    for names, share in parts.items():
        assert found.shares[names].mean_low < share < found.shares[names].mean_high
        assert abs(found.shares[names].mean - share) < 0.02
        assert found.shares[names].mean_high - found.shares[names].mean_low < 0.12
    assert found.full.mean_low < sum(parts.values()) < found.full.mean_high
    inside = [(found.shares[names].low < share) & (share < found.shares[names].high) for names, share in parts.items()]
    assert np.mean(inside) > 0.9


def test_product_measure_of_separate_spaces_is_their_planted_variance():
    features, y = planted({("a",): 0.4, ("b",): 0.2, ("c",): 0.0})
    found = partition_variance(features, y, kfold(len(y)), BandedRidge(n_draws=10), method="product", n_boot=400)
    for name, share in {"a": 0.4, "b": 0.2, "c": 0.0}.items():
        assert found.unique[name].mean_low - 1e-3 < share < found.unique[name].mean_high + 1e-3
        assert abs(found.unique[name].mean - share) < 0.02
    assert found.shared == {}


def test_product_measure_divides_what_is_shared():
    features, y = planted({("a", "b"): 0.5})
    found = partition_variance(features, y, kfold(len(y)), BandedRidge(n_draws=1), method="product", n_boot=20)
    assert found.unique["a"].mean == pytest.approx(0.25, abs=0.02)
    assert found.unique["b"].mean == pytest.approx(0.25, abs=0.02)


@pytest.mark.slow
def test_intervals_cover_the_planted_parts():
    inside = []
    for seed in range(100):
        features, y = planted(TWO, n_rows=400, n_neuroids=3, seed=seed)
        found = partition_variance(features, y, kfold(400), LeastSquares(), n_boot=300, seed=seed)
        inside.append(
            [found.shares[names].mean_low < share < found.shares[names].mean_high for names, share in TWO.items()]
        )
    assert np.mean(inside) > 0.93


@pytest.mark.parametrize("n_spaces", [2, 3, 4])
def test_nested_parts_equal_a_plain_loop_and_sum_to_the_whole(n_spaces):
    rng = np.random.default_rng(0)
    features = {name: rng.standard_normal((60, 3)) for name in "abcd"[:n_spaces]}
    y = np.concatenate(list(features.values()), axis=1) @ rng.standard_normal((3 * n_spaces, 4))
    y += 2 * rng.standard_normal(y.shape)
    folds = kfold(60)

    def r2(names):
        if not names:
            return np.zeros(4)
        x = np.concatenate([features[name] for name in names], axis=1)
        error, total = np.zeros(4), np.zeros(4)
        for fold in folds:
            predicted = Ridge(2.0).fit(x[fold.train], y[fold.train]).predict(x[fold.test])
            error += ((y[fold.test] - predicted) ** 2).sum(axis=0)
            total += ((y[fold.test] - y[fold.train].mean(axis=0)) ** 2).sum(axis=0)
        return 1 - error / total

    found = partition_variance(features, y, folds, Ridge(2.0), n_boot=20)
    everything = set(features)
    for size in range(1, n_spaces + 1):
        for names in combinations(features, size):
            assert np.allclose(found.models[names], r2(names))
            # What all models that hold any of these spaces lose without them is the sum of the parts inside.
            lost = r2(tuple(features)) - r2(tuple(name for name in features if name not in names))
            within = sum(share.r2 for part, share in found.shares.items() if set(part) <= set(names))
            assert np.allclose(lost, within)
            # A model explains all parts that at least one of its spaces holds.
            touching = sum(share.r2 for part, share in found.shares.items() if set(part) & set(names))
            assert np.allclose(r2(names), touching)
    assert np.allclose(sum(share.r2 for share in found.shares.values()), found.full.r2)
    assert found.full.mean == pytest.approx(sum(share.mean for share in found.shares.values()))
    assert np.allclose(sum(share.draws for share in found.shares.values()), found.full.draws)
    assert set().union(*found.shares) == everything


def test_two_spaces_by_the_textbook_formula():
    features, y = planted(TWO, n_rows=100)
    found = partition_variance(features, y, kfold(100), Ridge(), n_boot=10)
    a, b, both = (found.models[names] for names in (("a",), ("b",), ("a", "b")))
    assert np.allclose(found.unique["a"].r2, both - b)
    assert np.allclose(found.unique["b"].r2, both - a)
    assert np.allclose(found.shared["a", "b"].r2, a + b - both)


def test_a_suppressor_shares_a_negative_part():
    rng = np.random.default_rng(0)
    signal, nuisance = rng.standard_normal((2, 800, 1))
    features = {"mixed": signal + nuisance, "nuisance": nuisance}
    found = partition_variance(features, signal + 0.1 * rng.standard_normal((800, 1)), kfold(800), n_boot=100)
    assert found.shared["mixed", "nuisance"].mean_high < -0.3
    assert found.unique["nuisance"].mean_low > 0.3
    assert found.full.mean > 0.95


def test_product_measure_formula():
    rng = np.random.default_rng(0)
    y, made = rng.standard_normal((30, 2)), rng.standard_normal((3, 30, 2))
    y -= y.mean(axis=0)
    received = product_measure(y, made)
    for space in range(3):
        for u in range(2):
            whole = made[:, :, u].sum(axis=0)
            slow = sum(2 * y[t, u] * made[space, t, u] - made[space, t, u] * whole[t] for t in range(30))
            assert received[space, u] == pytest.approx(slow / sum(y[t, u] ** 2 for t in range(30)))
    assert np.allclose(received.sum(axis=0), 1 - ((y - made.sum(axis=0)) ** 2).sum(axis=0) / (y**2).sum(axis=0))
    assert np.isnan(product_measure(np.zeros((30, 2)), made)).all()


def test_product_parts_equal_himalaya_and_sum_to_the_whole():
    from himalaya.scoring import r2_score_split

    features, y = planted(TWO, n_rows=120)
    x, bands = np.concatenate([features["a"], features["b"]], axis=1), np.repeat(["a", "b"], 6)
    rows = np.arange(120)
    fold = Fold(rows[:80], rows[80:])
    found = partition_variance(features, y, [fold], BandedRidge(n_draws=5), method="product", n_boot=10)
    model = BandedRidge(bands, n_draws=5).fit(x[:80], y[:80])
    # himalaya wants responses of zero mean; moving them so that they are leaves the comparison in place.
    truth = y[80:] - model.intercept_
    shift = truth.mean(axis=0)
    made = model.predict_bands(x[80:])
    assert np.allclose(product_measure(truth - shift, made), r2_score_split(truth - shift, made))
    assert np.allclose([found.unique[name].r2 for name in "ab"], product_measure(truth, made))
    assert np.allclose(sum(share.r2 for share in found.shares.values()), found.full.r2)
    error = ((y[80:] - model.predict(x[80:])) ** 2).sum(axis=0)
    assert np.allclose(found.full.r2, 1 - error / (truth**2).sum(axis=0))


def test_bands_of_nested_models_are_the_spaces():
    features, y = planted(TWO, n_rows=100, n_neuroids=2)
    found = partition_variance(features, y, kfold(100), BandedRidge(n_draws=4), n_boot=10)
    x = np.concatenate([features["a"], features["b"]], axis=1)
    made = BandedRidge(np.repeat(["a", "b"], 6), n_draws=4).cross_predict(x, y, kfold(100)).predictions
    error = sum(((y[f.test] - p) ** 2).sum(axis=0) for f, p in zip(kfold(100), made, strict=True))
    total = sum(((y[f.test] - y[f.train].mean(axis=0)) ** 2).sum(axis=0) for f in kfold(100))
    assert np.allclose(found.full.r2, 1 - error / total)
    alone = NeuroidRidge().cross_predict(features["a"], y, kfold(100)).predictions
    assert np.corrcoef(alone[0][:, 0], made[0][:, 0])[0, 1] > 0.3


def test_repeated_splits_are_pooled():
    features, y = planted(TWO, n_rows=80, n_neuroids=2)
    folds = [Fold(a, b) for a, b in ShuffleSplit(7, test_size=0.25, random_state=0).split(y)]
    found = partition_variance(features, y, folds, Ridge(), n_boot=50)
    x = features["b"]
    error, total = np.zeros(2), np.zeros(2)
    for fold in folds:
        error += ((y[fold.test] - Ridge().fit(x[fold.train], y[fold.train]).predict(x[fold.test])) ** 2).sum(axis=0)
        total += ((y[fold.test] - y[fold.train].mean(axis=0)) ** 2).sum(axis=0)
    assert np.allclose(found.models["b",], 1 - error / total)
    tested = len(np.unique(np.concatenate([fold.test for fold in folds])))
    assert found.factor == pytest.approx(np.sqrt(1 + tested / 60))


@pytest.mark.parametrize("method", ["nested", "product"])
def test_a_neuroid_that_does_not_vary_has_no_parts(method):
    features, y = planted(TWO, n_rows=60, n_neuroids=3)
    y[:, 1] = 0.1
    mapping = BandedRidge(n_draws=2)
    found = partition_variance(features, y, kfold(60), mapping, method=method, n_boot=20)
    alone = partition_variance(features, y[:, [0, 2]], kfold(60), mapping, method=method, n_boot=20)
    for names, share in found.shares.items():
        assert np.isnan([share.r2[1], share.low[1], share.high[1]]).all()
        assert share.mean == pytest.approx(alone.shares[names].mean)


def test_groups_are_kept_together_and_drawn_together():
    features, y = planted(TWO, n_rows=100, n_neuroids=2)
    # Every presentation shown ten times: drawing rows would take copies for new stimuli.
    copies = {name: np.repeat(one[:10], 10, axis=0) for name, one in features.items()}
    y, groups = np.repeat(y[:10], 10, axis=0), np.repeat(np.arange(10), 10)
    rows = np.arange(100)
    folds = [Fold(rows[50:], rows[:50]), Fold(rows[:50], rows[50:])]
    by_row = partition_variance(copies, y, folds, Ridge(), n_boot=200)
    by_group = partition_variance(copies, y, folds, Ridge(), groups=groups, n_boot=200)
    by_label = partition_variance(copies, y, folds, Ridge(), bootstrap_over=groups, n_boot=200)
    assert by_group.full.draws.std() > 2 * by_row.full.draws.std()
    assert np.array_equal(by_group.full.draws, by_label.full.draws)
    assert "draws over presentations" in by_row.protocol
    assert "draws over groups of presentations" in by_group.protocol


def test_the_same_seed_gives_the_same_intervals():
    features, y = planted(TWO, n_rows=60, n_neuroids=2)
    one, other, third = (partition_variance(features, y, kfold(60), Ridge(), n_boot=30, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one.full.draws, other.full.draws)
    assert not np.array_equal(one.full.draws, third.full.draws)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": {"a": np.ones((20, 2))}}, "takes 2 to 4 feature spaces, received 1"),
        ({"features": {str(k): np.ones((20, 2)) for k in range(5)}}, "takes 2 to 4 feature spaces, received 5"),
        ({"features": {"a": np.ones((20, 2)), "b": np.ones((19, 2))}}, r"received \(19, 2\) for 'b'"),
        ({"features": {"a": np.ones((20, 2)), "b": np.ones(20)}}, r"received \(20,\) for 'b'"),
        ({"method": "unique"}, "method must be 'nested' or 'product', received 'unique'"),
        ({"method": "product", "mapping": Ridge()}, "Ridge does not tell; use BandedRidge"),
        ({"mapping": BandedRidge(gammas=[[0.5, 0.5]])}, "cannot use the gammas given for all"),
        ({"n_boot": 0}, "n_boot must be at least 1"),
    ],
)
def test_refusals(change, message):
    rng = np.random.default_rng(0)
    options = {
        "features": {name: rng.standard_normal((20, 2)) for name in "ab"},
        "responses": rng.standard_normal((20, 3)),
        "folds": kfold(20),
        **change,
    }
    with pytest.raises(ValueError, match=message):
        partition_variance(**options)
