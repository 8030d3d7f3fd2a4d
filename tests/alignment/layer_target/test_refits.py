"""Ridge with a chosen penalty, PLS and one-to-one: every permutation is the score of a refit by the mappings themselves."""

import itertools

import numpy as np
import pytest

from alignment.ceilings import noise_corrected_predictivity, released_score
from alignment.layer_target import layer_target_one_to_one, layer_target_pls, layer_target_ridge
from alignment.layer_target.refits import fold_plans, halving_folds
from alignment.mappings import PLS, NeuroidRidge, OneToOne

from .conftest import recording

ORDERS = list(itertools.permutations(range(6)))
ALPHAS = (0.01, 0.1, 1.0, 10.0)


@pytest.fixture(scope="module")
def related():
    """A layer and an animal that share two dimensions."""
    rng = np.random.default_rng(3)
    signal = rng.standard_normal((6, 2)) @ rng.standard_normal((2, 8))
    trials = recording(rng, signal, 0.5, 6)
    trials[5, 2:4] = np.nan
    return 3 + signal @ rng.standard_normal((8, 15)), trials


def own_scale(features):
    """Features whose centred rows have a mean square of 1, in which penalties of a grid are counted."""
    centred = features - features.mean(axis=0)
    return centred / np.sqrt((centred**2).sum(axis=1).mean())


CASES = {
    "ridge": (
        lambda *data, **options: layer_target_ridge(*data, alpha=ALPHAS, **options),
        NeuroidRidge(ALPHAS, standardise=False, selection="loo", per_neuroid=False),
    ),
    "pls 1": (layer_target_pls, PLS(1)),
    "pls 2": (lambda *data, **options: layer_target_pls(*data, n_components=2, **options), PLS(2)),
    "one-to-one": (layer_target_one_to_one, OneToOne()),
}


@pytest.mark.parametrize("rule", ["components", "released"])
@pytest.mark.parametrize("name", CASES)
def test_entries_and_permutations_are_refits_of_the_mapping(related, name, rule):
    features, trials = related
    matrix, mapping = CASES[name]
    found = matrix({"layer": features}, {"animal": trials}, rule=rule, n_halves=3)
    missing = {"components": "halve each", "released": "skip"}[rule]
    assert found.null.shape == (720, 1, 1)
    for place in (0, 5, 700):
        shown = own_scale(features)[list(ORDERS[place])]
        one = noise_corrected_predictivity(
            shown, trials, halving_folds(6), mapping, n_halves=3, average="components", missing=missing
        )
        expected = released_score(one) if rule == "released" else one.value
        assert found.null[place, 0, 0] == pytest.approx(expected, rel=1e-8, nan_ok=True)
        raw = np.median(np.nanmean(one.r_xy, axis=(0, 1)))
        assert found.raw_null[place, 0, 0] == pytest.approx(raw, rel=1e-8)
    assert found.values[0, 0] == pytest.approx(found.null[0, 0, 0], rel=1e-12, nan_ok=True)
    assert 0 < found.ceiling[0] <= 1


def test_golden_one_to_one(real_data):
    with np.load(real_data / "tactile" / "golden_scoring" / "consistency_small.npz", allow_pickle=False) as arrays:
        source, target = np.nanmean(arrays["source_animal"], axis=0), arrays["target"]
        r_xy = arrays["percentile_animal/test/r_xy"][0]
    found = layer_target_one_to_one({"animal": source}, {"animal": target}, rule="released", n_halves=8)
    assert found.raw[0, 0] == pytest.approx(np.median(np.nanmean(r_xy, axis=0)), abs=1e-9)


def test_plans_ask_for_every_order_once():
    orders = np.array(ORDERS)
    plans = fold_plans(6, orders)
    assert len(plans) == 20
    for plan in plans:
        assert len(plan.shown) == 120
        np.testing.assert_array_equal(plan.shown[plan.beginning], orders[:, plan.fold.train])
        asked = np.take_along_axis(plan.asked[plan.beginning], plan.position, axis=1)
        np.testing.assert_array_equal(asked, orders[:, plan.fold.test])


def test_units_and_neuroids_that_do_not_vary_are_passed_over():
    rng = np.random.default_rng(0)
    features = np.column_stack([np.ones(6), rng.standard_normal((6, 4)), np.zeros(6)])
    trials = recording(rng, rng.standard_normal((6, 3)), 0.1, 4)
    with_constant = layer_target_one_to_one({"layer": features}, {"animal": trials}, n_halves=2)
    without = layer_target_one_to_one({"layer": features[:, 1:5]}, {"animal": trials}, n_halves=2)
    np.testing.assert_allclose(with_constant.null, without.null)


@pytest.mark.parametrize(
    ("matrix", "options", "message"),
    [
        (layer_target_pls, {"n_components": 3}, "n_components=3 cannot be taken from 3 training stimuli of 6"),
        (layer_target_pls, {"n_components": 0}, "accepted are 1 to 2"),
        (
            layer_target_one_to_one,
            {"layers": {"flat": np.ones((6, 3))}},
            "all 3 units of a layer are constant over some",
        ),
        (layer_target_one_to_one, {"animals": {"a": np.zeros((2, 8, 3))}}, "animals have 8 stimuli, but a one-to-one"),
        (layer_target_ridge, {"alpha": (1.0, -1.0)}, "alpha must be positive"),
        (layer_target_ridge, {"alpha": ()}, "alpha must be positive"),
    ],
)
def test_what_cannot_be_scored_is_named(planted, matrix, options, message):
    layers, animals = planted
    with pytest.raises(ValueError, match=message):
        matrix(**{"layers": layers, "animals": animals} | options)
