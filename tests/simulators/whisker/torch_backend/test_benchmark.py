"""The script that measures batches: its sweeps start just clear, and its rows hold what is read of them."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.solver.clearance import start_gaps_mm

SCRIPT = Path(__file__).resolve().parents[4] / "benchmarks" / "whisker_torch.py"


def test_sweeps_start_just_clear_at_different_heights():
    spec = importlib.util.spec_from_file_location("whisker_torch_benchmark", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    scenes = script.sweeps(3)
    assert [len(scene.array) for scene in scenes] == [30, 30, 30]
    heights = [scene.objects[0].motion.at(np.zeros(1)).position_mm[0, 2] for scene in scenes]
    assert len(set(np.round(heights, 6))) == 3
    for scene in scenes:
        assert 0 < start_gaps_mm(scene, Mechanics()).min() < 1.2 * script.GAP_MM


@pytest.mark.slow
def test_a_run_prints_one_json_list(tmp_path):
    words = [sys.executable, SCRIPT, "--json", "--batch", "2"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (line,) = json.loads(done.stdout)
    assert line["device"] == "cpu" and line["threads"] == 1 and line["batch"] == 2
    assert line["ours"] == pytest.approx(120 / line["ours_s"])
    assert line["ratio"] == pytest.approx(line["ours"] / line["peer"])
    assert line["touched"] > 1 and line["memory_per_scene_mb"] >= 0
    assert line["moment_difference"] < 1e-6
