"""Collections: the same bytes for any number of workers and any interruption, and nothing half-written."""

import errno
import hashlib
import importlib
import json
import os
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import xarray as xr

from data import load_stimulus_set
from simulators.whisker.output import collection, collection_reader, shards, storage
from simulators.whisker.output.collection import Entry, open_collection, sweep_seed, write_collection
from simulators.whisker.output.views import published_view

# A module of its own, so that worker processes can import it.
FAKE = textwrap.dedent(
    """
    import os
    import numpy as np
    import xarray as xr
    from simulators.whisker.output.views import POSITIONS

    def scene(kind, seed):
        return kind, seed

    def simulate(scene):
        kind, seed = scene
        if kind == "refused":
            raise ValueError("the object starts inside the array.")
        if kind == "broken":
            raise RuntimeError("a programming error")
        if kind == "killed":
            os._exit(9)
        generator = np.random.default_rng(seed)
        n_rows = 220 if kind == "long" else 110
        names = ["R" + position for position in POSITIONS]
        dims, shape = ("time", "whisker", "axis"), (n_rows, 30, 3)
        return xr.Dataset(
            {
                "force": (dims, generator.normal(size=shape), {"unit": "mN"}),
                "moment": (dims, generator.normal(size=shape), {"unit": "uN.m"}),
                "contact": (dims[:2], generator.random(shape[:2]) > 0.5, {"unit": "1"}),
                "tip": (dims, generator.normal(size=shape), {"unit": "mm"}),
            },
            coords={"time": np.arange(1, n_rows + 1) / 110, "whisker": names},
            attrs={"record_version": 1, "rate_hz": 110.0},
        )
    """
)
KINDS = ["a", "b", "refused", "c", "d"]


@pytest.fixture
def fake(tmp_path, monkeypatch):
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "fake_sweeps.py").write_text(FAKE)
    monkeypatch.syspath_prepend(str(folder))
    return importlib.import_module("fake_sweeps")


@pytest.fixture
def write(fake, tmp_path):
    """Write the collection of KINDS; any part can be given."""
    from functools import partial

    def build(folder="set", kinds=KINDS, **options):
        sweeps = [
            Entry(f"{k}-{kind}", {"kind": kind, "k": k}, partial(fake.scene, kind)) for k, kind in enumerate(kinds)
        ]
        options = {"simulate": fake.simulate, "seed": 5, "shard_size": 2} | options
        return write_collection(sweeps, tmp_path / folder, **options)

    return build


def fingerprint(folder):
    """SHA-256 of every file of a folder."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.name != shards.LOCK
    }


def test_collection_holds_what_was_simulated(write, fake):
    made = write()
    assert made.ids == [f"{k}-{kind}" for k, kind in enumerate(KINDS) if kind != "refused"]
    assert len(made) == 4
    assert repr(made).endswith("4 of 5 sweeps written, 1 refused, 0 missing")
    for number, (k, record) in enumerate(zip([0, 1, 3, 4], made, strict=True)):
        expected = fake.simulate((KINDS[k], sweep_seed(5, k)))
        for one in (record, made.load(number), made.load(made.ids[number])):
            assert set(one) == {"force", "moment", "contact"}
            np.testing.assert_array_equal(one["force"], expected["force"].values.astype(np.float32))
            np.testing.assert_array_equal(one["contact"], expected["contact"])
            assert (str(one["sweep"].values), str(one["kind"].values), int(one["k"])) == (
                f"{k}-{KINDS[k]}",
                KINDS[k],
                k,
            )
            assert one["force"].attrs["unit"] == "mN"


def test_table_says_what_became_of_each_sweep(write):
    table = write().table
    assert table["id"].tolist() == [f"{k}-{kind}" for k, kind in enumerate(KINDS)]
    assert table["kind"].tolist() == KINDS
    assert table["seed"].tolist() == [sweep_seed(5, k) for k in range(5)]
    assert table["state"].tolist() == ["written"] * 2 + ["refused"] + ["written"] * 2
    assert table["failure"].tolist() == [""] * 2 + ["the object starts inside the array."] + [""] * 2


def test_seeds_depend_on_seed_and_place_alone():
    seeds = {sweep_seed(seed, index) for seed in range(20) for index in range(200)}
    assert len(seeds) == 4000
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert sweep_seed(5, 3) == sweep_seed(5, 3)


def test_other_seed_gives_other_sweeps(write):
    one, other = write("one"), write("other", seed=6)
    assert not np.array_equal(one.load(0)["force"], other.load(0)["force"])


def test_same_bytes_for_two_workers(write, tmp_path):
    write("one")
    write("two", workers=2)
    assert fingerprint(tmp_path / "one") == fingerprint(tmp_path / "two")


@pytest.mark.parametrize("stop_at", [0, 3])
def test_same_bytes_after_an_interruption(write, fake, tmp_path, stop_at):
    write("whole")
    calls = []

    def interrupted(scene):
        calls.append(scene)
        if len(calls) == stop_at + 1:
            raise KeyboardInterrupt
        return fake.simulate(scene)

    with pytest.raises(KeyboardInterrupt):
        write("cut", simulate=interrupted)
    begun = open_collection(tmp_path / "cut")
    assert (begun.table["state"] == "missing").sum() == 5 - stop_at // 2 * 2
    calls.clear()
    stop_at = 99
    write("cut", simulate=interrupted, resume=True)
    assert fingerprint(tmp_path / "cut") == fingerprint(tmp_path / "whole")
    assert len(calls) == (begun.table["state"] == "missing").sum()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_same_bytes_after_a_kill(write, tmp_path, workers):
    write("whole")
    code = textwrap.dedent(
        f"""
        import sys, time
        from functools import partial
        sys.path.insert(0, {str(tmp_path / "code")!r})
        import fake_sweeps
        from simulators.whisker.output.collection import write_collection
        from simulators.whisker.output.workers import Entry

        def slow(scene):
            time.sleep(0.3)
            return fake_sweeps.simulate(scene)

        if __name__ == "__main__":
            entries = [
                Entry(f"{{k}}-{{kind}}", {{"kind": kind, "k": k}}, partial(fake_sweeps.scene, kind))
                for k, kind in enumerate({KINDS!r})
            ]
            write_collection(
                entries, {str(tmp_path / "cut")!r}, simulate=slow, seed=5, shard_size=2, workers={workers}
            )
        """
    )
    script = tmp_path / "code" / "run.py"
    script.write_text(code)
    with subprocess.Popen([sys.executable, str(script)]) as run:
        while not list((tmp_path / "cut").glob("sweeps-*.nc")):
            assert run.poll() is None
            time.sleep(0.02)
        run.kill()
    begun = open_collection(tmp_path / "cut")
    assert 0 < len(begun) < 4
    write("cut", resume=True)
    assert fingerprint(tmp_path / "cut") == fingerprint(tmp_path / "whole")


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_damaged_shard_is_refused_by_the_reader_and_made_again(write, tmp_path, damage):
    made = write()
    before = fingerprint(tmp_path / "set")
    path = sorted((tmp_path / "set").glob("*.nc"))[1]
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert made.load(0)["force"].shape == (110, 30, 3)
    with pytest.raises(ValueError, match=r"is not the file that was written .* resume=True"):
        made.load("3-c")
    write(resume=True)
    assert fingerprint(tmp_path / "set") == before


def test_complete_collection_is_not_simulated_again(write):
    write()

    def never(scene):
        raise AssertionError

    write(simulate=never, resume=True)


def test_another_run_is_not_resumed(write, tmp_path):
    begun = {"kinds": ["a", "b"], "config": {"mechanics": {"preset": "beam", "friction": 0.3}}}
    write(**begun)
    before = fingerprint(tmp_path / "set")
    for options, message in (
        ({"seed": 6}, "was begun with seed = 5, now it is 6"),
        ({"shard_size": 3}, "was begun with shard_size = 2, now it is 3"),
        ({"precision": "float64"}, "was begun with precision = 'float32', now it is 'float64'"),
        ({"kinds": ["a"]}, "was begun with n_sweeps = 2, now it is 1"),
        ({"kinds": ["a", "g"]}, "was begun with ids_and_labels_sha256 = "),
        (
            {"config": {"mechanics": {"preset": "whiskit", "friction": 0.3}}},
            "was begun with simulator.mechanics.preset = 'beam', now it is 'whiskit'; give the former, or another folder",
        ),
    ):
        with pytest.raises(collection.BegunOtherwise, match=message) as caught:
            write(**begun | options, resume=True)
    assert isinstance(caught.value, ValueError)
    assert (caught.value.name, caught.value.now) == ("simulator.mechanics.preset", "whiskit")
    assert fingerprint(tmp_path / "set") == before


def test_what_was_asked_for_is_compared_before_what_follows_from_it(write):
    write(kinds=["a", "b"], config={"objects": 2})
    with pytest.raises(ValueError, match=r"was begun with simulator\.objects = 2, now it is 1"):
        write(kinds=["a"], config={"objects": 1}, resume=True)


def test_a_file_is_no_folder(write, tmp_path):
    (tmp_path / "set").write_text("mine")
    with pytest.raises(ValueError, match="set is a file, and a collection of sweeps is a folder; give another name"):
        write()


def test_collection_is_not_written_over(write):
    write()
    with pytest.raises(FileExistsError, match=r"holds a collection of sweeps; give resume=True \(--resume\)"):
        write()


def test_nothing_to_resume_begins_a_new_one(write):
    assert len(write(resume=True)) == 4


@pytest.mark.parametrize("place", ["sweeps-0000002", "collection.json"])
@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EFBIG, r"larger than this process may write \(ulimit -f\)")],
)
def test_full_disk_keeps_what_is_whole_and_says_how_to_go_on(write, tmp_path, monkeypatch, place, number, words):
    write("whole")
    writes, write_bytes = [], storage.write_bytes

    def full(content, path):
        writes.append(path.name)
        # The manifest is written once at the start and once for each shard.
        if path.name.startswith(place) and (place != "collection.json" or writes.count(place) == 3):
            path.with_suffix(".tmp").write_bytes(content[:10])
            path.with_suffix(".tmp").unlink()
            raise OSError(number, os.strerror(number))
        write_bytes(content, path)

    with monkeypatch.context() as patch:
        patch.setattr(shards, "write_bytes", full)
        done = 2
        with pytest.raises(OSError, match=rf"{words}: {done} of 5 sweeps are whole in .*--resume.* space") as caught:
            write("full")
    assert caught.value.errno == number
    begun = open_collection(tmp_path / "full")
    assert (begun.table["state"] != "missing").sum() == done
    assert [record["force"].shape for record in begun] == [(110, 30, 3)] * len(begun)
    write("full", resume=True)
    assert fingerprint(tmp_path / "full") == fingerprint(tmp_path / "whole")


@pytest.mark.parametrize("batch", [2])
def test_batches_give_the_same_recordings(write, fake, batch):
    sizes = []

    def simulate(scenes):
        sizes.append(len(scenes))
        return [fake.simulate(scene) for scene in scenes]

    one = write("one", shard_size=4)
    many = write("many", shard_size=4, simulate=simulate, batch=batch)
    assert many.failures == one.failures
    assert [record.identical(other) for record, other in zip(many, one, strict=True)] == [True] * 4
    assert max(sizes) == batch


def test_strict_stops_at_the_first_refusal(write, tmp_path):
    with pytest.raises(ValueError, match="sweep '2-refused' is refused: the object starts inside the array"):
        write(strict=True)
    assert len(open_collection(tmp_path / "set")) == 2


def test_programming_errors_are_no_refusals(write, tmp_path):
    with pytest.raises(RuntimeError, match="a programming error"):
        write(kinds=["a", "b", "broken", "c"])
    assert len(open_collection(tmp_path / "set")) == 2


def test_worker_that_dies_is_named(write, tmp_path):
    with pytest.raises(RuntimeError, match=r"a worker process ended early.* of 3 sweeps are whole .*--resume"):
        write(kinds=["a", "b", "killed"], workers=2)
    assert set(open_collection(tmp_path / "set").table["state"]) <= {"written", "missing"}


def test_recording_of_another_length_is_refused(write):
    made = write(kinds=["a", "long", "b"])
    assert made.failures == {"1-long": "its recording has sizes.time = 220, the first one 110."}


def test_all_refused(write):
    made = write(kinds=["refused"] * 3)
    assert len(made) == 0
    assert list(made) == []
    with pytest.raises(ValueError, match="has no sweep to read"):
        made.array()


def test_variables_and_precision(write, fake):
    made = write(variables=("tip",), precision="float64")
    assert set(made.load(0)) == {"tip"}
    np.testing.assert_array_equal(made.load(0)["tip"], fake.simulate(("a", sweep_seed(5, 0)))["tip"])
    with pytest.raises(KeyError, match="no variable 'nodes'; it has force, moment, contact, tip"):
        write("other", variables=("nodes",))


def test_network_arrays(write):
    made = write()
    array = made.array("network")
    assert array.dims == ("stimulus", "time", "channel", "row", "col")
    assert array.shape == (4, 22, 30, 5, 7)
    assert array.dtype == np.float32
    for k, record in enumerate(made):
        np.testing.assert_array_equal(array[k], published_view(record, "network"))
    assert array["stimulus_id"].values.tolist() == made.ids
    assert array["kind"].values.tolist() == ["a", "b", "c", "d"]
    assert array.attrs["rate_hz"] == 22.0


def test_arrays_in_any_order_and_in_batches(write):
    made = write()
    whole = made.array("grid")
    ids = [made.ids[k] for k in (3, 0, 2, 2, 1)]
    xr.testing.assert_identical(made.array("grid", ids=ids[:2]), whole.isel(stimulus=[3, 0]))
    batches = list(made.batches(3, "grid"))
    assert [len(batch) for batch in batches] == [3, 1]
    xr.testing.assert_identical(xr.concat(batches, "stimulus"), whole)
    np.testing.assert_array_equal(next(made.batches(9, "grid", ids=ids)), whole.isel(stimulus=[3, 0, 2, 2, 1]))


def test_stimulus_set_is_read_by_the_data_package(write, tmp_path):
    made = write()
    path = made.save_stimuli(tmp_path / "stimuli.nc", name="sweeps", group="kind", reduce="mean")
    stimuli = load_stimulus_set(path)
    assert stimuli.ids == made.ids
    assert stimuli.table["kind"].tolist() == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(stimuli.items(), made.array(reduce="mean"))
    facts = json.loads((tmp_path / "stimuli.json").read_text())
    assert facts["generator"]["collection"]["seed"] == 5
    assert facts["generator"]["refused"] == {"2-refused": "the object starts inside the array."}


def test_unknown_and_refused_sweeps_cannot_be_loaded(write):
    made = write()
    with pytest.raises(ValueError, match="sweep '2-refused' was refused: the object starts inside the array"):
        made.load("2-refused")
    with pytest.raises(ValueError, match="sweep 'x' is not in the collection; its table has the ids"):
        made.load("x")
    with pytest.raises(IndexError):
        made.load(4)
    with pytest.raises(ValueError, match="size of a batch is 0"):
        next(made.batches(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "workers is 0; it must be at least 1"),
        ({"shard_size": 0}, "shard_size is 0; it must be at least 1"),
        ({"shard_size": 1.5}, "shard_size is 1.5; it must be a whole number"),
        ({"kinds": []}, "number of sweeps is 0; it must be at least 1"),
        ({"variables": ("force", "kind")}, "'kind' is both a label and a variable"),
        ({"config": {"what": object()}}, "config must hold plain values only"),
        ({"workers": 2, "simulate": lambda scene: scene}, "that can be pickled .* or give workers=1"),
    ],
)
def test_refused_before_anything_is_written(write, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        write(**options)
    assert not (tmp_path / "set").exists()


def test_lost_table_is_written_again(write, tmp_path):
    write()
    before = fingerprint(tmp_path / "set")
    (tmp_path / "set" / shards.TABLE).write_text("id,seed,kind,k\n")
    with pytest.raises(ValueError, match=r"has 0 rows, the manifest 5 sweeps; .*resume=True"):
        open_collection(tmp_path / "set")
    write(resume=True)
    assert fingerprint(tmp_path / "set") == before


def test_public_names_are_the_reader_and_the_writer():
    assert collection.open_collection is collection_reader.open_collection
