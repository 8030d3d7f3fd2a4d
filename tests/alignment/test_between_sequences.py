"""What tells sequences apart: unbiased without a code, near 1 with it, the ceiling of halves, surrogates."""

import numpy as np
import pytest
import xarray as xr

from alignment import Benchmark, Rsa, score
from alignment.baselines import MomentAlone
from alignment.between_sequences import between_cosine, means_of_moments, without_mean_of_others
from alignment.over_time import OverTime, Shown
from alignment.surrogates import RateMatchedPoisson, ShuffledInTime
from alignment.trial_halves import BetweenHalves, RelationHalves, halved_means
from data import SplitSpec
from data.assembly import make_responses
from data.dataset import DatasetInfo, NeuralDataset
from data.stimuli import StimulusSet

NAMES = [f"direction{number}" for number in range(6)]
ANGLE = np.arange(6) * np.pi / 3
RING = np.stack([np.cos(ANGLE), np.sin(ANGLE)], axis=1)
N_BINS = 8


def trials_of(rates, n_trials, rng):
    """Poisson trials of rates ``(direction, bin, neuroid)``; every neuroid has a number of its own."""
    counts = rng.poisson(rates, (n_trials, *rates.shape)).astype(float)
    lost = rng.integers(0, n_trials // 2, (rates.shape[0], rates.shape[2]))
    for direction, neuroid in np.ndindex(lost.shape):
        counts[n_trials - lost[direction, neuroid] :, direction, :, neuroid] = np.nan
    return counts


def dataset_of(counts):
    import pandas as pd

    n_trials, n_directions, n_bins, n_neuroids = counts.shape
    start = 50.0 * np.arange(n_bins)
    responses = make_responses(
        counts.transpose(1, 0, 3, 2).reshape(-1, n_neuroids, n_bins),
        presentation={
            "stimulus_id": np.repeat(NAMES[:n_directions], n_trials),
            "repetition": np.tile(np.arange(n_trials), n_directions),
        },
        neuroid={"neuroid_id": [f"n{one}" for one in range(n_neuroids)]},
        time_bin={"time_bin_start_ms": start, "time_bin_end_ms": start + 50},
        unit="spikes",
    )
    info = DatasetInfo("testing/delay", "a delay", "Nobody 2024", "CC0-1.0", "embedded", "nothing to get", "spikes")
    arrays = xr.DataArray(np.arange(n_directions, dtype=float)[:, None], dims=("stimulus", "descriptor"))
    stimuli = StimulusSet("delay", pd.DataFrame({"stimulus_id": NAMES[:n_directions]}), arrays=arrays)
    return NeuralDataset(info, responses, stimuli, {})


def planted(n_trials=60, n_neuroids=12, seed=0):
    """Cells that are tuned to a direction of the ring, on a time course that all directions share."""
    rng = np.random.default_rng(seed)
    tuning = RING @ rng.standard_normal((2, n_neuroids))
    course = np.exp(-np.arange(N_BINS) / 3)
    rates = np.exp(0.7 + 0.5 * tuning[:, None] + 0.5 * course[:, None] * rng.standard_normal(n_neuroids))
    return dataset_of(trials_of(rates, n_trials, rng))


class Features:
    """A model whose state is a code of the direction, the number of which it is shown."""

    revision, layers, committed_layer = "one", ("state",), "state"
    input_spec = {"kind": "array", "dims": ("time", "channel")}

    def __init__(self, code, name="testing/code"):
        self.code, self.name = np.asarray(code, dtype=float), name

    def record(self, stimuli, layers=None):
        number = np.asarray(stimuli)[:, :, 0].round().astype(int)
        wiggle = np.sin(np.arange(number.shape[1]))[None, :, None] * 1e-3
        return {"state": self.code[number] + wiggle}


def shown(dataset):
    names = dict.fromkeys(dataset.stimuli.table["sequence"])
    return Shown({str(name): np.full((N_BINS, 1), number) for number, name in enumerate(names)})


def benchmark(dataset, metric="ridge", **options):
    between = metric == "ridge"
    fields = {
        "ceiling": BetweenHalves(5) if between else RelationHalves(5),
        "normalisation": "r/c" if between else "none",
        "baselines": (MomentAlone(),),
    }
    return Benchmark(
        "testing/delay-code",
        dataset,
        metric=metric,
        split=SplitSpec("each", "leave-one-group-out", group="sequence"),
        missing="average",
        over_time=OverTime(shown=shown, group="sequence", between=between),
        **fields | options,
    )


@pytest.mark.filterwarnings("ignore")
def test_a_ring_is_found_and_a_code_without_order_scores_exactly_nothing():
    bench = benchmark(planted())
    ring = score(Features(RING), bench, n_boot=50, n_permutations=99)
    assert ring.measure == "cosine"
    assert ring.value > 0.85
    assert ring.p() < 0.05
    assert ring.baseline_row("time alone")["raw"] == 0
    assert score(Features(np.eye(6)), bench, n_boot=5, n_permutations=0).row("state")["raw"] == pytest.approx(
        0, abs=1e-9
    )


@pytest.mark.filterwarnings("ignore")
def test_leaving_out_gives_and_takes_nothing_where_there_is_no_code():
    rng = np.random.default_rng(3)
    values = []
    for seed in range(12):
        course = np.exp(rng.standard_normal((1, N_BINS, 6)))
        dataset = dataset_of(trials_of(np.repeat(course, 6, axis=0), 10, rng))
        bench = benchmark(dataset, ceiling=None, normalisation="none")
        random = np.random.default_rng(seed).standard_normal((6, 4))
        values.append(score(Features(random), bench, n_boot=2, n_permutations=0).row("state")["raw"])
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values)) + 1e-3
    assert abs(np.mean(values)) < 0.08


@pytest.mark.filterwarnings("ignore")
def test_surrogates_lose_what_they_say():
    dataset = planted(n_trials=20)
    bench = benchmark(dataset, surrogates=(ShuffledInTime(), RateMatchedPoisson()))
    found = score(Features(RING), bench, n_boot=20, n_permutations=0)
    # The ring does not change over time, so that shuffled bins keep what tells directions apart.
    assert found.baseline_row("shuffled in time")["raw"] > 0.7
    assert abs(found.baseline_row("rate-matched Poisson")["raw"]) < 0.15
    assert found.provenance["baselines"]["rate-matched Poisson"].startswith("the same model on Poisson counts")


@pytest.mark.filterwarnings("ignore")
def test_similarity_has_the_halves_of_the_trials_as_its_ceiling():
    found = score(Features(np.c_[RING, np.ones(6)]), benchmark(planted(), Rsa()), n_boot=20, n_permutations=99)
    row = found.row("state")
    assert 0.3 < row["ceiling"] < row["ceiling_upper"] <= 1
    assert found.p() < 0.1  # a ring looks the same after turns and in a mirror: 12 of 720 orders
    assert found.ceiling_kind == "trial halves"


def test_surrogate_means_keep_counts():
    rng = np.random.default_rng(0)
    rates = np.exp(rng.standard_normal((2, 5, 3)))
    counts = trials_of(rates, 40, rng)
    trials = xr.DataArray(
        counts.reshape(40, 10, 3),
        dims=("repetition", "stimulus", "neuroid"),
        coords={"stimulus_id": ("stimulus", [f"{name}@{bin_}" for name in "ab" for bin_ in range(5)])},
    )
    shuffled = ShuffledInTime().mean(trials, np.random.default_rng(1)).reshape(2, 5, 3)
    np.testing.assert_allclose(shuffled.mean(axis=1), np.nanmean(counts, axis=0).mean(axis=1))
    draws = np.stack([RateMatchedPoisson().mean(trials, np.random.default_rng(seed)) for seed in range(300)])
    rate = np.nansum(counts, axis=(0, 1, 2)) / np.isfinite(counts).sum(axis=(0, 1, 2))
    np.testing.assert_allclose(draws.mean(axis=(0, 1)), rate, rtol=0.02)
    n = np.isfinite(trials.values).sum(axis=0)
    np.testing.assert_allclose(draws.var(axis=0), rate / n, rtol=0.5)


def test_halves_of_trials_are_disjoint_and_as_large_as_said():
    counts = np.full((7, 2, 3, 2), np.nan)
    counts[:5, :, :, 0] = 2.0 ** np.arange(5)[:, None, None]
    counts[:, :, :, 1] = 2.0 ** np.arange(7)[:, None, None]
    trials = xr.DataArray(
        counts.reshape(7, 6, 2),
        dims=("repetition", "stimulus", "neuroid"),
        coords={"stimulus_id": ("stimulus", [f"{name}@{bin_}" for name in "ab" for bin_ in range(3)])},
    )
    for one, other in halved_means(trials, 5, seed=0):
        for column, half in ((0, 2), (1, 3)):
            members = [{k for k in range(7) if int(round(mean[0, column] * half)) >> k & 1} for mean in (one, other)]
            assert [len(found) for found in members] == [half, half]
            assert not members[0] & members[1]
            # The bins of a trial stay together.
            assert (one[:3, column] == one[0, column]).all()
    with pytest.raises(ValueError, match="a neuroid has 1 trial"):
        next(halved_means(trials[:1], 1, 0))


def test_particular_parts_by_hand():
    values = np.array([[1.0], [5.0], [3.0], [7.0], [8.0], [0.0]])
    sequence, moment = np.repeat(["a", "b", "c"], 2), np.tile([0, 1], 3)
    np.testing.assert_allclose(without_mean_of_others(values, sequence, moment)[:, 0], [-4.5, 1.5, -1.5, 4.5, 6, -6])
    np.testing.assert_allclose(means_of_moments(values, moment, np.array([1]))[:, 0], [4])
    assert between_cosine(values, 2 * values)[0] == pytest.approx(1)
    assert between_cosine(values, 0 * values)[0] == 0
    with pytest.raises(ValueError, match="is in no training sequence"):
        means_of_moments(values, moment, np.array([2]))
