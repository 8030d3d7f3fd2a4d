"""Tables behind the figures: every number is the score's own."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from alignment import Benchmark, BetweenSubjects, NeuroidRidge, score
from alignment.result import NESTED
from alignment.tables import (
    layers_table,
    linear_fit,
    matrix_table,
    nested_last,
    neuroids_table,
    performance_table,
    scores_table,
    subjects_table,
)

pytestmark = pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge")


def noisy(signal, seed):
    return signal + np.random.default_rng(seed).standard_normal(signal.shape)


@pytest.fixture(scope="module")
def scores(tiny, stored_model):
    """Two layers, and another model with one."""
    benchmark, signal = tiny
    benchmark = dataclasses.replace(benchmark, metric=NeuroidRidge(np.logspace(-1, 3, 3)))
    models = (
        stored_model(first=noisy(signal, 1), second=noisy(signal, 2)),
        stored_model("test/other", third=noisy(signal, 3)),
    )
    return [score(model, benchmark, n_boot=5, n_permutations=5, cache=False) for model in models]


@pytest.fixture(scope="module")
def alike(make_dataset, stored_model):
    """RSA with bounds between two subjects."""
    dataset, signal = make_dataset(n_neuroids=8)
    benchmark = Benchmark("test/rsa", dataset, metric="rsa", ceiling=BetweenSubjects())
    return score(stored_model(first=signal), benchmark, n_boot=5, n_permutations=5, cache=False)


def with_facts(one, **facts):
    return dataclasses.replace(one, provenance={**one.provenance, **facts})


def same(row, numbers, keys):
    for key in keys:
        assert row[key] == pytest.approx(numbers[key], nan_ok=True), key


KEYS = ("raw", "ci_low", "ci_high", "ceiling", "ceiled", "ceiled_ci_low", "ceiled_ci_high", "alpha_chosen")


def test_headlines_and_nulls(scores):
    table = scores_table(scores)
    assert table["kind"].tolist() == ["model"] * 2 + ["null"] * 3
    assert table["layer"].tolist() == [NESTED, "third", "", "", ""]
    assert table["model"].tolist() == ["test/stored", "test/other", *scores[0].baselines]
    for row, one in zip(table.to_dict("records"), scores, strict=False):
        same(row, one.row(one.headline), (*KEYS, "p"))
    for row, name in zip(table.to_dict("records")[2:], scores[0].baselines, strict=True):
        same(row, scores[0].baseline_row(name), KEYS)
        assert np.isnan(row["p"])


def test_every_layer(scores):
    table = layers_table(scores)
    assert table["layer"].tolist() == ["first", "second", NESTED, "third"]
    assert table["headline"].tolist() == [False, False, True, True]
    for row in table.to_dict("records"):
        (one,) = [one for one in scores if one.provenance["model"] == row["model"]]
        same(row, one.row(row["layer"]), (*KEYS, "p"))


def test_every_neuroid(scores):
    table = neuroids_table(scores[0])
    per_neuroid = scores[0].per_neuroid()
    for key in ("raw", "ceiling", "ceiled"):
        np.testing.assert_allclose(table[key], per_neuroid[key])
    np.testing.assert_allclose(table["p"], scores[0].data["p_neuroid"].sel(layer=NESTED))
    assert table["neuroid_id"].tolist() == ["n0", "n1", "n2", "n3"]
    assert table["subject"].tolist() == ["person 0", "person 1"] * 2
    assert table["region"].tolist() == ["area 0", "area 0", "area 1", "area 1"]


def test_every_subject(scores):
    table = subjects_table(scores)
    assert table["subject"].tolist() == ["person 0", "person 1"] * 2
    assert table["n_neuroids"].tolist() == [2] * 4
    for one, rows in zip(scores, (table[:2], table[2:]), strict=True):
        for key in ("raw", "ceiled"):
            assert rows[key].mean() == pytest.approx(one.row(one.headline)[key])
        expected = one.per_neuroid()["raw"].values
        np.testing.assert_allclose(rows["raw"], [np.median(expected[[0, 2]]), np.median(expected[[1, 3]])])


def test_bounds_of_a_similarity_stand_in_the_table(alike):
    (row, *_) = scores_table([alike]).to_dict("records")
    assert row["ceiling_upper"] == pytest.approx(float(alike.data["ceiling_upper"].mean()))
    assert row["measure"] == "RSA" and np.isnan(row["ceiled"])
    assert row["p"] == alike.p()


def test_models_stand_against_benchmarks(scores, alike):
    table = matrix_table([*scores, alike])
    assert list(table.index) == ["test/stored", "test/other"]
    assert list(table.columns) == ["test/tiny-ridge (split grouped; r, ceiled)", "test/rsa (split grouped; RSA)"]
    np.testing.assert_allclose(table.to_numpy(), [[scores[0].value, alike.value], [scores[1].value, np.nan]])


def test_seeds_of_a_model_are_averaged(scores):
    pair = [with_facts(one, model="test/same", model_seed=seed) for seed, one in enumerate(scores)]
    table = matrix_table(pair)
    assert table.shape == (1, 1)
    assert table.iloc[0, 0] == pytest.approx((scores[0].value + scores[1].value) / 2)


def test_value_that_is_nan_keeps_its_place(scores):
    gone = dataclasses.replace(scores[0], data=scores[0].data.assign(ceiling=scores[0].data["ceiling"] * np.nan))
    table = matrix_table([with_facts(gone, benchmark="test/a"), with_facts(gone, benchmark="test/b", model="test/new")])
    assert table.shape == (2, 2)
    assert table.isna().all(axis=None)


def test_performance_stands_beside_the_value(scores):
    seeded = with_facts(scores[0], model_seed=4)
    table = performance_table([seeded, scores[1]], {"test/stored": 0.1, "test/stored seed 4": 0.4, "test/nobody": 1.0})
    (row,) = table.to_dict("records")
    assert (row["performance"], row["value"], row["seed"]) == (0.4, scores[0].value, 4)
    assert (row["ci_low"], row["ci_high"]) == scores[0].ci
    assert performance_table(scores, {}).empty


def test_fit_is_that_of_scipy():
    rng = np.random.default_rng(0)
    x = rng.random(9)
    y = 2 * x + rng.standard_normal(9)
    fit, expected = linear_fit(x, y), stats.linregress(x, y)
    assert (fit["slope"], fit["intercept"]) == pytest.approx((expected.slope, expected.intercept))
    assert (fit["r"], fit["p"]) == pytest.approx((expected.rvalue, expected.pvalue))
    # Fisher's z: atanh r +- 1.96 / sqrt(n - 3).
    half = stats.norm.ppf(0.975) / np.sqrt(6)
    assert fit["r_low"] == pytest.approx(np.tanh(np.arctanh(fit["r"]) - half))
    assert fit["r_high"] == pytest.approx(np.tanh(np.arctanh(fit["r"]) + half))
    # The standard error of the slope is the residual spread over that of x.
    assert fit["residual_sd"] / np.sqrt(((x - x.mean()) ** 2).sum()) == pytest.approx(expected.stderr)
    assert fit["n"] == 9


def test_fit_of_three_is_refused():
    with pytest.raises(ValueError, match="a fit needs at least 4 models, received 3"):
        linear_fit(np.arange(3.0), np.arange(3.0))


def test_nested_layer_comes_last():
    assert nested_last(["b", NESTED, "a", "b", "c", NESTED]) == ["b", "a", "c", NESTED]
