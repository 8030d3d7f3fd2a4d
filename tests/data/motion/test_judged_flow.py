import numpy as np
import pandas as pd
import pytest

import data
from data.dataset import DatasetInfo
from data.motion.huperflow import OBSERVER
from data.motion.judged_flow import judged_flow, observers_of, trials_of, truth_of, vertical_of
from data.motion.second_order import MODULATIONS, published_model_flows

INFO = DatasetInfo("motion/mine", "own", "none", "none", "embedded", "made here", "pixels per frame")


def table(n=4):
    return pd.DataFrame(
        {
            "stimulus_id": [f"p{k}" for k in range(n)],
            "movie": ["a", "a", "b", "b"][:n],
            "row": range(n),
            "col": range(n),
            "truth_right": np.arange(n) + 1.0,
            "truth_vertical": -np.arange(n),
        }
    )


def test_judgements_come_back_as_they_went_in():
    judged = np.random.default_rng(0).normal(size=(3, 4, 2))
    judged[1, 2] = np.nan
    found = judged_flow(INFO, table(), judged, {}, vertical="up", observer=(0, 0, 1))
    assert np.array_equal(trials_of(found), judged, equal_nan=True)
    assert truth_of(found).tolist() == [[1, 0], [2, -1], [3, -2], [4, -3]]
    assert observers_of(found).tolist() == [0, 0, 1] and vertical_of(found) == "up"
    assert len(found.responses) == 11


def test_tables_and_responses_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="without the columns \\['truth_right'\\]"):
        judged_flow(INFO, table().drop(columns="truth_right"), np.zeros((2, 4, 2)), {}, vertical="up")
    with pytest.raises(ValueError, match="responses for 4 places"):
        judged_flow(INFO, table(), np.zeros((2, 3, 2)), {}, vertical="up")
    planted = data.load_dataset("language/planted")
    with pytest.raises(ValueError, match="no judgements of motion"):
        trials_of(planted)
    with pytest.raises(ValueError, match="no true motion"):
        truth_of(planted)


def test_huperflow_is_as_published(real_data):
    found = data.load_dataset("motion/huperflow")
    trials = trials_of(found)
    assert trials.shape == (16, 2400, 2) and np.isnan(trials).all(axis=2).sum() == 33
    assert found.stimuli.table["film"].nunique() == 10 and found.stimuli.table["movie"].nunique() == 240
    assert sorted(found.clips) == ["kitti.1.1", "kitti.1.2"]


def test_four_responses_in_a_row_are_one_observer(real_data):
    """Log speed ratios to the mean response correlate within the fours that count as observers, and less across."""
    found = data.load_dataset("motion/huperflow")
    trials = trials_of(found)
    session = found.stimuli.table["movie"].str.rsplit(".", n=1).str[0].to_numpy()
    ratio = np.nan_to_num(np.log(np.hypot(*trials.T).T + 0.1) - np.log(np.hypot(*np.nanmean(trials, axis=0).T) + 0.1))
    r = np.mean([np.corrcoef(ratio[:, session == name]) for name in np.unique(session)], axis=0)
    same = np.equal.outer(OBSERVER, OBSERVER)
    within, across = r[same & ~np.eye(16, dtype=bool)], r[~same]
    assert within.min() == pytest.approx(0.56, abs=0.01) and within.max() == pytest.approx(0.74, abs=0.01)
    assert across.min() == pytest.approx(0.33, abs=0.01) and across.max() == pytest.approx(0.45, abs=0.01)


def test_films_of_kitti_open(real_data):
    found = data.load_dataset("motion/huperflow.kitti1")
    clip = found.clips["kitti.1.2"]()
    assert clip.shape == (15, 3, 374, 1238) and clip.attrs["flow_frame"] == 7
    assert 0 <= float(clip.min()) < float(clip.max()) <= 1
    assert len(found.stimuli) == 20 and truth_of(found).shape == (20, 2)


def test_second_order_sets_are_in_one_order(real_data):
    found = data.load_dataset("motion/second-order")
    rows = found.stimuli.table
    assert trials_of(found).shape == (3, 280, 2) and rows["modulation"].unique().tolist() == list(MODULATIONS)
    assert rows["movie"].tolist()[:40] == [f"scene{k:02d}" for k in range(1, 41)]
    models = published_model_flows()
    assert models.shape == (13, 280, 2)


def test_stored_truth_is_larger_than_the_motion_of_the_picture(real_data):
    found = data.load_dataset("motion/second-order")
    trials = (
        pd.read_csv(real_data / "motion/human_second_order/trial_table.csv").drop_duplicates("MovI").set_index("MovI")
    )
    scene = found.stimuli.table["movie"].str[5:].astype(int)
    image = trials.loc[scene, ["flowU", "flowV"]].to_numpy()
    assert np.allclose(truth_of(found) / image, 1.5 / np.sqrt(2), atol=1e-3)


def test_sintel_slow_has_means_alone(real_data):
    found = data.load_dataset("motion/sintel-slow")
    assert trials_of(found).shape == (1, 180, 2) and found.stimuli.table["movie"].nunique() == 5 and not found.clips
