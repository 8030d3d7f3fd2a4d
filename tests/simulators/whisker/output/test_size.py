"""The size of a recording is known before it is made."""

import pytest

from simulators.whisker.geometry.array import mouse_array
from simulators.whisker.motion import RigidMotion
from simulators.whisker.output import size
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.simulation import simulate
from simulators.whisker.solids import Sphere


def test_what_a_simulation_holds_is_counted():
    array = mouse_array(names=["RC1", "RC2"])
    scene = Scene(array, (SceneObject(Sphere(1.0), RigidMotion.fixed((0, 90, 0))),), duration_s=0.05)
    record = simulate(scene)
    # Variables of whiskers, and what the time loop wrote: 25 numbers and the shape once more.
    held = sum(value.nbytes for value in record.values() if {"whisker", "time"} <= set(value.dims))
    held += 8 * 25 * 2 * 50 + record["nodes"].nbytes
    assert size.memory_needed_bytes(2, 50, record.sizes["node"]) == held


def test_this_machine_has_memory():
    assert 1e8 < size.memory_of_this_machine_bytes() < 1e15


def test_recordings_that_do_not_fit_are_refused_with_their_size(monkeypatch):
    monkeypatch.setattr(size, "memory_of_this_machine_bytes", lambda: 10**9)
    size.refuse_too_large(30, 1000, 18)
    with pytest.raises(
        ValueError, match=r"30 whiskers over 1000000 output intervals needs 13\.0 GB .* has 1\.0 GB; lower"
    ):
        size.refuse_too_large(30, 1_000_000)
