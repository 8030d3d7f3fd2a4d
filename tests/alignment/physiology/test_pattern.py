"""Pattern and component cells: golden curves of the Simoncelli-Heeger model, ideal cells, blanks, resamples."""

import numpy as np
import pytest
import xarray as xr

from alignment.physiology import pattern_component


@pytest.fixture
def curves(real_data):
    with np.load(real_data / "motion" / "reference_outputs" / "simoncelli_heeger.npz", allow_pickle=False) as arrays:
        return {name: arrays[name] for name in ("dir_rad_yup", "grating_v1_mt", "plaid_v1_mt")}


@pytest.fixture
def both(respond):
    def put(grating, plaid, degrees, blank=None, **more):
        grating, plaid = (np.asarray(values, float) for values in (grating, plaid))
        parts, kind = [grating, plaid], ["grating"] * len(degrees) + ["plaid"] * len(degrees)
        direction, contrast = np.concatenate([degrees, degrees]), np.ones(2 * len(degrees))
        if blank is not None:
            blank = np.asarray(blank, float)
            parts.append(blank)
            kind += ["uniform"] * len(blank)
            direction = np.append(direction, np.full(len(blank), np.nan))
            contrast = np.append(contrast, np.zeros(len(blank)))
        return respond(np.concatenate(parts), kind=kind, direction_deg=direction, contrast=contrast, **more)

    return put


@pytest.mark.parametrize(
    ("step", "z"), [(2, [[0.82, 16.15], [3.63, 0.40]]), (1, [[1.38, 25.3], [5.58, 0.51]])], ids=["12", "24"]
)
def test_v1_is_component_and_mt_is_pattern(curves, both, step, z):
    degrees = np.rad2deg(curves["dir_rad_yup"]).round(6)[::step]
    result = pattern_component(both(curves["grating_v1_mt"][::step], curves["plaid_v1_mt"][::step], degrees))
    np.testing.assert_allclose(result["z_pattern"], [z[0][0], z[1][0]], atol=0.1)
    np.testing.assert_allclose(result["z_component"], [z[0][1], z[1][1]], atol=0.1)
    assert result["class"].values.tolist() == ["component", "pattern"]
    assert "no blank" in result.attrs["notes"]
    assert np.isnan(result["z_pattern_low"]).all()


TWELVE = np.arange(0, 360, 30.0)
GRATING = 1 + 10 * np.exp(2 * (np.cos(np.deg2rad(TWELVE - 60)) - 1))


def test_ideal_cells_are_recognised_with_their_blank(both):
    component = np.roll(GRATING, 2) + np.roll(GRATING, -2) - 1.0
    flat = np.ones(12)
    values = np.stack([GRATING, GRATING, flat], axis=1)
    plaids = np.stack([GRATING, component, flat], axis=1)
    result = pattern_component(both(values, plaids, TWELVE, blank=np.ones((1, 3))))
    assert result["class"].values.tolist() == ["pattern", "component", "undefined"]
    np.testing.assert_allclose(result["component_prediction"].values[:, 1], component)
    np.testing.assert_allclose(result["pattern_prediction"].values[:, 0], GRATING)
    assert "1 of 3 units answer all conditions alike" in result.attrs["notes"]
    assert "no blank" not in result.attrs["notes"]


def test_order_of_stimuli_does_not_matter(both):
    rng = np.random.default_rng(0)
    responses = both(GRATING[:, None], np.roll(GRATING, 1)[:, None], TWELVE, blank=[[1.0]])
    shuffled = responses.isel(stimulus=rng.permutation(responses.sizes["stimulus"]))
    xr.testing.assert_allclose(pattern_component(responses), pattern_component(shuffled))


def test_plaids_state_their_angle(both):
    component = np.roll(GRATING, 1) + np.roll(GRATING, -1)
    angle = np.repeat([np.nan, 60.0], 12)
    result = pattern_component(both(GRATING[:, None], component[:, None], TWELVE, angle_deg=angle))
    assert result["class"].item() == "component"
    np.testing.assert_allclose(result["component_prediction"].values[:, 0], component)
    told = pattern_component(both(GRATING[:, None], component[:, None], TWELVE), plaid_angle_deg=60.0)
    xr.testing.assert_allclose(told["z_component"], result["z_component"])
    mixed = np.append(np.full(12, np.nan), np.repeat([60.0, 120.0], 6))
    with pytest.raises(ValueError, match=r"plaids have the angles \[60.0, 120.0\]"):
        pattern_component(both(GRATING[:, None], component[:, None], TWELVE, angle_deg=mixed))


def test_trials_give_intervals_and_shares(respond):
    rng = np.random.default_rng(1)
    component = np.roll(GRATING, 2) + np.roll(GRATING, -2) - 1
    mean = np.stack([np.concatenate([GRATING, plaid]) for plaid in (GRATING, component)], axis=1)
    values = rng.poisson(mean[:, None], (24, 20, 2)).astype(float)
    kind = ["grating"] * 12 + ["plaid"] * 12
    result = pattern_component(respond(values, kind=kind, direction_deg=np.tile(TWELVE, 2)), n_boot=300)
    assert result["class"].values.tolist() == ["pattern", "component"]
    shares = result["class_share"].sel(class_name=["pattern", "component"]).values
    assert np.diag(shares).min() > 0.9
    np.testing.assert_allclose(result["class_share"].sum("class_name"), 1)
    for name in ("z_pattern", "z_component", "pattern_index"):
        assert (result[f"{name}_low"] < result[name]).all()
        assert (result[name] < result[f"{name}_high"]).all()


def test_what_cannot_be_compared_is_refused(both, respond):
    values = GRATING[:, None]
    with pytest.raises(ValueError, match="no stimulus has .*'plaid'"):
        pattern_component(respond(values, kind=["grating"] * 12, direction_deg=TWELVE))
    with pytest.raises(ValueError, match="show both in the same directions"):
        pattern_component(
            respond(
                np.ones((24, 1)),
                kind=["grating"] * 12 + ["plaid"] * 12,
                direction_deg=np.concatenate([TWELVE, TWELVE + 15]),
            )
        )
    eight = np.arange(0, 360, 45.0)
    with pytest.raises(ValueError, match="60 degrees, is no multiple of the 45 degrees"):
        pattern_component(both(np.ones((8, 1)), np.ones((8, 1)), eight))
