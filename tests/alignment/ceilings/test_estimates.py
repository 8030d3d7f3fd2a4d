"""Ceilings quoted from a source, and the contract that every ceiling keeps."""

import numpy as np
import pytest
import xarray as xr

from alignment.ceilings import (
    InterAnimalCeiling,
    NcsnrCeiling,
    PublishedCeiling,
    SignalPowerCeiling,
    SplitHalfCeiling,
)
from alignment.folds import Fold

ROWS = np.arange(60)
FOLDS = tuple(Fold(np.setdiff1d(ROWS, ROWS[k::3]), ROWS[k::3]) for k in range(3))
CEILINGS = [
    PublishedCeiling({"n0": 0.5}, "Somebody 2020"),
    SplitHalfCeiling(),
    SignalPowerCeiling(),
    NcsnrCeiling(),
    InterAnimalCeiling(FOLDS, n_halves=2),
]


def labelled(values):
    ids = [f"n{unit}" for unit in range(values.shape[2])]
    return xr.DataArray(
        values,
        dims=("repetition", "stimulus", "neuroid"),
        coords={"neuroid_id": ("neuroid", ids), "subject": ("neuroid", [f"a{unit % 2}" for unit in range(len(ids))])},
    )


@pytest.mark.parametrize("ceiling", CEILINGS, ids=lambda one: one.kind)
@pytest.mark.parametrize("unequal", [False, True])
def test_every_ceiling_keeps_the_contract(ceiling, unequal):
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((60, 2)) @ rng.standard_normal((2, 6))
    values = latent + 0.5 * rng.standard_normal((4, 60, 6))
    if unequal:
        values[3, ::2] = np.nan
    weights = rng.multinomial(60, np.full(60, 1 / 60), size=5).astype(float)
    estimate = ceiling.estimate(labelled(values), weights)
    assert estimate.values.shape == (6,)
    if ceiling.kind == "published":
        assert estimate.draws is None
        return
    assert estimate.draws.shape == (5, 6)
    assert (estimate.values[np.isfinite(estimate.values)] > 0).all()
    assert np.isfinite(estimate.values).all()
    assert ceiling.describe()
    none = ceiling.estimate(labelled(values), weights[:0])
    np.testing.assert_allclose(none.values, estimate.values, rtol=1e-9)
    assert none.draws.shape == (0, 6)


@pytest.mark.parametrize("ceiling", CEILINGS[1:], ids=lambda one: one.kind)
def test_weights_of_one_give_the_estimate_itself(ceiling):
    rng = np.random.default_rng(1)
    latent = rng.standard_normal((60, 2)) @ rng.standard_normal((2, 4))
    values = latent + 0.7 * rng.standard_normal((4, 60, 4))
    estimate = ceiling.estimate(labelled(values), np.ones((1, 60)))
    np.testing.assert_allclose(estimate.draws[0], estimate.values, rtol=1e-9)


@pytest.mark.parametrize("ceiling", CEILINGS[1:4], ids=lambda one: one.kind)
def test_noiseless_recording_has_ceiling_one(ceiling):
    values = np.tile(np.random.default_rng(0).standard_normal((60, 3)), (4, 1, 1))
    np.testing.assert_allclose(ceiling.estimate(labelled(values), np.ones((1, 60))).values, 1, rtol=1e-9)


@pytest.mark.parametrize("ceiling", CEILINGS[1:4], ids=lambda one: one.kind)
def test_constant_neuroid_has_no_ceiling(ceiling):
    values = np.random.default_rng(0).standard_normal((4, 60, 2))
    values[..., 1] = 3.0
    assert np.isnan(ceiling.estimate(labelled(values), np.ones((1, 60))).values[1])


def test_published_values_follow_the_order_of_the_neuroids():
    ceiling = PublishedCeiling({"n2": 0.2, "n0": 0.9, "elsewhere": 0.5}, "Somebody 2020, table 1")
    values = np.zeros((1, 5, 3))
    estimate = ceiling.estimate(labelled(values), np.ones((7, 5)))
    np.testing.assert_array_equal(estimate.values, [0.9, np.nan, 0.2])
    assert estimate.draws is None


def test_kinds_and_sources_are_told():
    assert PublishedCeiling({}, "Somebody 2020").describe() == "quoted, not computed: Somebody 2020"
    assert len({one.kind for one in CEILINGS}) == len(CEILINGS)
    assert "Spearman-Brown" in SplitHalfCeiling().describe()
