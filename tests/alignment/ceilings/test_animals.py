"""Animals that predict each other: the same call per pair, a planted consistency, growth with the source."""

import numpy as np
import pytest
import xarray as xr
from sklearn.linear_model import Ridge

from alignment.ceilings import (
    InterAnimalCeiling,
    inter_animal_consistency,
    noise_corrected_predictivity,
    source_animal_curve,
    source_unit_curve,
)
from alignment.ceilings.animals import OTHERS
from alignment.folds import Fold
from alignment.mappings import NeuroidRidge


def folds_of(n_stimuli, n_splits=3):
    rows = np.random.default_rng(0).permutation(n_stimuli)
    return [Fold(np.setdiff1d(rows, rows[k::n_splits]), rows[k::n_splits]) for k in range(n_splits)]


def animals(n_stimuli=90, sizes=(5, 6, 7), share=0.8, noise=1.0, n_repetitions=4, seed=0):
    """Populations whose signals share latent variables, with weight ``share``, and have a part of their own."""
    rng = np.random.default_rng(seed)
    latent = rng.standard_normal((n_stimuli, 3))
    found = {}
    for number, size in enumerate(sizes):
        common = latent @ rng.standard_normal((3, size))
        own = rng.standard_normal((n_stimuli, size))
        signal = share * common / common.std(axis=0) + np.sqrt(1 - share**2) * own
        found[f"animal{number}"] = signal + noise * rng.standard_normal((n_repetitions + number, n_stimuli, size))
    return found


def test_each_pair_is_one_call():
    every, folds = animals(), folds_of(90)
    found = inter_animal_consistency(every, folds, Ridge(1.0), n_halves=3, seed=9)
    names = list(every)
    assert found.sources == found.animals == tuple(names)
    for i, source in enumerate(names):
        for j, target in enumerate(names):
            if source == target:
                assert np.isnan(found.matrix()[i, j])
                continue
            one = noise_corrected_predictivity(every[source], every[target], folds, Ridge(1.0), n_halves=3, seed=9)
            np.testing.assert_array_equal(found.results[source, target].corrected, one.corrected)
            assert found.matrix()[i, j] == one.value
    per = {
        target: np.mean([found.results[source, target].per_neuroid() for source in names if source != target], axis=0)
        for target in names
    }
    for target in names:
        np.testing.assert_allclose(found.per_neuroid(target), per[target], rtol=1e-12)
    assert found.value == pytest.approx(np.median(np.concatenate(list(per.values()))))


def test_pooled_source_is_all_other_animals():
    every, folds = animals(), folds_of(90)
    found = inter_animal_consistency(every, folds, Ridge(1.0), pooled=True, n_halves=3)
    assert found.sources == (OTHERS,)
    assert found.matrix().shape == (1, 3)
    others = [every["animal0"], every["animal2"]]
    one = noise_corrected_predictivity(others, every["animal1"], folds, Ridge(1.0), n_halves=3)
    np.testing.assert_array_equal(found.results[OTHERS, "animal1"].corrected, one.corrected)


def test_planted_consistency_is_recovered_with_its_interval():
    sizes, mapping = (40, 30), NeuroidRidge([1.0, 10.0, 100.0])
    every = animals(n_stimuli=400, sizes=sizes, noise=0.7)
    weights = np.random.default_rng(0).multinomial(400, np.full(400, 1 / 400), size=60).astype(float)
    found = inter_animal_consistency(every, folds_of(400), mapping, n_halves=5, average="components", weights=weights)
    # The same signals recorded without noise need no correction.
    noiseless = inter_animal_consistency(
        animals(n_stimuli=400, sizes=sizes, noise=0.0), folds_of(400), mapping, n_halves=1
    )
    low, high = found.interval()
    assert low < noiseless.value < high
    assert high - low < 0.15
    assert found.value == pytest.approx(noiseless.value, abs=0.02)
    assert noiseless.value == pytest.approx(0.79, abs=0.02)  # the share of the latents is 0.8
    uncorrected = np.median(np.concatenate([one.r_xy[0].mean(axis=0) for one in found.results.values()]))
    assert uncorrected < found.value - 0.03
    bounds = found.interval_matrix()
    assert bounds.shape == (2, 2, 2)
    assert bounds[0, 0, 1] < found.matrix()[0, 1] < bounds[1, 0, 1]
    assert np.isnan(bounds[:, 0, 0]).all()
    assert found.interval(neuroid_seed=None) != (low, high)  # stimuli alone, or stimuli and neuroids


def test_without_draws_there_is_no_interval():
    found = inter_animal_consistency(animals(), folds_of(90), Ridge(1.0), n_halves=2)
    assert found.draws_of_value().shape == (0,)
    assert np.isnan(found.interval()).all()
    with pytest.raises(ValueError, match="needs at least 2 animals, received"):
        inter_animal_consistency({"one": np.ones((2, 9, 2))}, folds_of(9), Ridge(1.0))


def test_more_source_neuroids_predict_better_and_extrapolate():
    every = animals(n_stimuli=200, sizes=(30, 12), noise=1.5)
    curve = source_unit_curve(
        every["animal0"], every["animal1"], folds_of(200), Ridge(10.0), [2, 8, 30], n_subsets=3, n_halves=4
    )
    assert curve.sizes.tolist() == [2] * 3 + [8] * 3 + [30]
    assert curve.values.shape == (7, 12)
    whole = noise_corrected_predictivity(
        every["animal0"], every["animal1"], folds_of(200), Ridge(10.0), n_halves=4
    ).value
    assert np.median(curve.values[-1]) == pytest.approx(whole, rel=1e-9)
    found = curve.extrapolate(n_boot=20)
    assert np.median(curve.values[0]) < whole <= found.asymptote + 0.05
    assert curve.extrapolate(per_neuroid=True, n_boot=5).asymptote.shape == (12,)
    with pytest.raises(ValueError, match=r"sizes must lie in 1 \.\.\. 30"):
        source_unit_curve(every["animal0"], every["animal1"], folds_of(200), Ridge(1.0), [31])


def test_more_source_animals_predict_better():
    every = animals(n_stimuli=200, sizes=(4, 4, 4, 8), noise=1.0)
    curve = source_animal_curve(every, "animal3", folds_of(200), Ridge(1.0), n_halves=3)
    assert curve.sizes.tolist() == [1, 1, 1, 2, 2, 2, 3]
    medians = np.median(curve.values, axis=1)
    assert medians[:3].mean() < medians[3:6].mean() < medians[6]
    few = source_animal_curve(every, "animal3", folds_of(200), Ridge(1.0), n_halves=2, max_subsets=2)
    assert few.sizes.tolist() == [1, 1, 2, 2, 3]
    with pytest.raises(ValueError, match="needs the target 'animal9' and two others"):
        source_animal_curve(every, "animal9", folds_of(200), Ridge(1.0))


def labelled(every):
    n_repetitions = max(len(trials) for trials in every.values())
    padded = [
        np.pad(trials, ((0, n_repetitions - len(trials)), (0, 0), (0, 0)), constant_values=np.nan)
        for trials in every.values()
    ]
    who = np.repeat(list(every), [trials.shape[2] for trials in every.values()])
    return xr.DataArray(
        np.concatenate(padded, axis=2),
        dims=("repetition", "stimulus", "neuroid"),
        coords={"subject": ("neuroid", who)},
    )


@pytest.mark.parametrize("pooled", [True, False])
def test_ceiling_is_free_of_the_noise_of_the_source_only(pooled):
    every, folds = animals(), folds_of(90)
    weights = np.random.default_rng(0).multinomial(90, np.full(90, 1 / 90), size=4).astype(float)
    ceiling = InterAnimalCeiling(tuple(folds), mapping=Ridge(1.0), pooled=pooled, n_halves=3)
    estimate = ceiling.estimate(labelled(every), weights)
    found = inter_animal_consistency(
        every, folds, Ridge(1.0), pooled=pooled, n_halves=3, correction="source", average="components"
    )
    expected = np.concatenate([found.per_neuroid(name) for name in every])
    np.testing.assert_allclose(estimate.values, np.where(expected > 0, expected, np.nan), rtol=1e-10)
    assert estimate.draws.shape == (4, 18)
    assert "not of the target" in ceiling.describe()
    both = inter_animal_consistency(every, folds, Ridge(1.0), pooled=pooled, n_halves=3, average="components")
    assert found.value < both.value


def test_ceiling_needs_to_know_the_animals():
    trials = labelled(animals()).drop_vars("subject")
    with pytest.raises(ValueError, match="needs the coordinate 'subject' along neuroid"):
        InterAnimalCeiling(tuple(folds_of(90))).estimate(trials, np.ones((1, 90)))
