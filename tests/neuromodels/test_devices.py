"""Device names of the command line."""

import pytest
import torch

from neuromodels.devices import resolve_device


@pytest.mark.parametrize(("reachable", "expected"), [(True, "cuda"), (False, "cpu")])
def test_auto_is_the_gpu_where_there_is_one(monkeypatch, reachable, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: reachable)
    assert resolve_device("auto") == expected


def test_cpu_is_itself():
    assert resolve_device("cpu") == "cpu"


# "hpu" is a device type that torch knows by name and looks for in a package that is not there.
@pytest.mark.parametrize("name", ["gpu", "CPU", "", "cuda:99", "hpu"])
def test_device_that_cannot_be_used_is_named(name):
    with pytest.raises(ValueError, match=rf"device '{name}' cannot be used \(.+\); try auto, cpu or cuda\."):
        resolve_device(name)
