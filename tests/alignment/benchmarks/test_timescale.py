"""The registered benchmarks of time: the grasshopper end to end, memory cells, regions and their order."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from alignment import list_benchmarks, load_benchmark, score
from alignment.benchmarks.timescale import CUES, REGIONS
from data.access import is_available
from neuromodels import create_model

ROOT = Path(__file__).resolve().parents[3]


class Ring:
    """Knows the direction as a place on a ring, once for good and once fading."""

    name, revision, layers, committed_layer = "testing/ring", "one", ("state",), "state"
    input_spec = {"kind": "array", "dims": ("time", "channel")}

    def record(self, stimuli, layers=None):
        digits = np.asarray(stimuli)[:, 10:13, 0]
        codes = np.array(list(CUES.values()))
        angle = np.array([np.flatnonzero((codes == one).all(axis=1))[0] for one in digits]) * np.pi / 3
        ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        step = np.arange(np.shape(stimuli)[1])
        course = np.stack([np.ones(len(step)), np.exp(-(step - 13) / 5)], axis=1)
        state = (ring[:, None, :, None] * course[:, None]).reshape(len(ring), len(step), 4)
        return {"state": state + 1e-3 * np.sin(step)[:, None]}


def test_names_of_the_family():
    names = list_benchmarks("timescale/*")
    assert {"timescale/grasshopper-ridge", "timescale/park2025-rsa", "timescale/park2025-ridge"} <= set(names)
    assert {"timescale/gao2020-hierarchy", "timescale/zeisler2024-mouse-acc-distribution"} <= set(names)
    assert len(names) == 4 + sum(len(regions) + 1 for regions in REGIONS.values())


def test_digits_of_cues_differ_as_often_as_directions_are_steps_apart():
    codes = np.array(list(CUES.values()))
    differing = (codes[:, None] != codes[None]).sum(axis=2)
    apart = np.abs(np.arange(6)[:, None] - np.arange(6))
    np.testing.assert_array_equal(differing, np.minimum(apart, 6 - apart))


def test_grasshopper_is_scored_beside_linear_filters():
    bench = load_benchmark("timescale/grasshopper-ridge")
    if not is_available(bench.info):
        pytest.skip("nitime is not installed (pip install 'neuromodels[recordings]')")
    model = create_model("timescale/leaky-small", seed=0)
    found = score(model, bench, layers=["state"], n_boot=50, n_permutations=19)
    row, filters = found.row("state"), found.baseline_row("sound, past 40 ms")
    assert 0.35 < row["raw"] < 0.5
    assert filters["raw"] == pytest.approx(0.365, abs=0.01)
    assert found.baseline_row("sound 4-8 ms ago")["raw"] < filters["raw"]
    assert abs(found.baseline_row("random features")["raw"]) < 0.05
    assert found.p() == 0.05
    assert np.isnan(found.ceiling)
    assert found.provenance["n_presentations"] == 9900
    assert any("played once" in line for line in found.protocol)


def test_folds_of_the_grasshopper_keep_what_baselines_see_apart():
    bench = load_benchmark("timescale/grasshopper-ridge")
    looks_back = max(max(one.delays) for one in bench.baselines)
    assert bench.split.embargo > looks_back
    assert bench.over_time.lead_in >= looks_back
    assert bench.split.session == "sequence"


def test_make_score_hears_the_grasshopper_and_installs_what_carries_it():
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"score timescale/leaky-small --on timescale/grasshopper-ridge .*--out \$\(REPORT\)", rules)
    assert "-e '.[language,recordings]'" in rules
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert re.search(r"^nitime==", pins, flags=re.M)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_ring_is_what_memory_cells_hold(real_data):
    ridge = score(Ring(), "timescale/park2025-ridge", n_boot=50, n_permutations=83)
    assert ridge.row("state")["raw"] > 0.25
    assert ridge.p() < 0.05
    assert ridge.ceiling == pytest.approx(0.687, abs=0.02)
    assert ridge.baseline_row("time alone")["raw"] == 0
    assert abs(ridge.baseline_row("rate-matched Poisson")["raw"]) < 0.05
    similar = score(Ring(), "timescale/park2025-rsa", n_boot=50, n_permutations=199)
    assert similar.p() < 0.05


def test_order_of_regions_is_that_of_the_other_species(real_data):
    for species, regions in REGIONS.items():
        bench = load_benchmark(f"timescale/zeisler2024-{species}-hierarchy")
        areas = bench.metric.areas(bench.load())
        assert areas.name.tolist() == list(regions)
        assert areas.name[areas.position.argmax()] == "acc"
        assert areas.name[areas.tau_ms.argmax()] == "acc"


def test_untrained_network_beside_the_mouse_and_the_map(real_data):
    model = create_model("timescale/leaky-small", seed=0)
    match = score(model, "timescale/zeisler2024-mouse-acc-distribution", layers=["state"], n_boot=50)
    assert 0 < match.value < match.ceiling
    order = score(model, "timescale/gao2020-hierarchy", n_boot=50)
    assert_allclose(order.ceiling, 0.466, atol=5e-4)
    assert abs(order.value) == pytest.approx(order.ceiling)  # two layers rise or fall all the way
