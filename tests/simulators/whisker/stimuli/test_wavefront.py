import numpy as np
import pytest

from simulators.whisker.stimuli.wavefront import read_triangles


def test_polygons_normals_and_negative_indices_are_read():
    text = (
        "mtllib a.mtl\nv 0 0 0\nv 1 0 0 1.0\nv 1 1 0\nv 0 1 0\nvn 0 0 1\nusemtl x\nf 1/1/1 2//1 3 4\nf -4 -3 \\\n-1\n"
    )
    vertices, faces = read_triangles(text, "a.obj")
    np.testing.assert_array_equal(vertices, [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    np.testing.assert_array_equal(faces, [[0, 1, 2], [0, 2, 3], [0, 1, 3]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 corners and 0 triangles"),
        ("v 0 0 0\nf 1 2\n", "1 corners and 0 triangles"),
        ("v 0 0 0\nv 1 0\nf 1 2 1\n", "fewer than three"),
        ("v 0 0 x\n", "line 1 of a.obj is 'v 0 0 x'"),
        ("v 0 0 0\nf a b c\n", "line 2 of a.obj"),
        ("v 0 0 0\nf 1 2 3\n", "corners 1 to 3, but 1 corners"),
    ],
)
def test_broken_files_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        read_triangles(text, "a.obj")
