"""A recording: units, axes, what is refused."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simulators.whisker.output.record import RawRecord, record_dataset

T, W, K, P = 6, 2, 1, 4


def raw_record(**parts):
    generator = np.random.default_rng(3)

    def draw(*shape):
        return generator.normal(size=shape)

    known = {
        "names": ("RC1", "RC2"),
        "rate_hz": 1000.0,
        "time_ms": np.arange(1.0, T + 1),
        "force_un": draw(T, W, 3),
        "moment_un_mm": draw(T, W, 3),
        "contact": generator.random((T, W)) > 0.5,
        "contact_force_un": draw(T, W, 3),
        "contact_point_mm": draw(T, W, 3),
        "contact_arc_mm": draw(T, W),
        "tip_mm": draw(T, W, 3),
        "base_point_mm": draw(T, W, 3),
        "base_quaternion": draw(T, W, 4),
        "object_position_mm": draw(T, K, 3),
        "object_quaternion": draw(T, K, 4),
    }
    return RawRecord(**known | parts)


def test_units_are_those_of_the_attributes():
    raw = raw_record()
    record = record_dataset(raw)
    np.testing.assert_allclose(record["force"], raw.force_un * 1e-3, rtol=1e-15)
    np.testing.assert_allclose(record["moment"], raw.moment_un_mm * 1e-3, rtol=1e-15)
    np.testing.assert_allclose(record["time"], np.arange(1, T + 1) / 1000, rtol=1e-15)
    assert record["force"].attrs["unit"] == "mN"
    assert record["moment"].attrs["unit"] == "uN.m"
    assert record["time"].attrs["unit"] == "s"
    assert all({"unit", "long_name"} <= set(variable.attrs) for variable in record.values())


def test_si_units_are_newton_and_newton_metre():
    raw = raw_record()
    record = record_dataset(raw, si=True)
    for name in ("force", "force_whisker", "contact_force"):
        assert record[name].attrs["unit"] == "N"
    for name in ("moment", "moment_whisker"):
        assert record[name].attrs["unit"] == "N m"
    np.testing.assert_allclose(record["force"], raw.force_un * 1e-6, rtol=1e-15)
    # 1 uN.mm = 1e-6 N x 1e-3 m
    np.testing.assert_allclose(record["moment"], raw.moment_un_mm * 1e-9, rtol=1e-15)


def test_whisker_frame_is_the_inverse_rotation_of_the_base():
    raw = raw_record()
    record = record_dataset(raw)
    for step in range(T):
        for whisker in range(W):
            w, x, y, z = raw.base_quaternion[step, whisker]
            turn = Rotation.from_quat([x, y, z, w])
            for name in ("force", "moment"):
                expected = turn.inv().apply(record[name].values[step, whisker])
                np.testing.assert_allclose(record[f"{name}_whisker"].values[step, whisker], expected, atol=1e-14)


def test_pull_along_the_whisker_is_its_first_axis():
    # The base frame turned by 90 degrees about z: the whisker points along +y.
    half = np.sqrt(0.5)
    force = np.zeros((T, W, 3))
    force[..., 1] = 5.0
    raw = raw_record(force_un=force, base_quaternion=np.tile([half, 0.0, 0.0, half], (T, W, 1)))
    np.testing.assert_allclose(record_dataset(raw)["force_whisker"], np.tile([5e-3, 0.0, 0.0], (T, W, 1)), atol=1e-17)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_frames_do_not_change_lengths(seed):
    generator = np.random.default_rng(seed)
    raw = raw_record(base_quaternion=generator.normal(size=(T, W, 4)), force_un=generator.normal(size=(T, W, 3)))
    record = record_dataset(raw)
    norms = [np.linalg.norm(record[name], axis=-1) for name in ("force", "force_whisker")]
    np.testing.assert_allclose(*norms, rtol=1e-12)


def test_contact_place_is_nan_exactly_without_contact():
    raw = raw_record()
    record = record_dataset(raw)
    assert record["contact"].dtype == bool
    np.testing.assert_array_equal(np.isfinite(record["contact_arc"]), raw.contact)
    np.testing.assert_array_equal(np.isfinite(record["contact_point"]).all("axis"), raw.contact)
    np.testing.assert_array_equal(record["contact_point"].values[raw.contact], raw.contact_point_mm[raw.contact])


def test_optional_variables_are_there_when_given():
    assert not {"nodes", "node_arc", "protraction", "phase"} & set(record_dataset(raw_record()))
    nodes, arcs = np.full((T, W, P, 3), np.nan), np.ones((W, P))
    nodes[:, :, :3] = 1.0
    turn = np.ones((T, W))
    record = record_dataset(raw_record(nodes_mm=nodes, node_arc_mm=arcs, protraction_deg=turn, phase_rad=turn))
    assert record["nodes"].dims == ("time", "whisker", "node", "axis")
    np.testing.assert_array_equal(record["nodes"], nodes)
    assert (record["protraction"].attrs["unit"], record["phase"].attrs["unit"]) == ("deg", "rad")


def test_attributes_can_be_kept_by_netcdf():
    record = record_dataset(
        raw_record(attributes={"preset": "beam", "n": np.int64(3), "parameters": {"a": [1.5, True]}})
    )
    assert record.attrs["preset"] == "beam"
    assert record.attrs["n"] == 3
    assert json.loads(record.attrs["parameters"]) == {"a": [1.5, True]}
    assert record.attrs["rate_hz"] == 1000.0


def test_objects_are_named():
    assert list(record_dataset(raw_record())["object"].values) == ["object0"]
    assert list(record_dataset(raw_record(object_names=("peg",)))["object"].values) == ["peg"]
    with pytest.raises(ValueError, match="2 object names for 1 objects"):
        raw_record(object_names=("peg", "wall"))


@pytest.mark.parametrize(
    "name", [field.name for field in dataclasses.fields(RawRecord) if "ndarray" in str(field.type)][1:]
)
def test_wrong_shape_is_named(name):
    parts = {"nodes_mm": np.zeros((T, W, P, 3))} if name == "node_arc_mm" else {}
    with pytest.raises(ValueError, match=r"has the shape .* need"):
        raw_record(**parts | {name: np.zeros((T + 1, W + 1))})


@pytest.mark.parametrize("name", ["force_un", "moment_un_mm", "tip_mm"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(name, value):
    broken = np.zeros((T, W, 3))
    broken[2, 1, 0] = value
    with pytest.raises(ValueError, match=r"of whisker RC2 is not finite at 0.003 s.*smaller time step"):
        record_dataset(raw_record(**{name: broken}))
