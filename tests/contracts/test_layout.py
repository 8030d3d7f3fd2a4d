"""What the folders hold: typing marks, no oversized module, no packages among the tests."""

from importlib import import_module
from pathlib import Path

import pytest

PACKAGES = ("neuromodels", "simulators", "data", "alignment")
MAX_LINES = 600


def folder_of(package):
    return Path(import_module(package).__file__).parent


@pytest.mark.parametrize("package", PACKAGES)
def test_package_says_that_it_is_typed(package):
    assert (folder_of(package) / "py.typed").is_file()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_too_long(package):
    lengths = {
        str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in folder_of(package).rglob("*.py")
    }
    assert lengths
    assert {path: length for path, length in lengths.items() if length > MAX_LINES} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_with_modules_is_a_package(package):
    folders = {path.parent for path in folder_of(package).rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_tests_are_no_packages():
    tests = Path(__file__).parents[1]
    assert tests.name == "tests"
    assert list(tests.rglob("__init__.py")) == []
