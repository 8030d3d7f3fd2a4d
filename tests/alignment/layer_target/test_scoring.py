"""Scores over layers and animals on the planted recording: the right model wins, wrong ones lose, chance is called chance."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import kstest

import data
from alignment import Benchmark, load_benchmark, score
from alignment.inference.resampling import bootstrap_weights
from alignment.layer_target import LayerTarget, layer_target_rsa
from alignment.layer_target.animals import animals_of
from alignment.result import NESTED, Score
from data.tactile import CANONICAL_ORDER, planted
from data.tactile.six_stimuli import hidden_layer

torch = pytest.importorskip("torch")

from neuromodels import Recordable  # noqa: E402
from neuromodels.recurrent_graph import RecurrentGraph, zhuang_graph  # noqa: E402

INPUT = {"kind": "array", "dims": ["time", "channel", "row", "col"], "shape": [22, 30, 5, 7]}
SEED = 15


class SmallNetwork(Recordable, torch.nn.Module):
    """Nodes of the published graph in a narrow form, mean over the steps that a frame can have reached."""

    layers = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc8")
    input_spec = INPUT

    def __init__(self, seed, cell="ugrnn"):
        super().__init__()
        self.name, self.seed = f"test/small-{cell}", seed
        config = zhuang_graph(cell, channels=(16, 24, 32, 32, 32, 24), hidden=128, output=64)
        self.graph = RecurrentGraph(config, seed=seed)

    def forward(self, x):
        for name, outputs in self.graph.activations(x, self.layers).items():
            self.tap(name, outputs[:, int(name[-1]) - 1 :].mean(dim=1))


class Stored:
    """A model that gives back the features that it holds."""

    input_spec = INPUT

    def __init__(self, **layers):
        self.name, self.revision, self.features, self.layers = "test/stored", "", layers, tuple(layers)

    def record(self, stimuli, layers=None):
        return {layer: self.features[layer] for layer in layers or self.layers}


def animals_only(n_animals):
    """The planted recording of its first animals."""
    return planted.generate(n_animals=n_animals)


@pytest.fixture(scope="module")
def networks():
    """Scores of the hidden network, of another seed and of another cell."""
    models = (SmallNetwork(SEED), SmallNetwork(1), SmallNetwork(0, "time_decay"))
    return [score(model, "tactile/planted-rsa", n_boot=500, cache=False) for model in models]


def test_true_layer_reaches_its_ceiling_and_is_chosen(networks):
    true = networks[0]
    row = true.row("conv4")
    assert row["ceiled"] == pytest.approx(1, abs=0.02)
    assert row["ceiled_ci_low"] < 1 < row["ceiled_ci_high"]
    assert true.p("conv4") == pytest.approx(1 / 720)
    assert true.headline == NESTED
    assert set(true.provenance["nested_choice"]) == {"conv4"}
    assert true.ci[0] < 1 < true.ci[1]
    assert 0.9 < true.ceiling < 1
    found = true.layer_target
    assert found.best[0] == "conv4"
    assert found.maximum.p < 0.01
    assert (found.values[found.layers.index("conv4")] > 0.9).all()


def test_wrong_models_are_significantly_below(networks):
    true, *wrong = networks
    best = true.per_neuroid("conv4")["ceiled"].values
    weights = bootstrap_weights(len(best), None, 2000, 1) / len(best)
    rivals = [one.per_neuroid(layer)["ceiled"].values for one in wrong for layer in one.layers]
    rivals += [true.per_neuroid(layer)["ceiled"].values for layer in true.layers if layer not in ("conv4", NESTED)]
    rivals.append(true.data["baseline_corrected"].values[true.baselines.index("model input")])
    for rival in rivals:
        assert np.quantile(weights @ (best - rival), 0.005) > 0
    for one in wrong:
        assert one.ci[1] < 0.9
        assert all(one.row(layer)["ceiled_ci_high"] < 1 for layer in one.layers)
        assert one.layer_target.maximum.p > 0.01
    assert true.baseline_row("model input")["ceiled_ci_high"] < 0.2


def test_single_repetitions_are_refused_by_name():
    """Their halves do not exist under either rule."""
    made = animals_only(2)
    responses = made.responses.copy(deep=True)
    first = responses["neuroid_id"].values[0]
    rows = np.flatnonzero(responses["stimulus_id"].values == "concave far")
    mine = np.flatnonzero(responses.isel(neuroid=0).notnull().values[rows])
    values = responses.transpose("presentation", "neuroid").values.copy()
    values[rows[mine[1:]], 0] = np.nan
    changed = dataclasses.replace(made, responses=responses.copy(data=values))
    message = f"neuroid '{first}' of tactile/planted has a single repetition of 'concave far', which cannot be halved \\(1 of "
    for rule in ("components", "released"):
        bench = small_benchmark(dataset=changed, metric=LayerTarget(rule=rule))
        with pytest.raises(ValueError, match=message):
            score(Stored(conv4=hidden_layer()), bench, n_boot=50, cache=False)


@pytest.mark.slow
def test_interval_covers_the_ceiling_as_often_as_it_says():
    covered = []
    for seed in range(25):
        bench = small_benchmark(dataset=planted.generate(seed), metric=LayerTarget(n_halves=20))
        low, high = score(Stored(conv4=hidden_layer()), bench, n_boot=500, cache=False).ci
        covered.append(low <= 1 <= high)
    assert np.mean(covered) >= 0.8


def test_corrected_p_is_uniform_for_models_that_know_nothing():
    """Random layers, and the true layer with its stimuli in random order, against planted animals."""
    bench, random, permuted = load_benchmark("tactile/planted-rsa"), [], []
    animals = animals_of(bench.trials(animals_only(2)).values, "planted")
    for seed in range(220):
        rng = np.random.default_rng(seed)
        layers = {str(number): rng.standard_normal((6, 3)) @ rng.standard_normal((3, 20)) for number in range(4)}
        random.append(layer_target_rsa(layers, animals, n_halves=2).maximum.p)
        shuffled = {"conv4": hidden_layer()[rng.permutation(6)]}
        permuted.append(layer_target_rsa(shuffled, animals, n_halves=2).maximum.p)
    for p in (random, permuted):
        assert kstest(p, "uniform").pvalue > 0.01
        assert np.mean(np.array(p) <= 0.05) < 0.09


@pytest.mark.slow
def test_corrected_p_of_whole_scores_is_uniform_under_the_null():
    p = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        layers = {f"layer{number}": rng.standard_normal((6, 30)) for number in range(3)}
        bench = small_benchmark(dataset=planted.generate(seed, n_animals=2))
        p.append(score(Stored(**layers), bench, n_boot=2, cache=False).layer_target.maximum.p)
    assert kstest(p, "uniform").pvalue > 0.01


@pytest.mark.parametrize("comparison", ["ridge", "pls", "one-to-one"])
def test_fitted_comparisons_prefer_the_true_layer(comparison):
    bench = small_benchmark(metric=LayerTarget(comparison, n_halves=2))
    rng = np.random.default_rng(0)
    found = score(Stored(true=hidden_layer(), other=rng.standard_normal((6, 60))), bench, n_boot=200, cache=False)
    assert found.measure == f"{comparison} r"
    assert found.row("true")["ceiled"] > found.row("other")["ceiled"] + 0.2
    assert found.p("true") < 0.05
    assert found.layer_target.null.shape == (720, 2, 5)
    assert np.isfinite(found.data["other_animals"]).all()
    assert found.provenance["split"] == "halves20"


def test_score_is_the_matrix_taken_over_animals(networks):
    true = networks[0]
    found, over = true.layer_target, true.layer_target.over_animals()
    for layer in found.layers:
        row = true.row(layer)
        assert row["ceiled"] == pytest.approx(float(over["value"].sel(layer=layer)))
        # Another number of draws of the same kind.
        assert row["ceiled_ci_low"] == pytest.approx(float(over["low"].sel(layer=layer)), abs=0.02)
        mean = found.raw_null[:, found.layers.index(layer), :-1].mean(axis=1)
        assert true.p(layer) == pytest.approx(np.mean(mean >= mean[0] - 1e-12))
    assert "a maximum is no score" in true.warnings[-1]
    assert f"{found.expected_null_maximum:.3f} on average when the stimuli are exchanged" in true.warnings[-1]
    others = true.data["other_animals"].values
    assert others.shape == (11,) and (others > 0.9).all()


def test_nested_layer_is_chosen_on_the_other_animals():
    rng = np.random.default_rng(0)
    layers = {name: rng.standard_normal((6, 5)) for name in "abc"}
    found = score(Stored(**layers), small_benchmark(), n_boot=20, cache=False)
    matrix = found.layer_target
    for place in range(4):
        others = [column for column in range(4) if column != place]
        best = matrix.values[:, others].mean(axis=1).argmax()
        assert found.provenance["nested_choice"][place] == matrix.layers[best]
        assert found.per_neuroid(NESTED)["ceiled"].values[place] == matrix.values[best, place]


def small_benchmark(**changes):
    options = {"dataset": animals_only(4), "metric": LayerTarget(n_halves=4), "normalisation": "noise-corrected"}
    return Benchmark("tactile/small", **{"missing": "average", **options, **changes})


def test_score_survives_a_file(networks, tmp_path):
    again = Score.load(networks[0].save(tmp_path / "score.nc"))
    one, other = networks[0].layer_target, again.layer_target
    np.testing.assert_array_equal(one.null, other.null)
    assert one.describe() == other.describe()
    assert again.value == networks[0].value


def test_as_published_rule_is_registered_and_says_so():
    bench = load_benchmark("tactile/planted-rsa-as-published")
    bench = dataclasses.replace(bench, dataset=animals_only(2), metric=LayerTarget(rule="released", n_halves=10))
    found = score(Stored(true=hidden_layer()), bench, n_boot=20, cache=False)
    assert found.headline == "true"
    assert any(step.startswith("As published") for step in found.protocol)
    assert found.value == pytest.approx(1, abs=0.1)


def without(dataset, animal, stimulus):
    """The recording with one animal's responses to a stimulus taken out."""
    responses = dataset.responses.copy(deep=True)
    values = responses.values.copy()
    rows, columns = responses["stimulus_id"].values == stimulus, responses["subject"].values == animal
    values[np.ix_(rows, columns)] = np.nan
    return dataclasses.replace(dataset, responses=responses.copy(data=values))


def silent(dataset):
    """The recording with one unit that never fires."""
    values = dataset.responses.values.copy()
    values[:, 3] = np.where(np.isfinite(values[:, 3]), 0.0, np.nan)
    return dataclasses.replace(dataset, responses=dataset.responses.copy(data=values))


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (
            lambda one: without(one, "sub-P02", "convex far"),
            {},
            "animal 'sub-P02' of tactile/planted has no response to convex far, which others were shown",
        ),
        (
            silent,
            {},
            r"neuroid 'sub-P01.ses-1.3' of tactile/planted has a constant response \(1 of .*drop_invalid=True",
        ),
        (
            lambda one: animals_only(1),
            {},
            "has the animals sub-P01; a score with an interval over animals needs at least 2",
        ),
        (
            lambda one: one,
            {"split": "halves20"},
            "takes every half of the stimuli for training; leave out split='halves20'",
        ),
    ],
)
def test_recordings_that_cannot_be_compared_are_named(change, options, message):
    bench = small_benchmark(dataset=change(animals_only(3)))
    with pytest.raises(ValueError, match=message):
        score(Stored(true=hidden_layer()), bench, cache=False, **options)


def test_silent_unit_is_left_out_on_request():
    bench = small_benchmark(dataset=silent(animals_only(2)))
    found = score(Stored(true=hidden_layer()), bench, n_boot=20, cache=False, drop_invalid=True)
    assert found.provenance["neuroids_left_out"] == ["sub-P01.ses-1.3"]
    assert found.value == pytest.approx(1, abs=0.1)


@pytest.mark.filterwarnings("ignore:layer 'dead' of 'test/stored' is the same")
@pytest.mark.parametrize("stimulus", [slice(None), slice(2, 3)])
def test_layer_without_distances_leaves_the_others_their_scores(tmp_path, stimulus):
    dead = np.random.default_rng(0).standard_normal((6, 9))
    dead[stimulus] = 0
    bench = small_benchmark(dataset=animals_only(3))
    alone = score(Stored(true=hidden_layer()), bench, n_boot=20, cache=False)
    found = score(Stored(true=hidden_layer(), dead=dead), bench, n_boot=20, cache=False)
    rows = dict(zip(found.layer_target.layers, found.layer_target.values, strict=True))
    assert np.array_equal(rows["true"], alone.layer_target.values[0]) and np.isnan(rows["dead"]).all()
    assert found.layer_target.maximum.p == alone.layer_target.maximum.p
    over = found.layer_target.over_animals(n_boot=50)
    assert np.isfinite(over["value"].sel(layer="true")) and np.isnan(over["value"].sel(layer="dead"))
    assert any("no score of dead" in note for note in found.warnings)
    found.save(tmp_path / "score.nc")
    assert np.isnan(Score.load(tmp_path / "score.nc").layer_target.values[1]).all()


@pytest.mark.filterwarnings("ignore:layer 'dead' of 'test/stored' is the same")
def test_network_all_of_whose_layers_are_without_distances_is_named():
    with pytest.raises(ValueError, match="layer 'dead' with 9 features gives all of them the same value"):
        score(Stored(dead=np.zeros((6, 9))), small_benchmark(dataset=animals_only(2)), n_boot=20, cache=False)


def test_model_of_another_grid_is_named():
    model = Stored(true=hidden_layer())
    model.input_spec = {**INPUT, "shape": [22, 30, 6, 6]}
    message = r"takes shape \[22, 30, 6, 6\], stimuli 'tactile/planted' have \[22, 30, 5, 7\]"
    with pytest.raises(ValueError, match=message):
        score(model, "tactile/planted-rsa", cache=False)


def test_session_with_a_missing_stimulus_is_named(tmp_path, monkeypatch):
    from data.tactile.nwb_writer import write_nwb

    folder = tmp_path / "tactile" / "rodgers2022"
    for record in list(planted.planted_sessions())[:3]:
        kept = record.stimulus != CANONICAL_ORDER[-1]
        per_trial = ("trial_id", "stimulus", "start_s", "choice_s", "first_touch_s")
        write_nwb(dataclasses.replace(record, **{key: getattr(record, key)[kept] for key in per_trial}), folder)
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    with pytest.raises(ValueError, match="session ses-1 of sub-P01 has no usable trial of convex far"):
        score(Stored(true=hidden_layer()), "tactile/rodgers2022-rsa", cache=False)


def test_unit_without_spikes_in_a_file_is_left_out_on_request(tmp_path, monkeypatch):
    from data.tactile.nwb_writer import write_nwb

    for record in planted.planted_sessions(n_animals=2):
        write_nwb(
            dataclasses.replace(record, spikes_s=(np.empty(0), *record.spikes_s[1:])),
            tmp_path / "tactile" / "rodgers2022",
        )
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    bench = small_benchmark(dataset=data.load_dataset("tactile/rodgers2022"))
    with pytest.raises(ValueError, match=r"neuroid 'sub-P01.ses-1.0' .* has a constant response .*drop_invalid=True"):
        score(Stored(true=hidden_layer()), bench, n_boot=20, cache=False)
    found = score(Stored(true=hidden_layer()), bench, n_boot=20, cache=False, drop_invalid=True)
    assert "sub-P01.ses-1.0" in found.provenance["neuroids_left_out"]


def test_real_recording_benchmark_takes_nwb_files(tmp_path, monkeypatch, networks):
    from data.tactile import write_planted

    write_planted(tmp_path / "tactile" / "rodgers2022")
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    found = score(SmallNetwork(SEED), "tactile/rodgers2022-rsa", layers=["conv4"], n_boot=50, cache=False)
    assert found.value == pytest.approx(networks[0].row("conv4")["ceiled"], abs=1e-9)
    assert len(found.provenance["files"]) > 11
    assert not found.provenance["synthetic"]
    assert found.provenance["published"][0]["value"] == 0.956


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"normalisation": "none"}, "normalisation 'noise-corrected' and the metric LayerTarget go together"),
        ({"metric": "rsa"}, "normalisation 'noise-corrected' and the metric LayerTarget go together"),
    ],
)
def test_metric_and_normalisation_go_together(changes, message):
    with pytest.raises(ValueError, match=message):
        small_benchmark(**changes)


def test_what_takes_no_matrix_says_so():
    with pytest.raises(ValueError, match="scores every layer with every animal, which is no mapping or similarity"):
        small_benchmark().make_metric()
    with pytest.raises(ValueError, match="has the metric 'ridge', which does not score layers with animals"):
        _ = Benchmark("tactile/other", "tactile/planted").layer_target


def test_unknown_comparison_is_named():
    with pytest.raises(ValueError, match="comparison must be one of rsa, ridge, pls, one-to-one, received 'cka'"):
        LayerTarget("cka")


def test_score_of_another_kind_has_no_matrix(networks):
    bare = dataclasses.replace(networks[0], data=networks[0].data.drop_vars("matrix_score"))
    with pytest.raises(ValueError, match="has no matrix of layers and animals"):
        _ = bare.layer_target


def test_listing_states_the_correction(no_real_data):
    from alignment.benchmarks import listing

    rows = {row["name"]: row for row in listing()}
    kinds = ("rsa", "ridge", "pls", "one-to-one", "rsa-as-published")
    assert {f"tactile/{name}-{kind}" for name in ("planted", "rodgers2022") for kind in kinds} <= set(rows)
    assert rows["tactile/planted-rsa"]["normalisation"] == "noise-corrected"
    assert "split-half reliability of each animal" in rows["tactile/planted-rsa"]["ceiling"]
    assert data.dataset_info("tactile/planted").access == "embedded"
