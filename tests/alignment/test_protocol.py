"""The five members that make a model scorable."""

import numpy as np
import pytest

from alignment import RecordableModel


def test_a_plain_class_follows_the_protocol(stored_model):
    assert isinstance(stored_model(first=np.ones((2, 2))), RecordableModel)


@pytest.mark.parametrize("member", ["name", "revision", "layers", "input_spec", "record"])
def test_every_member_is_needed(member):
    members = {"name": "m", "revision": "1", "layers": (), "input_spec": {}, "record": lambda self, stimuli: {}}
    members.pop(member)
    assert not isinstance(type("Partial", (), members)(), RecordableModel)
