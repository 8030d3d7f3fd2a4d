"""The package: public names, loaded when they are asked for."""

import subprocess
import sys

import pytest

import neuromodels
from neuromodels import language


@pytest.mark.parametrize("name", sorted(set(neuromodels.__all__) - {"__version__"}))
def test_public_name_is_the_object_of_its_module(name):
    value = getattr(neuromodels, name)
    assert value.__name__ == name
    assert value.__module__.startswith("neuromodels.")


def test_dir_lists_the_public_names():
    assert dir(neuromodels) == sorted(neuromodels.__all__)


def test_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'neuromodels' has no attribute 'creat_model'"):
        neuromodels.creat_model  # noqa: B018


@pytest.mark.parametrize("name", language.__all__)
def test_language_name_is_the_object_of_its_module(name):
    value = getattr(language, name)
    assert value.__name__ == name
    assert value.__module__.startswith("neuromodels.language.")


def test_unknown_language_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'neuromodels.language' has no attribute 'Sumo'"):
        language.Sumo  # noqa: B018


def test_listing_models_loads_no_torch(tmp_path):
    program = (
        "import sys, neuromodels\n"
        "names = neuromodels.list_models()\n"
        "assert 'language/suma' in names, names\n"
        "heavy = {'torch', 'numpy', 'alignment', 'data', 'simulators'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
