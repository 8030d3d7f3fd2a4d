"""The score object: aggregation, intervals, files and what is printed."""

import dataclasses
import errno
import json

import numpy as np
import pytest
import xarray as xr

import alignment.result as result_module
from alignment import Score, score
from alignment.inference.resampling import interval
from alignment.result import NESTED, aggregate, without_nan

pytestmark = pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge")


@pytest.fixture(scope="module")
def scored(tiny, stored_model):
    """Score of two layers: a noisy copy of the signal and noise."""
    benchmark, signal = tiny
    rng = np.random.default_rng(5)
    noisy = signal + 0.3 * rng.standard_normal(signal.shape)
    model = stored_model(noise=rng.standard_normal((len(signal), 6)), signal=noisy)
    return score(model, benchmark, n_boot=40, cache=False)


@pytest.fixture(scope="module")
def plain(tiny, stored_model):
    """Score of one layer without a ceiling."""
    benchmark, signal = tiny
    bare = dataclasses.replace(benchmark, ceiling=None, normalisation="none")
    return score(stored_model(only=signal), bare, n_boot=40, cache=False)


def replaced(scored, **variables):
    """The same score with other values in some variables."""
    data = scored.data.copy(deep=True)
    for name, values in variables.items():
        data[name] = (data[name].dims, np.broadcast_to(values, data[name].shape).copy())
    return dataclasses.replace(scored, data=data)


def test_aggregate_is_median_within_and_mean_over_subjects():
    values = np.array([1.0, 2.0, 9.0, 4.0, 6.0])
    assert aggregate(values, np.array(["a", "a", "a", "b", "b"])) == pytest.approx((2 + 5) / 2)


def test_aggregate_leaves_nan_out():
    subject = np.array(["a", "a", "a", "b", "b", "c"])
    values = np.array([1.0, np.nan, 3.0, np.nan, np.nan, 8.0])
    assert aggregate(values, subject) == pytest.approx((2 + 8) / 2)
    assert np.isnan(aggregate(np.full(6, np.nan), subject))


def test_aggregate_works_along_the_last_axis():
    rng = np.random.default_rng(0)
    values, subject = rng.standard_normal((4, 3, 10)), np.array(list("aabbbbcccc"))
    received = aggregate(values, subject)
    assert received.shape == (4, 3)
    expected = np.mean([np.median(values[..., subject == name], axis=-1) for name in "abc"], axis=0)
    np.testing.assert_allclose(received, expected)


def test_raw_score_is_mean_over_folds_then_median_then_mean(scored):
    raw = scored.data["raw"].sel(layer="signal").values
    subject = scored.data["subject"].values
    expected = np.mean([np.median(raw.mean(axis=0)[subject == name]) for name in np.unique(subject)])
    assert scored.row("signal")["raw"] == pytest.approx(expected)


def test_ceiled_score_is_divided_per_neuroid_before_the_median(scored):
    ceiled = scored.data["raw"].sel(layer="signal").values.mean(axis=0) / scored.data["ceiling"].values
    assert scored.row("signal")["ceiled"] == pytest.approx(aggregate(ceiled, scored.data["subject"].values))


def test_folds_without_a_correlation_are_left_out(scored):
    raw = scored.data["raw"].values.copy()
    raw[:, 0, 1] = np.nan
    expected = np.nanmean(raw[1], axis=0)
    assert replaced(scored, raw=raw).row("signal")["raw"] == pytest.approx(
        aggregate(expected, scored.data["subject"].values)
    )


def test_neuroid_without_a_ceiling_counts_in_the_raw_score_only(scored):
    ceiling = scored.data["ceiling"].values.copy()
    ceiling[0] = np.nan
    changed = replaced(scored, ceiling=ceiling)
    per_neuroid = scored.data["raw"].sel(layer="signal").values.mean(axis=0)
    assert changed.row("signal")["raw"] == scored.row("signal")["raw"]
    assert changed.row("signal")["ceiled"] == pytest.approx(
        aggregate(per_neuroid / ceiling, scored.data["subject"].values)
    )


def test_value_and_interval_are_those_of_the_headline(scored, plain):
    row = scored.row(scored.headline)
    assert scored.value == row["ceiled"]
    assert scored.ci == (row["ceiled_ci_low"], row["ceiled_ci_high"])
    draws = scored.data["draws_ceiled"].sel(layer=scored.headline).values
    assert scored.ci == interval(draws, scored.value, scored.provenance["interval_factor"])
    assert scored.ci[0] < interval(draws)[0] and scored.ci[1] > interval(draws)[1]
    row = plain.row("only")
    assert plain.value == row["raw"]
    assert plain.ci == (row["ci_low"], row["ci_high"])


def test_scores_above_the_ceiling_are_not_clipped(scored):
    assert replaced(scored, raw=0.9, ceiling=0.6).value == pytest.approx(1.5)
    assert replaced(scored, raw=-0.3, ceiling=0.6).value == pytest.approx(-0.5)


def test_score_without_a_ceiling_has_none(plain):
    row = plain.row("only")
    assert np.isnan([plain.ceiling, row["ceiling"], row["ceiled"], row["ceiled_ci_low"], row["ceiled_ci_high"]]).all()


def test_best_layer_is_called_a_maximum_with_the_nested_choice_beside_it(scored):
    best = scored.best_layer()
    assert best["layer"] == "signal" and best["n_layers"] == 2
    assert best["raw"] == max(scored.row(name)["raw"] for name in ("noise", "signal"))
    assert best["nested_raw"] == scored.row(NESTED)["raw"]
    assert "maximum" in Score.best_layer.__doc__


def test_best_layer_of_one_is_that_layer(plain):
    best = plain.best_layer()
    assert {key: best[key] for key in ("layer", "raw", "n_layers", "nested_raw")} == {
        "layer": "only",
        "raw": plain.value,
        "n_layers": 1,
        "nested_raw": plain.value,
    }
    null = plain.data["null_raw"].values[0]
    assert best["null_maximum"] == pytest.approx(null.mean())
    assert best["p_max"] == plain.p() == (1 + (null >= plain.value).sum()) / (1 + len(null))


def test_best_layer_is_never_the_nested_one(scored):
    raw = scored.data["raw"].values.copy()
    raw[scored.layers.index(NESTED)] = 0.999
    assert replaced(scored, raw=raw).best_layer()["layer"] == "signal"


def test_per_neuroid_defaults_to_the_headline(scored):
    table = scored.per_neuroid()
    raw = scored.data["raw"].sel(layer=scored.headline).mean("split")
    np.testing.assert_allclose(table["raw"], raw)
    np.testing.assert_allclose(table["ceiled"], raw / scored.data["ceiling"])
    np.testing.assert_allclose(scored.per_neuroid("noise")["raw"], scored.data["raw"].sel(layer="noise").mean("split"))


@pytest.mark.parametrize("coordinate", ["region", "subject"])
def test_per_gives_the_median_of_each_part(scored, coordinate):
    table = scored.per(coordinate, "signal")
    raw = scored.per_neuroid("signal")["raw"].values
    for name in np.unique(scored.data[coordinate].values):
        expected = np.median(raw[scored.data[coordinate].values == name])
        assert float(table["raw"].sel({coordinate: name})) == pytest.approx(expected)


def test_per_names_the_coordinates_there_are(scored):
    with pytest.raises(ValueError, match="no coordinate 'hemisphere'; they have .*region"):
        scored.per("hemisphere")


def test_unknown_layer_names_those_there_are(scored):
    with pytest.raises(ValueError, match="no layer 'other'; it has noise, signal, nested"):
        scored.row("other")


def test_rows_hold_everything_a_table_needs(scored):
    rows = scored.rows()
    assert [row["layer"] for row in rows] == ["noise", "signal", NESTED]
    needed = {
        *("model", "benchmark", "layer", "raw", "ceiling", "ceiled", "normalisation", "ci_low", "ci_high"),
        *("n_presentations", "n_neuroids", "alpha_chosen", "baselines", "seed", "versions", "warnings", "split"),
    }
    for row in rows:
        assert needed <= set(row)
    assert [row["headline"] for row in rows] == [False, False, True]
    assert rows[0]["n_presentations"] == 48 and rows[0]["n_neuroids"] == 4
    assert set(rows[0]["baselines"]) == {"random features", "length + position", "OASM"}
    assert {"python", "numpy", "scikit-learn"} <= set(rows[0]["versions"])
    assert rows[1]["ci_low"] <= rows[1]["raw"] <= rows[1]["ci_high"]


def test_json_has_null_where_there_is_no_number(plain):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    content = json.loads(plain.to_json(), parse_constant=refuse)
    (row,) = content["scores"]
    assert row["ceiling"] is None and row["ceiled"] is None
    assert row["raw"] == plain.value
    assert content["protocol"] == list(plain.protocol)
    assert content["provenance"]["benchmark"] == "test/tiny-ridge"


def test_without_nan_reaches_into_structures():
    content = {"a": [1.0, np.nan, (np.inf, "x")], "b": {"c": np.float64("nan")}, "d": None, "e": 3}
    assert without_nan(content) == {"a": [1.0, None, [None, "x"]], "b": {"c": None}, "d": None, "e": 3}


@pytest.mark.parametrize("name", ["scored", "plain"])
def test_saved_score_comes_back_exactly(name, request, tmp_path):
    original = request.getfixturevalue(name)
    path = original.save(tmp_path / "folder" / "score.nc")
    loaded = Score.load(path)
    xr.testing.assert_identical(loaded.data, original.data)
    for field in dataclasses.fields(Score):
        if field.name != "data":
            assert getattr(loaded, field.name) == getattr(original, field.name)
    assert repr(loaded) == repr(original)
    assert loaded.to_json() == original.to_json()


def test_saved_score_can_be_saved_again(scored, tmp_path):
    once = Score.load(scored.save(tmp_path / "once.nc"))
    twice = Score.load(once.save(tmp_path / "twice.nc"))
    xr.testing.assert_identical(twice.data, scored.data)
    assert twice.provenance == scored.provenance


def test_saved_score_is_netcdf_that_xarray_opens(scored, tmp_path):
    path = scored.save(tmp_path / "score.nc")
    with xr.open_dataset(path, engine="h5netcdf") as opened:
        assert opened["raw"].dims == ("layer", "split", "neuroid")
        assert opened.attrs["format"] == "neuromodels score"


def test_long_provenance_is_kept(scored, tmp_path):
    left_out = [f"neuroid {number}" for number in range(20_000)]
    changed = dataclasses.replace(scored, provenance={**scored.provenance, "neuroids_left_out": left_out})
    assert Score.load(changed.save(tmp_path / "score.nc")).provenance["neuroids_left_out"] == left_out


def test_failed_save_leaves_the_earlier_file(scored, plain, tmp_path, monkeypatch):
    path = scored.save(tmp_path / "score.nc")

    def fail(self, target, engine):
        target.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", fail)
    with pytest.raises(OSError, match="No space left"):
        plain.save(path)
    assert list(tmp_path.iterdir()) == [path]
    assert Score.load(path).headline == scored.headline


@pytest.mark.parametrize("content", [b"", b"this is a text", None], ids=["empty", "text", "missing"])
def test_file_that_is_no_netcdf_is_named(tmp_path, content):
    path = tmp_path / "score.nc"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"score\.nc cannot be read as a score .*give a \.nc file that a score wrote"):
        Score.load(path)


def test_netcdf_that_is_no_score_is_named(tmp_path):
    path = tmp_path / "other.nc"
    xr.Dataset({"a": ("x", [1.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(ValueError, match=r"other\.nc is not a score of format 1"):
        Score.load(path)


def test_score_of_another_format_is_refused(scored, tmp_path, monkeypatch):
    monkeypatch.setattr(result_module, "FORMAT_VERSION", 99)
    path = scored.save(tmp_path / "score.nc")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="is not a score of format 1"):
        Score.load(path)


@pytest.mark.parametrize("name", ["scored", "plain"])
def test_repr_is_five_lines_with_nulls_and_sizes(name, request):
    shown = request.getfixturevalue(name)
    lines = repr(shown).splitlines()
    assert len(lines) == 5
    assert "test/stored on test/tiny-ridge" in lines[0]
    assert f"{shown.row(shown.headline)['raw']:.3f}" in lines[1]
    assert "ceiling" in lines[2]
    assert all(null in lines[3] for null in shown.baselines)
    assert "48 presentations, 4 neuroids, 4 folds" in lines[4]


def test_p_counts_the_permutations_that_reach_the_score(scored):
    for layer in scored.layers:
        null = scored.data["null_raw"].sel(layer=layer).values
        expected = (1 + (null >= scored.row(layer)["raw"]).sum()) / (1 + len(null))
        assert scored.p(layer) == scored.row(layer)["p"] == expected
    assert scored.p() == scored.p(scored.headline)
    assert f"({scored.data.sizes['permutation']} permutations)" in repr(scored)


def test_p_of_no_number_is_nan(scored):
    assert np.isnan(replaced(scored, raw=np.nan).p("signal"))
    bare = dataclasses.replace(scored, data=scored.data.drop_vars(["null_raw", "p_neuroid"]))
    assert np.isnan(bare.p()) and np.isnan(bare.best_layer()["p_max"]) and np.isnan(bare.best_layer()["null_maximum"])
    assert "p = " not in repr(bare)


def test_largest_layer_is_compared_with_the_largest_of_every_permutation(scored):
    best = scored.best_layer()
    largest = [max(pair) for pair in scored.data["null_raw"].sel(layer=["noise", "signal"]).values.T]
    assert best["null_maximum"] == pytest.approx(np.mean(largest))
    assert best["p_max"] == (1 + sum(value >= best["raw"] for value in largest)) / (1 + len(largest))
    assert best["p_max"] >= scored.p("signal")


def test_difference_from_a_null_is_paired_over_resamples(scored):
    found = scored.over_null("OASM", "signal")
    draws = (
        scored.data["draws_raw"].sel(layer="signal").values
        - scored.data["baseline_draws_raw"].sel(baseline="OASM").values
    )
    difference = scored.row("signal")["raw"] - scored.baseline_row("OASM")["raw"]
    assert found["difference"] == pytest.approx(difference)
    expected = interval(draws, difference, scored.provenance["interval_factor"])
    assert (found["ci_low"], found["ci_high"]) == pytest.approx(expected)
    assert scored.over_null("OASM") == scored.over_null("OASM", scored.headline)
    with pytest.raises(ValueError, match="no layer 'other'"):
        scored.over_null("OASM", "other")


def test_measure_gives_names_and_symbols(scored):
    assert (scored.measure, scored.symbol) == ("Pearson r", "r")
    other = dataclasses.replace(scored, provenance={**scored.provenance, "measure": "CKA"})
    assert (other.measure, other.symbol) == ("CKA", "CKA")
    assert "raw CKA" in repr(other) and "4 subjects" in repr(other)
    assert other.rows()[0]["measure"] == "CKA"


def test_ceiling_that_divides_nothing_is_shown(tiny, stored_model):
    benchmark, signal = tiny
    shown = dataclasses.replace(benchmark, normalisation="none")
    one = score(stored_model(only=signal), shown, n_boot=5, n_permutations=0, cache=False)
    row = one.row("only")
    assert one.value == row["raw"] and np.isnan(row["ceiled"])
    assert 0 < one.ceiling == row["ceiling"]
    assert f"ceiling  {one.ceiling:.3f} (split-half), not divided by" in repr(one)
    assert "ceiling_upper" not in row
    banded = dataclasses.replace(one, data=one.data.assign(ceiling_upper=one.data["ceiling"] + 0.25))
    assert banded.row("only")["ceiling_upper"] == pytest.approx(float(one.data["ceiling"].mean()) + 0.25)
    assert f" to {banded.row('only')['ceiling_upper']:.3f} (split-half), not divided by" in repr(banded)
