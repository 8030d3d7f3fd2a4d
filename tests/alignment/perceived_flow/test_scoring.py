from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

import alignment
from alignment import cli
from alignment.benchmark import Benchmark
from alignment.ceilings import SplitHalfCeiling
from alignment.perceived_flow import PerceivedFlow, flow_at_places, score_flow_vectors
from data.dataset import DatasetInfo
from data.errors import DataNotAvailableError
from data.motion.judged_flow import judged_flow, truth_of

INFO = DatasetInfo("motion/mine", "own", "none", "none", "own copy", "Put the films there.", "pixels per frame")
SHAPE = (40, 60)


class Model:
    """Sees the flow that it was given."""

    name, revision, n_frames, flow_frame = "test/model", "1", 3, 1

    def __init__(self, flow):
        self._flow = flow

    def flow(self, clips):
        assert clips.shape[1] == 3
        return self._flow[None].repeat(len(clips), axis=0)


def film(flow_frame=2, n=5):
    frames = np.random.default_rng(0).random((n, 1, *SHAPE), dtype=np.float32)
    return xr.DataArray(frames, dims=("time", "channel", "row", "col"), attrs={"flow_frame": flow_frame})


def dataset(n=120, own=0.5, n_observers=4, vertical="down", seed=0, films=1, **more):
    """Places on a grid; people see the truth, slower on the left, and each a little otherwise."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "stimulus_id": [f"p{k}" for k in range(n)],
            "movie": [f"film{k % films}" for k in range(n)],
            "kind": np.where(np.arange(n) % 2, "odd", "even"),
            "row": rng.integers(2, SHAPE[0] - 2, n),
            "col": rng.integers(2, SHAPE[1] - 2, n),
            "truth_right": rng.normal(size=n),
            "truth_vertical": rng.normal(size=n),
        }
    )
    truth = table[["truth_right", "truth_vertical"]].to_numpy()
    seen = truth + rng.normal(size=(n, 2))
    judged = seen + rng.normal(size=(n_observers, n, 2)) * own
    clips = {f"film{k}": film for k in range(films)}
    return judged_flow(INFO, table, judged, {}, vertical=vertical, clips=clips, **more), seen


def bench(found, metric=None):
    return Benchmark("motion/mine-test", found, metric=metric or PerceivedFlow(), normalisation="r/c")


def test_the_model_that_sees_what_people_share_reaches_the_ceiling():
    found, seen = dataset(400)
    score = score_flow_vectors(seen, bench(found), found, model=Model(None), n_boot=300)
    low, high = score.ci
    assert low < 1 < high and score.row("flow")["p"] == pytest.approx(1 / 1000)
    assert score.ceiling == pytest.approx(np.sqrt(1 / (1 + 0.25 / 4)), abs=0.02)


def test_a_model_of_the_truth_alone_has_nothing_beyond_it():
    found, _ = dataset(400)
    noisy = truth_of(found) + np.random.default_rng(1).normal(size=(400, 2)) * 0.3
    score = score_flow_vectors(noisy, bench(found), found, model=Model(None), n_boot=300)
    low, high = score.ci
    assert low < 0 < high
    assert float(score.data["agreement"].sel(flow_of="flow", formula="r_human").item()) > 0.4
    assert abs(score.baseline_row("errors at random")["raw"]) < 0.05


def test_p_is_uniform_for_models_that_know_the_truth_and_nothing_else():
    from scipy import stats

    found, _ = dataset(60)
    measured = bench(found)
    values = []
    for seed in range(40):
        flow = truth_of(found) + np.random.default_rng(seed).normal(size=(60, 2))
        score = score_flow_vectors(flow, measured, found, model=Model(None), n_boot=1, n_permutations=39, seed=seed)
        values.append(score.row("flow")["p"])
    assert stats.kstest(values, "uniform").pvalue > 0.01


def test_the_whole_way_from_films(tmp_path):
    found, _ = dataset(50)
    flow = np.random.default_rng(1).normal(size=(2, *SHAPE))
    score = alignment.score(Model(flow), bench(found), n_boot=50, n_permutations=19)
    assert score.baselines == ["errors at random", "Lucas-Kanade"] and score.measure == "partial r"
    vectors = score.data["vectors"].sel(vectors_of="flow").values
    table = found.stimuli.table
    assert np.allclose(vectors, flow[:, table["row"], table["col"]].T)
    again = alignment.Score.load(score.save(tmp_path / "score.nc"))
    assert repr(again) == repr(score) and "partial r" in repr(score)


def test_upward_flow_is_turned_for_data_that_count_it_so():
    flow = np.stack([np.full(SHAPE, 1.0), np.full(SHAPE, 2.0)])
    down, up = (flow_at_places(Model(flow), dataset(vertical=one)[0]) for one in ("down", "up"))
    assert (down == [1, 2]).all() and (up == [1, -2]).all()


def test_windows_average():
    flow = np.random.default_rng(0).normal(size=(2, *SHAPE))
    found, _ = dataset(30)
    row, col = found.stimuli.table[["row", "col"]].to_numpy()[4]
    expected = flow[:, row - 1 : row + 2, col - 1 : col + 2].mean(axis=(1, 2))
    assert np.allclose(flow_at_places(Model(flow), found, window=3)[4], expected)


def test_sets_of_places_are_scored_apart():
    found, seen = dataset(200)
    score = score_flow_vectors(seen, bench(found, PerceivedFlow("r", per="kind")), found, model=Model(None), n_boot=20)
    assert score.data["neuroid_id"].values.tolist() == ["even", "odd"]
    assert score.row("flow")["raw"] == pytest.approx(float(score.data["raw"].mean()))


def test_means_alone_leave_no_ceiling():
    found, seen = dataset(n_observers=1)
    score = score_flow_vectors(seen, bench(found), found, model=Model(None), n_boot=20)
    assert score.ceiling_kind == "none" and score.normalisation == "none" and np.isnan(score.ceiling)
    assert any("there is no ceiling" in note for note in score.warnings)


def test_many_films_are_drawn_as_wholes():
    found, seen = dataset(films=10)
    score = score_flow_vectors(seen, bench(found), found, model=Model(None), n_boot=20)
    assert score.provenance["bootstrap_over"] == "10 films"


class TooLong(Model):
    n_frames, flow_frame = 15, 7


def test_what_does_not_fit_is_said():
    found, _ = dataset(20)
    flow = np.zeros((2, *SHAPE))
    with pytest.raises(ValueError, match="needs 7 frames before and 7 after .* has 5 frames"):
        alignment.score(TooLong(flow), bench(found))
    with pytest.raises(TypeError, match="estimates no optical flow, it lacks flow"):
        alignment.score(object(), bench(found))
    with pytest.raises(ValueError, match="leave out split and layers"):
        alignment.score(Model(flow), bench(found), layers=["flow"])
    with pytest.raises(ValueError, match="not finite at 20 of 20 places"):
        alignment.score(Model(flow * np.nan), bench(found))
    with pytest.raises(ValueError, match="should be \\(1, 2, 40, 60\\)"):
        alignment.score(Model(flow[:, 1:]), bench(found))
    with pytest.raises(ValueError, match="flow has shape"):
        score_flow_vectors(np.zeros((3, 2)), bench(found), found, model=Model(None))
    without, _ = dataset(20)
    without.clips.clear()
    with pytest.raises(
        DataNotAvailableError, match="1 films of motion/mine are not on this machine .*Put the films there"
    ):
        alignment.score(Model(flow), bench(without))


def test_a_dry_run_counts_films_and_places_and_asks_no_model(capsys):
    found, _ = dataset(20)
    cli._plan(Model(None), bench(found), SimpleNamespace(layers=None))
    found.clips.clear()
    cli._plan(Model(None), bench(found), SimpleNamespace(layers=None))
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("test/model on ")
    assert said[1] == "    20 places in 1 films, 0 of which are not on this machine"
    assert said[2] == "    3 frames of each film, optical flow from the model's frame 2"
    assert said[5] == "    20 places in 1 films, 1 of which are not on this machine"
    with pytest.raises(TypeError, match="estimates no optical flow"):
        cli._plan(SimpleNamespace(name="test/other", layers=()), bench(found), SimpleNamespace(layers=None))


@pytest.mark.parametrize(
    ("options", "words"),
    [({"measure": "rho"}, "measure must be one of"), ({"window": 2}, "odd number")],
)
def test_metrics_that_mean_nothing_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        PerceivedFlow(**options)


def test_other_ceilings_are_refused():
    with pytest.raises(ValueError, match="takes its ceiling from the observers"):
        Benchmark(
            "motion/mine-test", dataset(20)[0], metric=PerceivedFlow(), ceiling=SplitHalfCeiling(), normalisation="r/c"
        )


def test_lucas_kanade_on_real_films(real_data):
    from alignment.perceived_flow import LucasKanade

    score = alignment.score(LucasKanade(), "motion/huperflow.kitti1-partial-r", n_boot=100, n_permutations=99)
    table = score.data["agreement"].sel(flow_of="flow").isel(neuroid=0)
    assert float(table.sel(formula="r_truth")) > 0.95  # it sees what is there,
    assert score.row("flow")["raw"] < 0.2  # not what people see
    assert any("halves of the trials" in note for note in score.warnings)


class TorchFlow(torch.nn.Module):
    """Sees everywhere the first luminance of the first frame, rightward."""

    name, revision, n_frames, flow_frame = "test/torch", "1", 3, 1

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))

    def flow(self, clips):
        assert clips.dtype == torch.float64  # as its parameters are
        right = self.scale * clips[:, 0, 0, :1, :1].expand(-1, *SHAPE)
        return torch.stack([right, torch.zeros_like(right)], dim=1)


def test_torch_models_are_given_tensors_of_their_precision():
    found, _ = dataset()
    flow = flow_at_places(TorchFlow(), found)
    assert np.allclose(flow, [float(film().values[1, 0, 0, 0]), 0])


def test_the_films_of_huperflow_are_what_is_missing(real_data):
    from alignment.perceived_flow import LucasKanade

    with pytest.raises(DataNotAvailableError, match="films of motion/huperflow are not on this machine"):
        alignment.score(LucasKanade(), "motion/huperflow-partial-r", n_boot=10, n_permutations=9)
