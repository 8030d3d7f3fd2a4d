"""Scores of mappings: permuted labels as a plain loop permutes them, nested choices, null models, and p under the null."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import alignment.crossvalidation as crossvalidation
from alignment import Benchmark, NeuroidRidge, benchmark_from_arrays, make_metric, score
from alignment.baselines import NuisanceModel, OasmModel, RandomFeatures
from alignment.ceilings import CeilingEstimate
from alignment.correlation import pearson
from alignment.crossvalidation import CrossValidation
from alignment.folds import inner_groups, make_folds
from alignment.inference.resampling import bootstrap_weights
from alignment.mappings import LeastSquares
from alignment.result import NESTED, aggregate
from alignment.runs import make_run
from alignment.units import Units
from data import SplitSpec

pytestmark = [
    pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge"),
    pytest.mark.filterwarnings("ignore::alignment.SmallFoldWarning"),
]
THIRDS = SplitSpec("thirds", "kfold", 3, seed=0)
FEW = np.logspace(-1, 3, 3)


def permuted_orders(n_rows, groups, n_permutations, seed):
    """Permuted rows of single stimuli or of groups."""
    return Units(groups, "units").orders(n_rows, n_permutations, seed)[0]


def texts(n):
    return [f"{'word ' * (1 + row % 5)}number {row}." for row in range(n)]


def noisy(signal, amount=1.0, seed=3):
    return signal + amount * np.random.default_rng(seed).standard_normal(signal.shape)


def ungrouped(metric, n_stimuli=30, seed=0, **options):
    """Benchmark of one subject without groups, and its signal."""
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((n_stimuli, 4))
    trials = signal + 0.5 * rng.standard_normal((2, n_stimuli, 4))
    made = benchmark_from_arrays(
        "test/x", texts(n_stimuli), trials, split=THIRDS, metric=metric, ceiling=None, **options
    )
    return made, signal


def permuted_by_hand(mapping, features, responses, subject, folds, groups, orders):
    """``null_raw`` and the values per neuroid behind it: rows of the responses are moved, all else is done again."""
    values = []
    for order in orders:
        moved = responses[order]
        made = mapping.cross_predict(features, moved, folds, groups, inner=False)
        r = [pearson(part, moved[fold.test]) for fold, part in zip(folds, made.predictions, strict=True)]
        values.append(np.nanmean(r, axis=0))
    return np.array([aggregate(one, subject) for one in values]), np.array(values)


@pytest.mark.parametrize(
    "metric",
    [
        make_metric("ridge"),
        make_metric("linear"),
        make_metric("one-to-one"),
        pytest.param(make_metric("pls", n_components=3)),
        pytest.param(make_metric("hungarian")),
        pytest.param(make_metric("soft-matching")),
    ],
    ids=["ridge", "linear", "one-to-one", "pls", "hungarian", "soft-matching"],
)
def test_permuted_values_are_those_of_a_plain_loop(stored_model, metric):
    benchmark, signal = ungrouped(metric)
    features = noisy(signal)
    result = score(stored_model(only=features), benchmark, n_boot=2, n_permutations=5, seed=7, cache=False)
    dataset = benchmark.dataset
    responses = dataset.responses.values.reshape(2, 30, 4).mean(axis=0)
    orders = permuted_orders(30, None, 5, 7)
    folds = make_folds(THIRDS, dataset.stimuli.table)
    null, each = permuted_by_hand(metric, features, responses, np.full(4, "all"), folds, None, orders)
    np.testing.assert_allclose(result.data["null_raw"].values[0], null, atol=1e-9)
    observed = result.data["raw"].values[0].mean(axis=0)
    expected = (1 + (each >= observed).sum(axis=0)) / 6
    np.testing.assert_allclose(result.data["p_neuroid"].values[0], expected)
    assert result.p() == (1 + (null >= result.value).sum()) / 6


def test_permuted_values_with_groups_are_those_of_a_plain_loop(make_dataset, stored_model):
    dataset, signal = make_dataset()
    ridge = NeuroidRidge(FEW)
    benchmark = Benchmark("test/x", dataset, split="grouped", metric=ridge)
    features = noisy(signal)
    result = score(stored_model(only=features), benchmark, n_boot=2, n_permutations=5, cache=False)
    table, spec = dataset.stimuli.table, dataset.splits["grouped"]
    passage = table["passage"].to_numpy()
    orders = permuted_orders(48, passage, 5, 0)
    responses = dataset.responses.values.reshape(2, 48, 4).mean(axis=0)
    null, _ = permuted_by_hand(
        ridge,
        features,
        responses,
        result.data["subject"].values,
        make_folds(spec, table),
        inner_groups(spec, table),
        orders,
    )
    np.testing.assert_allclose(result.data["null_raw"].values[0], null, atol=1e-9)


def test_nested_null_makes_the_choice_anew_in_every_permutation(make_dataset, stored_model):
    dataset, signal = make_dataset()
    ridge = NeuroidRidge(FEW)
    layers = {name: noisy(signal, 1.5, seed) for seed, name in enumerate("abc")}
    result = score(
        stored_model(**layers), Benchmark("test/x", dataset, metric=ridge), n_boot=2, n_permutations=6, cache=False
    )
    table, spec, subject = dataset.stimuli.table, dataset.splits["grouped"], result.data["subject"].values
    folds, groups = make_folds(spec, table), inner_groups(spec, table)
    responses = dataset.responses.values.reshape(2, 48, 4).mean(axis=0)
    expected, choices = [], set()
    for order in permuted_orders(48, table["passage"].to_numpy(), 6, 0):
        moved = responses[order]
        made = {name: ridge.cross_predict(values, moved, folds, groups) for name, values in layers.items()}
        r = []
        for number, fold in enumerate(folds):
            quality = {name: float(aggregate(one.inner_r2[number], subject)) for name, one in made.items()}
            best = max(quality, key=lambda name: quality[name])
            choices.add(best)
            r.append(pearson(made[best].predictions[number], moved[fold.test]))
        expected.append(aggregate(np.mean(r, axis=0), subject))
    assert len(choices) > 1
    np.testing.assert_allclose(result.data["null_raw"].sel(layer=NESTED), expected, atol=1e-9)
    assert result.p(NESTED) == (1 + (np.array(expected) >= result.row(NESTED)["raw"]).sum()) / 7


def test_no_permutations_give_no_p(make_dataset, stored_model):
    dataset, signal = make_dataset()
    model = stored_model(first=noisy(signal), second=noisy(signal, seed=4))
    result = score(model, Benchmark("test/x", dataset), n_boot=2, n_permutations=0, cache=False)
    assert "null_raw" not in result.data and "p_neuroid" not in result.data
    assert np.isnan(result.p()) and np.isnan(result.p("first"))
    assert not any(step.startswith("p:") for step in result.protocol)


def jittered(p, n_permutations):
    """p takes the values 1 / (B + 1), ..., 1; spread within its step it is uniform on 0 to 1."""
    return np.array(p) - np.random.default_rng(1).random(len(p)) / (n_permutations + 1)


@pytest.mark.filterwarnings("ignore::alignment.LeakageWarning")
def test_p_of_a_score_is_uniform_where_there_is_nothing(stored_model, monkeypatch):
    monkeypatch.setattr(CrossValidation, "null_mapping", lambda self, null: LeastSquares())
    p = []
    for seed in range(60):
        rng = np.random.default_rng([seed, 5])
        responses, features = rng.standard_normal((30, 3)), rng.standard_normal((30, 4))
        benchmark = benchmark_from_arrays("test/null", texts(30), responses, split=THIRDS, metric=LeastSquares())
        result = score(stored_model(only=features), benchmark, n_boot=1, n_permutations=19, seed=seed, cache=False)
        p.append(result.p())
    assert stats.kstest(jittered(p, 19), "uniform").pvalue > 0.05


@pytest.mark.parametrize("metric", ["linear", "rsa"])
def test_p_is_uniform_where_only_members_of_a_group_are_alike(metric):
    spec = SplitSpec("own", "group-kfold", 3, seed=0, group="group")
    p = []
    for seed in range(60):
        rng = np.random.default_rng([seed, 6])
        # Single rows would be exchanged with their likes too rarely, and p would be small.
        responses, features = (
            rng.standard_normal((30, width)) + 2 * rng.standard_normal((10, width)).repeat(3, axis=0)
            for width in (4, 5)
        )
        benchmark = benchmark_from_arrays(
            "test/null", texts(30), responses, group=np.repeat(np.arange(10), 3), split=spec, metric=metric
        )
        dataset = benchmark.dataset
        trials, folds = benchmark.trials(dataset), make_folds(spec, dataset.stimuli.table)
        run, units, _ = make_run(benchmark, spec, dataset, trials, folds, 1, 19, seed)
        assert units.words == "groups of group"
        made = run.measure(features, choose=False)
        value = aggregate(made.raw.mean(axis=0), run.subject)
        p.append((1 + (made.null >= value).sum()) / 20)
    assert stats.kstest(jittered(p, 19), "uniform").pvalue > 0.05


def run_of(mapping, *, ceilings=(0.5, 0.8, 0.9), seed=0):
    """Run over 30 rows and 3 neuroids of 2 subjects, without permutations."""
    rng = np.random.default_rng(seed)
    responses = rng.standard_normal((30, 3))
    table = pd.DataFrame({"stimulus_id": [f"s{row}" for row in range(30)]})
    return CrossValidation(
        responses,
        np.array(["a", "a", "b"]),
        make_folds(THIRDS, table),
        None,
        mapping,
        ceiling=CeilingEstimate(np.array(ceilings), None),
        weights=bootstrap_weights(30, None, 6, 0),
        orders=np.empty((0, 30), dtype=int),
    )


def test_null_models_go_through_the_ridge_of_the_score():
    own = run_of(NeuroidRidge(FEW))
    assert str(own.null_mapping(RandomFeatures(5)).get_params()) == str(NeuroidRidge(FEW).get_params())
    assert own.null_mapping(OasmModel()).standardise is False
    assert own.mapping.standardise is True


@pytest.mark.parametrize("name", ["pls", "linear", "one-to-one", "soft-matching"])
def test_null_models_of_other_mappings_go_through_the_default_ridge(name):
    other = run_of(make_metric(name))
    assert type(other.null_mapping(NuisanceModel())) is NeuroidRidge
    assert str(other.null_mapping(NuisanceModel()).get_params()) == str(NeuroidRidge().get_params())
    assert other.null_mapping(OasmModel()).standardise is False


def test_null_models_score_what_the_ridge_gives_for_their_features(stored_model):
    benchmark, signal = ungrouped(NeuroidRidge(FEW))
    result = score(stored_model(only=noisy(signal)), benchmark, n_boot=2, n_permutations=0, seed=5, cache=False)
    stimuli = benchmark.dataset.stimuli
    responses = benchmark.dataset.responses.values.reshape(2, 30, 4).mean(axis=0)
    folds = make_folds(THIRDS, stimuli.table)
    for null in (RandomFeatures(4, 5), NuisanceModel(), OasmModel()):
        mapping = NeuroidRidge(FEW, standardise=null.standardised)
        made = mapping.cross_predict(null.features(stimuli), responses, folds, None, inner=False)
        r = [pearson(part, responses[fold.test]) for fold, part in zip(folds, made.predictions, strict=True)]
        np.testing.assert_allclose(result.data["baseline_raw"].sel(baseline=null.name), r, atol=1e-9)


@pytest.mark.parametrize("remembered", [True, False])
def test_small_null_models_are_fitted_once_for_all_models(monkeypatch, remembered):
    monkeypatch.setattr(crossvalidation, "_nulls", {})
    if not remembered:
        monkeypatch.setattr(crossvalidation, "LARGEST_REMEMBERED", 0)
    calls = []
    original = NeuroidRidge.cross_predict

    def counted(self, *arguments, **options):
        calls.append(1)
        return original(self, *arguments, **options)

    monkeypatch.setattr(NeuroidRidge, "cross_predict", counted)
    features = np.random.default_rng(1).standard_normal((30, 5))
    first, again = (run_of(NeuroidRidge(FEW)).measure_null(RandomFeatures(5), features) for _ in range(2))
    np.testing.assert_array_equal(first.raw, again.raw)
    assert len(calls) == (1 if remembered else 2)
    assert len(crossvalidation._nulls) == (1 if remembered else 0)
    other = run_of(NeuroidRidge(FEW), seed=1).measure_null(RandomFeatures(5), features)
    assert (other.raw != first.raw).any()


def test_the_oldest_null_models_are_forgotten(monkeypatch):
    monkeypatch.setattr(crossvalidation, "_nulls", {})
    monkeypatch.setattr(crossvalidation, "NULLS_REMEMBERED", 2)
    for seed in range(4):
        run_of(LeastSquares(), seed=seed).measure_null(RandomFeatures(2), np.ones((30, 2)) * np.arange(30)[:, None])
    assert len(crossvalidation._nulls) == 2


def test_draws_do_not_depend_on_the_size_of_blocks(monkeypatch):
    features = np.random.default_rng(2).standard_normal((30, 4))
    whole = run_of(LeastSquares()).measure(features)
    monkeypatch.setattr(crossvalidation, "NEUROIDS_PER_BLOCK", 2)
    parts = run_of(LeastSquares()).measure(features)
    np.testing.assert_allclose(whole.draws_raw, parts.draws_raw, rtol=1e-12)
    np.testing.assert_allclose(whole.draws_ceiled, parts.draws_ceiled, rtol=1e-12)


def test_ceiled_draws_are_divided_per_neuroid_before_the_median():
    features = np.random.default_rng(2).standard_normal((30, 4))
    found = {
        ceilings: run_of(LeastSquares(), ceilings=ceilings).measure(features) for ceilings in ((1, 1, 1), (0.5, 0.5, 1))
    }
    one, two = found.values()
    np.testing.assert_array_equal(one.draws_raw, two.draws_raw)
    np.testing.assert_allclose(one.draws_ceiled, one.draws_raw)
    # Subject a has the ceiling 0.5 in both of its neuroids, subject b has 1.
    alone = run_of(LeastSquares(), ceilings=(1, 1, np.nan)).measure(features)
    np.testing.assert_allclose(two.draws_ceiled, one.draws_raw + alone.draws_ceiled / 2)
