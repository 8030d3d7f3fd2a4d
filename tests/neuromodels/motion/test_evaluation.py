"""Endpoint errors by kind of scene: against a plain loop, known answers, and what is refused."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn

from neuromodels.motion.evaluation import NO_MOTION, errors_by_kind, paired_difference, scene_errors

ROWS = COLS = 16


class Scenes:
    """A moving square on the left, in scenes of two kinds."""

    kinds = ("slow", "fast")
    flow_frame = 3

    def __init__(self, n: int = 10) -> None:
        self.flow = torch.zeros(n, 2, ROWS, COLS)
        self.kind = torch.arange(n) % 2
        for scene in range(n):
            self.flow[scene, 0, 4:10, 2:9] = (1 + scene) * (1.0 if scene % 2 == 0 else 3.0)
        self.x = torch.arange(8.0)[None, :, None, None, None].expand(n, 8, 1, ROWS, COLS) / 10

    def __len__(self) -> int:
        return len(self.flow)

    def batch(self, rows):
        rows = list(rows)
        return {"x": self.x[rows], "flow": self.flow[rows], "kind": self.kind[rows]}


class Constant:
    """The same flow everywhere; keeps the frames that it saw."""

    n_frames, flow_frame = 2, 0

    def __init__(self, right: float, down: float) -> None:
        self.value, self.seen = np.array([right, down]), None

    def flow(self, clips):
        self.seen = clips
        return np.broadcast_to(self.value[None, :, None, None], (len(clips), 2, *clips.shape[-2:])).copy()


class Network(nn.Module):
    n_frames, flow_frame = 5, 2

    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor(1.5))

    def flow(self, clips):
        assert isinstance(clips, torch.Tensor)
        assert not self.training
        return self.level * torch.ones(len(clips), 2, *clips.shape[-2:])


def test_errors_against_a_plain_loop():
    scenes = Scenes()
    found = scene_errors({"constant": Constant(1.0, -2.0)}, scenes, batch_size=3)
    for scene in range(len(scenes)):
        truth = scenes.flow[scene].numpy()
        speed = np.hypot(truth[0], truth[1])
        jump = np.zeros((ROWS, COLS), dtype=bool)
        for row in range(ROWS):
            for col in range(COLS):
                for other in ((row + 1, col), (row - 1, col), (row, col + 1), (row, col - 1)):
                    inside = 0 <= other[0] < ROWS and 0 <= other[1] < COLS
                    jump[row, col] |= inside and abs(speed[row, col] - speed[other]) >= 0.5
        masks = {"all": speed >= 0, "moving": speed > 0.05, "edges": ndimage.binary_dilation(jump)}
        for region, mask in masks.items():
            lengths = np.hypot(truth[0] - 1.0, truth[1] + 2.0)[mask]
            assert found.sel(estimator="constant", region=region)[scene] == pytest.approx(lengths.mean(), rel=1e-6)
            assert found.sel(estimator=NO_MOTION, region=region)[scene] == pytest.approx(speed[mask].mean(), rel=1e-6)
    assert list(found["kind"].values) == ["slow", "fast"] * 5


def test_each_estimator_sees_the_frames_around_the_flow():
    scenes, two = Scenes(4), Constant(0.0, 0.0)
    found = scene_errors({"two": two, "network": Network()}, scenes)
    np.testing.assert_allclose(two.seen[0, :, 0, 0, 0], [0.3, 0.4])
    assert found.sel(estimator="network", region="moving")[0] == pytest.approx(np.hypot(0.5, 1.5))


def test_unknown_flow_does_not_count():
    scenes = Scenes(2)
    scenes.flow[0, :, 8:] = float("nan")
    found = scene_errors({"still": Constant(0.0, 0.0)}, scenes)
    known = scenes.flow[0, 0, :8].numpy()
    assert found.sel(estimator="still", region="all")[0] == pytest.approx(known.mean())
    scenes.flow[1] = 0.0
    assert np.isnan(scene_errors({"still": Constant(0.0, 0.0)}, scenes).sel(region="moving").values[:, 1]).all()


def test_means_intervals_and_ratios():
    errors = scene_errors({"still": Constant(0.0, 0.0), "off": Constant(4.0, 0.0)}, Scenes(40))
    table = errors_by_kind(errors)
    assert list(table["kind"].values) == ["slow", "fast", "all"]
    assert list(table["n_scenes"].values) == [20, 20, 40]
    slow = errors.sel(estimator="off", region="all").values[errors["kind"].values == "slow"]
    row = table.sel(estimator="off", region="all", kind="slow")
    assert row["mean"] == pytest.approx(slow.mean())
    # The percentile interval of a mean of 20 is near that of the normal distribution.
    half = 1.96 * slow.std(ddof=0) / np.sqrt(len(slow))
    assert row["high"] - row["low"] == pytest.approx(2 * half, rel=0.1)
    assert table["ratio"].sel(estimator="still", region="all", kind="all") == pytest.approx(1.0)
    still = table.sel(estimator="still")
    np.testing.assert_allclose(still["ratio_low"], still["ratio_high"])
    again = errors_by_kind(errors)
    assert again.identical(table)


def test_paired_difference_cancels_what_scenes_share():
    errors = scene_errors({"one": Constant(0.0, 3.0), "two": Constant(0.0, 3.0)}, Scenes(8))
    same = paired_difference(errors, "one", "two")
    assert np.abs(same.to_array()).max() == 0
    worse = paired_difference(errors, "one", NO_MOTION).sel(region="all", kind="all")
    assert worse["low"] > 0


@pytest.mark.parametrize(
    ("estimators", "words"),
    [({}, "at least one"), ({NO_MOTION: Constant(0, 0)}, "none of which")],
)
def test_estimators_are_named(estimators, words):
    with pytest.raises(ValueError, match=words):
        scene_errors(estimators, Scenes(2))


def test_too_few_frames_are_named():
    long = Constant(0.0, 0.0)
    long.n_frames = 6
    with pytest.raises(ValueError, match="needs 6 frames, 0 of them before frame 3, and a scene has 8"):
        scene_errors({"long": long}, Scenes(2))
    with pytest.raises(ValueError, match="batch_size is 0"):
        scene_errors({"long": Constant(0, 0)}, Scenes(2), batch_size=0)


@pytest.mark.parametrize("options", [{"n_resamples": 0}, {"level": 1.0}])
def test_resampling_is_checked(options):
    errors = scene_errors({"still": Constant(0.0, 0.0)}, Scenes(2))
    with pytest.raises(ValueError, match="at least 1 draw"):
        errors_by_kind(errors, **options)
