"""Ceilings of real macaque recordings: V1 populations on film frames, one predicting another, and V1/V2 units on gratings."""

import numpy as np
import pytest

from alignment.ceilings import (
    NcsnrCeiling,
    SignalPowerCeiling,
    SplitHalfCeiling,
    inter_animal_consistency,
    reliable_units,
    split_half_reliability,
    variance_components,
)
from alignment.ceilings.halving import paired_correlation
from alignment.folds import make_folds
from alignment.inference.resampling import bootstrap_weights, interval
from alignment.mappings import NeuroidRidge
from alignment.trials import arrange_trials
from data.catalogue import load_dataset
from data.vision.henaff2021 import RECORDINGS, SPLITS

# Recording: median ceiling over units (as r), its 95 % interval over films, units without a ceiling.
CEILINGS = {
    "ay2_u003": (0.778, 0.700, 0.821, 0),
    "ay3_u001": (0.928, 0.902, 0.938, 0),
    "ay3_u002": (0.949, 0.926, 0.955, 0),
    "ay4_u001": (0.969, 0.957, 0.976, 0),
    "ay4_u005": (0.855, 0.833, 0.880, 2),
    "ay4_u006": (0.935, 0.914, 0.944, 6),
    "ay5_u005": (0.854, 0.821, 0.861, 1),
}
QUICK = ("ay2_u003", "ay4_u001", "ay4_u006")
ALPHAS = np.logspace(0, 4, 5)


def opened(recording):
    dataset = load_dataset(f"vision/henaff2021.{recording}")
    return dataset, arrange_trials(dataset.responses, dataset.stimuli, dataset.name, missing="average").values


def films(dataset):
    return dataset.stimuli.table["movie"].to_numpy()


@pytest.mark.parametrize(
    "recording",
    [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in RECORDINGS],
)
def test_ceilings_of_a_population_by_three_ways(real_data, recording):
    dataset, trials = opened(recording)
    weights = bootstrap_weights(440, films(dataset), 200, 0)
    medians = []
    for ceiling in (SplitHalfCeiling(max_halvings=20), SignalPowerCeiling(), NcsnrCeiling()):
        estimate = ceiling.estimate(trials, weights)
        medians.append(np.nanmedian(estimate.values))
        if ceiling.kind == "split-half":
            median, low, high, without = CEILINGS[recording]
            assert medians[0] == pytest.approx(median, abs=2e-3)
            assert int(np.isnan(estimate.values).sum()) == without
            bounds = interval(np.nanmedian(estimate.draws, axis=1))
            np.testing.assert_allclose(bounds, (low, high), atol=6e-3)
            assert low < median < high
    np.testing.assert_allclose(medians, medians[0], atol=0.008)


def pooled_by_animal(recordings, category=None):
    """Trials of each monkey: neuroids of its recordings side by side, repetitions that one of them lacks as NaN."""
    dataset, _ = opened(recordings[0])
    rows = np.ones(440, dtype=bool) if category is None else (dataset.stimuli.table["category"] == category).to_numpy()
    parts = {}
    for recording in recordings:
        parts.setdefault(recording[:3], []).append(opened(recording)[1].values[:, rows])
    animals = {}
    for name, each in parts.items():
        most = max(map(len, each))
        padded = [np.pad(one, ((0, most - len(one)), (0, 0), (0, 0)), constant_values=np.nan) for one in each]
        animals[name] = np.concatenate(padded, axis=2)
    table = dataset.stimuli.table[rows].reset_index(drop=True)
    return animals, table


def test_one_monkey_predicts_another_on_held_out_films(real_data):
    animals, table = pooled_by_animal(["ay3_u002", "ay4_u006"], "natural")
    folds = make_folds(SPLITS["movie5"], table)
    groups = table["movie"].to_numpy()
    found = inter_animal_consistency(
        animals,
        folds,
        NeuroidRidge(ALPHAS),
        n_halves=4,
        groups=groups,
        missing="halve each",
        average="components",
        weights=bootstrap_weights(len(table), groups, 100, 0),
    )
    there, back = found.results["ay3", "ay4"], found.results["ay4", "ay3"]
    assert there.value == pytest.approx(0.614, abs=0.02)
    assert back.value == pytest.approx(0.607, abs=0.02)
    low, high = found.interval()
    assert 0.1 < low < found.value < high < 0.9
    for one in (there, back):
        assert np.median(one.r_xy[0].mean(axis=0)) < one.value
        assert one.n_missing > 0  # test sets of two films: some reliabilities are not positive there, and are counted


def test_frames_of_one_film_on_both_sides_would_flatter(real_data):
    animals, table = pooled_by_animal(["ay3_u001", "ay4_u001"], "natural")
    values = [
        inter_animal_consistency(
            animals,
            make_folds(SPLITS[split], table),
            NeuroidRidge(ALPHAS),
            n_halves=2,
            missing="halve each",
            average="components",
        ).value
        for split in ("movie5", "shuffled5")
    ]
    assert values[1] > values[0] + 0.1


@pytest.mark.slow
def test_every_monkey_predicts_every_other(real_data):
    animals, table = pooled_by_animal(list(RECORDINGS))
    folds = make_folds(SPLITS["movie5"], table)
    groups = table["movie"].to_numpy()
    found = inter_animal_consistency(
        animals,
        folds,
        NeuroidRidge(ALPHAS),
        pooled=True,
        n_halves=5,
        groups=groups,
        missing="halve each",
        average="components",
        weights=bootstrap_weights(440, groups, 100, 0),
    )
    values = dict(zip(found.animals, found.matrix()[0], strict=True))
    expected = {"ay2": 0.40, "ay3": 0.64, "ay4": 0.68, "ay5": 0.10}
    assert values == pytest.approx(expected, abs=0.05)
    low, high = found.interval()
    assert low < 0.594 < high
    bounds = found.interval_matrix()[:, 0]
    assert (bounds[0, 1:3] > 0.3).all()  # two monkeys are predicted beyond doubt, ay5 is not
    assert bounds[0, 3] < 0 < bounds[1, 3]


def test_unreliable_units_are_told_on_frames_that_are_not_scored(real_data):
    dataset, trials = opened("ay4_u006")
    fold = make_folds(SPLITS["movie5"], dataset.stimuli.table)[0]
    chosen = reliable_units(trials.values, 0.3, scored=fold.test, max_halvings=10)
    assert chosen.n_stimuli == len(fold.train)
    assert 5 <= chosen.n_dropped <= 20
    assert chosen.describe().endswith(f"measured on {len(fold.train)} stimuli that are not scored")


GRATINGS = {"m620r12": 0.935, "m620r35": 0.990, "m624l54": 0.879, "m625r62": 0.967}


@pytest.mark.parametrize("unit", GRATINGS)
def test_grating_mixtures_with_unequal_repetitions(real_data, unit):
    with np.load(real_data / "recordings" / "macaque_v1v2_grating_mixtures" / f"{unit}.npz") as arrays:
        block, count = arrays["block_id"], arrays["spike_count"].astype(float)
    conditions = np.unique(block[block != 0])  # 0 is the blank
    trials = np.full((10, len(conditions), 1), np.nan)
    for place, condition in enumerate(conditions):
        mine = count[block == condition]
        trials[: len(mine), place, 0] = mine
    even, odd = np.nanmean(trials[::2], axis=0), np.nanmean(trials[1::2], axis=0)
    published = paired_correlation(even, odd, np.ones((1, len(conditions))))[0, 0]
    assert published == pytest.approx(GRATINGS[unit], abs=5e-4)
    found = split_half_reliability(trials)
    assert found.n_repetitions == ((8, 9) if unit == "m625r62" else (10, 10))
    assert found.factor[0] == pytest.approx(2.044 if unit == "m625r62" else 2, abs=1e-3)
    # Without halves the same reliability; one halving alone may be far from their mean.
    assert found.reliability[0] == pytest.approx(variance_components(trials).reliability[0], abs=5e-3)
    assert found.correlation.min() < published < found.correlation.max() + 1e-9
