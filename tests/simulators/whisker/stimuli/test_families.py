import hashlib

import numpy as np
import pytest
import trimesh

from simulators.whisker.solids import Mesh
from simulators.whisker.stimuli.families import FAMILIES, build_object, categories, make_object

SEEDS = (0, 1, 17)


def test_there_are_more_than_twenty_sorted_categories():
    assert len(categories()) >= 24
    assert list(categories()) == sorted(categories())


@pytest.mark.parametrize("category", categories())
def test_every_category_gives_closed_finite_solids_of_the_asked_size(category):
    for seed in SEEDS:
        solid, parameters = make_object(category, seed, 37.5)
        low, high = solid.bounds_mm()
        assert np.linalg.norm(high - low) == pytest.approx(37.5, abs=1e-9)
        vertices, faces = solid.surface()
        assert np.isfinite(vertices).all()
        mesh = trimesh.Trimesh(vertices, faces, process=False)
        assert mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0
        if isinstance(solid, Mesh):
            np.testing.assert_allclose(low + high, 0, atol=1e-9)
            assert len(faces) < 2000
        for name, (lowest, highest) in FAMILIES[category].ranges.items():
            assert lowest <= parameters[name] <= highest


@pytest.mark.parametrize("category", categories())
def test_objects_repeat_bit_for_bit_and_vary_with_the_seed(category):
    digests = [
        hashlib.sha256(make_object(category, seed)[0].surface()[0].tobytes()).hexdigest() for seed in (3, 4, 5, 3)
    ]
    assert digests[0] == digests[3]
    assert len(set(digests)) == 3


def test_drawn_parameters_stay_what_they_were():
    assert make_object("torus", 0)[1] == {"tube_radius": 0.1804642441476447}
    assert make_object("star", 7)[1]["n_points"] == 4


def test_categories_differ_in_shape():
    signatures = {}
    for category in categories():
        solid, _ = make_object(category, 0, 1000.0)
        mesh = trimesh.Trimesh(*solid.surface(), process=False)
        signatures[category] = np.array([*np.sort(mesh.extents), np.cbrt(mesh.volume), np.sqrt(mesh.area)])
    names = list(signatures)
    for place, name in enumerate(names):
        for other in names[:place]:
            assert np.abs(signatures[name] - signatures[other]).max() > 10, (name, other)


def test_chosen_parameters_make_the_same_solid():
    solid, parameters = make_object("dumbbell", 5, 25.0)
    again = build_object("dumbbell", parameters, 25.0)
    np.testing.assert_array_equal(solid.surface()[0], again.surface()[0])


def test_size_scales_the_shape_alone():
    small, large = (make_object("mug", 2, diagonal)[0].surface()[0] for diagonal in (10.0, 50.0))
    np.testing.assert_allclose(5 * small, large, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_object("toris", 0), "Close: torus"),
        (lambda: make_object("torus", -1), "seed is -1"),
        (lambda: make_object("torus", 0, 0.0), "diagonal_mm is 0.0"),
        (lambda: make_object("torus", 0, float("nan")), "diagonal_mm is nan"),
        (lambda: build_object("torus", {"radius": 1.0}), r"are \['tube_radius'\], received \['radius'\]"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.slow
@pytest.mark.parametrize("category", categories())
def test_no_draw_gives_a_solid_without_an_inside(category):
    for seed in range(25):
        solid, _ = make_object(category, seed)
        assert not isinstance(solid, Mesh) or solid.has_inside
