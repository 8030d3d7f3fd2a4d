"""Registered networks with time constants: what they are made of, and where that is stated."""

import pytest

from neuromodels import create_model, list_models, model_info
from neuromodels.errors import UnknownNameError
from neuromodels.timescale import GatedConfig, LeakyConfig


def test_family_holds_these_networks():
    names = ["gru", "gru-small", "leaky", "leaky-continuous", "leaky-fixed", "leaky-free", "leaky-mod"]
    names += ["leaky-small", "leaky-small-free", "lstm", "lstm-small"]
    assert list_models(family="timescale") == [f"timescale/{name}" for name in names]


@pytest.mark.parametrize("name", list_models(family="timescale"))
def test_defaults_that_are_stated_are_those_that_are_built(name):
    defaults = model_info(name).defaults
    kind = GatedConfig if "kind" in defaults else LeakyConfig
    model = create_model(name)
    assert model.config == kind(**defaults)
    assert model.config.heads == 100
    assert model.config.units == (64 if "small" in name else 500)


def test_variants_differ_in_what_their_names_say():
    assert create_model("timescale/leaky").config == LeakyConfig()
    assert create_model("timescale/leaky-mod").config.leak == "outside"
    continuous = create_model("timescale/leaky-continuous").config
    assert (continuous.leak, continuous.substeps) == ("outside", 10)
    assert create_model("timescale/leaky-fixed", tau=3.0).time_constants().tolist() == [3.0] * 500
    assert create_model("timescale/leaky-free").config.timescales == "free"


@pytest.mark.parametrize("name", ["timescale/leaky", "timescale/lstm"])
def test_unknown_option_is_refused_with_the_closest(name):
    with pytest.raises(UnknownNameError, match="Unknown timescale option 'unit'; closest: units"):
        create_model(name, unit=4)
