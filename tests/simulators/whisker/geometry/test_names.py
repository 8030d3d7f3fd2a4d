import pytest

from simulators.whisker.geometry.names import LAYOUTS, describe, expand_names, mirrored_name, whisker_names

MOUSE = whisker_names("mouse", "both")


@pytest.mark.parametrize(("layout", "count"), [("mouse", 30), ("rat", 30), ("rat_27", 27), ("rat_31", 31)])
def test_layouts_have_their_published_numbers_of_whiskers(layout, count):
    names = whisker_names(layout)
    assert len(names) == len(set(names)) == count
    assert all(name[0] == "R" for name in names)
    assert whisker_names(layout, "both") == names + tuple(map(mirrored_name, names))


def test_rows_and_columns_of_both_species():
    assert describe(whisker_names("mouse")) == "RA0-4, RB0-4, RC0-6, RD0-6, RE0-5"
    assert describe(whisker_names("rat")) == "RA0-4, RB0-4, RC0-6, RD0-6, RE1-6"
    assert describe(whisker_names("rat_27", "left")) == "LA0-4, LB0-4, LC0-5, LD0-5, LE1-5"
    assert describe(["RC3", "RC1"]) == "RC3, RC1"


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("RC1", ("RC1",)),
        (["RC1", "LC1"], ("RC1", "LC1")),
        ("RC1, RA0", ("RC1", "RA0")),
        ("R", whisker_names("mouse", "right")),
        ("L", whisker_names("mouse", "left")),
        ("ALL", MOUSE),
        ("C", tuple(f"{side}C{column}" for side in "RL" for column in range(7))),
        ("RC", tuple(f"RC{column}" for column in range(7))),
        ("RC*", tuple(f"RC{column}" for column in range(7))),
        ("?D0", ("RD0", "LD0")),
        ("R[AB]0 LE5", ("RA0", "RB0", "LE5")),
    ],
)
def test_selections(selection, expected):
    assert expand_names(selection, MOUSE) == expected


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("RC9", r"'RC9' names no whisker here .close: RC\d.*there are RA0-4, RB0-4, RC0-6.*LE0-5"),
        ("C2", "anatomical C2 is RC1 or LC1"),
        (3, "selected by names, .*; received 3"),
        ([None], "selected by names, .*; received .None."),
        ("rc1", "'rc1' names no whisker here .close: RC1"),
        ("RF*", "'RF[*]' names no whisker"),
        ("RC1 RC*", "RC1 is selected twice"),
        (["R", "RA0"], "RA0 is selected twice"),
        ("", "selection of whiskers is empty"),
        ([], "selection of whiskers is empty"),
        ("RC1,", None),
    ],
)
def test_wrong_selections_are_refused_in_one_sentence(selection, message):
    if message is None:
        assert expand_names(selection, MOUSE) == ("RC1",)
        return
    with pytest.raises(ValueError, match=message):
        expand_names(selection, MOUSE)


def test_unknown_layout_and_side():
    with pytest.raises(ValueError, match="'hamster' is not known; there are mouse, rat, rat_27, rat_31"):
        whisker_names("hamster")
    with pytest.raises(ValueError, match="'up' is not known; give right, left or both"):
        whisker_names("mouse", "up")
    assert set(LAYOUTS["rat"]["E"]) == {1, 2, 3, 4, 5, 6}
