import numpy as np
import pytest
import torch
from PIL import Image

from neuromodels.motion.flow_sequences import FolderPart, resized
from neuromodels.motion.mixtures import MIXTURES, PUBLISHED, mixture_weights
from neuromodels.motion.training_data import flipped, motion_scenes
from neuromodels.training import Samples, Stream
from neuromodels.training.kinds import build, list_kinds
from neuromodels.training.tables import Choice
from simulators.vision import write_flo
from simulators.vision.flow_folders import COLLECTIONS
from simulators.vision.training_kinds import TRAINING_KINDS, paint_training_scene

SMALL = {"size": 32, "max_speed": 2.0}


def drawn(stream, n, seed=0):
    return stream.draw(n, torch.Generator().manual_seed(seed))


@pytest.fixture
def sintel(tmp_path):
    for number in range(1, 18):
        place = tmp_path / "training" / "clean" / "alley" / f"frame_{number:04d}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20, 40, 3), number, dtype=np.uint8)).save(place)
        flow = np.full((2, 20, 40), number, dtype=np.float32)
        flow[:, :, 5] = np.nan
        write_flo(tmp_path / "training" / "flow" / "alley" / f"frame_{number:04d}.flo", flow)
    return tmp_path


def test_the_engine_finds_the_parts():
    assert "motion/scenes" in list_kinds("data")
    choice = Choice("motion/scenes", {**SMALL, "mixture": {"sprites": 3, "gratings": 1}})
    train, validation = (build("data", choice, part=part) for part in ("train", "validation"))
    assert isinstance(train, Stream) and not isinstance(train, Samples)
    assert isinstance(validation, Samples) and not isinstance(validation, Stream)
    assert len(validation) == 64 and len(build("data", choice, part="test")) == 128


@pytest.mark.parametrize("channels", [1, 3])
def test_batches_have_their_form(channels):
    batch = drawn(motion_scenes("train", size=(32, 40), channels=channels), 3)
    assert batch["x"].shape == (3, 15, channels, 32, 40) and batch["x"].dtype == torch.float32
    assert batch["flow"].shape == (3, 2, 32, 40) and batch["flow"].dtype == torch.float32
    assert batch["kind"].dtype == torch.int64
    assert batch["x"].min() >= 0 and batch["x"].max() <= 1


def test_the_generator_decides_every_bit():
    one, again, other = (drawn(motion_scenes("train", **SMALL), 6, seed) for seed in (1, 1, 2))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["x"], other["x"])
    # A sample does not depend on those beside it.
    generator = torch.Generator().manual_seed(1)
    stream = motion_scenes("train", **SMALL)
    parts = [stream.draw(n, generator) for n in (2, 4)]
    assert torch.equal(torch.cat([part["x"] for part in parts]), one["x"])


def test_validation_and_test_are_the_same_in_every_run_and_disjoint():
    parts = {name: motion_scenes(name, **SMALL, n_validation=8, n_test=8) for name in ("validation", "test")}
    first, second = (parts["validation"].batch(rows) for rows in ([0, 1, 2], [2]))
    assert torch.equal(first["x"][2], second["x"][0])
    pictures = [
        batch["x"][:, 0].flatten(1) for batch in (parts["validation"].batch(range(8)), parts["test"].batch(range(8)))
    ]
    assert torch.cdist(*pictures).min() > 0.1
    seeds = motion_scenes("train", **SMALL, flips=False).samples(range(8))["x"][:, 0].flatten(1)
    assert min(torch.cdist(seeds, part).min() for part in pictures) > 0.1
    with pytest.raises(IndexError, match="row 8 is not among the 8 samples of part 'test'"):
        parts["test"].batch([8])


def test_kinds_come_in_their_proportions():
    stream = motion_scenes("train", size=16, n_frames=2, flow_frame=0, mixture={"gratings": 3, "shapes": 1, "water": 0})
    kinds = drawn(stream, 400)["kind"]
    share = (kinds == stream.kinds.index("gratings")).float().mean()
    assert share == pytest.approx(0.75, abs=0.07)
    assert set(kinds.tolist()) == {stream.kinds.index(name) for name in ("gratings", "shapes")}


def test_flow_is_that_of_its_frame():
    validation = motion_scenes("validation", **SMALL, mixture={"sprites": 1}, flow_frame=3, n_frames=5)
    rng = np.random.default_rng([2, 0])
    rng.random()
    painted = paint_training_scene("sprites", validation.display, 5, rng, max_speed=2.0)
    batch = validation.batch([0])
    np.testing.assert_array_equal(batch["flow"][0], painted.flow[3])
    np.testing.assert_array_equal(batch["x"][0], painted.frames)


def test_flips_change_the_sign_of_the_flow_along_them():
    frames, flow = np.arange(2 * 6.0).reshape(1, 2, 2, 3), np.arange(12.0).reshape(2, 2, 3)
    across = flipped(frames, flow, across=True, down=False)
    np.testing.assert_array_equal(across[0], frames[..., ::-1])
    np.testing.assert_array_equal(across[1], np.stack([-flow[0, :, ::-1], flow[1, :, ::-1]]))
    down = flipped(frames, flow, across=False, down=True)
    np.testing.assert_array_equal(down[1], np.stack([flow[0, ::-1], -flow[1, ::-1]]))
    both = flipped(*flipped(frames, flow, across=True, down=True), across=True, down=True)
    np.testing.assert_array_equal(both[1], flow)


def test_a_folder_is_resized_cropped_and_mixed_in(sintel):
    table = {"collection": "sintel", "root": str(sintel), "weight": 1e6, "resize": [40, 60]}
    stream = motion_scenes("train", **SMALL, channels=3, flips=False, folders=[table])
    batch = drawn(stream, 4)
    assert [stream.kinds[kind] for kind in batch["kind"]] == ["MPI-Sintel clean"] * 4
    first = (batch["x"][:, 0, 0, 0, 0] * 255).round()
    torch.testing.assert_close(batch["x"][:, 7, 0, 0, 0] * 255, first + 7, atol=1e-3, rtol=0)
    known = batch["flow"].isfinite()
    # Frame 7's flow is its number, times the changes of size.
    for sample, at in zip(batch["flow"], first, strict=True):
        right, down = (sample[part][sample[part].isfinite()] for part in (0, 1))
        torch.testing.assert_close(right, torch.full_like(right, 1.5 * (at + 7)))
        torch.testing.assert_close(down, torch.full_like(down, 2.0 * (at + 7)))
    assert known.float().mean() > 0.9
    assert len(motion_scenes("validation", **SMALL, folders=[table]).kinds) == len(TRAINING_KINDS)
    with pytest.raises(
        ValueError, match="has 20 x 40 pixels, fewer than the 32 x 32 of a sample; give a larger resize"
    ):
        drawn(motion_scenes("train", **SMALL, folders=[{**table, "resize": None}]), 1)


def test_resizing_keeps_unknown_flow_where_it_is():
    flow = np.ones((2, 4, 6), dtype=np.float32)
    flow[:, 1, 2] = np.nan
    frames, moved = resized(np.zeros((2, 1, 4, 6), dtype=np.float32), flow, (8, 18))
    assert frames.shape == (2, 1, 8, 18) and moved[:, 0, 0].tolist() == [3, 2]
    unknown = np.isnan(moved[0])
    assert unknown.sum() == 6 and unknown[2:4, 6:9].all()


def test_published_mixture_names_what_there_is():
    assert [part.multiplier for part in PUBLISHED] == [1, 1, 1, 1, 0.2, 0.5, 2, 2, 2, 2, 2, 1, 5, 5]
    assert {part.scene for part in PUBLISHED if part.scene} < set(TRAINING_KINDS)
    assert {part.collection for part in PUBLISHED if part.collection} < set(COLLECTIONS)
    for name in MIXTURES:
        assert sum(mixture_weights(name, tuple(TRAINING_KINDS)).values()) == pytest.approx(1)
    assert mixture_weights("published", tuple(TRAINING_KINDS))["sprites"] == pytest.approx(0.5 / 11.5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mixture": "soup"}, "mixture 'soup' is not known; give one of published, diffuse"),
        ({"mixture": {"fog": 1}}, "mixture has the kind 'fog'"),
        ({"mixture": {"sprites": 0}}, "one above 0"),
        ({"flow_frame": 15}, "flow_frame is 15; a sample has frames 0 to 14"),
        ({"size": (3, 4, 5)}, r"size is \(3, 4, 5\)"),
        ({"size": -3}, "n_rows of a display is -3"),
        ({"channels": 4}, "channels is 4"),
        ({"folders": [{"root": "x"}]}, "lacks 'collection'"),
        ({"folders": [{"root": "x", "collection": "films"}]}, "collection 'films' is not known"),
        ({"folders": [{"root": "x", "collection": "flying-chairs"}]}, "pairs of pictures"),
        ({"folders": [{"root": "x", "collection": "kitti", "weight": 0}]}, "weight of folder x is 0"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        motion_scenes("train", **options)


def test_other_parts_and_loader_options_are_refused(sintel):
    with pytest.raises(ValueError, match="part is 'dev'; the parts are train, validation, test"):
        motion_scenes("dev")
    with pytest.raises(ValueError, match="there are 0 test samples"):
        motion_scenes("test", n_test=0)
    with pytest.raises(ValueError, match="has an option that sintel does not take"):
        FolderPart.from_table({"collection": "sintel", "root": sintel, "colour": 1}, 15, 7)
