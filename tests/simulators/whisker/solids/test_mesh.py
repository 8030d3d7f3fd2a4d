"""Meshes as solids: reading, mending, refusing, and their distances against the formulas."""

import math

import numpy as np
import pytest

pytest.importorskip("numba")

from simulators.whisker.solids import Box, Mesh, Sphere, Torus, pack_solids, point_distance

BOX = Box((4.0, 5.0, 6.0))
TETRAHEDRON = (
    np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float),
    np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]]),
)


def distances(solid, points):
    table = pack_solids([solid])
    return np.array([point_distance(table, 0, *point, math.inf) for point in points])


def points(n, seed=0, size=7.0):
    return np.random.default_rng(seed).uniform(-size, size, (n, 3))


def test_mesh_of_a_box_has_the_distance_and_normal_of_the_box():
    mesh, box = distances(Mesh(*BOX.surface(), contact_offset_mm=0.0), points(500)), distances(BOX, points(500))
    np.testing.assert_allclose(mesh[:, 0], box[:, 0], atol=1e-12)
    outside = box[:, 0] > 0
    np.testing.assert_allclose(mesh[outside], box[outside], atol=1e-9)


@pytest.mark.parametrize(("solid", "slack"), [(Sphere(3.0), 0.02), (Torus(4.0, 1.0), 0.03)], ids=["sphere", "torus"])
def test_mesh_of_a_round_solid_is_as_near_as_its_facets(solid, slack):
    mesh = Mesh(*solid.surface(), contact_offset_mm=0.0)
    assert mesh.has_inside and mesh.notes == ()
    np.testing.assert_allclose(distances(mesh, points(300))[:, 0], distances(solid, points(300))[:, 0], atol=slack)


def test_sheets_have_the_distance_of_the_closed_mesh_outside():
    vertices, faces = Torus(4.0, 1.0).surface()
    closed = distances(Mesh(vertices, faces), points(300))
    # One triangle twice, the other way round: no inside any more, the same surface.
    sheets = Mesh(vertices, np.concatenate([faces, faces[:1, ::-1]]))
    assert not sheets.has_inside
    assert "not closed" in sheets.notes[-1]
    found = distances(sheets, points(300))
    np.testing.assert_allclose(found[:, 0], np.abs(closed[:, 0]), atol=1e-12)
    outside = closed[:, 0] > 0
    np.testing.assert_allclose(found[outside], closed[outside], atol=1e-9)


def test_repeated_corners_and_flat_triangles_are_mended():
    vertices, faces = BOX.surface()
    loose = vertices[faces].reshape(-1, 3)
    triangles = np.concatenate([np.arange(len(loose)).reshape(-1, 3), [[0, 0, 1], [0, 1, 0]]])
    mesh = Mesh(loose, triangles, contact_offset_mm=0.0)
    assert mesh.has_inside
    assert len(mesh.vertices_mm) == 8
    assert mesh.notes == ("2 triangles without area were dropped",)


@pytest.mark.parametrize("turned", [slice(0, 3), slice(None)], ids=["some", "all"])
def test_triangles_that_look_inwards_are_turned(turned):
    vertices, faces = BOX.surface()
    faces = faces.copy()
    faces[turned] = faces[turned, ::-1]
    mesh = Mesh(vertices, faces, contact_offset_mm=0.0)
    assert mesh.notes == (f"{len(faces[turned])} triangles were turned to look outwards",)
    assert distances(mesh, [(0.0, 0.0, 0.0)])[0, 0] == -2.0


def test_a_hollow_box_has_a_cavity():
    (outer, faces), (inner, _) = BOX.surface(), Box((2.0, 2.0, 2.0)).surface()
    mesh = Mesh(np.concatenate([outer, inner]), np.concatenate([faces, faces + 8]), contact_offset_mm=0.0)
    assert mesh.has_inside
    found = distances(mesh, [(0.0, 0.0, 0.0), (1.5, 0.0, 0.0), (3.0, 0.0, 0.0)])
    np.testing.assert_allclose(found[:, 0], [1.0, -0.5, 1.0])


def two_boxes(shift):
    vertices, faces = Box((2.0, 2.0, 2.0)).surface()
    return np.concatenate([vertices, vertices + shift]), np.concatenate([faces, faces + 8])


def test_crossing_parts_are_sheets_with_a_warning():
    with pytest.warns(UserWarning, match="cross or touch, so that it has no certain inside"):
        mesh = Mesh(*two_boxes([1.0, 0.3, 0.2]))
    assert not mesh.has_inside
    assert distances(mesh, [(0.0, 0.0, 0.0)])[0, 0] > 0
    with pytest.raises(ValueError, match="pairs of triangles of the mesh cross or touch; mend it"):
        Mesh(*two_boxes([1.0, 0.3, 0.2]), strict=True)
    with (
        pytest.warns(UserWarning),
        pytest.raises(ValueError, match="contact_offset_mm is 0 and the mesh crosses itself"),
    ):
        Mesh(*two_boxes([1.0, 0.3, 0.2]), contact_offset_mm=0.0)


def test_the_search_for_crossings_can_be_left_out():
    assert Mesh(*two_boxes([1.0, 0.3, 0.2]), check_crossing=False).has_inside


def test_parts_side_by_side_keep_their_insides():
    assert Mesh(*two_boxes([3.0, 0.0, 0.0]), strict=True).has_inside


def test_mirror_image_of_a_mesh():
    mesh = Mesh(TETRAHEDRON[0] * 3, TETRAHEDRON[1], contact_offset_mm=0.0, friction=0.3)
    image = mesh.mirrored()
    assert image.friction == 0.3
    there, here = distances(image, points(100) * [-1, 1, 1]), distances(mesh, points(100))
    np.testing.assert_allclose(there[:, 0], here[:, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(there[:, 1:], here[:, 1:] * [-1, 1, 1], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("vertices", "faces", "options", "message"),
    [
        (np.zeros((0, 3)), np.zeros((0, 3), dtype=int), {}, "the mesh is empty: 0 corners, 0 triangles"),
        (np.ones((3, 3)), np.zeros((0, 3), dtype=int), {}, "the mesh is empty"),
        (np.ones((3, 2)), [[0, 1, 2]], {}, "shapes"),
        (np.ones((4, 3)), [[0, 1, 2, 3]], {}, "shapes"),
        ([[0, 0, 0], [1, 0, 0], [0, np.nan, 0]], [[0, 1, 2]], {}, "1 corners of the mesh are NaN"),
        (np.eye(3), [[0, 1, 3]], {}, "indices of the 3 corners"),
        (np.eye(3), [[0.0, 1.0, 2.0]], {}, "float64 values"),
        ([[0, 0, 0], [1, 1, 1], [2, 2, 2]], [[0, 1, 2]], {}, "none of the 1 triangles of the mesh has an area"),
        (TETRAHEDRON[0] * 0.01, TETRAHEDRON[1], {}, "diagonal of the mesh is 0.01732 mm.*unit='m'"),
        (TETRAHEDRON[0] * 5000, TETRAHEDRON[1], {}, "diagonal of the mesh is 8660 mm.*unit='um'"),
        (TETRAHEDRON[0], TETRAHEDRON[1][:3], {"contact_offset_mm": 0.0}, "0 and the mesh is not closed"),
        (TETRAHEDRON[0], TETRAHEDRON[1], {"contact_offset_mm": -1.0}, "must be finite and not negative"),
    ],
)
def test_meshes_that_cannot_be_touched_are_refused(vertices, faces, options, message):
    with pytest.raises(ValueError, match=message):
        Mesh(np.asarray(vertices, dtype=float), np.asarray(faces), **options)


@pytest.mark.parametrize("suffix", ["obj", "stl", "ply", "off", "glb"])
def test_files_that_trimesh_writes_are_read(suffix, tmp_path):
    trimesh = pytest.importorskip("trimesh")
    trimesh.Trimesh(*BOX.surface()).export(tmp_path / f"box.{suffix}")
    mesh = Mesh.read(tmp_path / f"box.{suffix}", contact_offset_mm=0.0)
    assert mesh.has_inside
    np.testing.assert_allclose(mesh.bounds_mm(), BOX.bounds_mm(), atol=1e-6)
    np.testing.assert_allclose(distances(mesh, points(50))[:, 0], distances(BOX, points(50))[:, 0], atol=1e-6)


def test_parts_of_a_scene_become_one_mesh(tmp_path):
    trimesh = pytest.importorskip("trimesh")
    scene = trimesh.Scene()
    for x in (-5.0, 5.0):
        scene.add_geometry(
            trimesh.creation.box((2, 2, 2)), transform=trimesh.transformations.translation_matrix([x, 0, 0])
        )
    scene.export(tmp_path / "two.glb")
    mesh = Mesh.read(tmp_path / "two.glb")
    np.testing.assert_allclose(mesh.bounds_mm(), [[-6, -1, -1], [6, 1, 1]])
    assert len(mesh.faces) == 24


def test_size_unit_and_up_axis_of_a_file(tmp_path):
    trimesh = pytest.importorskip("trimesh")
    path = tmp_path / "box.stl"
    mesh = trimesh.Trimesh(*BOX.surface())
    mesh.apply_translation([0, 10, 0])
    mesh.export(path)
    np.testing.assert_allclose(Mesh.read(path, unit="cm").bounds_mm()[1], [20, 125, 30], atol=1e-5)
    np.testing.assert_allclose(Mesh.read(path, scale=2.0).bounds_mm()[1], [4, 25, 6], atol=1e-5)
    np.testing.assert_allclose(Mesh.read(path, up="y").bounds_mm(), [[-2, -3, 7.5], [2, 3, 12.5]], atol=1e-5)
    sized = Mesh.read(path, diagonal_mm=40.0, centred=True).bounds_mm()
    np.testing.assert_allclose(sized[1], np.array([2, 2.5, 3]) * 40 / math.sqrt(16 + 25 + 36), atol=1e-5)
    np.testing.assert_allclose(sized[0], -sized[1], atol=1e-5)
    assert Mesh.from_trimesh(mesh, friction=0.1).friction == 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "ft"}, "unit 'ft' is not known"),
        ({"up": "x"}, "up is 'x'"),
        ({"diagonal_mm": 1.0, "scale": 2.0}, "exclude each other"),
        ({"diagonal_mm": -1.0}, "diagonal_mm is -1.0"),
        ({"scale": float("nan")}, "scale is nan"),
        ({"scale": "2"}, "scale is '2'; it must be one number"),
        ({"unit": "m"}, "diagonal of the mesh is 8775 mm"),
    ],
)
def test_wrong_options_of_read_are_refused(options, message, tmp_path):
    pytest.importorskip("trimesh").Trimesh(*BOX.surface()).export(tmp_path / "box.stl")
    with pytest.raises(ValueError, match=message):
        Mesh.read(tmp_path / "box.stl", **options)


def test_files_that_hold_no_mesh_are_refused(tmp_path):
    pytest.importorskip("trimesh")
    with pytest.raises(ValueError, match="there is no mesh file"):
        Mesh.read(tmp_path / "missing.obj")
    (tmp_path / "points.obj").write_text("v 0 0 0\nv 1 0 0\n", encoding="utf-8")
    with pytest.raises(ValueError, match="points.obj"):
        Mesh.read(tmp_path / "points.obj")
    (tmp_path / "broken.stl").write_bytes(b"\x00\x01")
    with pytest.raises(ValueError, match="broken.stl"):
        Mesh.read(tmp_path / "broken.stl")
    (tmp_path / "what.xyz9").write_text("?", encoding="utf-8")
    with pytest.raises(ValueError, match="what.xyz9"):
        Mesh.read(tmp_path / "what.xyz9")


@pytest.mark.parametrize(("name", "n_faces"), [("box", 12), ("peg", 192), ("sphere", 3968)])
def test_objects_of_the_reference_runs_are_closed(name, n_faces, real_data):
    pytest.importorskip("trimesh")
    mesh = Mesh.read(real_data / "whiskers" / "reference_runs" / "objs" / f"{name}.obj", diagonal_mm=20.0)
    assert mesh.has_inside and mesh.notes == ()
    assert len(mesh.faces) == n_faces
    np.testing.assert_allclose(np.linalg.norm(np.ptp(mesh.bounds_mm(), axis=0)), 20.0)
    np.testing.assert_allclose(mesh.bounds_mm().sum(axis=0), 0.0, atol=1e-9)


def test_meshes_are_equal_to_themselves_alone():
    # What is remembered of one (its thickness) must not be taken for another's.
    one, other = Mesh(*Box((1, 1, 1)).surface()), Mesh(*Box((2, 2, 2)).surface())
    assert one == one and one != other and len({one, other}) == 2
    assert Box((1, 1, 1)) == Box((1, 1, 1)) != Box((1, 1, 2))
    assert hash(Box((1, 1, 1))) == hash(Box((1, 1, 1)))


def test_corners_and_triangles_are_numbers():
    with pytest.raises(ValueError, match="vertices_mm of Mesh holds something that is no number"):
        Mesh("corners", TETRAHEDRON[1])
    with pytest.raises(ValueError, match="faces of Mesh holds something that is no number"):
        Mesh(TETRAHEDRON[0], [[0, 1, 2], [0, 1]])
