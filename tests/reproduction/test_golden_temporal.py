"""Mappings in time: what Brain-Score's time-spanning metrics and a plain script on real recordings gave."""

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.model_selection import StratifiedShuffleSplit

from alignment.correlation import pearson
from alignment.folds import Fold
from alignment.mappings import FIR, PLS, Delays, NeuroidRidge, SharedOverTime

LAGS = tuple(range(21))


def spanning(golden, mapping):
    """Pearson r ``(split, time_bin, neuroid)`` of shared weights on Brain-Score's ten splits."""
    inputs = golden("temporal_inputs.npz")
    x, y, names = inputs["X"], inputs["Y"], inputs["object_name"]
    splitter = StratifiedShuffleSplit(10, train_size=0.9, random_state=1)
    folds = [Fold(train, test) for train, test in splitter.split(names, names)]
    made = SharedOverTime(mapping).cross_predict(x, y, folds, inner=False).predictions
    return np.stack(
        [
            [pearson(predicted[:, :, t], y[fold.test, :, t]) for t in range(y.shape[2])]
            for fold, predicted in zip(folds, made, strict=True)
        ]
    )


@pytest.mark.parametrize(
    ("metric", "mapping", "tolerance", "on_the_score"),
    [
        ("spantime_ridge", Ridge(1.0), 1e-9, 1e-9),
        ("spantime_ridge", NeuroidRidge([1.0], standardise=False), 1e-9, 1e-9),
        ("spantime_pls", PLSRegression(25, scale=False), 1e-9, 1e-9),
        # Exact leading singular vectors, where the reference stops its iteration early.
        ("spantime_pls", PLS(25), 5e-3, 5e-4),
    ],
)
def test_weights_shared_over_time(golden, metric, mapping, tolerance, on_the_score):
    received = spanning(golden, mapping)
    assert np.abs(received - golden("brainscore_vision_raw.npz")[f"temporal__{metric}__raw"]).max() < tolerance
    expected = golden("brainscore_vision_expected.json")["temporal"][metric]
    per_split = np.median(received, axis=2)
    assert np.abs(per_split.mean(axis=0) - expected["score"]).max() < on_the_score
    error = per_split.std(axis=0) / np.sqrt(len(per_split))
    assert np.abs(error - expected["error"]).max() < on_the_score


def recording(real_data, number):
    """Log amplitude ``(bin, 1)`` of the tone and smoothed spike count ``(bin, 1)`` of the receptor, in bins of 1 ms."""
    path = real_data / "alignment" / "recordings" / "nitime_grasshopper_and_fmri.npz"
    with np.load(path, allow_pickle=False) as data:
        amplitude = data[f"stimulus_{number}"].astype(float).reshape(-1, 20).mean(axis=1)
        spikes = data[f"spike_times_us_{number}"]
    count = np.bincount((spikes // 1000).astype(int), minlength=len(amplitude))[: len(amplitude)]
    return np.log(amplitude + 1e-4)[:, None], np.convolve(count, np.ones(5) / 5, "same")[:, None]


def folds_of(order):
    """Ten folds that test successive tenths of an order of rows."""
    return [Fold(np.setdiff1d(order, test), test) for test in np.array_split(order, 10)]


def pooled_r(mapping, x, y, folds):
    """Pearson r over all test rows together."""
    made = np.zeros(y.shape)
    for fold, predicted in zip(folds, mapping.cross_predict(x, y, folds, inner=False).predictions, strict=True):
        made[fold.test] = predicted
    return pearson(made, y)[0]


@pytest.mark.parametrize("number", [1, 2])
def test_receptor_from_the_past_of_its_stimulus(golden, real_data, number):
    x, y = recording(real_data, number)
    expected = golden("nitime_fir_expected.json")[f"recording_{number}"]
    assert len(x) == expected["bins"]
    model = FIR(NeuroidRidge([10.0]), delays=LAGS)
    assert pooled_r(model, x, y, folds_of(np.arange(len(x)))) == pytest.approx(
        expected["r_10_contiguous_blocks"], abs=1e-9
    )
    shuffled = folds_of(np.random.default_rng(0).permutation(len(x)))
    assert pooled_r(model, x, y, shuffled) == pytest.approx(expected["r_10_shuffled_folds"], abs=1e-9)


@pytest.mark.parametrize("number", [1, 2])
def test_receptor_with_its_stimulus_shifted_in_a_circle(golden, real_data, number):
    x, y = recording(real_data, number)
    expected = golden("nitime_fir_expected.json")[f"recording_{number}"]
    design = Delays(LAGS).fit_transform(x)
    rng = np.random.default_rng(0)
    rng.permutation(len(x))
    null = [
        pooled_r(
            NeuroidRidge([10.0]),
            np.roll(design, rng.integers(1000, len(x) - 1000), axis=0),
            y,
            folds_of(np.arange(len(x))),
        )
        for _ in range(20)
    ]
    assert np.mean(null) == pytest.approx(expected["null_circular_shift_mean"], abs=1e-9)
    assert np.abs(null).max() == pytest.approx(expected["null_max_abs_of_20"], abs=1e-9)


@pytest.mark.parametrize("number", [1, 2])
def test_receptor_at_single_lags(golden, real_data, number):
    x, y = recording(real_data, number)
    for lag, r in golden("nitime_fir_expected.json")[f"recording_{number}"]["single_lag_r"].items():
        assert pearson(Delays((int(lag),)).fit_transform(x), y)[0] == pytest.approx(r, abs=1e-9)


@pytest.mark.parametrize("lag", ["one for all", "one per neuroid"])
@pytest.mark.parametrize("number", [1, 2])
def test_receptor_answers_after_six_milliseconds(real_data, number, lag):
    x, y = recording(real_data, number)
    assert FIR(NeuroidRidge([10.0]), delays=LAGS, lag=lag).fit(x, y).lag_.tolist() == [6]


def test_region_from_the_past_of_events(golden, real_data):
    path = real_data / "alignment" / "recordings" / "nitime_grasshopper_and_fmri.npz"
    with np.load(path, allow_pickle=False) as data:
        bold, code = data["fmri_bold"][:, None], data["fmri_event_code"]
    events = (code[:, None] == np.arange(1, 7)).astype(float)
    model = FIR(NeuroidRidge([10.0], standardise=False), delays=tuple(range(15)))
    expected = golden("nitime_fir_expected.json")["fmri"]
    assert len(bold) == expected["volumes"]
    assert pooled_r(model, events, bold, folds_of(np.arange(len(bold)))) == pytest.approx(expected["r"], abs=1e-9)
