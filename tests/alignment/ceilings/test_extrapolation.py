"""Saturating curves: known ones are found, the global search is never worse than scipy's, intervals cover."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from alignment.ceilings import extrapolate, fit_saturation, saturation

SIZES = np.array([2.0, 3.0, 4.0, 6.0, 9.0])


def test_curve_by_hand():
    assert saturation(0, 0.8, 3) == 0
    assert saturation(3, 0.8, 3) == pytest.approx(0.8 * (1 - np.exp(-1)))
    assert saturation(1e9, 0.8, 3) == pytest.approx(0.8)


@pytest.mark.parametrize("asymptote", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("tau", [0.7, 2.0, 8.0])
def test_known_curve_is_found(asymptote, tau):
    found = fit_saturation(SIZES, saturation(SIZES, asymptote, tau))
    np.testing.assert_allclose(found, [asymptote, tau], rtol=1e-5)


def test_scipy_finds_a_known_curve_from_most_places_but_not_from_all():
    found = fit_saturation(SIZES, saturation(SIZES, 0.5, 2.0), method="curve_fit")
    np.testing.assert_allclose(found, [0.5, 2.0], rtol=1e-5)
    steep = saturation(SIZES, 0.95, 0.7)
    stuck, found = (fit_saturation(SIZES, steep, method=method)[0] for method in ("curve_fit", "global"))
    assert found == pytest.approx(0.95, rel=1e-5)
    assert stuck == pytest.approx(steep.mean(), rel=1e-3)  # a flat line: tau has run towards 0


def test_many_curves_at_once_are_the_single_ones():
    values = np.random.default_rng(0).uniform(0, 0.8, (3, 4, 5))
    asymptote, tau = fit_saturation(SIZES, values)
    assert asymptote.shape == tau.shape == (3, 4)
    for place in np.ndindex(3, 4):
        one = fit_saturation(SIZES, values[place])
        np.testing.assert_allclose([asymptote[place], tau[place]], np.ravel(one), rtol=1e-6)


def test_search_is_never_worse_than_scipy():
    values = saturation(SIZES, 0.7, 2.0) + 0.15 * np.random.default_rng(0).standard_normal((60, 5))
    asymptote, tau = fit_saturation(SIZES, values)
    assert ((asymptote >= 0) & (asymptote <= 1) & (tau > 0)).all()
    error = ((saturation(SIZES, asymptote[:, None], tau[:, None]) - values) ** 2).sum(axis=1)

    def curve(x, v0, constant):
        return v0 * (1 - np.exp(-x / constant))

    for row, mine in zip(values, error, strict=True):
        with np.errstate(all="ignore"):
            params, _ = curve_fit(curve, SIZES, row, p0=[0.5, 1.0], bounds=([0, 1e-3], [1, 1e6]))
        assert mine <= ((curve(SIZES, *params) - row) ** 2).sum() + 1e-9


def test_curves_that_do_not_saturate_end_at_the_bound():
    assert fit_saturation(SIZES, 0.1 * SIZES)[0] == pytest.approx(1)
    assert fit_saturation(SIZES, -0.1 * SIZES)[0] == 0
    assert np.isnan(fit_saturation(SIZES, np.full(5, np.nan))).all()
    assert np.isnan(fit_saturation(SIZES, np.full(5, np.nan), method="curve_fit")).all()


@pytest.mark.parametrize(
    ("sizes", "values", "options", "message"),
    [
        ([2, 2], [0.1, 0.2], {}, "at least two different positive sizes"),
        ([0, 2], [0.1, 0.2], {}, "at least two different positive sizes"),
        ([1, 2], [0.1, 0.2, 0.3], {}, "values of shape"),
        ([1, 2], [0.1, 0.2], {"method": "fast"}, "method must be one of global, curve_fit, received 'fast'"),
    ],
)
def test_curves_need_two_sizes(sizes, values, options, message):
    with pytest.raises(ValueError, match=message):
        fit_saturation(sizes, values, **options)


def samples(asymptote=0.7, tau=2.5, n=12, noise=0.05, seed=0, shape=()):
    rng = np.random.default_rng(seed)
    k = np.repeat(SIZES, n)
    curve = saturation(k, asymptote, tau).reshape(-1, *(1,) * len(shape))
    return k, curve + noise * rng.standard_normal((len(k), *shape))


def test_interval_covers_the_known_asymptote():
    k, values = samples(n=15, noise=0.04, shape=(120,))
    found = extrapolate(k, values, n_boot=80)
    low, high = found.interval()
    assert found.asymptote.shape == found.tau.shape == low.shape == (120,)
    covered = np.mean((low <= 0.7) & (high >= 0.7))
    assert 0.85 <= covered <= 0.99
    assert np.median(found.asymptote) == pytest.approx(0.7, abs=0.02)
    np.testing.assert_allclose(found.at(1e9), found.asymptote)


def test_one_curve_is_the_column_of_many():
    k, values = samples(shape=(3,))
    many, one = extrapolate(k, values, n_boot=10), extrapolate(k, values[:, 1], n_boot=10)
    assert many.asymptote[1] == pytest.approx(float(one.asymptote), rel=1e-6)
    np.testing.assert_allclose(many.draws[:, 1], one.draws, rtol=1e-6)
    np.testing.assert_allclose(one.means, [values[k == size, 1].mean() for size in SIZES], rtol=1e-12)
    np.testing.assert_array_equal(one.sizes, SIZES)


def test_draws_are_means_of_resampled_values():
    k, values = samples(n=4)
    found = extrapolate(k, values, n_boot=3, seed=5)
    rng = np.random.RandomState(5)
    for draw in range(3):
        means = [rng.choice(values[k == size], size=4, replace=True).mean() for size in SIZES]
        assert found.draws[draw] == pytest.approx(float(fit_saturation(SIZES, means)[0]), rel=1e-6)


def test_missing_values_are_left_out_per_neuroid():
    k, values = samples(shape=(2,))
    values[3, 0] = np.nan
    found = extrapolate(k, values, n_boot=10)
    kept = np.isfinite(values[:, 0])
    alone = extrapolate(k[kept], values[kept, 0], n_boot=10)
    assert found.asymptote[0] == pytest.approx(float(alone.asymptote), rel=1e-6)
    values[k == 9, 1] = np.nan
    assert np.isnan(extrapolate(k, values, n_boot=10).asymptote[1])
    with pytest.raises(ValueError, match="same length, received 60 and 59"):
        extrapolate(k, values[1:])
