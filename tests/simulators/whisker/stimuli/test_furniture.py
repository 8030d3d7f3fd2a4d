import csv
import pickle
import zipfile

import numpy as np
import pytest

from simulators.whisker.stimuli.furniture import FurnitureObjects, category_of, read_catalogue, read_furniture_mesh

# A block of 1 x 2 x 3 units, y up, with a material that must not be looked for.
BLOCK = """mtllib missing.mtl
v 0 0 0
v 1 0 0
v 1 2 0
v 0 2 0
v 0 0 3
v 1 0 3
v 1 2 3
v 0 2 3
v 99 99 99
usemtl wood
f 1 4 3 2
f 5 6 7 8
f 1 2 6 5
f 4 8 7 3
f 1 5 8 4
f 2 3 7 6
"""


def entry(number, name, model="block/block.obj", **more):
    facts = {
        "id": f"Maker#{name}{number}", "name": name, "category": "Bedroom", "model": f"/{model}",
        "width": "10", "depth": "60", "height": "20.0", "creator": "A. Maker",
    }  # fmt: skip
    return "".join(f"{key}#{number}={value}\n" for key, value in (facts | more).items())


def write_catalogue(path, *entries, common="license=CC-BY 3.0\n"):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(
            "PluginFurnitureCatalog.properties", ("# comment\n" + common + "".join(entries)).encode("latin-1")
        )
        file.writestr("block/block.obj", BLOCK)
    return path


@pytest.fixture
def catalogue(tmp_path):
    chairs = [entry(number, "Chair") for number in range(1, 4)]
    lamps = [entry(number, "Desk lamp") for number in range(4, 7)]
    return write_catalogue(tmp_path / "small.sh3f", *chairs, *lamps, entry(7, "Sofa"), entry(8, "Deer"))


def test_categories_with_enough_objects_are_kept(catalogue):
    objects = FurnitureObjects(catalogue.parent, min_objects=3)
    assert objects.categories == ("chair", "lamp")
    assert [(item.object_id, item.label) for item in objects.objects][2:4] == [
        ("Maker#Chair3", 0),
        ("Maker#Desk lamp4", 1),
    ]
    assert objects.n_left_out == 2
    assert "6 objects of 2 categories, 2 left out" in repr(objects)


def test_solids_are_upright_scaled_and_in_proportion(catalogue):
    objects = pickle.loads(pickle.dumps(FurnitureObjects(catalogue, min_objects=3)))  # noqa: S301
    solid = objects.solid("Maker#Chair1", 30.0)
    low, high = solid.bounds_mm()
    np.testing.assert_allclose(low + high, 0, atol=1e-12)
    np.testing.assert_allclose(high - low, 30 * np.array([10, 60, 20]) / np.linalg.norm([10, 60, 20]), rtol=1e-12)
    assert solid.contact_offset_mm == 0.1 and solid.has_inside and len(solid.faces) == 12


def test_front_looks_caudally_and_turns_are_applied(tmp_path):
    quarter_about_x = "1 0 0 0 0 1 0 -1 0"
    path = write_catalogue(tmp_path / "one.sh3f", entry(1, "Chair"), entry(2, "Chair", modelRotation=quarter_about_x))
    plain, turned = (read_furniture_mesh(item)[0] for item in read_catalogue(path))
    file = np.array([line.split()[1:] for line in BLOCK.splitlines() if line.startswith("v ")][:8], dtype=float)
    assert np.corrcoef(file[:, 2], plain[:, 1])[0, 1] == pytest.approx(-1)
    assert np.corrcoef(file[:, 1], plain[:, 2])[0, 1] == pytest.approx(1)
    assert np.corrcoef(file[:, 1], turned[:, 1])[0, 1] == pytest.approx(1)
    for vertices in (plain, turned):
        np.testing.assert_allclose(np.ptp(vertices, axis=0), [10, 60, 20])


def test_catalogue_text_is_decoded(tmp_path):
    wrapped = entry(1, "Bed", creator="Hôi\\u20ac").replace("width#1=10", "width#1=\\\n    10")
    (item,) = read_catalogue(write_catalogue(tmp_path / "a.sh3f", wrapped))
    assert (item.creator, item.size_cm, item.licence) == ("Hôi€", (10.0, 20.0, 60.0), "CC-BY 3.0")


def test_credits_name_every_author(catalogue, tmp_path):
    FurnitureObjects(catalogue, min_objects=3).write_credits(tmp_path / "credits.csv")
    with open(tmp_path / "credits.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 and {(row["creator"], row["licence"]) for row in rows} == {("A. Maker", "CC-BY 3.0")}


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Desk lamp", "lamp"), ("Glass door", "door"), ("Glass door cabinet", "cabinet"), ("Glass table", "table"),
        ("Plate, glass and cutlery", ""), ("Child hut", ""), ("Table tennis bat", ""), ("Armchair ottoman", ""),
        ("Socket", ""), ("Wall socket", "plug"), ("Cup cake", ""), ("Bedside table", "table"), ("Bathmat", ""),
        ("Winchester armchair", "armchair"), ("Wheelchair", ""), ("Plant box", "box"), ("Window shutter", ""),
    ],
)  # fmt: skip
def test_words_of_a_name_make_its_category(name, category):
    assert category_of(name) == category


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (entry(1, "Bed", width=""), "lacks width"),
        (entry(1, "Bed", height="0"), r"size \(10.0, 0.0, 60.0\) cm"),
        (entry(1, "Bed", modelRotation="1 0"), "2 numbers of rotation"),
    ],
)
def test_broken_entries_are_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_catalogue(write_catalogue(tmp_path / "a.sh3f", text))


def test_wrong_places_are_refused(tmp_path, catalogue):
    with pytest.raises(ValueError, match="holds no .sh3f file"):
        FurnitureObjects(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no category .* has 10 objects, the largest are"):
        FurnitureObjects(catalogue)
    with pytest.raises(ValueError, match="its ids are like 'Maker#Chair1'"):
        FurnitureObjects(catalogue, min_objects=3).solid("Maker#Sofa7", 40.0)
    (tmp_path / "text.sh3f").write_text("no archive")
    with pytest.raises(ValueError, match="is no furniture catalogue"):
        read_catalogue(tmp_path / "text.sh3f")
    with zipfile.ZipFile(tmp_path / "empty.sh3f", "w") as file:
        file.writestr("other", "")
    with pytest.raises(ValueError, match="is no furniture catalogue"):
        read_catalogue(tmp_path / "empty.sh3f")
