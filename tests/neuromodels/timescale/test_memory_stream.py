"""The stream of digits that the engine trains on."""

import pytest
import torch

from neuromodels.timescale.memory_stream import memory_stream
from neuromodels.training.samples import Stream, stream_batches
from simulators.tasks import labels


def test_it_asks_what_it_is_told_to():
    stream = memory_stream("train")
    assert isinstance(stream, Stream) and stream.ns == (2,)
    stream.ask([3, 5, 6])
    lengths = set()
    for seed in range(40):
        batch = stream.draw(7, torch.Generator().manual_seed(seed))
        x = batch["x"]
        assert x.shape[::2] == (7, 1) and batch["label"].shape == (7, 3)
        assert torch.equal(batch["label"], labels(x[:, :, 0], [3, 5, 6]))
        lengths.add(x.shape[1])
    assert min(lengths) >= 8 and max(lengths) <= 25 and len(lengths) > 8
    with pytest.raises(ValueError, match="must rise from head to head"):
        stream.ask([3, 2])


@pytest.mark.parametrize(
    ("options", "odds"),
    [
        ({}, "per sequence"),
        ({"rule": "match"}, "even"),
        ({"rule": "match", "odds": "per sequence"}, "per sequence"),
        ({"odds": "balanced"}, "balanced"),
    ],
)
def test_published_odds_go_with_the_rule(options, odds):
    stream = memory_stream("validation", **options)
    assert stream.odds == odds
    batch = stream.draw(8, torch.Generator().manual_seed(0))
    if odds == "balanced":
        assert batch["label"].sum() == 4


@pytest.mark.enable_socket  # processes that draw hand tensors over through a socket of this machine
def test_batches_are_the_same_whether_drawn_here_or_ahead():
    here, ahead = (
        list(stream_batches(memory_stream("train"), 6, [4, 5, 6], slice(2, 5), torch.device("cpu"), workers=workers))
        for workers in (0, 1)
    )
    for one, other in zip(here, ahead, strict=True):
        assert torch.equal(one["x"], other["x"]) and torch.equal(one["label"], other["label"])
        assert len(one["x"]) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"part": "exam"}, "part is 'exam'; the parts are train, validation, test"),
        ({"rule": "xor"}, "rule must be one of 'parity', 'match', received 'xor'"),
        ({"odds": "fair"}, "odds must be one of"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        memory_stream(**{"part": "train", **options})
