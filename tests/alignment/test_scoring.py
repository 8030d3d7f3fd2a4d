"""Scores end to end: a planted answer is found, nothing is found where nothing is, and every caveat is said."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import alignment.crossvalidation as crossvalidation
from alignment import Benchmark, LeakageWarning, NeuroidRidge, PublishedCeiling, SplitHalfCeiling, load_benchmark, score
from alignment.cache import ActivationCache
from alignment.folds import make_folds
from alignment.inference.pooling import median_draws
from alignment.inference.resampling import bootstrap_weights, interval
from alignment.result import NESTED, aggregate
from data import DataNotAvailableError, SplitSpec, StimulusSet, UnknownNameError
from data.language.planted import hidden_features

EDGE = "the chosen penalty lies on the edge"
ignore_edge = pytest.mark.filterwarnings(f"ignore:{EDGE}")


class HiddenModel:
    """Model whose one layer holds the features that drive the planted recording."""

    name, revision, layers, input_spec = "test/hidden", "hidden 1", ("hidden",), {"kind": "text"}

    def record(self, stimuli, layers=None):
        return {"hidden": hidden_features(list(stimuli))}


def on(benchmark, dataset):
    """The benchmark with another recording."""
    return dataclasses.replace(benchmark, dataset=dataset)


def noisy(signal, amount=0.5, seed=3):
    return signal + amount * np.random.default_rng(seed).standard_normal(signal.shape)


@pytest.fixture(scope="module")
def planted():
    """Score of the hidden features on the planted recording."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", EDGE)
        return score(HiddenModel(), "language/planted-ridge", cache=False)


def test_the_planted_features_reach_the_ceiling(planted):
    assert 0.93 < planted.value < 1.05
    assert planted.ci[0] > 0.9
    assert planted.ci[0] < planted.value < planted.ci[1]


def test_the_ceiling_interval_covers_the_planted_ceiling(planted):
    low, high = interval(planted.data["draws_ceiling"].values)
    assert low < np.median(planted.data["true_ceiling"]) < high
    assert high - low < 0.15


def test_the_ceiling_of_each_neuroid_is_recovered(planted):
    true, estimated = planted.data["true_ceiling"].values, planted.data["ceiling"].values
    assert np.corrcoef(true, estimated)[0, 1] > 0.9
    np.testing.assert_allclose(estimated, true, atol=0.1)
    for kind in ("gaussian", "poisson"):
        chosen = planted.data["noise"].values == kind
        assert np.abs(estimated - true)[chosen].mean() < 0.04


def test_the_nulls_find_nothing_in_the_planted_recording(planted):
    assert planted.baselines == ["random features", "length + position", "OASM"]
    for name in planted.baselines:
        assert abs(planted.baseline_row(name)["raw"]) < 0.1
    assert abs(planted.baseline_row("OASM")["raw"]) < 0.01


def test_the_planted_score_says_that_it_is_synthetic(planted):
    assert planted.provenance["synthetic"] is True
    assert "seed" in planted.provenance["files"]["generator"]


@ignore_edge
def test_permuted_responses_are_covered_by_zero():
    benchmark, model = load_benchmark("language/planted-ridge"), HiddenModel()
    dataset = benchmark.load()
    values = dataset.responses.values.reshape(6, 320, 24)
    missed = 0
    for seed in range(6):
        order = np.random.default_rng(seed).permutation(320)
        permuted = dataset.responses.copy(data=values[:, order].reshape(-1, 24))
        result = score(model, on(benchmark, dataclasses.replace(dataset, responses=permuted)), n_boot=200, cache=False)
        low, high = result.ci
        missed += not low <= 0 <= high
        assert abs(result.value) < 0.15
    # Of 6 intervals of 95 %, more than one misses with a probability of 3 %.
    assert missed <= 1


@ignore_edge
def test_raw_scores_equal_scikit_learn_and_scipy(tiny, stored_model):
    from scipy.stats import pearsonr
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    benchmark, signal = tiny
    features = noisy(signal, 1.0)
    result = score(stored_model(only=features), benchmark, n_boot=5, cache=False)
    stimuli = benchmark.dataset.stimuli
    responses = benchmark.dataset.responses.values.reshape(2, 48, 4).mean(axis=0)
    for number, fold in enumerate(make_folds(benchmark.dataset.splits["grouped"], stimuli.table)):
        for unit in range(4):
            alpha = float(result.data["alpha"][0, number, unit])
            pipeline = make_pipeline(StandardScaler(), Ridge(alpha=alpha, solver="svd"))
            predicted = pipeline.fit(features[fold.train], responses[fold.train, unit]).predict(features[fold.test])
            expected = pearsonr(predicted, responses[fold.test, unit]).statistic
            assert float(result.data["raw"][0, number, unit]) == pytest.approx(expected, rel=1e-8)


@ignore_edge
@pytest.mark.parametrize("split", ["grouped", "shuffled"])
@pytest.mark.filterwarnings("ignore::alignment.LeakageWarning")
def test_draws_equal_scores_of_repeated_rows(tiny, stored_model, monkeypatch, split):
    benchmark, signal = tiny
    kept = {}
    original = crossvalidation.CrossValidation._measured

    def keeping(self, made, permuted):
        kept.setdefault("mapped", made)
        return original(self, made, permuted)

    monkeypatch.setattr(crossvalidation.CrossValidation, "_measured", keeping)
    result = score(stored_model(only=noisy(signal)), benchmark, split=split, n_boot=6, seed=4, cache=False)
    table = benchmark.dataset.stimuli.table
    weights = bootstrap_weights(48, table["passage"].to_numpy(), 6, 4).astype(int)
    trials = benchmark.dataset.responses.values.reshape(2, 48, 4)
    responses = trials.mean(axis=0)
    subject = result.data["subject"].values
    folds = make_folds(benchmark.dataset.splits[split], table)
    raws, ceilings = [], []
    for counts in weights:
        r = np.full((4, 4), np.nan)
        for number, fold in enumerate(folds):
            rows = np.repeat(np.arange(len(fold.test)), counts[fold.test])
            if len(rows) > 1:
                predicted, observed = kept["mapped"].predictions[number][rows], responses[fold.test][rows]
                r[number] = [np.corrcoef(predicted[:, unit], observed[:, unit])[0, 1] for unit in range(4)]
        raws.append(np.nanmean(r, axis=0))
        repeated = np.repeat(trials, counts, axis=1)
        half = np.array([np.corrcoef(repeated[0, :, unit], repeated[1, :, unit])[0, 1] for unit in range(4)])
        ceilings.append(np.sqrt(2 * half / (1 + half)))
    raw, ceiling = np.array(raws), np.array(ceilings)
    value, factor = result.data["raw"].values[0].mean(axis=0), result.provenance["interval_factor"]
    expected = median_draws(value, raw, subject, factor=factor)
    np.testing.assert_allclose(result.data["draws_raw"].values[0], expected, rtol=1e-9)
    np.testing.assert_allclose(result.data["draws_ceiling"].values, aggregate(ceiling, subject), rtol=1e-9)
    expected = median_draws(value / result.data["ceiling"].values, raw / ceiling, subject, factor=factor)
    np.testing.assert_allclose(result.data["draws_ceiled"].values[0], expected, rtol=1e-9)


@ignore_edge
def test_a_divided_split_warns_and_the_score_says_so(tiny, stored_model):
    benchmark, signal = tiny
    model = stored_model(only=noisy(signal))
    with pytest.warns(LeakageWarning, match="scores .* under it and .* under split 'grouped'") as caught:
        leaky = score(model, benchmark, split="shuffled", n_boot=5, cache=False)
    (said,) = [str(one.message) for one in caught if one.category is LeakageWarning]
    assert said in leaky.warnings
    assert caught[0].filename == __file__
    safe = score(model, benchmark, n_boot=5, cache=False)
    assert not any("leaks" in note for note in safe.warnings)


@ignore_edge
@pytest.mark.parametrize("split", ["grouped", "shuffled"])
@pytest.mark.filterwarnings("ignore::alignment.LeakageWarning")
def test_inner_folds_keep_together_what_the_split_keeps_together(tiny, stored_model, monkeypatch, split):
    benchmark, signal = tiny
    received = []
    original = crossvalidation.NeuroidRidge.cross_predict

    def cross_predict(self, features, responses, folds, groups=None, **options):
        received.append(groups)
        return original(self, features, responses, folds, groups, **options)

    monkeypatch.setattr(crossvalidation.NeuroidRidge, "cross_predict", cross_predict)
    monkeypatch.setattr(crossvalidation, "_nulls", {})
    score(stored_model(only=noisy(signal)), benchmark, split=split, n_boot=5, cache=False)
    assert len(received) == 5  # the layer, its permuted labels, three nulls
    passage = benchmark.dataset.stimuli.table["passage"].to_numpy()
    for groups in received:
        if split == "shuffled":
            assert groups is None
        else:
            np.testing.assert_array_equal(groups, passage)


def test_penalties_at_the_edge_warn_and_the_score_says_so(tiny, stored_model):
    benchmark, signal = tiny
    noise = np.random.default_rng(0).standard_normal((len(signal), 5))
    with pytest.warns(UserWarning, match=EDGE) as caught:
        result = score(stored_model(noise=noise), benchmark, n_boot=5, cache=False)
    (said,) = [str(one.message) for one in caught]
    assert result.warnings[0] == said
    assert all("null models" in note for note in result.warnings[1:])
    at_top = int((result.data["alpha"].values == 1e7).sum())
    assert at_top > 0
    assert f"some of 16 fits per layer (noise: 0 at 0.01, {at_top} at 1e+07)" in said
    assert caught[0].filename == __file__
    assert result.row("noise")["alpha_at_edge"] == pytest.approx(at_top / 16)


def test_penalties_inside_the_grid_do_not_warn(tiny, stored_model):
    benchmark, signal = tiny
    wide = dataclasses.replace(benchmark, metric=NeuroidRidge(np.logspace(-6, 9, 16)))
    features = noisy(np.tile(signal, (1, 10)), 3.0)
    result = score(stored_model(only=features), wide, n_boot=5, cache=False)
    assert not any("chosen penalty" in note for note in result.warnings)
    assert result.row("only")["alpha_at_edge"] == 0


@ignore_edge
def test_a_constant_layer_warns_and_the_score_says_so(tiny, stored_model):
    benchmark, signal = tiny
    with pytest.warns(UserWarning, match="is the same for every stimulus"):
        result = score(stored_model(only=np.full((len(signal), 3), 0.5)), benchmark, n_boot=5, cache=False)
    assert result.row("only")["raw"] == 0
    assert any("is the same for every stimulus" in note for note in result.warnings)


@ignore_edge
def test_invalid_neuroids_are_refused_or_left_out_and_counted(make_dataset, with_responses, tiny, stored_model):
    benchmark, signal = tiny
    values = benchmark.dataset.responses.values.copy()
    values[7, 0], values[:, 2] = np.nan, 1.5
    broken = on(benchmark, with_responses(benchmark.dataset, values))
    model = stored_model(only=noisy(signal))
    with pytest.raises(ValueError, match=r"1 NaN.*2 of 4 neuroids.*`--drop-invalid`"):
        score(model, broken, n_boot=5, cache=False)
    result = score(model, broken, n_boot=5, cache=False, drop_invalid=True)
    assert result.data["neuroid_id"].values.tolist() == ["n1", "n3"]
    assert result.provenance["neuroids_left_out"] == ["n0", "n2"]
    assert "2 neuroids with NaN or constant responses were left out: n0, n2." in result.warnings
    alone = score(model, dataclasses.replace(benchmark, neuroids=("n1", "n3")), n_boot=5, cache=False)
    np.testing.assert_array_equal(result.data["raw"], alone.data["raw"])


@ignore_edge
def test_neuroids_without_a_ceiling_are_counted(tiny, stored_model):
    benchmark, signal = tiny
    partial = dataclasses.replace(benchmark, ceiling=PublishedCeiling({"n0": 0.8, "n1": 0.9, "n2": 0.9}, "a table"))
    result = score(stored_model(only=noisy(signal)), partial, n_boot=5, cache=False)
    assert "1 of 4 neuroids have no published ceiling; they count in raw scores only." in result.warnings
    assert "draws_ceiling" not in result.data
    assert result.ceiling_kind == "published"
    raw = result.data["raw"].values[0].mean(axis=0)
    expected = aggregate(raw / np.array([0.8, 0.9, 0.9, np.nan]), result.data["subject"].values)
    assert result.value == pytest.approx(expected)


@ignore_edge
def test_scores_without_a_ceiling_are_raw(tiny, stored_model):
    benchmark, signal = tiny
    bare = dataclasses.replace(benchmark, ceiling=None, normalisation="none")
    result = score(stored_model(only=noisy(signal)), bare, n_boot=5, cache=False)
    assert result.value == result.row("only")["raw"] > 0.5
    assert result.ceiling_kind == "none" and np.isnan(result.ceiling)
    assert not any("no positive ceiling" in note for note in result.warnings)


def test_ids_that_do_not_match_are_refused(tiny, stored_model):
    benchmark, signal = tiny
    table = benchmark.dataset.stimuli.table.assign(stimulus_id=[f"other{row}" for row in range(48)])
    other = dataclasses.replace(benchmark.dataset, stimuli=StimulusSet("other", table, "passage"))
    with pytest.raises(ValueError, match="presentations and stimuli of test/tiny do not match: 48 presentation ids"):
        score(stored_model(only=signal), on(benchmark, other), cache=False)


def test_unequal_repetitions_are_refused(tiny, stored_model):
    benchmark, signal = tiny
    fewer = dataclasses.replace(
        benchmark.dataset, responses=benchmark.dataset.responses.isel(presentation=slice(0, -1))
    )
    with pytest.raises(ValueError, match="repeated between 1 and 2 times"):
        score(stored_model(only=signal), on(benchmark, fewer), cache=False)


def test_fewer_groups_than_folds_are_refused(tiny, stored_model):
    benchmark, signal = tiny
    many = SplitSpec("many", "group-kfold", 20, 0, group="passage")
    with pytest.raises(ValueError, match="wants 20 folds, but there are only 12 groups"):
        score(stored_model(only=signal), benchmark, split=many, cache=False)


def test_unknown_names_are_refused_with_the_known_ones(tiny, stored_model):
    benchmark, signal = tiny
    model = stored_model(first=signal, second=signal)
    with pytest.raises(UnknownNameError, match="no split 'shufled'; it has: grouped, shuffled"):
        score(model, benchmark, split="shufled", cache=False)
    with pytest.raises(ValueError, match="'test/stored' has no layer 'frist'; closest: first"):
        score(model, benchmark, layers=["frist"], cache=False)
    with pytest.raises(UnknownNameError, match="closest: language/planted-ridge"):
        score(model, "language/planted", cache=False)


@pytest.mark.parametrize("n_boot", [0, -3])
def test_number_of_draws_must_be_positive(tiny, stored_model, n_boot):
    benchmark, signal = tiny
    with pytest.raises(ValueError, match=f"n_boot must be at least 1, received {n_boot}"):
        score(stored_model(only=signal), benchmark, n_boot=n_boot, cache=False)


def test_missing_recording_says_where_it_comes_from(no_real_data, stored_model):
    with pytest.raises(DataNotAvailableError, match="language/pereira2018 is not on this machine.*Licence"):
        score(stored_model(only=np.ones((3, 3))), "language/pereira2018.384-ridge", cache=False)


def test_one_repetition_has_no_split_half_ceiling(make_dataset, stored_model):
    dataset, signal = make_dataset(n_repetitions=1)
    benchmark = Benchmark("test/x", dataset, ceiling=SplitHalfCeiling(), normalisation="r/c")
    with pytest.raises(ValueError, match="at least 2 repetitions, received 1"):
        score(stored_model(only=signal), benchmark, cache=False)


@ignore_edge
@pytest.mark.parametrize(
    ("committed", "asked", "headline"),
    [
        ("second", None, "second"),
        (None, None, NESTED),
        (None, ["second"], "second"),
        ("first", ["second"], "second"),
        ("elsewhere", None, NESTED),
        ("second", ["second", "first"], "second"),
    ],
)
def test_headline_is_committed_only_or_nested(tiny, stored_model, committed, asked, headline):
    benchmark, signal = tiny
    model = stored_model(first=noisy(signal), second=noisy(signal, seed=4))
    model.committed_layer = committed
    result = score(model, benchmark, layers=asked, n_boot=5, cache=False)
    assert result.headline == headline
    expected = list(asked or model.layers)
    assert result.layers == (expected if len(expected) == 1 else [*expected, NESTED])


@ignore_edge
def test_nested_layer_is_the_best_of_the_training_rows(tiny, stored_model):
    benchmark, signal = tiny
    # Each layer knows half of the neuroids, so that neither is best in every fold.
    left, right = noisy(signal, 1.0, seed=1), noisy(signal, 1.0, seed=2)
    result = score(stored_model(left=left, right=right), benchmark, n_boot=5, cache=False)
    inner = result.data["inner_r2"].values
    subject = result.data["subject"].values
    best = np.argmax([aggregate(inner[layer], subject) for layer in (0, 1)], axis=0)
    assert result.provenance["nested_choice"] == [("left", "right")[which] for which in best]
    for fold, which in enumerate(best):
        for variable in ("raw", "alpha", "inner_r2"):
            values = result.data[variable].values
            np.testing.assert_array_equal(values[2, fold], values[which, fold])


@ignore_edge
def test_two_runs_give_the_same_numbers(tiny, stored_model):
    benchmark, signal = tiny
    model = stored_model(first=noisy(signal), second=noisy(signal, seed=4))
    first, again = (score(model, benchmark, n_boot=20, cache=False) for _ in range(2))
    xr.testing.assert_identical(first.data, again.data)
    assert first.warnings == again.warnings and first.protocol == again.protocol


@ignore_edge
def test_cached_activations_give_the_same_numbers(tiny, stored_model, tmp_path):
    benchmark, signal = tiny
    model = stored_model(first=noisy(signal).astype(np.float32), second=noisy(signal, seed=4))
    store = ActivationCache(tmp_path / "cache")
    results = [score(model, benchmark, n_boot=20, cache=cache) for cache in (False, store, store)]
    assert len(model.calls) == 2
    for result in results[1:]:
        xr.testing.assert_identical(result.data, results[0].data)


@ignore_edge
def test_full_disk_does_not_change_a_score(tiny, stored_model, monkeypatch):
    import errno

    import alignment.cache as cache_module

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    benchmark, signal = tiny
    model = stored_model(only=noisy(signal))
    expected = score(model, benchmark, n_boot=5, cache=False)
    monkeypatch.setattr(cache_module, "atomic_path", full)
    with pytest.warns(UserWarning, match="the score is not affected"):
        received = score(model, benchmark, n_boot=5)
    xr.testing.assert_identical(received.data, expected.data)


@ignore_edge
def test_seed_changes_the_draws_and_not_the_ceiling(tiny, stored_model):
    benchmark, signal = tiny
    zero, one = (
        score(stored_model(only=noisy(signal)), benchmark, n_boot=20, seed=seed, cache=False) for seed in (0, 1)
    )
    assert (zero.data["draws_raw"] != one.data["draws_raw"]).any()
    np.testing.assert_array_equal(zero.data["ceiling"], one.data["ceiling"])
    assert zero.provenance["scoring_seed"] == 0 and one.provenance["scoring_seed"] == 1


@ignore_edge
def test_nulls_see_the_stimuli_and_the_model_sees_the_context(tiny, stored_model):
    benchmark, signal = tiny
    shown = {}

    class Reader(stored_model):
        def record(self, stimuli, layers=None):
            shown["model"] = list(stimuli)
            return super().record(stimuli, layers)

        def n_tokens(self, texts):
            shown["null"] = list(texts)
            return [len(text.split()) + 1 for text in texts]

    plain = benchmark.dataset.stimuli.items()
    result = score(Reader(only=noisy(signal)), dataclasses.replace(benchmark, context=True), n_boot=5, cache=False)
    assert shown["null"] == plain
    assert shown["model"][1] == f"{plain[0]} {plain[1]}"
    assert "the model's tokens" in result.provenance["baselines"]["length + position"]
    assert "earlier texts of its group" in result.protocol[0]


@ignore_edge
def test_random_null_is_as_wide_as_the_headline_layer(tiny, stored_model):
    benchmark, signal = tiny
    model = stored_model(narrow=noisy(signal), wide=np.tile(noisy(signal), (1, 5)))
    model.committed_layer = "wide"
    result = score(model, benchmark, n_boot=5, cache=False)
    assert result.provenance["baselines"]["random features"].startswith("20 independent")


@ignore_edge
def test_recordings_without_groups_or_subjects_are_scored(make_dataset, stored_model):
    dataset, signal = make_dataset()
    table = pd.DataFrame({"stimulus_id": dataset.stimuli.ids, "text": dataset.stimuli.items()})
    bare = dataclasses.replace(
        dataset,
        stimuli=StimulusSet("bare", table),
        responses=dataset.responses.drop_vars("subject"),
        splits={"shuffled": dataset.splits["shuffled"]},
    )
    benchmark = Benchmark("test/bare", bare, ceiling=SplitHalfCeiling(), normalisation="r/c")
    result = score(stored_model(only=noisy(signal)), benchmark, n_boot=5, cache=False)
    assert set(result.data["subject"].values) == {"all"}
    assert result.provenance["bootstrap_over"] == "presentations"
    assert "draws over presentations" in " ".join(result.protocol)


@ignore_edge
def test_provenance_identifies_the_run(tiny, stored_model):
    benchmark, signal = tiny
    model = stored_model(only=noisy(signal))
    facts = score(model, benchmark, n_boot=5, cache=False).provenance
    assert facts["model"] == "test/stored" and facts["model_revision"] == "stored 1"
    assert facts["benchmark"] == "test/tiny-ridge" and facts["benchmark_version"] == 1
    assert facts["split"] == "grouped" and facts["bootstrap_over"] == "groups of passage"
    assert facts["n_presentations"] == 48 and facts["n_repetitions"] == 2 and facts["n_boot"] == 5
    assert facts["stimuli_sha256"] == benchmark.dataset.stimuli.content_hash()
    assert facts["files"] == {"generator": "the test"}
    model.revision = ""
    assert score(model, benchmark, n_boot=5).provenance["model_revision"] == "not keyed"


@ignore_edge
@pytest.mark.parametrize("shown", [True, False])
def test_progress_goes_to_stderr_if_asked_for(tiny, stored_model, capsys, shown):
    benchmark, signal = tiny
    score(stored_model(only=noisy(signal)), benchmark, n_boot=5, cache=False, progress=shown)
    received = capsys.readouterr()
    assert received.out == ""
    assert ("test/stored on test/tiny-ridge" in received.err) is shown


def test_something_that_is_no_model_is_told_what_is_missing(tiny):
    benchmark, _ = tiny
    with pytest.raises((TypeError, ValueError), match="TorchModel|RecordableModel"):
        score(object(), benchmark, cache=False)


@ignore_edge
def test_null_models_are_fitted_once_for_all_models_of_a_benchmark(tiny, stored_model, monkeypatch):
    benchmark, signal = tiny
    fits, original = [], crossvalidation.NeuroidRidge.cross_predict

    def cross_predict(self, *arguments, **options):
        fits.append(self)
        return original(self, *arguments, **options)

    monkeypatch.setattr(crossvalidation.NeuroidRidge, "cross_predict", cross_predict)
    monkeypatch.setattr(crossvalidation, "_nulls", {})
    first = score(stored_model(only=noisy(signal)), benchmark, n_boot=5, cache=False)
    once = len(fits)
    second = score(stored_model(only=noisy(signal, 2.0)), benchmark, n_boot=5, cache=False)
    assert (once, len(fits) - once) == (5, 2)  # the layer, its permuted labels and three nulls; then no null again
    for name in first.baselines:
        assert first.baseline_row(name) == second.baseline_row(name)
    score(stored_model(only=noisy(signal)), benchmark, n_boot=5, seed=1, cache=False)
    assert len(fits) == 10  # another seed draws other random features
