"""Names: grammar, duplicates, patterns, close matches, one import per family."""

import sys
import types
from importlib.machinery import ModuleSpec

import pytest

from data.errors import UnknownNameError
from data.registry import Registry

GROUP = "neuromodels.things.of_no_package"


@pytest.fixture
def registry():
    made = Registry("thing", {}, GROUP)
    for name in ("vision/gratings", "vision/scenes", "language/stories-2.1"):
        made.add(name, name.upper())
    return made


@pytest.fixture
def family(monkeypatch):
    """A family whose module is imported from nowhere but the test; counts the imports."""
    imported = []

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "testing_family_of_things":
                imported.append(name)
                return ModuleSpec(name, Finder)
            return None

        @staticmethod
        def create_module(spec):
            return types.ModuleType(spec.name)

        @staticmethod
        def exec_module(module):
            family_registry.add("touch/hand", "registered on import")

    family_registry = Registry("thing", {"touch": "testing_family_of_things"}, GROUP)
    family_registry.add("touch/foot", "known before")
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    monkeypatch.delitem(sys.modules, "testing_family_of_things", raising=False)
    yield family_registry, imported
    sys.modules.pop("testing_family_of_things", None)


def test_item_by_name(registry):
    assert registry.get("vision/scenes") == "VISION/SCENES"


@pytest.mark.parametrize("name", ["a/b", "a_1/b-c.d_2", "language/pereira2018.384-ridge"])
def test_names_that_are_allowed(registry, name):
    registry.add(name, 1)
    assert registry.get(name) == 1


@pytest.mark.parametrize(
    "name", ["", "scenes", "/scenes", "vision/", "vision/a/b", "Vision/scenes", "vision/sc enes", "a-b/c", "vision/é\n"]
)
def test_names_that_are_refused(registry, name):
    with pytest.raises(ValueError, match="thing name must be family/name in lower case"):
        registry.add(name, 1)
    assert len(registry.names()) == 3


def test_second_item_of_one_name_is_refused(registry):
    with pytest.raises(ValueError, match="thing 'vision/scenes' is registered already"):
        registry.add("vision/scenes", 2)
    assert registry.get("vision/scenes") == "VISION/SCENES"


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*", ["language/stories-2.1", "vision/gratings", "vision/scenes"]),
        ("vision/*", ["vision/gratings", "vision/scenes"]),
        ("*/s*", ["language/stories-2.1", "vision/scenes"]),
        ("vision/scenes", ["vision/scenes"]),
        ("VISION/*", []),
        ("vision", []),
    ],
)
def test_patterns_list_sorted_names(registry, pattern, names):
    assert registry.names(pattern) == names


def test_misspelt_name_gets_the_closest_first(registry):
    with pytest.raises(UnknownNameError, match="Unknown thing 'vision/scene'; closest: vision/scenes, ") as caught:
        registry.get("vision/scene")
    assert "neuromodels list things" in str(caught.value)
    assert caught.value.exit_code == 2


def test_name_that_is_close_to_nothing_gets_the_first_names(registry):
    with pytest.raises(UnknownNameError, match="closest: language/stories-2.1, vision/gratings, vision/scenes"):
        registry.get("0000000000")


def test_empty_registry_says_none():
    with pytest.raises(UnknownNameError, match="closest: none"):
        Registry("thing", {}, GROUP).get("vision/scenes")


def test_unknown_name_is_a_lookup_error(registry):
    with pytest.raises(LookupError):
        registry.get("vision/none")


def test_family_is_imported_when_one_of_its_names_is_asked_for(family):
    registry, imported = family
    assert registry.get("touch/foot") == "known before"
    assert imported == []
    assert registry.get("touch/hand") == "registered on import"
    assert registry.get("touch/hand") == "registered on import"
    assert len(imported) == 1


def test_names_import_every_family(family):
    registry, imported = family
    assert registry.names() == ["touch/foot", "touch/hand"]
    assert len(imported) == 1


def test_outside_package_may_add_to_a_family_that_is_not_its_own(family, monkeypatch):
    from importlib.metadata import EntryPoint

    import data.registry

    registry, imported = family
    point = EntryPoint("lab", "testing_family_of_things", GROUP)
    monkeypatch.setattr(data.registry, "entry_points", lambda *, group: [point] if group == GROUP else [])
    monkeypatch.setattr(registry, "_families", {})
    # Family "touch" belongs to nobody here: the package "lab" registers touch/hand when it is imported.
    assert registry.get("touch/foot") == "known before" and imported == []
    assert registry.get("touch/hand") == "registered on import"
    assert len(imported) == 1
    with pytest.raises(UnknownNameError, match="Unknown thing 'touch/hands'; closest: touch/hand"):
        registry.get("touch/hands")
