"""Tuning to frequency pairs: known surfaces, the direction that is read, and grids with holes."""

import numpy as np
import pytest

from alignment.physiology import sf_tf_tuning
from alignment.physiology.frequency import separability

SF = 2.0 ** np.arange(-2, 3)
TF = 2.0 ** np.arange(0, 5)


def surface(sf, tf, sf0=0.8, tf0=5.0, xi=-1.0, width=1.0):
    """Log-Gaussian surface; xi 0 for one speed at all spatial frequencies, -1 for one temporal frequency."""
    across = np.log2(sf / sf0)
    return 10 * np.exp(-(across**2) / 2 / width**2 - (np.log2(tf / tf0) - (xi + 1) * across) ** 2 / 2 / width**2)


@pytest.fixture(scope="session")
def over_grid(respond):
    def put(*surfaces, directions=(), gains=None, **more):
        sf, tf = (axis.ravel() for axis in np.meshgrid(SF, TF, indexing="ij"))
        values = np.stack([one(sf, tf) for one in surfaces], axis=1)
        facts = {"spatial_frequency_cpd": sf, "temporal_frequency_hz": tf}
        if len(directions):
            values = np.concatenate([values * gain for gain in gains])
            facts = {name: np.tile(column, len(directions)) for name, column in facts.items()}
            facts["direction_deg"] = np.repeat(directions, len(sf))
        return respond(values, **facts, **more)

    return put


def test_preferred_pair_is_found_between_the_samples(over_grid):
    found = sf_tf_tuning(over_grid(surface, lambda sf, tf: surface(sf, tf, 1.3, 3.0)))
    np.testing.assert_allclose(np.log2(found["preferred_spatial_frequency_cpd"]), np.log2([0.8, 1.3]), atol=0.1)
    np.testing.assert_allclose(np.log2(found["preferred_temporal_frequency_hz"]), np.log2([5, 3]), atol=0.1)
    np.testing.assert_allclose(found["preferred_speed_deg_per_s"], [6.25, 2.31], rtol=0.1)
    assert found["response"].dims == ("sf", "tf", "unit")
    assert found["response"].values[1, 2, 0] == pytest.approx(surface(0.5, 4.0))
    assert np.isnan(found["direction_deg"]).all()


def test_product_of_two_curves_separates_and_one_speed_does_not(over_grid):
    found = sf_tf_tuning(over_grid(surface, lambda sf, tf: surface(sf, tf, xi=0.0, width=0.5)))
    assert found["separability"].values[0] == pytest.approx(1)
    assert found["separability"].values[1] < 0.9


def test_separability_is_that_of_the_singular_values():
    grids = np.random.default_rng(0).uniform(size=(4, 6, 3))
    for unit in range(3):
        values = np.linalg.svd(grids[..., unit], compute_uv=False) ** 2
        assert separability(grids)[unit] == pytest.approx(values[0] / values.sum())
    assert np.isnan(separability(np.zeros((3, 3, 1)))).all()


def test_each_unit_is_read_in_its_own_direction(over_grid):
    gains = [np.array([1.0, 0.2]), np.array([0.3, 0.9])]
    found = sf_tf_tuning(over_grid(surface, surface, directions=[0.0, 90.0], gains=gains))
    assert found["direction_deg"].values.tolist() == [0, 90]
    sf, tf = (axis.ravel() for axis in np.meshgrid(SF, TF, indexing="ij"))
    for unit, gain in enumerate((1.0, 0.9)):
        np.testing.assert_allclose(found["response"].values[..., unit].ravel(), gain * surface(sf, tf))


def test_peak_at_the_edge_stays_there_and_is_said(over_grid):
    found = sf_tf_tuning(over_grid(surface, lambda sf, tf: surface(sf, tf, 8.0)))
    assert found["preferred_spatial_frequency_cpd"].values[1] == 4
    assert "1 of 2 units respond most at the edge" in found.attrs["notes"]


def test_silent_units_are_nan(over_grid):
    found = sf_tf_tuning(over_grid(surface, lambda sf, tf: 0 * sf))
    assert np.isnan(found["preferred_spatial_frequency_cpd"]).values.tolist() == [False, True]
    assert np.isnan(found["separability"].values[1])


def test_trials_give_intervals(respond):
    rng = np.random.default_rng(1)
    sf, tf = (axis.ravel() for axis in np.meshgrid(SF, TF, indexing="ij"))
    values = rng.poisson(3 * surface(sf, tf)[:, None, None], (25, 20, 2)).astype(float)
    found = sf_tf_tuning(respond(values, spatial_frequency_cpd=sf, temporal_frequency_hz=tf), n_boot=100)
    for name in ("preferred_spatial_frequency_cpd", "preferred_temporal_frequency_hz"):
        assert (found[f"{name}_low"] <= found[name]).all()
        assert (found[name] <= found[f"{name}_high"]).all()
    assert (found["preferred_spatial_frequency_cpd_low"] < 0.85).all()


def test_still_gratings_count_as_frequency_zero(respond):
    sf, tf = (axis.ravel() for axis in np.meshgrid([0.5, 1.0, 2.0], [0.0, 2.0, 4.0], indexing="ij"))
    found = sf_tf_tuning(
        respond((sf + 1)[:, None] / (1 + tf[:, None]), spatial_frequency_cpd=sf, temporal_frequency_hz=tf)
    )
    assert found["preferred_temporal_frequency_hz"].item() == 0
    assert found["preferred_speed_deg_per_s"].item() == 0


def test_grids_with_holes_are_refused(over_grid):
    whole = over_grid(surface)
    with pytest.raises(ValueError, match="there are 24 of 25"):
        sf_tf_tuning(whole.isel(stimulus=slice(1, None)))
    with pytest.raises(ValueError, match="at least 2 spatial"):
        sf_tf_tuning(whole.isel(stimulus=slice(0, 5)))


def test_interval_of_separability_makes_up_for_noise(respond):
    rng = np.random.default_rng(2)
    sf, tf = (axis.ravel() for axis in np.meshgrid(SF, TF, indexing="ij"))
    mean = 2 * surface(sf, tf, xi=-0.3)
    values = rng.poisson(mean[:, None, None], (25, 15, 60)).astype(float)
    found = sf_tf_tuning(respond(values, spatial_frequency_cpd=sf, temporal_frequency_hz=tf), n_boot=200)
    truth = separability(mean.reshape(5, 5, 1)).item()
    inside = (found["separability_low"] <= truth) & (truth <= found["separability_high"])
    assert found["separability"].values.mean() < truth
    assert inside.values.mean() > 0.85
