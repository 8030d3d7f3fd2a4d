"""Sweeps as samples: the published inputs, whole objects in each part, decoded once and never more than is asked for."""

import pickle
import shutil

import numpy as np
import pytest
import torch

from neuromodels.tactile import Normalisation, ObjectDivision, sweep_samples
from neuromodels.tactile.object_division import PARTS
from simulators.whisker import open_collection, published_view

HALF = {"fractions": (0.5, 0.25, 0.25)}


def parts_of(folder, **options):
    return {part: sweep_samples(folder, part, **HALF | options) for part in PARTS}


def test_batch_is_the_published_view_in_the_order_asked_for(write):
    made = write()
    records = dict(zip(made.ids, made, strict=True))
    for samples in parts_of(made.folder).values():
        rows = [len(samples) - 1, 0, 2, 2, 1]
        batch = samples.batch(rows)
        assert set(batch) == {"x", "label"}
        assert (batch["x"].shape, batch["x"].dtype, batch["label"].dtype) == (
            (5, 22, 30, 5, 7),
            torch.float32,
            torch.int64,
        )
        for k, row in enumerate(rows):
            record = records[samples.ids[row]]
            expected = published_view(record, cleaning=True).values.astype(np.float32)
            np.testing.assert_array_equal(batch["x"][k], expected)
            assert samples.class_names[batch["label"][k]] == str(record["category"].values)
            assert samples.objects[row] == str(record["group"].values)


def test_values_out_of_range_take_those_before_them(write):
    """A plain loop over frames is the oracle of the cleaning; channel = 6 x frame + quantity."""
    made = write()
    samples = sweep_samples(made.folder, "train", division={"train": ["mug-0"]})
    x = samples.batch([0])["x"][0].numpy()
    record = made.load("mug-0.0")
    values = np.concatenate([record["force"].values, record["moment"].values], axis=-1)
    assert (np.abs(values) > 1000).sum() == 4
    names = [str(name) for name in record["whisker"].values]
    for w, name in enumerate(names):
        for quantity in range(6):
            before = 0.0
            for frame in range(110):
                if abs(values[frame, w, quantity]) <= 1000:
                    before = values[frame, w, quantity]
                channel = 6 * (frame % 5) + quantity
                assert x[frame // 5, channel, "ABCDE".index(name[1]), int(name[2])] == np.float32(before)


def test_no_object_is_in_two_parts_and_every_class_in_each(write):
    made = write(n_objects=6)
    parts = parts_of(made.folder)
    seen = [set(samples.objects) for samples in parts.values()]
    assert sum(map(len, seen)) == len(set.union(*seen)) == 18
    assert sorted(np.concatenate([samples.ids for samples in parts.values()])) == sorted(made.ids)
    for samples in parts.values():
        assert samples.class_names == ("ball", "cone", "mug")
        assert samples.n_classes == 3
        assert set(samples.labels) == {0, 1, 2}
        assert samples.division == parts["train"].division


def test_added_sweeps_do_not_move_objects(write):
    few, many = write("few", n_sweeps=1, n_objects=6), write("many", n_sweeps=4, n_objects=6)
    assert sweep_samples(few.folder, "test").division == sweep_samples(many.folder, "test").division


def test_refused_sweeps_are_left_out_and_counted(write):
    # Sweep 4 alone, and all of object mug-2.
    made = write(refused=(4, 6, 7, 8))
    parts = parts_of(made.folder)
    assert sum(len(samples) for samples in parts.values()) == 32 == len(made)
    assert "mug-2" not in parts["train"].division.part_of()
    assert sum(samples.n_refused for samples in parts.values()) == 1
    (part,) = [one for one, samples in parts.items() if samples.n_refused]
    assert parts[part].counts().loc["mug", (part, "refused")] == 1
    assert parts[part].division.part_of()["mug-1"] == part


def test_collection_that_is_not_complete_yet_has_the_same_parts(write):
    made = write("whole")
    calls, records = [], list(made)

    def interrupted(index):
        calls.append(index)
        if len(calls) > 22:
            raise KeyboardInterrupt
        return records[index]

    with pytest.raises(KeyboardInterrupt):
        write("cut", simulate=interrupted)
    cut = parts_of(made.folder.parent / "cut")
    assert cut["train"].division == parts_of(made.folder)["train"].division
    assert sum(len(samples) for samples in cut.values()) == 12
    assert sum(samples.n_missing for samples in cut.values()) == 24


def test_only_shards_in_use_are_decoded_and_only_once(write, monkeypatch):
    made = write()
    cache = made.folder / "network-inputs"
    samples = sweep_samples(made.folder, "train", division={"train": ["mug-0", "cone-3"]})
    assert not cache.exists()
    first = samples.batch([0, 2])
    (file,) = cache.glob("*.npy")
    assert file.stat().st_size == 128 + 12 * 92_400
    samples.batch(range(len(samples)))
    # Sweeps 0 to 2 and 33 to 35 lie in the first and the last of three shards.
    assert len(list(cache.glob("*.npy"))) == 2
    for shard in made.folder.glob("sweeps-*.nc"):
        shard.unlink()
    again = sweep_samples(made.folder, "train", division={"train": ["mug-0", "cone-3"]})
    assert torch.equal(again.batch([0, 2])["x"], first["x"])


def test_prepare_decodes_all_of_a_part(write, tmp_path):
    made = write()
    samples = sweep_samples(made.folder, "train", division={"train": ["mug-0", "cone-3"]}, cache=tmp_path / "elsewhere")
    samples.prepare()
    assert len(list((tmp_path / "elsewhere").glob("*.npy"))) == 2
    assert not (made.folder / "network-inputs").exists()


def test_decoded_inputs_of_other_content_or_another_view_are_not_taken(write, tmp_path):
    cache = tmp_path / "cache"
    options = {"division": {"train": ["mug-0"]}, "cache": cache}
    one = sweep_samples(write("one").folder, "train", **options).batch([1])["x"]
    backwards = list(open_collection(tmp_path / "one"))[::-1]
    other = write("other", simulate=lambda index: backwards[index])
    assert not torch.equal(sweep_samples(other.folder, "train", **options).batch([1])["x"], one)
    sweep_samples(tmp_path / "one", "train", view={"reduce": "mean"}, **options).batch([1])
    assert len(list(cache.glob("*.npy"))) == 3


def test_damaged_inputs_and_shards_are_refused(write):
    made = write()
    options = {"division": {"train": ["mug-0"]}}
    sweep_samples(made.folder, "train", **options).prepare()
    (file,) = (made.folder / "network-inputs").glob("*.npy")
    content = file.read_bytes()
    for damaged in (content[:-4], b"nothing", content.replace(b"<f4", b"<i4", 1)):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match="is not the file of inputs that was written; delete it"):
            sweep_samples(made.folder, "train", **options).batch([0])
    shutil.rmtree(file.parent)
    shard = sorted(made.folder.glob("sweeps-*.nc"))[0]
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(ValueError, match="is not the file that was written"):
        sweep_samples(made.folder, "train", **options).batch([0])


def test_folder_that_may_not_be_written_to_is_named(write, monkeypatch):
    from simulators.whisker.output import storage

    def refuse(content, path):
        raise PermissionError(path)

    made = write()
    monkeypatch.setattr(storage, "write_bytes", refuse)
    with pytest.raises(PermissionError, match="give cache= a folder that may be written to"):
        sweep_samples(made.folder, "train", **HALF).batch([0])


def test_robust_scale_is_that_of_the_training_part_in_every_part(write):
    made = write(n_objects=6)
    parts = parts_of(made.folder, normalisation="robust")
    plain = parts_of(made.folder)
    x = plain["train"].batch(range(len(plain["train"])))["x"].numpy().reshape(-1, 110, 6, 35).astype(float)
    expected = np.median(np.sqrt((x**2).sum(axis=(1, 3)) / (110 * 30)), axis=0)
    for part, samples in parts.items():
        np.testing.assert_allclose(samples.normalisation.scale, expected, rtol=1e-6)
        assert torch.equal(samples.batch([0, 1])["x"], plain[part].batch([0, 1])["x"])
        assert samples.model_options == {"scale": list(samples.normalisation.scale)}
    assert plain["train"].model_options == {}
    stored = parts["train"].normalisation.to_dict()
    again = sweep_samples(made.folder, "test", **HALF, normalisation=stored)
    assert again.normalisation == parts["train"].normalisation


def test_other_labels_and_lists_of_objects(write, tmp_path):
    made = write()
    samples = sweep_samples(made.folder, "train", label="label", **HALF)
    assert samples.class_names == ("0", "1", "2")
    division = ObjectDivision(("mug-0", "ball-0"), ("mug-1",), ("ball-2", "unheard-of"))
    for given in (
        division,
        {"train": ["mug-0", "ball-0"], "val": ["mug-1"], "test": ["ball-2"]},
        division.save(tmp_path / "d"),
    ):
        samples = sweep_samples(made.folder, "train", division=given)
        assert sorted(set(samples.objects)) == ["ball-0", "mug-0"]
        assert samples.class_names == ("ball", "mug")
        assert "9 objects are in no part" not in repr(samples)
        assert "8 objects are in no part" in samples.describe()


def test_description_counts_classes_and_ranges(write):
    made = write(refused=(4,))
    samples = sweep_samples(made.folder, "test", **HALF)
    counts = samples.counts()
    assert counts.index.tolist() == ["ball", "cone", "mug"]
    for part in PARTS:
        of_part = sweep_samples(made.folder, part, **HALF)
        assert counts[part, "sweeps"].sum() == len(of_part)
        assert counts[part, "objects"].sum() == len(set(of_part.objects))
    x = samples.batch(range(len(samples)))["x"].numpy().reshape(-1, 110, 6, 35)
    ranges = samples.ranges()
    assert ranges.index[0] == "Fx [mN]" and ranges.index[5] == "Mz [uN.m]"
    np.testing.assert_allclose(ranges["least"], x.min((0, 1, 3)))
    np.testing.assert_allclose(ranges["largest"], x.max((0, 1, 3)))
    np.testing.assert_allclose(ranges["rms"], np.sqrt((x.astype(float) ** 2).sum((0, 1, 3)) / (len(x) * 110 * 30)))
    text = samples.describe()
    for word in ("SweepSamples test", "3 classes", "refused", "ball", "Mz [uN.m]", "normalisation published"):
        assert word in text


def test_samples_travel_to_other_processes(write):
    samples = sweep_samples(write().folder, "train", **HALF)
    before = samples.batch([0, 3])
    again = pickle.loads(pickle.dumps(samples))  # noqa: S301
    assert torch.equal(again.batch([0, 3])["x"], before["x"])


@pytest.mark.parametrize("rows", [[0, 99], [-1]])
def test_rows_out_of_range_are_refused(write, rows):
    samples = sweep_samples(write().folder, "train", **HALF)
    with pytest.raises(IndexError, match=rf"row {rows[-1]} is not among the 18 samples of part 'train'"):
        samples.batch(rows)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"part": "dev"}, "part is 'dev'; the parts are train, validation, test"),
        ({"label": "kind"}, "label column 'kind' is not in the table; it has id, "),
        ({"group": "thing"}, "group column 'thing' is not in the table"),
        ({"label": "sweep_no"}, "object 'ball-0' has 3 values of 'sweep_no'"),
        ({"fractions": (1, 0, 0), "part": "test"}, "part 'test' has no sweep to read"),
        ({"division": {"train": ["mug-0"], "test": ["mug-0"]}}, "object 'mug-0' is in train and again in test"),
        ({"normalisation": "whitened"}, "normalisation 'whitened' is not known; give published, robust"),
        ({"view": {"layout": "grid"}}, "view has no option 'layout'; it takes side, reduce and missing"),
        ({"n_objects": 2}, "category 'ball' has 2 of the 3 objects"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(write, options, message):
    options = dict(options)
    made = write(n_objects=options.pop("n_objects", 4), n_sweeps=3)
    with pytest.raises(ValueError, match=message):
        sweep_samples(made.folder, options.pop("part", "train"), **options)


def test_a_folder_without_collection_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no collection of sweeps"):
        sweep_samples(tmp_path, "train")


def test_a_given_normalisation_is_taken(write):
    scale = Normalisation((2.0,) * 6, "mine")
    folder = write().folder
    samples = sweep_samples(folder, "train", normalisation=scale, **HALF)
    assert samples.model_options == {"scale": [2.0] * 6}


def test_sweeps_too_short_for_a_network_are_refused_before_any_is_decoded(write):
    from .conftest import _recording

    write(simulate=lambda index: _recording(index).isel(time=slice(60)))
    collection = write("long", simulate=_recording)
    with pytest.raises(ValueError, match="sweep 'mug-0.0' of .* has 60 intervals, but a tactile network takes 110"):
        sweep_samples(collection.folder.with_name("set"), "train")
    assert not (collection.folder.with_name("set") / "network-inputs").exists()
    sweep_samples(collection.folder, "train")


def test_samples_say_how_many_classes_a_network_must_tell(write):
    samples = sweep_samples(write().folder, "train")
    assert samples.class_options == {"classes": 3}
