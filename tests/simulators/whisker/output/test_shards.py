"""The parts of a collection on disk: shards, table, manifest, lock."""

import hashlib
import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import xarray as xr

from simulators.whisker.output.shards import (
    MANIFEST,
    Manifest,
    Shard,
    is_whole,
    kinds_of,
    layout_of,
    only_writer,
    read_shard,
    read_table,
    table_bytes,
    table_of,
    write_shard,
)


def make_record(value=0.0, n_rows=5, names=("RC1", "RC2"), **attrs):
    force = np.full((n_rows, len(names), 3), value)
    return xr.Dataset(
        {"force": (("time", "whisker", "axis"), force, {"unit": "mN"})},
        coords={"time": np.arange(1, n_rows + 1) / 1000, "whisker": list(names)},
        attrs={"record_version": 1, "rate_hz": 1000.0} | attrs,
    )


@pytest.fixture
def table():
    return table_of(["a", "b", "c"], [{"kind": "007", "size": size} for size in (0.1, 1.0, 3e-17)], [1, 2, 2**62])


def test_shard_holds_sweeps_with_their_labels(tmp_path, table):
    records = {"a": make_record(1.0), "c": make_record(3.0)}
    shard = write_shard(tmp_path, records, 0, 3, table)
    assert (shard.first, shard.stop, shard.file) == (0, 3, "sweeps-0000000-0000002.nc")
    assert shard.sha256 == hashlib.sha256((tmp_path / shard.file).read_bytes()).hexdigest()
    assert shard.n_bytes == (tmp_path / shard.file).stat().st_size
    content = read_shard(tmp_path, shard, [0, 1])
    assert list(content["sweep"].values) == ["a", "c"]
    assert list(content["kind"].values) == ["007", "007"]
    np.testing.assert_array_equal(content["size"], [0.1, 3e-17])
    np.testing.assert_array_equal(content["seed"], [1, 2**62])
    np.testing.assert_array_equal(content["force"].isel(sweep=1), records["c"]["force"])
    assert content["force"].attrs == {"unit": "mN"}
    assert list(read_shard(tmp_path, shard, [1])["sweep"].values) == ["c"]


def test_shard_keeps_the_attributes_that_all_sweeps_share(tmp_path, table):
    records = {"a": make_record(preset="beam", object="x"), "b": make_record(preset="beam", object="y")}
    attrs = read_shard(tmp_path, write_shard(tmp_path, records, 0, 2, table), [0]).attrs
    assert attrs["preset"] == "beam"
    assert "object" not in attrs


def test_shard_without_sweeps_has_no_file(tmp_path, table):
    shard = write_shard(tmp_path, {}, 0, 3, table)
    assert shard.file == ""
    assert is_whole(tmp_path, shard)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["gone", "cut", "one bit"])
def test_damaged_shard_is_not_whole(tmp_path, table, damage):
    shard = write_shard(tmp_path, {"a": make_record()}, 0, 1, table)
    assert is_whole(tmp_path, shard)
    path = tmp_path / shard.file
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[:-1])
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    assert not is_whole(tmp_path, shard)


def test_layout_tells_recordings_apart_that_do_not_fit():
    same = layout_of(make_record(1.0))
    assert layout_of(make_record(2.0)) == same
    assert layout_of(make_record(n_rows=6)) != same
    assert layout_of(make_record(names=("RC2", "RC1"))) != same
    si = make_record()
    si["force"].attrs["unit"] = "N"
    assert layout_of(si) != same
    assert json.loads(json.dumps(same)) == same


def test_table_is_read_as_it_was(tmp_path):
    labels = [
        {"text": text, "number": number, "count": 3, "flag": True} for text, number in (("1.0", 0.1 + 0.2), ("", 1.0))
    ]
    table = table_of(["001", "nan"], labels, [5, 6])
    (tmp_path / "sweeps.csv").write_bytes(table_bytes(table))
    again = read_table(tmp_path, kinds_of(table))
    assert again["id"].tolist() == ["001", "nan"]
    assert again["text"].tolist() == ["1.0", ""]
    assert again["number"].tolist() == [0.1 + 0.2, 1.0]
    assert [again[name].dtype.kind for name in ("seed", "number", "count", "flag")] == ["i", "f", "i", "b"]


@pytest.mark.parametrize(
    ("ids", "labels", "message"),
    [
        (["a", "a"], [{}, {}], "sweep id 'a' occurs twice"),
        (["a", "b"], [{"x": 1}, {"y": 1}], r"sweep 'b' has the labels \['y'\], the first one \['x'\]"),
        (["a"], [{"two words": 1}], "label 'two words' cannot be a column"),
        (["a"], [{"id": 1}], "label 'id' cannot be a column"),
        (["a"], [{"time": 1}], "label 'time' cannot be a column"),
    ],
)
def test_labels_that_cannot_be_a_table(ids, labels, message):
    with pytest.raises(ValueError, match=message):
        table_of(ids, labels, [0] * len(ids))


def test_manifest_is_read_as_it_was(tmp_path):
    manifest = Manifest({"seed": 1}, {"sizes": {"time": 5}}, [Shard(0, 2, "s.nc", "ab", 7)], {"b": "too fast."})
    manifest.save(tmp_path)
    assert Manifest.load(tmp_path) == manifest


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"shards": []}'])
def test_foreign_manifest_is_refused(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(ValueError, match="is no manifest of a collection of sweeps"):
        Manifest.load(tmp_path)


def test_manifest_of_another_version_is_refused(tmp_path):
    (tmp_path / MANIFEST).write_text('{"collection_version": 99}')
    with pytest.raises(ValueError, match="has version 99; this version of the package reads 1"):
        Manifest.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="holds no collection of sweeps"):
        Manifest.load(tmp_path / "none")


def test_another_process_is_kept_out_until_the_first_ends(tmp_path):
    code = textwrap.dedent(
        f"""
        from pathlib import Path
        from simulators.whisker.output.shards import only_writer
        with only_writer(Path({str(tmp_path)!r})):
            print("held", flush=True)
            input()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match="another process is writing to"), only_writer(tmp_path):
            pass
        other.kill()
        other.wait()
    with only_writer(tmp_path):
        pass
