"""Registered language networks: their defaults, and the scale of queries, keys and values."""

import math

import pytest
import torch

from neuromodels import create_model, list_models, model_info
from neuromodels.errors import UnknownNameError
from neuromodels.language import variants

SMALL = {"dim": 16, "n_heads": 2}


def test_family_holds_these_networks():
    assert list_models(family="language") == ["language/suma", "language/suma-small"]


@pytest.mark.parametrize("name", list_models(family="language"))
def test_heads_are_8_wide_and_inputs_of_unit_power_give_entries_of_1_28(name):
    defaults = model_info(name).defaults
    assert defaults["dim"] == 8 * defaults["n_heads"]
    assert math.isclose(defaults["init_std"] * math.sqrt(defaults["dim"]), 1.28, rel_tol=1e-12)


def test_queries_keys_and_values_have_that_spread():
    model = create_model("language/suma-small", vocab_size=1)
    inputs = torch.randn(200, 1024, generator=torch.Generator().manual_seed(1))
    inputs /= inputs.square().mean(dim=1, keepdim=True).sqrt()
    with torch.no_grad():
        for project in (model.q, model.k, model.v):
            assert math.isclose(float(project(inputs).std()), 1.28, rel_tol=0.01)


@pytest.mark.parametrize("factory", [variants.suma, variants.suma_small])
def test_defaults_that_are_stated_are_those_that_are_built(factory, monkeypatch):
    built = {}
    monkeypatch.setattr("neuromodels.language.suma.Suma", lambda config, seed: built.update(config=config, seed=seed))
    factory(seed=4)
    name = "language/" + factory.__name__.replace("_", "-")
    for option, value in model_info(name).defaults.items():
        assert getattr(built["config"], option) == value
    assert built["seed"] == 4


@pytest.mark.parametrize("name", list_models(family="language"))
def test_options_override_the_defaults(name):
    model = create_model(name, n_passes=3, init_std=0.5, **SMALL)
    assert (model.config.dim, model.config.n_heads, model.config.n_passes) == (16, 2, 3)
    assert model.config.init_std == 0.5


@pytest.mark.parametrize("name", list_models(family="language"))
def test_unknown_option_is_refused_with_the_closest(name):
    with pytest.raises(UnknownNameError, match="'num_heads'; closest: .*n_heads"):
        create_model(name, num_heads=4)
