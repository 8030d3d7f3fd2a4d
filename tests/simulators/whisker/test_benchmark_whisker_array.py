"""The script that measures whisker arrays: its scenes are what their rows say, and its rows hold what is read of them."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.solver.clearance import start_gaps_mm

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "whisker_array.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("whisker_array_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_box_has_the_published_size(script):
    np.testing.assert_allclose(script.box_sides_mm(), (10.69, 21.38, 32.07), atol=5e-3)
    mesh = script.box_mesh()
    np.testing.assert_allclose(np.ptp(mesh.bounds_mm(), axis=0), script.box_sides_mm(), rtol=1e-12)
    assert mesh.has_inside and mesh.contact_offset_mm == 0


def test_the_box_that_goes_all_the_way_starts_clear_and_ends_behind_the_array(script):
    scene = script.box_sweep(whole=True)
    assert len(scene.array) == 30 and scene.duration_s == 1
    assert start_gaps_mm(scene, Mechanics()).min() >= 1 - 1e-3
    (item,) = scene.objects
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * script.box_sides_mm() / 2
    turn = np.deg2rad(script.BOX_TURN_DEG)
    rostral = (corners[:, 0] * np.sin(turn) + corners[:, 1] * np.cos(turn)).max()
    front = item.motion.at(np.array([1.0])).position_mm[0, 1] + rostral
    assert front < scene.array.centre_lines_mm()[..., 1].min()


@pytest.mark.parametrize("number", range(9))
def test_rows_are_scenes_with_something_to_be_set_beside(script, number):
    row = script.ROWS[number]
    scene = row.scene()
    assert scene.rate_hz == 1000
    assert row.peer == script.MUJOCO or row.peer > 0
    expected = {"mouse": 30, "rat": 27, "one": 1}[row.name.split()[0]]
    assert len(scene.array) == expected
    assert bool(scene.objects) == ("air" not in row.name)
    assert len(script.ROWS) == 9


def test_a_run_prints_one_json_list(tmp_path):
    words = [sys.executable, SCRIPT, "--json", "--only", "one mouse whisker, peg", "--repeats", "1"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (line,) = json.loads(done.stdout)
    assert line["threads"] == 1 and line["device"] == "cpu" and line["runs"] == 1
    assert line["ratio"] == pytest.approx(line["peer"] / line["ours"])
    assert line["ours"] == pytest.approx(line["cpu_s"] / line["simulated_s"])
    assert line["touched"] == 1 and line["contact_whisker_ms"] > 100
    assert line["force_error"] < 0.02 and line["moment_error"] < 0.02
    assert line["steps"] > 600 and line["ours_extra_mb"] >= 0


def test_an_unknown_row_measures_nothing(tmp_path):
    words = [sys.executable, SCRIPT, "--list", "--only", "no such row"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip() == ""
