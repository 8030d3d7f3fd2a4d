"""What a run went through, as labelled arrays and as figures."""

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pytest

from neuromodels.timescale import curriculum_trace, plot_accuracies, plot_time_constants_in_training
from neuromodels.training.logs import write_history


@pytest.fixture
def run(tmp_path):
    rows = [
        {"epoch": 0.0, "largest_n": 2.0, "N2": 0.9, "validation_solved": 0.9, "tau_mean": 1.5, "tau_sd": 0.3},
        {"epoch": 1.0, "largest_n": 2.0, "N2": 0.99, "validation_solved": 2.0, "tau_mean": 1.4, "tau_sd": 0.2},
        {
            "epoch": 2.0,
            "largest_n": 3.0,
            "N2": 0.98,
            "N3": 0.7,
            "validation_solved": 2.0,
            "tau_mean": 1.3,
            "tau_sd": 0.2,
        },
        {
            "epoch": 3.0,
            "largest_n": 3.0,
            "N2": 1.0,
            "N3": 0.99,
            "validation_solved": 3.0,
            "tau_mean": 1.2,
            "tau_sd": 0.1,
        },
    ]
    write_history(rows, tmp_path)
    return tmp_path


def test_arrays(run):
    trace = curriculum_trace(run)
    assert trace["N"].values.tolist() == [2, 3] and trace["epoch"].values.tolist() == [1, 2, 3, 4]
    assert trace["solved"].values.tolist() == [False, True, False, True]
    np.testing.assert_array_equal(trace["accuracy"].sel(N=3), [np.nan, np.nan, 0.7, 0.99])
    assert trace["tau_mean"].values.tolist() == [1.5, 1.4, 1.3, 1.2]
    assert np.isnan(trace["tau_at_clamp"]).all()


def test_figures(run):
    trace = curriculum_trace(run)
    ax = plot_accuracies(trace, threshold=0.98)
    assert [line.get_label() for line in ax.lines[:2]] == ["N = 2", "N = 3"]
    ax = plot_time_constants_in_training(trace)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [2, 3])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1.4, 1.2])


def test_another_task_is_refused(tmp_path):
    write_history([{"epoch": 0.0, "validation_top1": 0.5}], tmp_path)
    with pytest.raises(ValueError, match="no accuracies by N; give one with the task timescale/memory"):
        curriculum_trace(tmp_path)
