"""Words of the command line as scenes."""

import argparse

import numpy as np
import pytest

from simulators.cli import SimulateCommand
from simulators.whisker import solids
from simulators.whisker.commands.scene_options import (
    UsageError,
    make_array,
    make_base_motion,
    make_scene,
    make_solid,
    parse_point,
    parse_range,
    parse_whisk,
)


@pytest.fixture
def parse():
    parser = argparse.ArgumentParser()
    SimulateCommand().configure(parser)
    return lambda *words: parser.parse_args(["whisker", *words])


def test_ranges_keep_whole_numbers_whole():
    assert parse_range("40") == (40, 40)
    assert [type(value) for value in parse_range("20:60")] == [int, int]
    assert parse_range("20:60.5") == (20, 60.5)
    for text in ("", "a:3", "3:4:5"):
        with pytest.raises(argparse.ArgumentTypeError, match="is no number"):
            parse_range(text)
    for text in ("nan", "3:inf"):
        with pytest.raises(argparse.ArgumentTypeError, match="is not finite"):
            parse_range(text)


def test_points_have_three_numbers():
    assert parse_point("9,0,-2.5") == (9, 0, -2.5)
    with pytest.raises(argparse.ArgumentTypeError, match="'9,0' is no point; give X,Y,Z"):
        parse_point("9,0")


def test_published_whisk_is_amplitude_about_a_set_point():
    # 35 degrees forward and 10 backward of rest
    expected = {"frequency_hz": 8, "protraction_deg": 35.0, "retraction_deg": 10.0}
    assert parse_whisk("8:22.5:12.5") == expected
    assert parse_whisk("10:5") == {"frequency_hz": 10, "protraction_deg": 5, "retraction_deg": 5}
    for text in ("8", "8:1:2:3"):
        with pytest.raises(argparse.ArgumentTypeError, match="is no whisk"):
            parse_whisk(text)
    with pytest.raises(argparse.ArgumentTypeError, match="'8:900' turns whiskers by more than 120 degrees from rest"):
        parse_whisk("8:900")


def test_arrays(parse):
    assert len(make_array(parse())) == 30
    assert make_array(parse("--whiskers", "RC1", "D")).names == ("RC1", *(f"RD{k}" for k in range(7)))
    assert len(make_array(parse("--species", "rat", "--side", "both"))) == 60
    # A left array is made as the right one; its scene is mirrored.
    assert make_array(parse("--side", "left", "--whiskers", "LC1")).names == ("RC1",)
    one, other = make_array(parse("--individual", "1")), make_array(parse())
    assert one.whiskers[0].length_mm != other.whiskers[0].length_mm
    assert make_array(parse("--preset", "whiskit")).whiskers[0].density_base_kg_m3 == 630


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sphere:5", solids.Sphere(5.0)),
        ("box:10x20x30", solids.Box((10.0, 20.0, 30.0))),
        ("cylinder:1x40", solids.Cylinder(1.0, 40.0)),
        ("capsule:0.5x3", solids.Capsule(0.5, 3.0)),
        ("torus:5x1", solids.Torus(5.0, 1.0)),
    ],
)
def test_shapes(parse, text, expected):
    solid, name, category = make_solid(parse("--object", text))
    assert solid == expected
    assert (name, category) == (text, text.split(":")[0])


def test_categories_have_a_seed_and_a_size(parse):
    solid, name, category = make_solid(parse("--object", "ball", "--seed", "3", "--diagonal", "20"))
    assert (name, category) == ("ball-3", "ball")
    low, high = solid.bounds_mm()
    assert np.linalg.norm(high - low) == pytest.approx(20)


def test_meshes_are_scaled_to_the_diagonal(parse, tmp_path):
    path = tmp_path / "wedge.obj"
    path.write_text("v 0 0 0\nv 3 0 0\nv 0 4 0\nv 0 0 12\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")
    solid, name, category = make_solid(parse("--object", str(path), "--diagonal", "26"))
    assert (name, category) == ("wedge", "mesh")
    low, high = solid.bounds_mm()
    np.testing.assert_allclose(np.sort(high - low), [6, 8, 24])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--object", "box:1x2"], r"'box:1x2' is not understood; give box:XxYxZ in mm"),
        (["--object", "sphere:a"], r"give sphere:R in mm"),
        (["--object", "sphere:5", "--diagonal", "3"], "--diagonal scales categories and meshes"),
        (["--object", "ball", "--diagonal", "3:4"], "--diagonal 3:4 is a range, which only --set can draw from"),
        (["--object", "bal"], r"'bal' is not known \(close: ball"),
        (["--object", "none.stl"], "'none.stl' is no file"),
        (["--object", "ball", "--height", "1", "2"], "--height takes one value for one scene, received 2"),
        (["--object", "sphere"], "--object sphere needs its size: give sphere:R in mm, as sphere:5"),
        (["--object", "capsule"], "give capsule:RxLENGTH in mm, as capsule:1x20"),
        (["--object", "ball:5"], "'ball:5' is not understood; the size of a ball is that of --diagonal"),
        (["--object", "sphere:0"], "--object sphere:0: radius_mm of Sphere is 0.0; it must be positive"),
        (["--object", "torus:1x5"], "--object torus:1x5: .* a torus needs a hole"),
        (
            ["--object", "sphere:1e6"],
            r"--object sphere:1e6 is 3.464e\+06 mm large; at most 2000 mm .* give millimetres",
        ),
        (
            ["--object", "sphere:3", "--duration", "0.0001"],
            r"--duration is 0.0001 s, in which the object would pass .* mm at .* mm/s; .* raise --duration, or give --speed",
        ),
        (["--object", "sphere:3", "--speed", "5", "--duration", "0.1"], "--object sphere:3: .* raise the speed or"),
        (["--whisk", "0:20"], "--whisk: frequency_hz must be positive"),
        (["--whisk", "8:20", "--angles", "a.csv"], "--whisk and --angles both say"),
    ],
)
def test_options_that_cannot_be_meant(parse, words, message):
    with pytest.raises(UsageError, match=message) as caught:
        make_scene(parse(*words))
    assert caught.value.exit_code == 2


def test_passage_starts_clear_and_ends_with_the_duration(parse):
    scene = make_scene(parse("--object", "sphere:3", "--whiskers", "RC2", "--duration", "0.5", "--rate", "500"))
    assert (scene.duration_s, scene.rate_hz, scene.n_intervals) == (0.5, 500.0, 250)
    (thing,) = scene.objects
    path = thing.motion.at(np.array([0.0, 0.5])).position_mm
    assert path[0, 1] > scene.array.centre_lines_mm()[..., 1].max()
    assert path[0, 0] - 3 == pytest.approx(5.0)
    assert path[0, 2] == pytest.approx(-2.0)
    slow = make_scene(parse("--object", "sphere:3", "--whiskers", "RC2", "--speed", "100"))
    assert slow.duration_s == pytest.approx((path[0, 1] - path[1, 1]) / 100, rel=1e-6)


def test_place_and_speed(parse):
    scene = make_scene(parse("--object", "sphere:3", "--at", "9,5,-2", "--speed", "10", "--whiskers", "RC2"))
    np.testing.assert_allclose(scene.objects[0].motion.at(np.array([0.0, 1.0])).position_mm, [[9, 5, -2], [9, -5, -2]])


def test_left_passage_is_the_mirror_image(parse):
    words = ("--object", "sphere:3", "--whiskers")
    left, right = make_scene(parse(*words, "LC2", "--side", "left")), make_scene(parse(*words, "RC2"))
    assert (left.array.names, right.array.names) == (("LC2",), ("RC2",))
    np.testing.assert_allclose(left.array.base_points_mm() * [-1, 1, 1], right.array.base_points_mm(), atol=1e-12)
    places = [scene.objects[0].motion.at(np.zeros(1)).position_mm for scene in (left, right)]
    np.testing.assert_allclose(places[0] * [-1, 1, 1], places[1], atol=1e-12)


def test_place_of_an_object_is_that_in_the_world_on_both_sides(parse):
    words = ("--object", "box:1x2x3", "--at=-9,5,-2", "--rotation", "30", "--speed", "10")
    poses = [make_scene(parse(*words, "--side", side)).objects[0].motion.at(np.ones(1)) for side in ("left", "right")]
    np.testing.assert_allclose(poses[0].position_mm, [[-9, -5, -2]], atol=1e-12)
    for one, other in zip(*poses, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_tables_of_motion(parse, tmp_path):
    path = tmp_path / "path.csv"
    path.write_text("time_s,x_mm,y_mm,z_mm\n" + "".join(f"{k / 10},9,{5 - k},0\n" for k in range(11)))
    angles = tmp_path / "angles.csv"
    angles.write_text("time_s,angle_deg\n" + "".join(f"{k / 10},{k}\n" for k in range(11)))
    scene = make_scene(parse("--object", "sphere:1", "--trajectory", str(path), "--whiskers", "RC2", "--duration", "1"))
    np.testing.assert_allclose(scene.objects[0].motion.at(np.array([0.5])).position_mm, [[9, 0, 0]], atol=1e-9)
    array = make_array(parse("--whiskers", "RC2"))
    tracked = make_base_motion(parse("--angles", str(angles)), array)
    np.testing.assert_allclose(tracked.at(np.array([0.5])).protraction_deg, [[5.0]], atol=1e-9)
    assert make_base_motion(parse(), array) is None
    moved = make_base_motion(parse("--head", str(path)), array).at(np.array([0.0, 1.0])).position_mm
    np.testing.assert_allclose(moved[1] - moved[0], [[0, -10, 0]], atol=1e-9)
    both = make_base_motion(parse("--head", str(path), "--whisk", "8:10"), array)
    assert both.at(np.array([0.1])).protraction_deg.shape == (1, 1)


CONTENTS = {
    "empty.csv": (b"", r"is no table \(No columns to parse from file\); give a CSV file whose first line names"),
    "binary.csv": (b"\x89PNG\xff\xfe\x00", r"is no table \('utf-8' codec can't decode .*\); give a CSV file"),
    "ragged.csv": (b"a,b\n1,2\n1,2,3,4\n", r"is no table \(Error tokenizing data.*\); give a CSV file"),
    "words.csv": (b"time_s,x_mm,y_mm,z_mm\n0,a,b,c\n", "holds a cell that is no number"),
    "twice.csv": (b"time_s,x_mm,y_mm,z_mm\n0,1,2,3\n0,1,2,3\n", "times_s must increase"),
    "missing.csv": (None, "does not exist; give a CSV file with the columns time_s"),
}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("option", ["--trajectory", "--head", "--angles"])
def test_faults_of_tables_name_the_option_and_the_file(parse, tmp_path, monkeypatch, option, name):
    monkeypatch.chdir(tmp_path)
    content, message = CONTENTS[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=f"^{option} {name}:? .*{message}"):
        make_scene(parse("--object", "sphere:3", "--whiskers", "RC2", option, name))


@pytest.mark.parametrize("name", ["empty.csv", "binary.csv", "ragged.csv"])
def test_faults_of_tables_of_whiskers_name_the_file(parse, tmp_path, name):
    (tmp_path / name).write_bytes(CONTENTS[name][0])
    with pytest.raises(UsageError, match=f"^--table .*{name}:? .*"):
        make_array(parse("--table", str(tmp_path / name)))


@pytest.mark.parametrize("whiskers", [[], ["RC2", "RA4"]])
@pytest.mark.parametrize("side", ["right", "left", "both"])
@pytest.mark.parametrize("species", ["mouse", "rat"])
def test_by_default_objects_pass_beside_all_base_points(parse, species, side, whiskers):
    names = [name.replace("R", "L") for name in whiskers] if side == "left" else whiskers
    chosen = ["--whiskers", *names] if names else []
    scene = make_scene(parse("--species", species, "--side", side, "--object", "sphere:3", *chosen))
    every = make_scene(parse("--species", species, "--side", side, "--object", "sphere:3"))
    (thing,), (same,) = scene.objects, every.objects
    start = thing.motion.at(np.zeros(1)).position_mm[0]
    np.testing.assert_array_equal(start[[0, 2]], same.motion.at(np.zeros(1)).position_mm[0, [0, 2]])
    outwards = -1 if side == "left" else 1
    bases = every.array.base_points_mm()
    longest = max(whisker.length_mm for whisker in every.array.whiskers)
    gap = (outwards * start[0] - 3) - (outwards * bases[:, 0]).max()
    assert 0.15 * longest < gap < 0.25 * longest
    assert bases[:, 2].min() < start[2] < bases[:, 2].max()
