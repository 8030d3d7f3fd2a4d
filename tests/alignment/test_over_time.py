"""Recordings moment by moment: every time bin is a stimulus with its past, and states stand where their bin is."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from alignment import Benchmark, score
from alignment.activations import UnknownLayerError
from alignment.baselines import DelayedInput, MomentAlone
from alignment.over_time import OverTime, Shown, activations_over_time, moments_of, sequences_of, unfold
from data import SplitSpec
from data.assembly import make_responses
from data.dataset import DatasetInfo, NeuralDataset
from data.stimuli import StimulusSet

N_STEPS = 40


def recording(values, inputs=None, *, names=("a", "b")):
    """Responses ``(presentation, neuroid, bin)``, one presentation per sequence, and their inputs ``(sequence, time)``."""
    info = DatasetInfo("testing/series", "a series", "Nobody 2024", "CC0-1.0", "embedded", "nothing to get", "spikes")
    start = 2.0 * np.arange(values.shape[2])
    responses = make_responses(
        values,
        presentation={"stimulus_id": list(names)},
        neuroid={"neuroid_id": [f"n{one}" for one in range(values.shape[1])]},
        time_bin={"time_bin_start_ms": start, "time_bin_end_ms": start + 2},
        unit="spikes",
    )
    if inputs is None:
        arrays = xr.DataArray(np.arange(len(names), dtype=float)[:, None], dims=("stimulus", "descriptor"))
    else:
        arrays = xr.DataArray(inputs[..., None], dims=("stimulus", "time", "channel"), attrs={"rate_hz": 500.0})
    table = pd.DataFrame({"stimulus_id": list(names), "loud": np.arange(len(names))})
    return NeuralDataset(info, responses, StimulusSet("series", table, arrays=arrays), {})


class Echo:
    """States are the input of this step and of the last one; the start is a state of its own where asked for."""

    name, revision, layers = "testing/echo", "one", ("state", "last")
    input_spec = {"kind": "array", "dims": ("time", "channel")}
    committed_layer = "state"

    def __init__(self, *, with_start=False):
        self.with_start = with_start

    def record(self, stimuli, layers=None):
        now = np.asarray(stimuli, dtype=float)
        before = np.concatenate([np.zeros_like(now[:, :1]), now[:, :-1]], axis=1)
        states = np.concatenate([now, before], axis=2)
        if self.with_start:
            states = np.concatenate([np.full_like(states[:, :1], 9), states], axis=1)
        return {"state": states, "last": states[:, -1]}


@pytest.fixture
def series():
    rng = np.random.default_rng(0)
    return rng.standard_normal((2, 3, N_STEPS)), rng.standard_normal((2, N_STEPS))


def test_every_bin_after_the_lead_in_is_a_stimulus_with_its_past(series):
    values, inputs = series
    rows = unfold(recording(values, inputs), lead_in=5)
    assert len(rows.stimuli) == 2 * (N_STEPS - 5)
    assert rows.stimuli.ids[:2] == ["a@5", "a@6"]
    np.testing.assert_array_equal(rows.responses.values[: N_STEPS - 5], values[0, :, 5:].T)
    np.testing.assert_array_equal(rows.stimuli.arrays.values[N_STEPS - 5, :, 0], inputs[1, :6])
    assert rows.stimuli.table["loud"].tolist() == [0] * (N_STEPS - 5) + [1] * (N_STEPS - 5)
    sequence, moment = moments_of(rows.stimuli.ids)
    assert (sequence[-1], moment[-1]) == ("b", N_STEPS - 1)


def test_sequences_come_back_whole(series):
    values, inputs = series
    shown = sequences_of(unfold(recording(values, inputs), lead_in=7))
    for number, name in enumerate(("a", "b")):
        np.testing.assert_array_equal(shown.sequences[name][:, 0], inputs[number])


@pytest.mark.parametrize("with_start", [False, True])
def test_states_stand_at_their_moments_and_delays(series, with_start):
    values, inputs = series
    rows = unfold(recording(values, inputs), lead_in=4)
    plan = OverTime(delays=(0, 3), lead_in=4)
    found, notes = activations_over_time(Echo(with_start=with_start), plan, rows)
    assert list(found) == ["state"]
    assert "last" in notes[0]
    expected = np.stack([inputs[:, 4:], inputs[:, 3:-1], inputs[:, 1:-3], inputs[:, 0:-4]], axis=-1).reshape(-1, 4)
    np.testing.assert_allclose(found["state"].values, expected, rtol=1e-6)


def test_states_before_the_start_count_as_zero(series):
    values, inputs = series
    rows = unfold(recording(values, inputs))
    found, _ = activations_over_time(Echo(), OverTime(delays=(2,)), rows, ["state"])
    assert (found["state"].values[:2] == 0).all()
    assert (found["state"].values[N_STEPS : N_STEPS + 2] == 0).all()


def test_another_code_may_be_shown_with_a_lead_in_of_its_own(series):
    values, _ = series
    rows = unfold(recording(values), group="sequence")
    code = {"a": np.arange(N_STEPS + 6.0)[:, None], "b": -np.arange(N_STEPS + 6.0)[:, None]}
    found, _ = activations_over_time(Echo(), OverTime(shown=lambda _: Shown(code, first=6)), rows, ["state"])
    assert found["state"].values[0].tolist() == [6, 5]
    assert found["state"].values[-1].tolist() == [-(N_STEPS + 5), -(N_STEPS + 4)]


def test_delayed_input_is_the_past_of_the_sequence_and_time_alone_is_equal_in_all(series):
    values, inputs = series
    rows = unfold(recording(values, inputs), lead_in=3).stimuli
    past = DelayedInput((0, 3)).features(rows)
    np.testing.assert_allclose(past[: N_STEPS - 3], np.stack([inputs[0, 3:], inputs[0, :-3]], axis=1))
    with pytest.raises(ValueError, match="hold no past of 4 steps; give the benchmark a lead-in of as many"):
        DelayedInput((4,)).features(rows)
    alone = MomentAlone().features(rows)
    np.testing.assert_array_equal(alone[: len(alone) // 2], alone[len(alone) // 2 :])


@pytest.mark.filterwarnings("ignore:the chosen penalty")
def test_a_planted_echo_is_found_and_runs_through_the_score():
    rng = np.random.default_rng(1)
    inputs = rng.standard_normal((2, 400))
    echo = np.concatenate([np.zeros((2, 1)), inputs[:, :-1]], axis=1)
    values = (echo + 0.1 * rng.standard_normal(echo.shape))[:, None]
    bench = Benchmark(
        "testing/series-ridge",
        recording(values, inputs),
        split=SplitSpec("blocks5", "blocks", 5, session="sequence", embargo=12),
        over_time=OverTime(lead_in=10, words=("The model hears noise.",)),
        baselines=(DelayedInput((0,), "input now"), DelayedInput((0, 1), "input and past")),
    )
    found = score(Echo(), bench, layers=["state"], n_boot=20, n_permutations=19)
    assert found.value > 0.98
    assert found.baselines == ["random features", "input now", "input and past"]
    assert abs(found.baseline_row("input now")["raw"]) < 0.2
    assert found.baseline_row("input and past")["raw"] == pytest.approx(found.value, abs=0.01)
    assert found.p() <= 0.1
    assert "The model hears noise." in found.protocol


def test_what_cannot_be_unfolded_or_shown_is_said(series):
    values, inputs = series
    with pytest.raises(ValueError, match="a lead-in of 40 leaves 0 time bins"):
        unfold(recording(values, inputs), lead_in=40)
    with pytest.raises(ValueError, match="have 39 steps and the responses 40 time bins"):
        unfold(recording(values, inputs[:, :-1]))
    rows = unfold(recording(values, inputs))
    with pytest.raises(ValueError, match="has no time bins"):
        unfold(rows)
    with pytest.raises(UnknownLayerError, match="have no state for each of the 40 steps"):
        activations_over_time(Echo(), OverTime(), rows, ["last"])
    with pytest.raises(ValueError, match="the recording ends at step 39, but 30 steps are shown"):
        short = {"a": np.zeros((30, 1)), "b": np.zeros((30, 1))}
        activations_over_time(Echo(), OverTime(shown=lambda _: Shown(short)), rows)
    with pytest.raises(ValueError, match="must be .time, channel. and of one shape"):
        Shown({"a": np.zeros((3, 1)), "b": np.zeros((4, 1))})
    with pytest.raises(ValueError, match="delays must be different whole numbers from 0"):
        OverTime(delays=(1, 1))
