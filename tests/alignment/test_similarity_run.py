"""Scores of similarities: the values of `alignment.similarity` on the arrays, nested choices, permutations, null models."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

import alignment.similarity_run as similarity_run
from alignment import Benchmark, BetweenSubjects, Cka, Rsa, score
from alignment.baselines import NuisanceModel, OasmModel, RandomFeatures
from alignment.folds import make_folds
from alignment.inference.resampling import bootstrap_weights
from alignment.result import NESTED
from alignment.similarity import bootstrap_rdm_comparison, cka, compare_rdms, corrected_draws, rdm, rdm_ceiling
from alignment.units import Units
from data import SplitSpec, dataset_from_arrays

N, SUBJECTS = 36, ("ann", "bob", "cleo")
SPLIT = SplitSpec("own", "kfold", 3, seed=0)
QUICK = {"n_boot": 3, "n_permutations": 5, "cache": False}


def permuted_orders(n_rows, groups, n_permutations, seed):
    """Permuted rows of single stimuli or of groups."""
    return Units(groups, "units").orders(n_rows, n_permutations, seed)[0]


@pytest.fixture(scope="module")
def recording():
    """Three subjects with four neuroids each and a shared signal; the patterns per subject and the signal."""
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((N, 4))
    patterns = {name: signal @ rng.standard_normal((4, 4)) + 0.7 * rng.standard_normal((N, 4)) for name in SUBJECTS}
    dataset = dataset_from_arrays(
        "test/x",
        [f"{'word ' * (1 + row % 4)}{row}" for row in range(N)],
        np.hstack(list(patterns.values())),
        neuroid={"subject": np.repeat(SUBJECTS, 4)},
        split=SPLIT,
    )
    return dataset, patterns, signal


def noisy(signal, amount=1.0, seed=3):
    return signal @ np.random.default_rng(8).standard_normal((4, 6)) + amount * np.random.default_rng(
        seed
    ).standard_normal((N, 6))


@pytest.mark.parametrize("method", ["correlation", "euclidean"])
@pytest.mark.parametrize("comparison", ["spearman", "pearson", "cosine", "rho-a", "tau-a", "cosine_cov", "corr_cov"])
def test_rsa_is_that_of_the_arrays(recording, stored_model, method, comparison):
    dataset, patterns, signal = recording
    features = noisy(signal)
    benchmark = Benchmark("test/x", dataset, metric=Rsa(method, comparison))
    result = score(stored_model(only=features), benchmark, **QUICK)
    mine = rdm(features, method=method)
    expected = [float(compare_rdms(mine, rdm(one, method=method), method=comparison)) for one in patterns.values()]
    np.testing.assert_allclose(result.data["raw"].values[0, 0], expected, atol=1e-12)
    assert result.value == pytest.approx(np.mean(expected))
    assert result.data["subject"].values.tolist() == list(SUBJECTS)
    assert (result.measure, result.symbol) == ("RSA", "RSA")


@pytest.mark.parametrize("kind", ["debiased", "biased"])
def test_cka_is_that_of_the_arrays(recording, stored_model, kind):
    dataset, patterns, signal = recording
    features = noisy(signal)
    result = score(stored_model(only=features), Benchmark("test/x", dataset, metric=Cka(kind)), **QUICK)
    expected = [float(cka(features, one, kind=kind)) for one in patterns.values()]
    np.testing.assert_allclose(result.data["raw"].values[0, 0], expected, atol=1e-12)
    assert np.isnan(result.ci).all() == (kind == "biased")
    orders = permuted_orders(N, None, 5, 0)
    null = [np.mean([float(cka(features, one[order], kind=kind)) for one in patterns.values()]) for order in orders]
    np.testing.assert_allclose(result.data["null_raw"].values[0], null, atol=1e-10)


@pytest.mark.parametrize(
    "comparison",
    [
        "spearman",
        "pearson",
        "cosine",
        "rho-a",
        "tau-a",
        pytest.param("cosine_cov"),
        pytest.param("corr_cov"),
    ],
)
def test_bounds_are_those_of_the_subjects_matrices(recording, stored_model, comparison):
    dataset, patterns, signal = recording
    benchmark = Benchmark("test/x", dataset, metric=Rsa(comparison=comparison), ceiling=BetweenSubjects())
    result = score(stored_model(only=noisy(signal)), benchmark, **QUICK)
    expected = rdm_ceiling(np.stack([rdm(one) for one in patterns.values()]), method=comparison, n_permutations=0)
    np.testing.assert_allclose(result.data["ceiling"], expected.subject_lower, atol=1e-12)
    np.testing.assert_allclose(result.data["ceiling_upper"], expected.subject_upper, atol=1e-12)
    assert result.ceiling == pytest.approx(expected.lower)
    assert result.row("only")["ceiling_upper"] == pytest.approx(expected.upper)


def test_draws_are_corrected_resamples_of_the_stimuli(recording, stored_model):
    dataset, patterns, signal = recording
    features = noisy(signal)
    result = score(stored_model(only=features), Benchmark("test/x", dataset, metric=Rsa()), **QUICK)
    mine, counts, without = rdm(features), bootstrap_weights(N, None, 3, 0), 1 - np.eye(N)
    each = []
    for one in patterns.values():
        theirs = rdm(one)
        draws, left = (bootstrap_rdm_comparison(mine, theirs, weights) for weights in (counts, without))
        each.append(corrected_draws(draws, float(compare_rdms(mine, theirs)), left))
    np.testing.assert_allclose(result.data["draws_raw"].values[0], np.mean(each, axis=0), atol=1e-12)


def test_permuted_values_and_p_are_those_of_a_plain_loop(recording, stored_model):
    dataset, patterns, signal = recording
    features = noisy(signal, 4.0)
    result = score(stored_model(only=features), Benchmark("test/x", dataset, metric=Rsa()), **QUICK)
    each = np.array(
        [
            [float(compare_rdms(rdm(features), rdm(one[order]))) for one in patterns.values()]
            for order in permuted_orders(N, None, 5, 0)
        ]
    )
    np.testing.assert_allclose(result.data["null_raw"].values[0], each.mean(axis=1), atol=1e-10)
    assert result.p() == (1 + (each.mean(axis=1) >= result.value).sum()) / 6
    raw = result.data["raw"].values[0, 0]
    np.testing.assert_allclose(result.data["p_neuroid"].values[0], (1 + (each >= raw).sum(axis=0)) / 6)


@pytest.mark.parametrize("metric", [Rsa(), Cka()], ids=["rsa", "cka"])
def test_nested_layer_is_chosen_on_training_stimuli(recording, stored_model, metric):
    dataset, patterns, signal = recording
    layers = {name: noisy(signal, 2.0, seed) for seed, name in enumerate("abcd")}
    result = score(stored_model(**layers), Benchmark("test/x", dataset, metric=metric), **QUICK)

    def alike(features, pattern, rows):
        return metric.compare(metric.relate(features[rows]), metric.relate(pattern[rows]))

    values, choices = [], []
    for fold in make_folds(SPLIT, dataset.stimuli.table):
        inside = {
            name: np.mean([alike(one, pattern, fold.train) for pattern in patterns.values()])
            for name, one in layers.items()
        }
        best = max(inside, key=lambda name: inside[name])
        choices.append(best)
        values.append([alike(layers[best], pattern, fold.test) for pattern in patterns.values()])
    assert result.provenance["nested_choice"] == choices
    np.testing.assert_allclose(result.data["raw"].sel(layer=NESTED)[0], np.mean(values, axis=0), atol=1e-10)
    assert result.row(NESTED)["raw"] == pytest.approx(np.mean(values))
    assert 0 < result.p(NESTED) <= 1
    best = result.best_layer()
    largest = result.data["null_raw"].sel(layer=list("abcd")).values.max(axis=0)
    assert best["null_maximum"] == pytest.approx(largest.mean())
    assert best["p_max"] == (1 + (largest >= best["raw"]).sum()) / 6


def test_null_models_are_compared_as_layers_are(recording, stored_model):
    dataset, patterns, signal = recording
    result = score(stored_model(only=noisy(signal)), Benchmark("test/x", dataset, metric=Rsa()), **QUICK)
    stimuli = dataset.stimuli
    length = NuisanceModel().features(stimuli)
    assert length.shape[1] == 2  # too few for a correlation distance
    standardised = (length - length.mean(axis=0)) / length.std(axis=0)
    noise = RandomFeatures(6, 0).features(stimuli)
    noise = (noise - noise.mean(axis=0)) / noise.std(axis=0)
    matrices = {
        "length + position": rdm(standardised, method="euclidean"),
        "random features": rdm(noise),
        "OASM": rdm(OasmModel().features(stimuli)),
    }
    for name, mine in matrices.items():
        expected = [float(compare_rdms(mine, rdm(one))) for one in patterns.values()]
        np.testing.assert_allclose(result.data["baseline_raw"].sel(baseline=name)[0], expected, atol=1e-10)


@pytest.mark.parametrize("metric", ["rsa", "cka"])
def test_null_model_without_any_variation_scores_zero(recording, stored_model, metric):
    dataset, patterns, signal = recording
    # Pixels in another order: mean and SD, all that this null model sees of an image, are the same for every one.
    pixels = np.stack([np.random.default_rng(row).permutation(np.arange(9.0)) for row in range(N)]).reshape(N, 3, 3)
    blank = dataset_from_arrays("test/blank", pixels, patterns["ann"], split=SPLIT)

    class Seer(stored_model):
        input_spec = {"kind": "array"}

    result = score(Seer(only=noisy(signal)), Benchmark("test/blank", blank, metric=metric), **QUICK)
    assert result.baseline_row("length + position")["raw"] == 0


@pytest.fixture
def only_matrices(recording):
    """The same recording with its dissimilarities alone."""
    dataset, patterns, _ = recording
    rdms = xr.DataArray(
        np.stack([rdm(one) for one in patterns.values()]), dims=("subject", "pair"), coords={"subject": list(SUBJECTS)}
    )
    return dataclasses.replace(dataset, responses=None, rdms=rdms)


def test_matrices_and_responses_give_the_same_score(recording, only_matrices, stored_model):
    dataset, _, signal = recording
    model = stored_model(first=noisy(signal), second=noisy(signal, 2.0))
    first, second = (
        score(model, Benchmark("test/x", one, metric=Rsa(), ceiling=BetweenSubjects(), split=SPLIT), **QUICK)
        for one in (dataset, only_matrices)
    )
    xr.testing.assert_allclose(first.data.drop_vars("neuroid_id"), second.data.drop_vars("neuroid_id"))
    assert first.provenance["n_neuroids_compared"] == 12 and second.provenance["n_neuroids_compared"] == 0
    assert "Responses to repetitions of a stimulus are averaged." not in second.protocol


@pytest.mark.parametrize("n_permutations", [5, 0, pytest.param(None)])
def test_mapping_on_matrices_alone_is_refused(only_matrices, recording, stored_model, n_permutations):
    benchmark = Benchmark("test/regression", only_matrices, split=SPLIT)
    with pytest.raises(ValueError, match="so nothing can be fitted; use metric='rsa' in test/regression"):
        score(stored_model(only=recording[2]), benchmark, n_boot=3, n_permutations=n_permutations, cache=False)


def test_cka_on_matrices_alone_is_refused(only_matrices, recording, stored_model):
    with pytest.raises(ValueError, match=r"which only RSA compares; use metric=Rsa\(...\), not CKA"):
        score(stored_model(only=recording[2]), Benchmark("test/x", only_matrices, split=SPLIT, metric=Cka()), **QUICK)


@pytest.mark.parametrize("side", ["model", "brain"])
def test_correlation_distance_of_two_units_is_refused(recording, stored_model, side):
    dataset, patterns, signal = recording
    few = dataset_from_arrays("test/few", dataset.stimuli, patterns["ann"][:, :2], split=SPLIT)
    chosen, features = (few, signal) if side == "brain" else (dataset, signal[:, :2])
    with pytest.raises(ValueError, match=r"correlation distance over 2 unit\(s\) says nothing"):
        score(stored_model(only=features), Benchmark("test/x", chosen, metric=Rsa()), **QUICK)


def test_matrices_are_kept_while_they_can_be_looked_at(recording, stored_model, monkeypatch):
    dataset, patterns, signal = recording
    model = stored_model(only=noisy(signal))
    result = score(model, Benchmark("test/x", dataset, metric=Rsa()), **QUICK)
    np.testing.assert_allclose(result.data["relation_model"][0], rdm(model.features["only"]), atol=1e-12)
    np.testing.assert_allclose(result.data["relation_subject"], [rdm(one) for one in patterns.values()], atol=1e-12)
    monkeypatch.setattr(similarity_run, "MOST_DRAWN", N - 1)
    assert "relation_model" not in score(model, Benchmark("test/x", dataset, metric=Rsa()), **QUICK).data
    monkeypatch.undo()
    assert "relation_model" not in score(model, Benchmark("test/x", dataset, metric=Cka()), **QUICK).data
