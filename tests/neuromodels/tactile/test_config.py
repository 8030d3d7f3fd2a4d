"""Configurations of tactile networks: which layers they have, and what they refuse."""

import pytest

from neuromodels.errors import UnknownNameError
from neuromodels.tactile import EADConfig

GRAPH = ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "fc7", "fc8")
MLP = ("decoder.1", "decoder.2", "decoder.3")


def test_published_sizes_are_the_defaults():
    config = EADConfig()
    assert (config.encoder, config.cell, config.layer_norm, config.channels) == ("zhuang", "time_decay", False, None)
    assert (config.hidden, config.output, config.width, config.blocks) == (1024, 512, 512, 4)
    assert (config.attender, config.attender_width, config.heads, config.dropout) == ("none", 512, 4, 0.1)
    assert (config.decoder, config.decoder_widths, config.classes) == ("mlp", (1024, 512), 117)
    assert (config.input_shape, config.time) == ((22, 30, 5, 7), "mean")


@pytest.mark.parametrize(("attender", "blocks"), [("none", None), ("gpt", 8), ("mamba", 4)])
def test_attender_has_the_published_number_of_blocks(attender, blocks):
    assert EADConfig(attender=attender).attender_blocks == blocks


@pytest.mark.parametrize(
    ("options", "layers", "committed"),
    [
        ({}, ("input", *GRAPH, *MLP), "fc8"),
        ({"decoder": "none"}, ("input", *GRAPH), "fc8"),
        (
            {"attender": "gpt", "attender_blocks": 2, "decoder": "linear"},
            (
                "input",
                *GRAPH,
                "attender.embedding",
                "attender.block1",
                "attender.block2",
                "attender.norm",
                "attender.head",
                "decoder.1",
            ),
            "attender.head",
        ),
        (
            {"encoder": "s4", "blocks": 2, "attender": "mamba", "attender_blocks": 1, "decoder": "linear"},
            ("input", "embedding", "block1", "block2", "linear", "attender.block1", "attender.norm", "decoder.1"),
            "attender.norm",
        ),
        ({"encoder": "mamba", "blocks": 1}, ("input", "embedding", "block1", "norm", "linear", *MLP), "linear"),
        ({"encoder": "flatten", "decoder_widths": ()}, ("input", "linear", "decoder.1"), "linear"),
    ],
)
def test_layers_are_those_of_the_parts(options, layers, committed):
    config = EADConfig(**options)
    assert config.layers == layers
    assert config.committed_layer == committed


def test_lists_become_tuples_as_a_file_has_no_tuples():
    config = EADConfig(channels=[1, 2, 3, 4, 5, 6], decoder_widths=[8], input_shape=[9, 30, 5, 7])
    assert config == EADConfig(channels=(1, 2, 3, 4, 5, 6), decoder_widths=(8,), input_shape=(9, 30, 5, 7))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoder": "vgg"}, "encoder is 'vgg'; it must be one of zhuang, resnet18, flatten"),
        ({"attender": "rnn"}, "attender is 'rnn'; it must be one of none, gpt, mamba"),
        ({"decoder": None}, "decoder is None; it must be one of mlp, linear, all_steps, none"),
        ({"time": "first"}, "time is 'first'; it must be one of mean, last, all"),
        ({"classes": 1}, "classes must be a whole number of at least 2, received 1"),
        ({"classes": 2.5}, "classes must be a whole number of at least 2, received 2.5"),
        ({"channels": (1, 2, 3)}, r"channels of encoder 'zhuang' must be 6 numbers, received \(1, 2, 3\)"),
        ({"encoder": "resnet18", "channels": (1, 2, 3)}, "channels of encoder 'resnet18' must be 4 numbers"),
        ({"channels": (1, 2, 3, 4, 5, 0)}, "channels must hold whole numbers of at least 1, received 0"),
        ({"hidden": 0}, "hidden must hold whole numbers of at least 1, received 0"),
        ({"output": True}, "output must hold whole numbers of at least 1, received True"),
        ({"attender": "gpt", "attender_blocks": 0}, "attender_blocks must hold whole numbers of at least 1"),
        ({"decoder_widths": (8, 1.5)}, "decoder_widths must hold whole numbers of at least 1, received 1.5"),
        ({"attender_width": 10}, "attender_width must be a multiple of heads, received 10 and 4"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, received 1.0"),
        ({"input_shape": (22, 30, 35)}, r"input_shape must be \(time, channel, row, col\), received \(22, 30, 35\)"),
        ({"input_shape": (7, 30, 5, 7)}, "encoder 'zhuang' has 8 layers and needs as many steps.*give more steps"),
        ({"attender": "gpt", "input_shape": (33, 30, 5, 7)}, "'gpt' has 65 positions .*give at most 32 steps"),
    ],
)
def test_value_without_meaning_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        EADConfig(**options)


def test_unknown_option_names_the_closest_and_all():
    with pytest.raises(
        UnknownNameError, match="Unknown tactile option 'chanels'; closest: channels.*All: encoder, cell"
    ):
        EADConfig.with_options({}, chanels=(1,))


@pytest.mark.parametrize(
    ("defaults", "option", "value", "message"),
    [
        (
            {"encoder": "s4"},
            "cell",
            "gru",
            "cell was given as 'gru', but encoder 's4' does not read it.*encoder zhuang",
        ),
        ({}, "width", 64, "encoder 'zhuang' does not read it; leave it out, or choose encoder aaren or"),
        ({}, "heads", 2, "attender 'none' does not read it; leave it out, or choose attender gpt"),
        ({"attender": "mamba"}, "dropout", 0.2, "attender 'mamba' does not read it"),
        ({"decoder": "linear"}, "decoder_widths", (3,), "decoder 'linear' does not read it"),
        ({"decoder": "none"}, "classes", 5, "decoder 'none' does not read it"),
    ],
)
def test_option_that_no_part_reads_is_refused(defaults, option, value, message):
    with pytest.raises(ValueError, match=message):
        EADConfig.with_options(defaults, **{option: value})


def test_default_that_a_users_choice_makes_idle_is_no_error():
    config = EADConfig.with_options({"attender": "gpt", "attender_width": 64}, attender="none", decoder="none")
    assert (config.attender, config.attender_width) == ("none", 64)
