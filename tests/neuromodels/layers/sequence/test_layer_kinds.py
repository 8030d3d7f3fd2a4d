"""Layers by name."""

import pytest

from neuromodels.layers.sequence import list_sequence_layers, make_sequence_layer


def test_names():
    assert list_sequence_layers() == ["aaren", "lmu", "mamba", "min_gru", "min_lstm", "mlstm", "s4", "slstm"]


def test_unknown_name_and_option():
    with pytest.raises(ValueError, match="kind is 'gru4'; it must be one of .*mamba"):
        make_sequence_layer("gru4", 8)
    with pytest.raises(ValueError, match="'mamba' cannot be built from the options .*heads"):
        make_sequence_layer("mamba", 8, heads=3)
