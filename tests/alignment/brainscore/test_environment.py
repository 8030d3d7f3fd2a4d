"""What is said where Brain-Score is absent or cannot work; stand-ins take its place, it is not needed here."""

import os
import sys

import pytest

from alignment.brainscore import BrainScoreEnvironmentError, environment_problems, isolated, require_brainscore
from alignment.brainscore import environment as module

VARIABLES = (
    "RESULTCACHING_DISABLE",
    "BS_INSTALL_DEPENDENCIES",
    "BRAINSCORE_HOME",
    "BRAINIO_HOME",
    "RESULTCACHING_HOME",
)


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Factory of an importable package with declared requirements, in place of Brain-Score's."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    made, find = [], module.find_spec
    # The real packages may be here, in the environments that are made for them.
    unseen = lambda name: name.startswith("brainscore_") and name not in made  # noqa: E731
    monkeypatch.setattr(module, "find_spec", lambda name: None if unseen(name) else find(name))

    def make(name, requirements=(), code=""):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(code)
        info = folder / f"{name}-9.0.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 9.0"]
        (info / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {one}" for one in requirements)]) + "\n")
        made.append(name)

    yield make
    for name in made:
        sys.modules.pop(name, None)


@pytest.fixture
def absent(monkeypatch):
    """A machine without either Brain-Score package."""
    find = module.find_spec
    monkeypatch.setattr(module, "find_spec", lambda name: None if name.startswith("brainscore_") else find(name))


@pytest.fixture
def versions(monkeypatch):
    """Sets what is installed."""
    known = {"torch": "2.13.0+cpu", "numpy": "1.26.4", "xarray": "2022.3.0", "pandas": "2.3.3", "scikit-learn": "1.5.2"}
    monkeypatch.setattr(module.metadata, "version", known.__getitem__)
    return known


@pytest.mark.parametrize(("package", "extra"), [("vision", "brainscore"), ("language", "brainscore-language")])
def test_absence_names_the_extra_and_one_command_with_torch(absent, versions, package, extra):
    with pytest.raises(BrainScoreEnvironmentError) as caught:
        require_brainscore(package)
    said = str(caught.value)
    assert f"brainscore_{package} is not installed; it belongs to the extra {extra!r}" in said
    assert f"pip install torch==2.13.0 'neuromodels[{extra}]'" in said
    assert caught.value.exit_code == 3
    assert isinstance(caught.value, ImportError)


@pytest.mark.parametrize(
    ("distribution", "version", "declared"),
    [("numpy", "2.4.0", "numpy<2"), ("xarray", "2026.1.0", "xarray<2022.6"), ("pandas", "3.0.0", "pandas<3")],
)
def test_version_outside_of_what_is_declared_is_named(stand_in, versions, distribution, version, declared):
    stand_in("brainscore_vision", [declared, "torch>=2.6", "scikit-learn<1.6"], "raise AttributeError('np.unicode_')")
    versions[distribution] = version
    with pytest.raises(BrainScoreEnvironmentError, match=f"declares {declared}, but {distribution} {version} is"):
        require_brainscore("vision")


def test_bounds_of_the_core_package_and_of_extras(stand_in, versions):
    stand_in("brainscore_vision", ["pandas<2; extra == 'test'"])
    stand_in("brainscore_core", ["xarray<2022.6"])
    assert environment_problems("vision") == []
    versions["xarray"] = "2023.1.0"
    assert environment_problems("vision") == [
        "brainscore_core declares xarray<2022.6, but xarray 2023.1.0 is installed."
    ]


@pytest.mark.parametrize(("installed", "package"), [("1.9.1", "vision"), ("1.5.2", "language")])
def test_vision_and_language_together_are_told_apart(stand_in, versions, installed, package):
    stand_in("brainscore_vision", ["scikit-learn<1.6"])
    stand_in("brainscore_language", ["scikit-learn>=1.6"])
    versions["scikit-learn"] = installed
    with pytest.raises(BrainScoreEnvironmentError, match="cannot share an environment"):
        require_brainscore(package)


def test_torchvision_of_another_build_is_named(stand_in, versions):
    stand_in("brainscore_vision", code="raise RuntimeError('operator torchvision::nms does not exist')")
    with pytest.raises(BrainScoreEnvironmentError, match=r"built for another torch .* torch==2.13.0 torchvision"):
        require_brainscore("vision")


def test_other_failures_of_the_import_keep_their_cause(stand_in, versions):
    stand_in("brainscore_vision", code="import nothing_of_that_name")
    with pytest.raises(BrainScoreEnvironmentError, match="ModuleNotFoundError: No module named 'nothing_of_that_name'"):
        require_brainscore("vision")


def test_sound_environment_gives_the_package(stand_in, versions):
    stand_in("brainscore_language", ["scikit-learn>=1.5"], "ANSWER = 42")
    assert require_brainscore("language").ANSWER == 42


def test_isolated_sets_everything_and_puts_it_back(monkeypatch, tmp_path):
    monkeypatch.setenv("RESULTCACHING_DISABLE", "0")
    for name in VARIABLES[1:]:
        monkeypatch.delenv(name, raising=False)
    with isolated(tmp_path) as folder:
        assert folder == tmp_path
        assert os.environ["RESULTCACHING_DISABLE"] == "1"
        assert os.environ["BS_INSTALL_DEPENDENCIES"] == "no"
        assert os.environ["BRAINSCORE_SKIP_MEMORY_CHECK"] == "1"
        for name in VARIABLES[2:]:
            assert os.environ[name].startswith(str(tmp_path))
    assert os.environ["RESULTCACHING_DISABLE"] == "0"
    assert not set(VARIABLES[1:]) & set(os.environ)


def test_isolated_ends_after_an_error_and_removes_its_folder():
    with pytest.raises(KeyError), isolated(check_memory=True) as folder:
        assert folder.is_dir()
        assert os.environ["BRAINSCORE_SKIP_MEMORY_CHECK"] == "0"
        raise KeyError
    assert not folder.exists()
    assert "BRAINSCORE_HOME" not in os.environ
