"""Registered tactile networks: names, published numbers of parameters, and the small ones."""

import csv
import re

import pytest
import torch

from neuromodels import create_model, list_models, model_info
from neuromodels.errors import UnknownNameError
from neuromodels.recurrent_graph import RecurrentGraph, zhuang_graph

SMALL = {
    "tactile/small": ("time_decay", False),
    "tactile/small-ugrnn": ("ugrnn", False),
    "tactile/small-intersection-ln": ("intersection", True),
    "tactile/small-gru": ("gru", False),
    "tactile/small-lstm": ("lstm", False),
    "tactile/small-gpt": ("time_decay", False),
}


def on_meta(name, **options):
    """The model with shapes alone."""
    with torch.device("meta"):
        return create_model(name, device="meta", **options)


def count(module):
    return 0 if module is None else sum(parameter.numel() for parameter in module.parameters())


def our_name(run):
    """Registered name of the network of a published run."""
    run = run.lower().removeprefix("tactile1000hz_")
    without_labels = re.search("simclr|simsiam|_ae_", run)
    if run.startswith("baku"):
        return "tactile/resnet18-gpt"
    encoder = "resnet18" if "resnet18" in run else "zhuang"
    cell = re.search("ugrnn|inter|gru|lstm", run)
    if cell:
        encoder += "-" + {"inter": "intersection"}.get(cell[0], cell[0]) + ("-ln" if "_ln" in run else "")
    attender = re.search("att_(gpt|mamba)", run)
    if attender:
        return f"tactile/{encoder}-{attender[1]}"
    return f"tactile/{encoder}-linear" if without_labels else f"tactile/{encoder}"


def test_published_numbers_of_parameters_are_ours(real_data):
    with (real_data / "tactile" / "published_results.csv").open() as file:
        published = {row["model"]: int(row["value"]) for row in csv.DictReader(file) if row["metric"] == "total_params"}
    assert len(published) == 49
    for run, n_params in published.items():
        assert model_info(our_name(run)).n_params == n_params, run


@pytest.mark.parametrize(
    ("name", "encoder", "attender", "decoder"),
    [
        ("zhuang", 23_460_072, 0, 1_110_133),
        ("zhuang-ugrnn", 30_688_416, 0, 1_110_133),
        ("zhuang-ugrnn-ln", 30_694_432, 0, 1_110_133),
        ("zhuang-intersection", 37_916_768, 0, 1_110_133),
        ("zhuang-intersection-ln", 37_928_800, 0, 1_110_133),
        ("zhuang-gru", 34_302_592, 0, 1_110_133),
        ("zhuang-gru-ln", 34_311_616, 0, 1_110_133),
        ("zhuang-lstm", 37_916_768, 0, 1_110_133),
        ("zhuang-lstm-ln", 37_931_808, 0, 1_110_133),
        ("zhuang-gpt", 23_460_072, 25_778_688, 60_021),
        ("zhuang-mamba", 23_460_072, 6_784_000, 60_021),
        ("resnet18", 11_523_840, 0, 12_120_181),
        ("resnet18-gpt", 11_523_840, 6_532_608, 30_069),
        ("resnet18-mamba", 11_523_840, 6_784_000, 60_021),
        ("s4-gpt", 3_434_496, 25_778_688, 60_021),
        ("s4-mamba", 3_434_496, 6_784_000, 60_021),
    ],
)
def test_parts_have_the_published_numbers_of_parameters(name, encoder, attender, decoder):
    model = on_meta(f"tactile/{name}")
    assert (count(model.encoder), count(model.attender), count(model.decoder)) == (encoder, attender, decoder)


@pytest.mark.parametrize("cell", ["ugrnn", "intersection", "gru", "lstm"])
def test_published_combinations_with_gated_cells_are_all_there(cell):
    names = list_models(f"tactile/zhuang-{cell}*")
    with_transformer = f"tactile/zhuang-{cell}{'-ln' if cell == 'intersection' else ''}-gpt"
    plain = [f"tactile/zhuang-{cell}{norm}{head}" for norm in ("", "-ln") for head in ("", "-linear")]
    assert names == sorted([*plain, with_transformer])


@pytest.mark.parametrize(("name", "cell"), SMALL.items())
def test_small_networks_hold_this_graph_with_the_weights_of_its_seed(name, cell):
    config = zhuang_graph(cell[0], layer_norm=cell[1], channels=(16, 24, 32, 32, 32, 24), hidden=128, output=64)
    model, graph = create_model(name, seed=3), RecurrentGraph(config, seed=3)
    assert model.config.classes == 20
    assert model.encoder.graph.config == config
    for key, value in graph.state_dict().items():
        assert torch.equal(model.encoder.graph.state_dict()[key], value), key


def test_classes_and_channels_are_options():
    model = create_model("tactile/small-gru", seed=1, classes=7, channels=[3, 4, 5, 6, 7, 8])
    assert model(torch.zeros(2, 22, 30, 5, 7)).shape == (2, 7)
    assert [node.channels for node in model.encoder.graph.config.nodes[:6]] == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("name", list_models(family="tactile"))
def test_defaults_that_are_stated_are_those_that_are_built(name):
    config = on_meta(name).config
    for option, value in model_info(name).defaults.items():
        assert getattr(config, option) == value


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_classes": 4}, UnknownNameError, "'n_classes'; closest: classes"),
        ({"classes": 1}, ValueError, "classes must be .* at least 2, received 1"),
        ({"width": 4}, ValueError, "encoder 'zhuang' does not read it"),
    ],
)
def test_option_that_does_not_fit_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        create_model("tactile/small", **options)
