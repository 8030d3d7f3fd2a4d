"""The public names: exactly these, each of which resolves and is documented."""

import inspect
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

NAMES: dict[str, list[str]] = tomllib.loads(Path(__file__).with_name("public_names.toml").read_text(encoding="utf-8"))
EVERY_NAME = [(package, name) for package, names in NAMES.items() for name in names]
# Constants have no docstring of their own.
DOCUMENTED = [pair for pair in EVERY_NAME if pair[1] != "__version__" and not pair[1].isupper()]


@pytest.mark.parametrize("package", NAMES)
def test_public_names_are_these(package):
    assert sorted(import_module(package).__all__, key=str.casefold) == sorted(NAMES[package], key=str.casefold)


@pytest.mark.parametrize("package", NAMES)
def test_dir_shows_the_public_names(package):
    assert set(NAMES[package]) <= set(dir(import_module(package)))


@pytest.mark.parametrize(("package", "name"), EVERY_NAME)
def test_name_resolves_to_the_same_thing_each_time(package, name):
    first = getattr(import_module(package), name)
    assert not inspect.ismodule(first)
    assert getattr(import_module(package), name) is first


@pytest.mark.parametrize("package", NAMES)
def test_other_names_are_attribute_errors(package):
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        import_module(package).nothing  # noqa: B018


@pytest.mark.parametrize(("package", "name"), DOCUMENTED)
def test_function_or_class_has_its_own_docstring(package, name):
    value = getattr(import_module(package), name)
    assert callable(value)
    # Read from the object itself: a class must not pass with the docstring of its base.
    own = vars(value)["__doc__"] if inspect.isclass(value) else value.__doc__
    assert own
    # dataclass writes the signature where there is no docstring.
    assert not own.startswith(f"{name}(")
