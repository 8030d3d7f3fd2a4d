"""Generated second-order clips: planted models that see all, nothing, or one modulation only, beside what people reach."""

import numpy as np
import pytest
import xarray as xr

from alignment.perceived_flow import score_generated
from simulators.vision import MODULATIONS, Display, modulated_region

SHAPE = (24, 30)


class Planted:
    """Sees what is written into the first frame: the true flow, and how far it is to be believed."""

    name, n_frames, flow_frame = "test/planted", 2, 0

    def __init__(self, noise=0.0, blind_to=()):
        self.noise, self.blind_to, self.asked = noise, blind_to, 0

    def flow(self, clips):
        self.asked += 1
        u, v, kind = (clips[0, 0, 0, 0, k] for k in range(3))
        rng = np.random.default_rng(self.asked)
        seen = np.array([u, v]) + self.noise * rng.normal(size=2) if kind not in self.blind_to else rng.normal(size=2)
        return np.broadcast_to(seen[:, None, None], (1, 2, *SHAPE))


def clips(n=20, kinds=("noise", "blur"), seed=0):
    """A region that moves alike everywhere; its velocity stands in the first pixels of every frame."""
    rng = np.random.default_rng(seed)
    found = []
    for number, kind in enumerate(kinds):
        for _ in range(n):
            frames, flow = rng.random((5, 1, *SHAPE)), np.zeros((5, 2, *SHAPE))
            velocity = rng.normal(size=2)
            frames[:, 0, 0, :3] = [*velocity, number]
            flow[:, :, 5:12, 8:20] = velocity[:, None, None]
            found.append(
                xr.Dataset(
                    {
                        "frames": (("time", "channel", "row", "col"), frames),
                        "flow": (("time", "component", "row", "col"), flow),
                    },
                    attrs={"modulation": kind},
                )
            )
    return found


def test_the_model_that_sees_the_truth_is_perfect():
    found = score_generated(Planted(), clips(), n_boot=50, n_permutations=99)
    np.testing.assert_allclose(found["r"], 1, atol=1e-6)
    np.testing.assert_allclose(found["epe"], 0, atol=1e-6)
    np.testing.assert_allclose(found["p"], 0.01)
    assert found["n_clips"].values.tolist() == [20, 20] and found.attrs["model"] == "test/planted"


def test_noise_lowers_r_as_it_must():
    found = score_generated(Planted(noise=1.0), clips(120, ("noise",)), n_boot=200, n_permutations=19)
    assert found["r_low"].item() < np.sqrt(0.5) < found["r_high"].item()


def test_a_blind_modulation_stands_apart():
    found = score_generated(Planted(blind_to=(1,)), clips(40), n_boot=100, n_permutations=99)
    assert found["r"].sel(modulation="noise") > 0.99
    assert found["r_low"].sel(modulation="blur") < 0.2 and found["p"].sel(modulation="blur") > 0.02
    assert found["mean_r"].item() == pytest.approx(found["r"].mean().item())


def test_place_is_in_the_moving_region_unless_given():
    found = score_generated(Planted(), clips(4), n_boot=5, n_permutations=5)
    assert set(zip(found["row"].values.tolist(), found["col"].values.tolist(), strict=True)) == {(8, 13)}
    given = score_generated(Planted(), clips(4), places=[(6, 9)] * 8, n_boot=5, n_permutations=5)
    assert given["row"].values.tolist() == [6] * 8
    np.testing.assert_array_equal(given["truth"], found["truth"])


def test_observers_are_those_of_the_experiment(real_data):
    found = score_generated(Planted(), clips(4, ("noise", "water", "drift_balanced")), n_boot=5, n_permutations=5)
    assert found["leave_one_out_r"].item() == pytest.approx(0.985, abs=5e-4)
    assert (found["observers_r"] > 0.98).all() and (found["observer_r"] > 0.97).all()
    assert found.attrs["notes"] == ""
    other = score_generated(Planted(), clips(4, ("noise", "new")), n_boot=5, n_permutations=5)
    assert np.isnan(other["observers_r"].sel(modulation="new")) and "has no modulation new" in other.attrs["notes"]


def test_observers_over_all_modulations_are_the_published_ones(real_data):
    found = score_generated(Planted(), clips(3, MODULATIONS), n_boot=2, n_permutations=2)
    assert found["observer_r"].mean().item() == pytest.approx(0.983, abs=5e-4)


def test_without_the_experiment_there_is_a_note(no_real_data):
    found = score_generated(Planted(), clips(4), n_boot=5, n_permutations=5)
    assert np.isnan(found["observers_r"]).all() and np.isnan(found["leave_one_out_r"])
    assert "motion/second-order is not on this machine" in found.attrs["notes"]


def test_generated_regions_fit():
    display = Display(64, 64, 16.0, 30.0)
    made = [modulated_region(display, 6, modulation="noise", speed_px_per_frame=2.0, seed=seed) for seed in range(3)]

    class Still(Planted):
        def flow(self, frames):
            return np.zeros((1, 2, 64, 64))

    found = score_generated(Still(), made, n_boot=5, n_permutations=5)
    assert np.isnan(found["r"].item()) and (np.hypot(*found["truth"].values.T) > 0).all()
    assert found["epe"].item() == pytest.approx(np.hypot(*found["truth"].values.T).mean())


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match="at least 3 clips of each modulation.*2 of 'noise'"):
        score_generated(Planted(), clips(2))
    with pytest.raises(ValueError, match="there are 1 places for 8 clips"):
        score_generated(Planted(), clips(4), places=[(1, 1)])
    with pytest.raises(ValueError, match="odd window.*window 2"):
        score_generated(Planted(), clips(4), window=2)
    still = clips(3, ("noise",))
    still[1]["flow"][:] = 0
    with pytest.raises(ValueError, match="nothing moves in the middle frame of clip 1"):
        score_generated(Planted(), still)
    with pytest.raises(TypeError, match="estimates no optical flow"):
        score_generated(object(), clips(3))
