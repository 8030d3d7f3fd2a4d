"""``neuromodels simulate whisker``: files, words and exit codes, with a simulator that costs nothing."""

import argparse
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data import load_stimulus_set
from simulators.cli import SimulateCommand
from simulators.whisker import simulation
from simulators.whisker.commands.begun_otherwise import in_words
from simulators.whisker.commands.command import summary
from simulators.whisker.commands.default_place import default_place
from simulators.whisker.commands.scene_options import UsageError
from simulators.whisker.geometry.array import mouse_array, rat_array
from simulators.whisker.geometry.tables import write_table
from simulators.whisker.output import size
from simulators.whisker.output.collection import BegunOtherwise, open_collection
from simulators.whisker.output.record import RawRecord, record_dataset
from simulators.whisker.output.storage import load_recording

CALLS = []


def fake_record(scene, seed=0):
    """A recording of the right shape: forces depend on where the first object is."""
    n_rows, n_whiskers, objects = scene.n_intervals, len(scene.array), len(scene.objects)
    times = (np.arange(n_rows) + 1) / scene.rate_hz
    place = scene.objects[0].motion.at(times).position_mm if objects else np.zeros((n_rows, 3))
    force = np.repeat(place[:, None], n_whiskers, axis=1)
    contact = np.zeros((n_rows, n_whiskers), dtype=bool)
    contact[1:, -1] = objects > 0
    still, turn = np.zeros((n_rows, n_whiskers, 3)), np.tile([1.0, 0.0, 0.0, 0.0], (n_rows, n_whiskers, 1))
    return record_dataset(
        RawRecord(
            names=scene.array.names, rate_hz=scene.rate_hz, time_ms=times * 1e3, force_un=force, moment_un_mm=2 * force,
            contact=contact, contact_force_un=still, contact_point_mm=still, contact_arc_mm=still[..., 0], tip_mm=still,
            base_point_mm=still, base_quaternion=turn, object_position_mm=np.zeros((n_rows, objects, 3)),
            object_quaternion=np.tile([1.0, 0.0, 0.0, 0.0], (n_rows, objects, 1)),
        )
    )  # fmt: skip


@pytest.fixture(autouse=True)
def fake_simulator(monkeypatch):
    CALLS.clear()

    def simulate_scenes(scenes, mechanics=None, **options):
        CALLS.append((len(scenes), mechanics, options))
        return [fake_record(scene) for scene in scenes]

    monkeypatch.setattr(simulation, "simulate_scenes", simulate_scenes)


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Run words in a folder of its own; returns the exit code."""
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    simulate = SimulateCommand()
    simulate.configure(parser)
    return lambda words: simulate.run(parser.parse_args(["whisker", *words.split()]), None)


PEG = "--object cylinder:1x40 --whiskers RC1 RC2 --duration 0.05"


def test_scene_is_written_with_what_made_it(command, tmp_path, capsys):
    assert command(f"{PEG} --out new/peg.nc --preset whiskit --workers 2 --seed 4") == 0
    record = load_recording(tmp_path / "new" / "peg.nc")
    assert record.sizes["time"] == 50
    told = json.loads(record.attrs["options"])
    assert told["object"] == "cylinder:1x40"
    assert told["preset"] == "whiskit"
    assert record.attrs["version"]
    (_, mechanics, options), = CALLS  # fmt: skip
    assert mechanics.preset == "whiskit"
    assert options == {"threads": 2, "progress": False, "backend": "numba", "overlap": "refuse", "nodes": True}
    lines = dict(line.split(": ") for line in capsys.readouterr().out.splitlines())
    assert lines["out"] == "new/peg.nc"
    assert lines["whiskers touched"] == "1"
    assert lines["first contact s"] == "0.002"
    assert lines["first whisker"] == "RC2"


def test_place_of_the_object_is_told(command, capsys):
    assert command("--object sphere:3 --whiskers RC2 --duration 0.05 --json") == 0
    x, _, z = json.loads(capsys.readouterr().out)["object_starts_at_mm"]
    assert (x, z) == (8.0, -2.0)


def test_json_is_one_object(command, capsys):
    assert command(f"{PEG} --json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["whiskers"] == 2
    assert facts["intervals"] == 50


def test_summary_is_about_the_largest():
    record = xr.Dataset(
        {
            "force": (("time", "whisker", "axis"), [[[3.0, 4.0, 0.0], [0.0, 0.0, 1.0]]]),
            "moment": (("time", "whisker", "axis"), [[[0.0, 0.0, 0.0], [0.0, 2.0, 0.0]]]),
            "contact": (("time", "whisker"), [[False, False]]),
        },
        coords={"time": [0.1], "whisker": ["RC1", "RC2"]},
    )
    assert summary(record) == {
        "whiskers_touched": 0,
        "largest_force_mn": 5.0,
        "largest_force_mn_of": "RC1",
        "largest_moment_un_m": 2.0,
        "largest_moment_un_m_of": "RC2",
    }


def test_existing_recording_is_refused_before_the_simulation(command, tmp_path):
    (tmp_path / "peg.nc").write_text("mine")
    with pytest.raises(UsageError, match="--out peg.nc exists; give --overwrite"):
        command(f"{PEG} --out peg.nc")
    assert CALLS == []
    assert (tmp_path / "peg.nc").read_text() == "mine"
    assert command(f"{PEG} --out peg.nc --overwrite") == 0
    assert load_recording(tmp_path / "peg.nc").sizes["whisker"] == 2


def test_targets_are_checked_before_the_simulation(command, tmp_path):
    (tmp_path / "folder.nc").mkdir()
    (tmp_path / "folder.gif").mkdir()
    (tmp_path / "old.gif").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for words, message in (
        ("--out folder.nc --overwrite", "--out: folder.nc is a folder, and a recording that ends in .nc is a file"),
        ("--out file/a.nc", "--out: .*file is a file, so that file/a.nc cannot lie in it"),
        ("--movie folder.gif --overwrite", "--movie: folder.gif is a folder, and a movie is a file"),
        ("--movie old.gif", "--movie old.gif exists; give --overwrite or another name"),
    ):
        with pytest.raises(UsageError, match=message):
            command(f"{PEG} {words}")
    assert CALLS == []


@pytest.mark.parametrize("backend", ["torch", "mujoco"])
def test_threads_are_those_of_the_compiled_loop(command, monkeypatch, backend):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with pytest.raises(UsageError, match=f"--workers 2 are threads of --backend numba; {backend} runs one scene"):
        command(f"{PEG} --json --backend {backend} --workers 2")
    assert CALLS == []


@pytest.mark.parametrize("backend", ["torch", "mujoco"])
def test_backends_that_are_not_installed_say_what_to_install(command, monkeypatch, backend):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=f"--backend {backend} needs the package {backend}: pip install"):
        command(f"{PEG} --json --backend {backend}")


def test_overlaps_are_told_in_words_of_the_command(command, monkeypatch):
    def simulate(*scene, **options):
        raise ValueError("ball starts inside the array; start it farther away, or ask for overlap='push'.")

    monkeypatch.setattr(simulation, "simulate", simulate)
    with pytest.raises(ValueError, match=r"start it farther away, or give --overlap push\."):
        command(f"{PEG} --json")


@pytest.mark.parametrize("words", ["--rate 1e9", "--set sweeps --objects 1 --rate 1e9 --out s"])
def test_recordings_beyond_the_memory_are_refused(command, tmp_path, words):
    with pytest.raises(ValueError, match="over 1000000000 output intervals needs .* GB of memory and this machine has"):
        command(words if "--set" in words else f"--json {words}")
    assert CALLS == []
    assert list(tmp_path.iterdir()) == []


def test_shards_beyond_the_memory_are_refused(command, monkeypatch, tmp_path):
    monkeypatch.setattr(size, "memory_of_this_machine_bytes", lambda: 10**6)
    with pytest.raises(ValueError, match="a shard of 64 sweeps with 220 output intervals needs .*; lower --shard-size"):
        command("--set sweeps --objects 2 --categories ball egg --rate 220 --out s --whiskers RC1 RC2")
    assert list(tmp_path.iterdir()) == []


def test_rats_have_the_links_of_their_published_program(command):
    command("--species rat --preset whiskit --duration 0.05 --json")
    command("--species mouse --preset whiskit --duration 0.05 --json")
    assert [mechanics.n_links for _, mechanics, _ in CALLS] == [20, None]


def test_dry_run_of_a_scene_simulates_nothing(command, tmp_path, capsys):
    assert command(f"{PEG} --dry-run --out peg.nc") == 0
    assert CALLS == []
    assert list(tmp_path.iterdir()) == []
    assert "intervals: 50" in capsys.readouterr().out


def test_dry_run_bounds_the_size_of_the_file(command, tmp_path, capsys):
    words = "--object sphere:3 --duration 0.2 --json"
    command(f"{words} --dry-run")
    bound = json.loads(capsys.readouterr().out)["megabytes_at_most"]
    command(f"{words} --out a.nc")
    assert (tmp_path / "a.nc").stat().st_size < bound * 1e6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "nothing would be kept; give --out"),
        ("--out a.nc --duration 0", "--duration is 0.0; it must be positive and finite"),
        ("--out a.nc --rate -5", "--rate is -5.0; it must be positive"),
        ("--out a.nc --workers 0", "--workers is 0; it must be positive"),
        ("--out a.nc --seed -1", "--seed is -1; it must not be negative"),
        ("--out a.h5", "--out a.h5 must end in .nc or .zarr; a folder goes with --set"),
        ("--movie a.avi", "--movie: a movie ends in .gif or .mp4, received 'a.avi'"),
        ("--out a.nc --sweeps 3", "--sweeps belongs to a data set; add --set"),
        ("--set sweeps --out a --movie a.gif", "--movie belongs to one scene; leave out --set"),
        ("--set sweeps --json", "nothing would be kept"),
        ("--set sweeps --out a --whisk 8:20", "--whisk goes with --set rodgers or with one scene"),
        ("--set sweeps --out a --furniture x --shapenet y z", "--furniture and --shapenet are two sets"),
        ("--set published-110 --out a --speed 30", "--speed is fixed in --set published-110; use --set sweeps"),
        ("--set rodgers --out a --side left", "defined for the right side, received --side left"),
        ("--json --object sphere:3 --speed 0", "--speed is 0 mm/s; it must be positive, and the object moves along -y"),
        ("--json --object sphere:3 --speed -10", "--speed is -10 mm/s; it must be positive"),
        ("--json --object sphere:3 --speed 60:20", "--speed is 60:20; give the lowest value first"),
        ("--json --object sphere:3 --speed 20:60", "--speed 20:60 is a range, which only --set can draw from"),
        ("--json --object sphere:3 --speed 1e6", r"--speed is 1e\+06 mm/s; at most 20000 mm/s is accepted"),
        ("--json --object ball --diagonal 1e6", r"--diagonal is 1e\+06 mm; objects from 0.5 to 2000 mm are accepted"),
        ("--json --object ball --diagonal -3", "--diagonal is -3 mm; objects from 0.5"),
        ("--set sweeps --out a --speed 0:5", "--speed is 0 mm/s; it must be positive"),
        ("--json --individual -1", "--individual is -1; it must not be negative"),
        ("--json --speed 10", "--speed is about an object; add --object, or leave it out"),
        ("--json --at 1,2,3", "--at is about an object; add --object"),
        ("--json --overlap push", "--overlap is about an object; add --object"),
        ("--json --object ball --at 9,5,0 --height 3", "--height says nothing beside --at"),
        ("--json --object ball --at 9,5,0 --distance 3", "--distance says nothing beside --at"),
        ("--json --object ball --trajectory a.csv --at 1,2,3", "--at says nothing beside --trajectory"),
        ("--json --object ball --trajectory a.csv --rotation 3", "--rotation says nothing beside --trajectory"),
        ("--json --overwrite", "--overwrite is about --out and --movie"),
        ("--json --draws 2", "--draws belongs to a data set; add --set"),
        ("--json --shard-size 2", "--shard-size belongs to a data set; add --set"),
        ("--json --part train", "--part belongs to a data set; add --set"),
        ("--json --zero-missing", "--zero-missing belongs to a data set; add --set"),
        ("--set sweeps --out a --zero-missing", "--zero-missing is about --stimuli; give both"),
        ("--set sweeps --out a --part test", "--part divides --set published-110 alone"),
        ("--set published-1000 --out a --draws 2", "--draws is fixed in --set published-1000"),
        (
            "--set published-1000 --out a --species rat",
            "is defined for the mouse .*, received --species rat; use --set sweeps",
        ),
        ("--set rodgers --out a --species rat", "is defined for the mouse .*, received --species rat"),
        ("--set rodgers --out a --height 3", "--height is fixed in --set rodgers"),
        ("--set rodgers --out a --objects 3", "--objects is fixed in --set rodgers"),
        ("--set rodgers --out a --sweeps 3", "--sweeps is fixed in --set rodgers"),
        (
            "--set published-110 --out a --furniture x --objects 3",
            "--objects is about procedural objects, and --furniture",
        ),
        (
            "--set published-110 --out a --shapenet x y --categories z",
            "--categories is about .*, and --shapenet has its own",
        ),
        ("--set published-110 --out a --categories nope", "--categories nope is not known; there are arch, ball"),
        ("--set sweeps --out a --stimuli a.h5", "--stimuli a.h5 must end in .nc"),
        (
            "--set sweeps --out a --stimuli a.nc --whiskers RC2",
            "cannot be made: 29 of the 30 .* or give --zero-missing",
        ),
        ("--set sweeps --out a --stimuli a.nc --duration 0.1", "cannot be made: the record has 100 intervals"),
    ],
)
def test_usage_errors_come_before_the_simulation(command, tmp_path, words, message):
    with pytest.raises(UsageError, match=message) as caught:
        command(words + (" --categories ball" if "--set sweeps" in words else ""))
    assert caught.value.exit_code == 2
    assert CALLS == []
    assert list(tmp_path.iterdir()) == []


SET = "--set sweeps --objects 2 --categories ball egg --rate 220 --shard-size 4"


def test_set_is_a_collection_with_labels_and_stimuli(command, tmp_path, capsys):
    assert command(f"{SET} --sweeps 4 --out s --stimuli s.nc") == 0
    made = open_collection(tmp_path / "s")
    assert len(made) == 4
    assert set(made.table["category"]) == {"ball", "egg"}
    assert made.table["object_id"].nunique() == 4
    assert {"height_mm", "distance_mm", "rotation_deg", "diagonal_mm"} <= set(made.table)
    record = made.load(0)
    # The fake force is the place of the object: it moves at the recorded speed from the recorded start.
    path = record["force"].values[:, 0, 1] * 1e3
    speed, start = float(record["speed_mm_s"]), float(record["start_y_mm"])
    np.testing.assert_allclose(path, start - speed * record["time"].values, rtol=1e-5, atol=1e-4)
    stimuli = load_stimulus_set(tmp_path / "s.nc")
    assert stimuli.items().shape == (4, 22, 30, 5, 7)
    assert stimuli.group == "object_id"
    assert "written: 4" in capsys.readouterr().out


def test_set_is_resumed_only_as_it_was_begun(command, tmp_path):
    command(f"{SET} --sweeps 5 --out s")
    n_calls = len(CALLS)
    assert command(f"{SET} --sweeps 5 --out s --resume --workers 1") == 0
    assert len(CALLS) == n_calls
    for words, message in (
        (
            "--preset whiskit",
            "with --preset beam, now it is to go on with --preset whiskit; give the former, or another",
        ),
        ("--individual 3", "without --individual, now it is to go on with --individual 3"),
        ("--whiskers RC2", "without --whiskers, now it is to go on with --whiskers RC2"),
        ("--species rat", "with --species mouse, now it is to go on with --species rat"),
        ("--backend torch", "with --backend numba, now it is to go on with --backend torch"),
        ("--speed 20:60 --duration 4", "without --speed, now it is to go on with --speed 20:60"),
        ("--duration 0.5", "without --duration, now it is to go on with --duration 0.5"),
        ("--height -5 0", "without --height, now it is to go on with --height -5.0 0.0"),
        ("--seed 1", "with --seed 0, now it is to go on with --seed 1"),
        ("--batch 2", "without --batch, now it is to go on with --batch 2"),
    ):
        with pytest.raises(UsageError, match=f"the collection in s was begun {message}"):
            command(f"{SET} --sweeps 5 --out s --resume {words}")
    with pytest.raises(UsageError, match="with --rate 220.0, now it is to go on with --rate 110.0"):
        command(f"{SET} --sweeps 5 --out s --resume --rate 110")
    with pytest.raises(FileExistsError, match="--resume"):
        command(f"{SET} --sweeps 5 --out s")


def test_table_of_whiskers_decides_by_its_content(command, tmp_path):
    write_table(mouse_array(names=["RC1", "RC2"]).whiskers, tmp_path / "one.csv")
    command(f"{SET} --sweeps 2 --out s --table one.csv")
    (tmp_path / "one.csv").rename(tmp_path / "moved.csv")
    assert command(f"{SET} --sweeps 2 --out s --table moved.csv --resume") == 0
    write_table(mouse_array(names=["RC1", "RC3"]).whiskers, tmp_path / "other.csv")
    with pytest.raises(
        UsageError, match=r"with the --table of SHA-256 \w{8}\.\.\., now it is to go on with the --table of"
    ):
        command(f"{SET} --sweeps 2 --out s --table other.csv --resume")


@pytest.mark.parametrize(
    ("name", "before", "now", "message"),
    [
        (
            "simulator.version",
            "1.0",
            "2.0",
            "by version 1.0 of neuromodels, this is 2.0; install the former, or give another",
        ),
        ("simulator.array_sha256", "a", "b", "with other numbers of the whiskers under the same options; give another"),
        ("ids_and_labels_sha256", "a", "b", "with other sweeps than these options choose; give the same --furniture"),
        ("simulator.whisk.frequency_hz", 8, 9, "with --whisk 8, now it is to go on with --whisk 9"),
        (
            "precision",
            "float32",
            "float64",
            "with precision = 'float32', now it is 'float64'; give the former, or another",
        ),
    ],
)
def test_what_is_no_option_is_told_too(name, before, now, message):
    words = in_words(BegunOtherwise(Path("s"), name, before, now))
    assert words.startswith(f"the collection in s was begun {message}")


def test_rats_are_passed_at_places_of_their_own(command, tmp_path):
    command(f"{SET} --species rat --sweeps 16 --out rats")
    command(f"{SET} --sweeps 16 --out mice")
    rats, mice = (open_collection(tmp_path / name).table for name in ("rats", "mice"))
    place = default_place(rat_array())
    assert set(rats["distance_mm"]) == set(place.distances_mm)
    assert set(rats["height_mm"]) == set(place.heights_mm)
    assert (set(mice["distance_mm"]), set(mice["height_mm"])) == ({5.0, 8.0}, {-5.0, 0.0})


def test_left_set_is_the_mirror_image_of_the_right(command, tmp_path):
    for side in ("left", "right"):
        command(f"{SET} --sweeps 2 --side {side} --out {side} --stimuli {side}.nc")
    left, right = (load_stimulus_set(tmp_path / f"{side}.nc").items() for side in ("left", "right"))
    sign = np.tile([-1, 1, 1, -1, 1, 1], 5)[:, None, None]  # the fake moment is twice the force
    np.testing.assert_allclose(left * sign, right, atol=1e-6)


def test_published_sets_are_pushed_clear(command, tmp_path):
    command("--set published-1000 --objects 1 --categories ball --whiskers RC2 --sweeps 2 --out p")
    assert CALLS[0][2] == {"backend": "numba", "overlap": "push", "nodes": False}
    made = open_collection(tmp_path / "p")
    assert made.config["simulator"]["rate_hz"] == 1000.0
    assert made.table["start_mm"].tolist() == [16.0, 16.0]
    command("--set published-110 --part test --objects 1 --categories ball --whiskers RC2 --sweeps 3 --out q")
    assert open_collection(tmp_path / "q").load(0).sizes["time"] == 110


def test_backend_of_batches_gets_lists(command):
    command(f"{SET} --sweeps 5 --whiskers RC2 --backend torch --batch 3 --out s")
    assert [n_scenes for n_scenes, _, _ in CALLS] == [3, 1, 1]


def test_six_stimuli(command, tmp_path):
    command("--set rodgers --out r --rate 220 --whisk 8:10")
    made = open_collection(tmp_path / "r")
    assert sorted(made.table["shape"] + "-" + made.table["distance"]) == sorted(made.ids)
    assert len(made) == 6
    assert made.config["simulator"]["whisk"]["protraction_deg"] == 10


def test_refused_sweeps_are_named(command, capsys, monkeypatch, tmp_path):
    def simulate_scenes(scenes, mechanics=None, **options):
        raise FloatingPointError("whisker RC2 moves too fast.")

    monkeypatch.setattr(simulation, "simulate_scenes", simulate_scenes)
    assert command(f"{SET} --sweeps 5 --whiskers RC2 --out s") == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("refused: ball/00000")
    assert lines[0].endswith("whisker RC2 moves too fast.")
    assert lines[3:] == ["refused: 2 more; see the failures of the collection.", "no sweep could be simulated."]
    with pytest.raises(ValueError, match=r"none of the first 5 sweeps can be simulated: whisker RC2 moves too fast"):
        command(f"{SET} --sweeps 5 --whiskers RC2 --dry-run")


def test_dry_run_of_a_set_says_what_it_costs(command, tmp_path, capsys):
    assert command(f"{SET} --whiskers RC2 --dry-run --json --workers 2") == 0
    facts = json.loads(capsys.readouterr().out)
    # 2 categories x 2 objects x 2 heights x 2 distances x 4 turns
    assert facts["sweeps"] == 64
    assert facts["files"] == 16
    assert facts["megabytes"] > 64 * 220 * 6 * 4 / 1e6 * 0.05
    assert facts["minutes"] == pytest.approx(facts["seconds_of_the_trial_sweep"] * 64 / 2 / 60, rel=0.02)
    assert list(tmp_path.iterdir()) == []
