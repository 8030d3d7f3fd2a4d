import collections

import numpy as np
import pytest

from simulators.whisker.stimuli.shapenet import ShapeNetObjects, read_categories, read_object_list

HEADER = "shapenet_synset,object_id,label117\n"
OBJ = "v 0 0 0\nv 3 0 0\nv 0 4 0\nv 0 0 12\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 3 1 4\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "list.csv").write_text(HEADER + "02958343,aa,1\n02958343,bb,0\n03001627,aa,1\n")
    for place in ("02958343/aa", "03001627/aa"):
        models = tmp_path / "core" / place / "models"
        models.mkdir(parents=True)
        (models / "model_normalized.obj").write_text(OBJ)
    return tmp_path


def test_the_real_list_has_the_published_counts(real_data):
    stimuli = real_data / "whiskers" / "stimuli"
    objects, categories = (
        read_object_list(stimuli / "object_labels.csv"),
        read_categories(stimuli / "categories117.csv"),
    )
    counts = collections.Counter(item.label for item in objects)
    assert len(objects) == 9981 and len(categories) == len(counts) == 117
    assert (min(counts.values()), max(counts.values())) == (41, 91)
    assert sum(count == 91 for count in counts.values()) == 83
    assert {category.label: category.n_objects for category in categories} == dict(counts)
    assert len({item.object_id.split("/")[0] for item in objects}) == 53
    assert objects[0].object_id == "03211117/ad0b349657fb807d88d19ffcab9e20eb" and objects[0].label == 92
    assert max(len(category.synsets) for category in categories) == 3


def test_missing_objects_are_refused_or_named(folder):
    with pytest.raises(ValueError, match="lacks 1 of 3 listed objects, the first is 02958343/bb"):
        ShapeNetObjects(folder / "core", folder / "list.csv")
    objects = ShapeNetObjects(folder / "core", folder / "list.csv", missing="leave out")
    assert [item.object_id for item in objects.objects] == ["02958343/aa", "03001627/aa"]
    assert objects.missing_ids == ("02958343/bb",)
    assert "2 objects, 1 missing" in repr(objects)
    with pytest.raises(ValueError, match="not in this set of 2"):
        objects.solid("02958343/bb", 40.0)


def test_objects_stand_upright_or_as_published(folder):
    for up, extent in (("y", [3, 12, 4]), ("z", [3, 4, 12])):
        objects = ShapeNetObjects(
            folder / "core", folder / "list.csv", missing="leave out", up=up, contact_offset_mm=0.5
        )
        solid = objects.solid("03001627/aa", 26.0)
        low, high = solid.bounds_mm()
        np.testing.assert_allclose(high - low, 2 * np.array(extent))
        assert solid.contact_offset_mm == 0.5
        # The origin of the file stays the origin, which the published placement goes by.
        assert np.abs(solid.vertices_mm).sum(axis=1).min() == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("synset,model\n1,2\n", "needed are shapenet_synset, object_id, label117"),
        (HEADER, "has no rows"),
        (HEADER + "a,b,-1\n", "label '-1'"),
        (HEADER + "a,b,1\na,b,2\n", "lists 1 objects twice"),
    ],
)
def test_broken_lists_are_refused(tmp_path, text, message):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_object_list(tmp_path / "list.csv")


def test_categories_count_from_zero(tmp_path):
    (tmp_path / "categories.csv").write_text(
        "label117,wordnet_synset_offsets,n_objects\n1,n02831724;n02920259,91\n0,n1,5\n"
    )
    first, second = read_categories(tmp_path / "categories.csv")
    assert (first.n_objects, second.synsets) == (5, ("n02831724", "n02920259"))
    (tmp_path / "categories.csv").write_text("label117,wordnet_synset_offsets,n_objects\n1,n1,5\n")
    with pytest.raises(ValueError, match="count from 0 to 0"):
        read_categories(tmp_path / "categories.csv")


def test_a_wrong_folder_or_word_is_refused(folder):
    with pytest.raises(ValueError, match="holds none of the 3 listed objects"):
        ShapeNetObjects(folder, folder / "list.csv", missing="leave out")
    with pytest.raises(ValueError, match="missing is 'ignore'"):
        ShapeNetObjects(folder / "core", folder / "list.csv", missing="ignore")
