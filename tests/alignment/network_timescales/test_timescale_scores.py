"""Scores of timescales: the planted distribution and order win, whatever a step is; wrong tables are refused."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from alignment import Benchmark, score
from alignment.network_timescales import Areas, Noise, SeveralNetworks, TimescaleHierarchy, TimescaleMatch
from alignment.network_timescales.scoring import _rank_correlations
from alignment.page import report
from data.dataset import DatasetInfo
from data.timescales.timescale_tables import timescale_table

from .test_states import Leaky

INFO = DatasetInfo("testing/taus", "timescales", "Nobody 2024", "CC0-1.0", "embedded", "nothing to get", "ms")
NOISE = Noise(n_sequences=30)


def table(tau_ms, region=None):
    n = len(tau_ms)
    region = np.full(n, "here") if region is None else region
    return timescale_table(INFO, tau_ms, {"neuroid_id": [f"n{one}" for one in range(n)], "region": region}, {})


def spread(seed, n, sd=0.3, median=1.0):
    return median * 10 ** (sd * np.random.default_rng(seed).standard_normal(n))


def test_the_planted_distribution_is_near_its_ceiling_and_the_factor_that_of_a_step():
    bench = Benchmark("testing/match", table(spread(0, 200, median=120.0)), metric=TimescaleMatch(noise=NOISE))
    same = score(Leaky(spread(1, 150, median=3.0)), bench, n_boot=100)
    assert 0.6 < same.value < 1
    assert same.ci[0] < same.value < same.ci[1]
    assert float(same.data["ms_per_step"][0]) == pytest.approx(40, rel=0.25)
    assert same.ceiling > 0.7
    assert "ms per step" in same.warnings[-1]
    narrow = score(Leaky(spread(1, 150, sd=0.01, median=3.0)), bench, n_boot=20)
    assert abs(narrow.value) < 0.1  # as good as one timescale for all
    wide = score(Leaky(np.clip(spread(1, 150, sd=0.8, median=3.0), 0.5, 50)), bench, n_boot=20)
    assert wide.value < same.value
    assert same.baseline_row("one timescale for all")["raw"] == 0


def test_regions_are_chosen_by_their_coordinates():
    taus = np.concatenate([spread(0, 40, median=10.0), spread(1, 40, median=500.0)])
    dataset = table(taus, np.repeat(["low", "high"], 40))
    chosen = TimescaleMatch((("region", "high"),)).chosen(dataset)
    assert chosen.values.tolist() == taus[40:].tolist()
    with pytest.raises(ValueError, match="no neuroid with .'region': 'middle'."):
        TimescaleMatch((("region", "middle"),)).chosen(dataset)
    with pytest.raises(ValueError, match="have no 'layer'; they have"):
        TimescaleMatch((("layer", "4"),)).chosen(dataset)


def hierarchy(tau_ms=(10.0, 20.0, 30.0, 25.0, 50.0)):
    areas = Areas(np.array(list("abcde")), np.array(tau_ms), np.arange(5.0))
    dataset = table(np.array(tau_ms))
    return Benchmark("testing/order", dataset, metric=TimescaleHierarchy(lambda _: areas, "Areas: in order.", NOISE))


def test_rising_networks_reach_the_ceiling_and_falling_ones_its_opposite():
    rising = {
        name: Leaky(spread(seed, 30, 0.05, tau)) for seed, (name, tau) in enumerate(zip("xyz", (1, 2, 5), strict=True))
    }
    up = score(SeveralNetworks(rising), hierarchy(), n_boot=50)
    assert up.value == pytest.approx(0.9)
    assert up.ceiling == pytest.approx(0.9)
    assert up.p() == pytest.approx(1 / 6)  # the best of all six orders
    down = score(SeveralNetworks(dict(reversed(rising.items()))), hierarchy(), n_boot=50)
    assert down.value == pytest.approx(-0.9)
    assert up.data["layer_tau_steps"].values.tolist() == sorted(up.data["layer_tau_steps"].values.tolist())


def test_one_layer_is_no_hierarchy_and_unresolved_layers_are_named():
    with pytest.raises(ValueError, match="needs at least two layers with timescales, received state"):
        score(Leaky(spread(0, 10)), hierarchy())
    both = SeveralNetworks({"x": Leaky(spread(0, 10, 0.05, 2.0)), "still": Leaky(np.full(5, 1e-9))})
    with pytest.raises(ValueError, match="no unit of still has a timescale"):
        score(both, hierarchy())


def test_weighted_rank_correlation_is_spearman():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 15)).round(1)
    assert _rank_correlations(x, y, np.ones((1, 15)))[0] == pytest.approx(spearmanr(x, y)[0])
    assert _rank_correlations(np.ones(15), y, np.ones((1, 15)))[0] == 0


def test_split_is_refused_and_the_report_shows_both_kinds(tmp_path):
    match = Benchmark("testing/match", table(spread(0, 50)), metric=TimescaleMatch(noise=NOISE))
    with pytest.raises(ValueError, match="compares timescales and fits nothing; leave out split='kfold5'"):
        score(Leaky(spread(1, 20, median=3.0)), match, split="kfold5")
    with pytest.raises(ValueError, match="compares timescales, which is no mapping"):
        match.make_metric()
    with pytest.raises(ValueError, match="compares no timescales"):
        _ = Benchmark("testing/plain", table(spread(0, 50))).timescales
    pair = SeveralNetworks({"x": Leaky(spread(0, 30, 0.05, 1.0)), "y": Leaky(spread(1, 30, 0.05, 3.0))})
    scores = [score(Leaky(spread(1, 20, median=3.0)), match, n_boot=20), score(pair, hierarchy(), n_boot=20)]
    page = report(scores, tmp_path).read_text(encoding="utf-8")
    assert "testing/match" in page
    assert "testing/order" in page


def test_other_datasets_are_no_tables():
    from data.assembly import make_responses
    from data.dataset import NeuralDataset

    dataset = table(spread(0, 5))
    rates = make_responses(
        np.arange(5.0)[None],
        presentation={"stimulus_id": ["whole-recording"]},
        neuroid={"neuroid_id": list("abcde")},
        unit="Hz",
    )
    other = NeuralDataset(INFO, rates, dataset.stimuli, {})
    with pytest.raises(ValueError, match="no table of timescales in ms"):
        TimescaleMatch().chosen(other)
