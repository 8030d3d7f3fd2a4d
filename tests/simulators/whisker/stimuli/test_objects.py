import pickle

import numpy as np
import pytest

from simulators.whisker.stimuli.families import categories, make_object
from simulators.whisker.stimuli.objects import ProceduralObjects


def test_every_category_has_its_label_and_its_objects():
    objects = ProceduralObjects(3)
    assert len(objects.objects) == 3 * len(categories())
    assert {item.category: item.label for item in objects.objects} == {name: i for i, name in enumerate(categories())}
    assert len({item.object_id for item in objects.objects}) == len(objects.objects)


def test_ids_name_category_and_seed():
    objects = ProceduralObjects(2, ["torus", "box"], first_seed=40)
    assert [item.object_id for item in objects.objects] == ["torus/00040", "torus/00041", "box/00040", "box/00041"]
    solid = pickle.loads(pickle.dumps(objects)).solid("torus/00041", 30.0)  # noqa: S301
    np.testing.assert_array_equal(solid.surface()[0], make_object("torus", 41, 30.0)[0].surface()[0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ProceduralObjects(0), "0 objects"),
        (lambda: ProceduralObjects(1, []), "of 0 categories"),
        (lambda: ProceduralObjects(1, ["box", "box"]), "twice"),
        (lambda: ProceduralObjects(1, ["bux"]), "Close: box"),
        (lambda: ProceduralObjects(1, ["box"]).solid("torus/00000", 40.0), "not in this set"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
