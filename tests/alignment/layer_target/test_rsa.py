"""RSA matrix: each entry and permutation is what the scoring of one layer and one target gives."""

import itertools

import numpy as np
import pytest
import xarray as xr

from alignment.ceilings import noise_corrected_rsa, released_score
from alignment.layer_target import layer_target_rsa
from alignment.layer_target.targets import POOLED

from .conftest import recording

ORDERS = list(itertools.permutations(range(6)))


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_entries_and_permutations_are_those_of_single_scores(planted, method):
    layers, animals = planted
    found = layer_target_rsa(layers, animals, method=method, n_halves=6)
    assert found.targets == ("first", "second", POOLED)
    assert found.null.shape == (720, 3, 3)
    assert found.exact
    targets = {**animals, POOLED: np.concatenate(list(animals.values()), axis=2)}
    for (row, layer), (column, target) in itertools.product(enumerate(layers), enumerate(targets)):
        for place in (0, 1, 333):
            one = noise_corrected_rsa(
                layers[layer][list(ORDERS[place])], targets[target], method=method, n_halves=6, average="components"
            )
            assert found.null[place, row, column] == pytest.approx(one.value, abs=1e-10)
        assert found.values[row, column] == pytest.approx(found.null[0, row, column], abs=1e-12)


def test_released_rule_is_the_released_score(planted):
    layers, animals = planted
    animals["second"] = np.concatenate([animals["second"], np.full((2, 6, 30), np.nan)])
    found = layer_target_rsa(layers, animals, rule="released", n_halves=20)
    for row, layer in enumerate(layers):
        one = noise_corrected_rsa(layers[layer], animals["second"], n_halves=20, missing="skip")
        assert found.values[row, 1] == pytest.approx(released_score(one), rel=1e-10)


def test_golden_halvings(real_data):
    with np.load(real_data / "tactile" / "golden_scoring" / "consistency_small.npz", allow_pickle=False) as arrays:
        source, target, expected = arrays["source_model"], arrays["target"], arrays["rsa_model/r_xy_n_sb"]
    found = layer_target_rsa({"model": source}, {"animal": target}, rule="released", n_halves=8)
    assert found.values[0, 0] == pytest.approx(expected.mean(), abs=1e-9)


def test_shared_pattern_is_found_and_significant(planted):
    layers, animals = planted
    found = layer_target_rsa(layers, animals)
    assert found.best[0] == "true"
    np.testing.assert_allclose(found.p_corrected[0], 1 / 720)
    assert found.p_corrected[1:].min() > 0.05
    low, high = (found.over_animals()[name].sel(layer="true") for name in ("low", "high"))
    assert low < 1 < high


def test_permuting_layers_and_animals_together_changes_nothing(planted):
    layers, animals = planted
    order = [3, 0, 5, 1, 4, 2]
    found = layer_target_rsa(layers, animals, n_halves=4)
    moved = layer_target_rsa(
        {name: one[order] for name, one in layers.items()},
        {name: one[:, order] for name, one in animals.items()},
        n_halves=4,
    )
    np.testing.assert_allclose(moved.values, found.values, atol=1e-10)
    np.testing.assert_allclose(moved.p_corrected, found.p_corrected)


def test_more_than_eight_stimuli_take_random_permutations():
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((9, 20))
    animals = {"a": recording(rng, signal, 1.0)}
    found = layer_target_rsa({"true": signal}, animals, n_permutations=99, n_halves=4)
    assert not found.exact
    assert found.targets == ("a",)
    assert found.p[0, 0] == pytest.approx(0.01)
    with pytest.raises(ValueError, match="n_permutations must be at least 1, received 0"):
        layer_target_rsa({"true": signal}, animals, n_permutations=0, n_halves=4)


def test_unreliable_animal_has_no_score(planted):
    layers, animals = planted
    rng = np.random.default_rng(0)
    for _ in range(20):
        noise = rng.standard_normal((6, 6, 10))
        if noise_corrected_rsa(layers["true"], noise, n_halves=4).r_yy.mean() < 0:
            break
    found = layer_target_rsa(layers, animals | {"noise": noise}, n_halves=4, pooled=False)
    assert found.undefined == ("noise",)
    assert np.isnan(found.p[:, 2]).all()


def test_animals_with_other_stimuli_are_refused(planted):
    layers, animals = planted
    with pytest.raises(ValueError, match="animal 'second' has the stimuli 5, but 'first' has 6; give all animals"):
        layer_target_rsa(layers, {"first": animals["first"], "second": animals["second"][:, :5]})
    labelled = {
        name: xr.DataArray(one, dims=("repetition", "stimulus", "neuroid"), coords={"stimulus_id": ("stimulus", ids)})
        for (name, one), ids in zip(animals.items(), (list("abcdef"), list("abcdfe")), strict=True)
    }
    with pytest.raises(
        ValueError, match=r"animal 'second' has the stimuli \['a', 'b', 'c', 'd', 'f', 'e'\], but 'first'"
    ):
        layer_target_rsa(layers, labelled)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": {}}, "layers is empty"),
        (
            {"layers": {"l": np.ones((5, 3))}},
            r"layer 'l' has shape \(5, 3\) .*features \(stimulus, feature\) of the 6 stimuli",
        ),
        ({"layers": {"l": np.full((6, 3), np.nan)}}, "layer 'l' has shape .* with 18 values that are not finite"),
        ({"layers": {"l": np.ones((6, 3))}}, "layer 'l' with 3 features gives all of them the same value for some"),
        ({"animals": {}}, "animals are named .*; give at least one"),
        ({"animals": {POOLED: np.zeros((2, 6, 3))}}, "none of them 'all animals', which is added here"),
        ({"rule": "best"}, "rule must be one of components, released, received 'best'"),
        ({"method": "cosine"}, "method must be one of pearson, spearman, received 'cosine'"),
    ],
)
def test_what_cannot_be_scored_is_named(planted, change, message):
    layers, animals = planted
    with pytest.raises(ValueError, match=message):
        layer_target_rsa(**{"layers": layers, "animals": animals} | change)
