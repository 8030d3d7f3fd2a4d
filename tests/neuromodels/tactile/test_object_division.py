"""Division by object: every object in one part, every category in each, the same for the same seed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.tactile import ObjectDivision
from neuromodels.tactile.object_division import PARTS

SIZES = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(3, 40), min_size=1, max_size=6)


def categories(sizes):
    return {f"{category}-{k}": category for category, n in sizes.items() for k in range(n)}


@settings(max_examples=60, deadline=None)
@given(
    SIZES, st.integers(0, 5), st.sampled_from([(0.8, 0.1, 0.1), (0.2, 0.4, 0.4), (0.01, 0.49, 0.5), (0.98, 0.01, 0.01)])
)
def test_parts_divide_every_category(sizes, seed, fractions):
    objects = categories(sizes)
    division = ObjectDivision.by_category(objects, fractions, seed=seed)
    where = division.part_of()
    assert sorted(where) == sorted(objects)
    for category, n in sizes.items():
        parts = [where[one] for one in objects if objects[one] == category]
        for part, share in zip(PARTS, fractions, strict=True):
            assert parts.count(part) >= 1
            # Rounded, and at least one for each part.
            assert abs(parts.count(part) - share * n) <= 2


def test_shares_of_a_large_category_are_as_asked_for():
    division = ObjectDivision.by_category(categories({"mug": 200}), (0.7, 0.1, 0.2))
    assert [len(getattr(division, part)) for part in PARTS] == [140, 20, 40]


def test_order_does_not_matter_and_other_categories_neither():
    objects = categories({"mug": 20, "ball": 9})
    one = ObjectDivision.by_category(objects)
    assert one == ObjectDivision.by_category(dict(reversed(objects.items())))
    more = ObjectDivision.by_category(objects | categories({"cone": 11})).part_of()
    assert one.part_of().items() <= more.items()


def test_an_added_object_moves_few():
    before = ObjectDivision.by_category(categories({"mug": 40})).part_of()
    after = ObjectDivision.by_category(categories({"mug": 41})).part_of()
    assert sum(before[one] != after[one] for one in before) <= 2


def test_seed_decides():
    objects = categories({"mug": 30})
    assert ObjectDivision.by_category(objects, seed=1) == ObjectDivision.by_category(objects, seed=1)
    assert ObjectDivision.by_category(objects, seed=1) != ObjectDivision.by_category(objects, seed=2)


@pytest.mark.parametrize(
    ("fractions", "sizes"), [((1, 0, 0), [5, 0, 0]), ((0.5, 0, 0.5), [3, 0, 2]), ((0, 0.5, 0.5), [0, 3, 2])]
)
def test_share_of_zero_leaves_a_part_empty(fractions, sizes):
    division = ObjectDivision.by_category(categories({"mug": 5}), fractions)
    assert [len(getattr(division, part)) for part in PARTS] == sizes


def test_too_few_objects_say_how_many_are_needed():
    objects = categories({"mug": 2, "ball": 4, "cone": 1})
    with pytest.raises(
        ValueError, match="category 'cone' has 1 of the 3 objects .* and 1 more categories have too few"
    ):
        ObjectDivision.by_category(objects)
    with pytest.raises(
        ValueError, match="category 'cone' has 1 of the 2 objects that it needs, one for each part; simulate"
    ):
        ObjectDivision.by_category(objects, (0.5, 0, 0.5))


@pytest.mark.parametrize("fractions", [(0.8, 0.1), (0.8, 0.3, -0.1), (0.8, 0.1, 0.2)])
def test_shares_that_are_none_are_refused(fractions):
    with pytest.raises(ValueError, match="give three shares that add up to 1"):
        ObjectDivision.by_category(categories({"mug": 9}), fractions)


def test_object_in_two_parts_is_refused():
    with pytest.raises(ValueError, match="object 'a' is in train and again in test"):
        ObjectDivision(("a", "b"), (), ("a",))
    with pytest.raises(ValueError, match="object 'b' is in train and again in train"):
        ObjectDivision(("b", "b"), (), ())


def test_saved_division_is_read_again(tmp_path):
    division = ObjectDivision.by_category(categories({"mug": 9, "ball": 5}), seed=4)
    path = division.save(tmp_path / "parts.json")
    assert ObjectDivision.load(path) == division
    assert [one.name for one in tmp_path.iterdir()] == ["parts.json"]


def test_folders_of_published_sets_are_known_names(tmp_path):
    path = tmp_path / "lists.json"
    path.write_text(json.dumps({"train": ["a"], "validate": ["b"], "test": ["c"]}))
    assert ObjectDivision.load(path) == ObjectDivision(("a",), ("b",), ("c",))
    assert ObjectDivision.from_lists({"train": ["a"]}) == ObjectDivision(("a",), (), ())


@pytest.mark.parametrize(
    ("lists", "message"),
    [({"dev": ["a"]}, "part 'dev' is not known"), ({"train": "abc"}, "are one text, 'abc'; give a list of ids")],
)
def test_lists_that_cannot_be_meant_are_refused(lists, message):
    with pytest.raises(ValueError, match=message):
        ObjectDivision.from_lists(lists)


@pytest.mark.parametrize("content", ["no json", "[1]", '{"train": 3}'])
def test_files_of_something_else_are_refused(tmp_path, content):
    path = tmp_path / "parts.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="parts.json is no division of objects; give JSON"):
        ObjectDivision.load(path)


def test_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="the division of objects .*nope.json is no file; write one with"):
        ObjectDivision.load(tmp_path / "nope.json")
